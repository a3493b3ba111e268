// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// What the machine calls itself.
package enum HostInformation {
    /// The host's name, which its administrator chose; `localhost` when it has none.
    package static var name: String {
        guard let name = Files.line("/proc/sys/kernel/hostname"), !name.isEmpty else { return "localhost" }
        return name
    }

    /// The kernel's release, such as 6.18.44.
    package static var kernelRelease: String { Files.line("/proc/sys/kernel/osrelease") ?? "unknown" }

    /// `uname -m`, such as x86_64.
    package static var architecture: String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "unknown" }
        return unsafe withUnsafeBytes(of: &names.machine) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
