// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// What configures the host's network, kept for a while: finding it takes a look at every process.
struct HostServicesCache {
    /// Daemons come and go seldom: nanoseconds.
    private static let trustedFor: UInt64 = 30_000_000_000

    private let reader: HostServicesReader
    private var services: HostServices?
    private var links: [UInt32: InterfaceName] = [:]
    private var readAt: UInt64 = 0

    init(_ reader: HostServicesReader = HostServicesReader()) { self.reader = reader }

    /// For the interfaces of the initial namespace; read anew when there are other ones.
    mutating func services(for links: [Link]) -> HostServices {
        let names = Dictionary(links.map { ($0.index, $0.name) }, uniquingKeysWith: { $1 })
        if let services, names == self.links, MonotonicClock.now - readAt < Self.trustedFor { return services }
        let read = reader.read(links)
        services = read
        self.links = names
        readAt = MonotonicClock.now
        return read
    }
}
