// SPDX-License-Identifier: Apache-2.0
import Drops
import Facts
import Glibc
import Host
import Packets

/// The interfaces that `--interface` selects, by shell globs (fnmatch(3)); none selects all.
struct InterfaceFilter {
    let patterns: [String]

    func matches(_ name: InterfaceName) -> Bool {
        patterns.isEmpty || patterns.contains { Self.matches($0, name.bytes) }
    }

    /// The counts, those of other interfaces as filtered.
    func applied(to counters: [DropKey: DropCounters]) -> [DropKey: DropCounters] {
        patterns.isEmpty ? counters : counters.mapValues { matches($0.interfaceName) ? $0 : $0.allFiltered }
    }

    /// Refuses a name without a wildcard that no watched namespace has: it is more likely a slip than a wish.
    func requireLiterals(in watch: borrowing NamespaceWatch) throws(CommandFailure) {
        let literals = patterns.filter { !$0.contains { "*?[\\".contains($0) } }
        guard !literals.isEmpty else { return }
        let known = watch.interfaceNames()
        for name in literals where !known.contains(InterfaceName(name)) {
            throw CommandFailure(
                .usage,
                "No watched network namespace has an interface named '\(terminalSafe(name))': check the name with "
                    + "'ip link', or give a glob such as '\(terminalSafe(name))*' to wait for one to appear.")
        }
    }

    private static func matches(_ pattern: String, _ name: [UInt8]) -> Bool {
        let terminated = (name + [0]).map { CChar(bitPattern: $0) }
        return unsafe fnmatch(pattern, terminated, 0) == 0
    }
}
