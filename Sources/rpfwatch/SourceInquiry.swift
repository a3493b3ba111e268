// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Host

/// Asks a namespace whether it has connections with a finding's sources: replies would show that they are real.
struct SourceInquiry {
    /// Questions in a second: one takes a walk over all of the namespace's sockets.
    private static let limit = 32
    private static let second: UInt64 = 1_000_000_000

    private var asked = 0
    private var since: UInt64 = 0

    /// With how many of the addresses in its evidence the host has a TCP connection; nil where it does not matter or cannot
    /// be told, as for packets that go to another host.
    mutating func connectedSources(of finding: Finding, in watch: inout NamespaceWatch) -> Int? {
        guard let evidence = finding.evidence, evidence.isTelling, finding.attribution.path == .input,
            let key = finding.samples.last?.drop.key
        else { return nil }
        let now = MonotonicClock.now
        if now - since >= Self.second { (asked, since) = (0, now) }
        guard asked < Self.limit else { return nil }
        asked += 1
        let connected = watch.connected(
            among: Set(evidence.addresses), in: key.namespaceInode, cookie: key.namespaceCookie)
        return connected?.count
    }
}
