// SPDX-License-Identifier: Apache-2.0

/// All that a finding says about why and what to do, as text without what differs between two runs of one scenario: it has
/// to be the same in every tier and on every kernel.
package struct FindingText: Sendable {
    /// Members in the order of their names, on one line.
    package let text: String

    init(_ finding: JSONValue, _ testbed: Testbed) {
        let names = [
            "attributed", "cause", "factors", "path", "sysctl", "reverse", "fix", "alternatives", "rejected",
        ]
        var text = names.map { "\($0): \(finding["rpf.\($0)"] ?? .null)" }.joined(separator: ", ")
        // Names of namespaces have the process ID of the run in them.
        for (name, namespace) in testbed.namespaces {
            switch namespace.reference {
            case .name(let own): text = text.replacing(own, with: "@\(name)")
            case .process(let process): text = text.replacing("/proc/\(process)/", with: "/proc/@\(name)/")
            }
            text = text.replacing("net:[\(namespace.inode)]", with: "net:[@\(name)]")
        }
        self.text = text
    }
}
