// SPDX-License-Identifier: Apache-2.0
import Glibc

/// True when this file can be started.
package func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

/// True when a program of this name can be started.
package func isInstalled(_ program: String) -> Bool {
    guard let path = unsafe getenv("PATH") else { return false }
    return unsafe String(cString: path).split(separator: ":").contains { isExecutable("\($0)/\(program)") }
}
