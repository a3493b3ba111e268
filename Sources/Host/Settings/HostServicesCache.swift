// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// What configures the host's network, kept for a while: finding it takes a look at every process.
struct HostServicesCache {
    /// Daemons come and go seldom: nanoseconds.
    private static let trustedFor: UInt64 = 30_000_000_000

    /// Nil when the host's files cannot be reached.
    private let reader: HostServicesReader?
    private var services: HostServices?
    private var links: [UInt32: InterfaceName] = [:]
    private var readAt: UInt64 = 0

    init(_ reader: HostServicesReader? = RootedPath.rootOfHost().map { HostServicesReader(root: $0) }) {
        self.reader = reader
    }

    /// For the interfaces of the initial namespace; read anew when there are other ones.
    mutating func services(for links: [Link]) -> HostServices? {
        guard let reader else { return nil }
        let names = Dictionary(links.map { ($0.index, $0.name) }, uniquingKeysWith: { $1 })
        if let services, names == self.links, MonotonicClock.now - readAt < Self.trustedFor { return services }
        let read = reader.read(links)
        services = read
        self.links = names
        readAt = MonotonicClock.now
        return read
    }
}
