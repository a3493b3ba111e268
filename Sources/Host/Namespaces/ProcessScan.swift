// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// Which network namespace every process is in.
struct ProcessScan {
    /// Process IDs by the inode of their namespace.
    private(set) var byNamespace: [UInt32: [Int32]] = [:]
    /// Distinct namespaces of processes whose `ns/net` may not be read.
    private(set) var hiddenNamespaces = 0

    init() {
        guard let processes = try? Descriptor(reading: "/proc") else { return }
        var hidden: Set<UInt64> = []
        for name in Files.names(in: "/proc") {
            guard let first = name.first, (0x30...0x39).contains(first),
                let processID = Int32(String(decoding: name, as: UTF8.self))
            else { continue }
            // Thousands of these are made in a second: no path is put together.
            do throws(Errno) {
                let status = try processes.status(name + Self.namespaceFile)
                byNamespace[UInt32(truncatingIfNeeded: status.st_ino), default: []].append(processID)
            } catch {
                guard error == .permissionDenied || error == .notPermitted else { continue }
                if let file = Self.counterFile(of: processID) { hidden.insert(file) }
            }
        }
        if let own = Self.counterFile(of: getpid()) { hidden.remove(own) }
        hiddenNamespaces = hidden.count
    }

    private static let namespaceFile = Array("/ns/net".utf8)

    /// The namespace of process 1. Without the right to read its `ns/net` it is only known to be the own one or not.
    func initialNamespace(own: UInt32?) -> UInt32? {
        if let (inode, _) = byNamespace.first(where: { $0.value.contains(1) }) { return inode }
        guard let initial = Self.counterFile(of: 1), initial == Self.counterFile(of: getpid()) else { return nil }
        return own
    }

    /// The inode of a process' /proc/PID/net/netstat. Each namespace has its own such file, whose inode everybody may
    /// read.
    private static func counterFile(of processID: Int32) -> UInt64? {
        (try? Files.status(FilePath("/proc/\(processID)/net/netstat"))).map { UInt64($0.st_ino) }
    }

    /// The process that started first: what a namespace was made for, rather than something run in it later.
    static func oldest(of processIDs: [Int32]) -> Int32? {
        guard processIDs.count > 1 else { return processIDs.first }
        // Process IDs mostly grow with time; the bound keeps a namespace of thousands of processes cheap.
        return processIDs.sorted().prefix(64).min {
            (startTime(of: $0) ?? .max, $0) < (startTime(of: $1) ?? .max, $1)
        }
    }

    /// When a process started, in clock ticks since boot (field 22 of /proc/PID/stat); nil when it is gone.
    static func startTime(of processID: Int32) -> UInt64? {
        guard let bytes = Files.contents(FilePath("/proc/\(processID)/stat"), limit: 4096),
            // comm is in parentheses and may hold any octets, so the fields are counted from the last one.
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
    }

    /// Now, as process start times are counted.
    static var ticksSinceBoot: UInt64 {
        let ticksPerSecond = UInt64(max(sysconf(CInt(_SC_CLK_TCK)), 1))
        return MonotonicClock.sinceBoot / (1_000_000_000 / ticksPerSecond)
    }
}
