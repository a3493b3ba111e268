// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Packets

/// What makes two drops the same problem, the same over runs: no index, no inode of a named namespace, no source.
struct FindingIdentity: Hashable, Sendable {
    private var namespace: String
    let interface: InterfaceName
    private var cause: Cause?
    private var path: PacketPath?
    /// Bit n is set for factor n of the contract's order.
    private var factors: UInt32 = 0
    private var reversePrefix: IPv4Prefix?
    private(set) var isIPv6 = false

    init(
        _ attribution: DropAttribution, interface: InterfaceName, namespace: NamespaceIdentity, isIPv6: Bool = false
    ) {
        self.isIPv6 = isIPv6
        self.namespace = namespace.stableName
        self.interface = interface
        cause = attribution.cause
        path = attribution.path
        for factor in attribution.factors { factors |= Self.bits[factor] ?? 0 }
        reversePrefix = attribution.reverse?.prefix
    }

    /// All problems of one cause, in one namespace or (nil) in any. No interface has an empty name.
    init(allOf cause: Cause?, namespace: NamespaceIdentity?) {
        self.namespace = namespace?.stableName ?? ""
        interface = InterfaceName("")
        self.cause = cause
    }

    /// `rpf.finding_id`: 16 hexadecimal digits, the 64-bit FNV-1a hash of the fields, each with its length before it.
    var id: String {
        var hash = FNV1a()
        hash.add(namespace.utf8)
        hash.add(interface.bytes)
        hash.add(cause?.rawValue.utf8)
        hash.add(path?.rawValue.utf8)
        let names = Factor.allCases.filter { factors & (Self.bits[$0] ?? 0) != 0 }.map(\.rawValue)
        hash.add(names.joined(separator: " ").utf8)
        hash.add(reversePrefix.map { "\($0.address)/\($0.length)".utf8 })
        if isIPv6 { hash.add("ipv6".utf8) }
        return hash.hexadecimal
    }

    /// The factors that tell problems apart: the other two may differ from drop to drop of one problem.
    private static let bits: [Factor: UInt32] = Dictionary(
        uniqueKeysWithValues: Factor.allCases.enumerated().compactMap { rank, factor in
            factor == .valueOverwritten || factor == .spoofSuspected ? nil : (factor, 1 << UInt32(rank))
        })
}

/// The Fowler-Noll-Vo hash (FNV-1a, 64 bits): the same in every run and on every machine, unlike Swift's own.
private struct FNV1a {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds a field; a missing one differs from an empty one.
    mutating func add(_ field: (some Collection<UInt8>)?) {
        let length = field.map { UInt64($0.count) } ?? .max
        for shift in stride(from: 0, through: 56, by: 8) { add(UInt8(truncatingIfNeeded: length >> UInt64(shift))) }
        if let field { for byte in field { add(byte) } }
    }

    private mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    var hexadecimal: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
