// SPDX-License-Identifier: Apache-2.0

/// One of the three ways out that cloud vendors' pages on rp_filter give, and what it must do in the demo's networks.
struct VendorMethod {
    var name: String
    /// Which of net.ipv4.conf.NAME.rp_filter it writes.
    var writes: [(name: String, value: Int)]
    var helps: Bool
    /// The interfaces whose effective mode it changes.
    var changes: Set<String>
    /// What is to be said about it in one line.
    var remark: String

    /// All start from all=1, default=1 and every NIC at 1 by itself.
    static func all(ingress: String, egress: String) -> [VendorMethod] {
        [
            VendorMethod(
                name: "loose for all", writes: [("all", 2), ("default", 2)], helps: true,
                changes: [ingress, egress, "lo"],
                remark: "works, and weakens every interface for one that needed it"),
            VendorMethod(
                name: "off for the one NIC", writes: [(ingress, 0)], helps: false, changes: [],
                remark: "changes nothing: the larger of all and \(ingress) counts, and all is still 1"),
            VendorMethod(
                name: "off for all", writes: [("all", 0), ("default", 0)], helps: false, changes: [],
                remark: "changes nothing now: \(ingress) is 1 by itself, and default is for interfaces to come"),
        ]
    }
}
