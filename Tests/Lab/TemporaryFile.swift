// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// A file under /tmp that is gone with this value.
package final class TemporaryFile: Sendable {
    package let path: String

    package init(_ text: String = "") throws(LabError) {
        path = "/tmp/lab-\(getpid())-\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        let result = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        let file = try Descriptor(result < 0 ? -errno : result, "open", path)
        if !text.isEmpty { try file.write(Array(text.utf8), path) }
    }

    deinit { unsafe unlink(path) }

    private static let counter = Atomic(0)
}
