// SPDX-License-Identifier: Apache-2.0
import Attribution

extension Sentences {
    /// What speaks for or against forged sources, in one sentence; nil when it is not worth telling.
    static func spoofing(_ evidence: SpoofingEvidence) -> String? {
        guard evidence.isTelling else { return nil }
        let about = evidence.isEstimate ? "about " : ""
        var parts = [
            "\(about)\(Wording.count(evidence.sources, "source address", "source addresses"))"
                + " in \(about)\(Wording.count(evidence.networks16, "/16 network"))"
                + " and \(Wording.count(evidence.networks8, "/8 network"))",
            "\(decimal(evidence.tenthsPerSource)) packets from each",
        ]
        if evidence.suspectPackets > 0 {
            parts.append(
                "\(Wording.number(evidence.suspectPackets)) of \(Wording.count(evidence.packets, "packet")) from addresses"
                    + " that do not belong there")
        }
        if let range = evidence.timeToLive {
            parts.append(
                range.lowerBound == range.upperBound
                    ? "TTL \(range.lowerBound)" : "TTL \(range.lowerBound) to \(range.upperBound)")
        }
        if let stations = evidence.stations {
            let least = stations >= SourceEvidence.stationLimit ? "at least " : ""
            parts.append("\(least)\(Wording.count(stations, "sender on the wire", "senders on the wire"))")
        }
        if let lookedUp = evidence.lookedUp, let connected = evidence.connected {
            let which = lookedUp < evidence.sources ? "the \(Wording.number(lookedUp)) heaviest" : "them"
            parts.append(
                connected == 0
                    ? "no reply traffic: this host has no TCP connection with any of \(which)"
                    : "this host has TCP connections with \(Wording.number(connected)) of \(which)")
        }
        return "Are the sources real? \(parts.joined(separator: ", "))."
    }

    private static func decimal(_ tenths: UInt64) -> String {
        tenths % 10 == 0 ? Wording.number(tenths / 10) : "\(Wording.number(tenths / 10)).\(tenths % 10)"
    }
}
