// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc
import Synchronization

/// The text of an errno value.
package func errorText(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}

/// Owns a descriptor.
package final class Descriptor: Sendable {
    package let number: Int32
    private let isClosed = Atomic(false)

    /// Takes what a lab call returned: a descriptor, or a negative errno.
    package init(_ result: Int32, _ call: String, _ subject: String) throws(LabError) {
        guard result >= 0 else { throw LabError(call, subject, errno: -result) }
        number = result
    }

    deinit { close() }

    /// Closes it now rather than with the last reference.
    package func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { Glibc.close(number) }
    }

    /// One write of all bytes; a short one is an error, which for sockets and TUN devices it always is.
    package func write(_ bytes: [UInt8], _ subject: String) throws(LabError) {
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw LabError("write", subject, errno: errno) }
    }

    /// Reads to the end, from the start when the file can be rewound.
    package func readAll() -> [UInt8] {
        lseek(number, 0, SEEK_SET)
        var bytes: [UInt8] = []
        while let more = readSome(), !more.isEmpty { bytes += more }
        return bytes
    }

    /// What there is to read now; empty at the end, nil on an error.
    package func readSome() -> [UInt8]? {
        while true {
            var result = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                result = unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
                count = max(result, 0)
            }
            if result >= 0 { return bytes }
            if errno != EINTR { return nil }
        }
    }

    /// Waits until there is something to read or the writer is gone.
    package func isReadable(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) > 0
    }
}

/// Both ends of a pipe.
package struct Pipe {
    package let reader: Descriptor
    package let writer: Descriptor

    package init() throws(LabError) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = unsafe lab_pipe(&ends.0, &ends.1)
        guard result == 0 else { throw LabError("pipe2", "", errno: -result) }
        reader = try Descriptor(ends.0, "pipe2", "")
        writer = try Descriptor(ends.1, "pipe2", "")
    }
}

/// Seconds of CLOCK_MONOTONIC.
package func monotonicSeconds() -> Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

/// Asks again every two milliseconds until the answer is yes or the time is over; the last answer.
package func eventually(within seconds: Double = 5, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = monotonicSeconds() + seconds
    while true {
        if try condition() { return true }
        if monotonicSeconds() > deadline { return false }
        usleep(2_000)
    }
}

/// The whole of a small file, such as one under /proc; nil when it cannot be opened.
package func contents(of path: String) -> String? {
    bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
}

/// The same as octets.
package func bytes(of path: String) -> [UInt8]? {
    guard let file = try? Descriptor(unsafe open(path, O_RDONLY | O_CLOEXEC), "open", path) else { return nil }
    return file.readAll()
}

/// Writes a value into a file of /proc/sys.
package func write(_ text: String, into path: String) throws(LabError) {
    let result = unsafe open(path, O_WRONLY | O_CLOEXEC)
    let file = try Descriptor(result < 0 ? -errno : result, "open", path)
    try file.write(Array(text.utf8), path)
}

/// The names in a folder, without `.` and `..`, in no order; empty when it cannot be read.
package func names(in path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var result: [String] = []
    while let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
            unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        if name != "." && name != ".." { result.append(name) }
    }
    return result
}
