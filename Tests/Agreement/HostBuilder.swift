// SPDX-License-Identifier: Apache-2.0
import Lab

/// Makes a described host and notes what of it the kernel remembers without telling.
struct HostBuilder {
    let host: Namespace
    let wire: Namespace
    /// A rule was added or deleted.
    private(set) var addedRules = false
    /// A route of type local was added by hand.
    private(set) var addedLocalRoutes = false
    private(set) var members: [UDPSink] = []

    init(host: Namespace, wire: Namespace) {
        self.host = host
        self.wire = wire
    }

    mutating func build(_ description: DescribedHost) throws {
        try host.enter {
            for interface in ["default", "all", "lo"] {
                try write("0", into: "/proc/sys/net/ipv4/conf/\(interface)/rp_filter")
            }
            try bringUp("lo")
            // Routers' advertisements and the like would be on the wire too.
            try? write("1", into: "/proc/sys/net/ipv6/conf/default/disable_ipv6")
        }
        try wire.enter { try? write("1", into: "/proc/sys/net/ipv6/conf/default/disable_ipv6") }
        var steps = description.steps[...]
        while let first = steps.first {
            let kind = Kind(first)
            let run = Array(steps.prefix { Kind($0) == kind })
            steps = steps.dropFirst(run.count)
            try make(run, kind)
        }
        // Until then routes still change with the carriers, and the answers would not be about what was read.
        let areSettled = try host.enter { try eventually(within: 30) { try linksAreSettled() } }
        guard areSettled else { throw LabError("the links of a random host do not settle") }
        // Turned on already: it only has to wait for whoever still changes the namespace's routes.
        try host.enter { try bringUp("lo") }
    }

    private enum Kind {
        case ip, wire, other

        init(_ step: DescribedHost.Step) {
            switch step {
            case .ip: self = .ip
            case .wire: self = .wire
            case .dscpRule, .sysctl, .membership: self = .other
            }
        }
    }

    private mutating func make(_ steps: [DescribedHost.Step], _ kind: Kind) throws {
        switch kind {
        case .ip:
            let wireName = wire.argument
            let commands = steps.compactMap { step -> String? in
                guard case .ip(let arguments) = step else { return nil }
                return arguments.replacing(DescribedHost.wireName, with: wireName)
            }
            note(commands, failed: try Self.batch(commands, in: host))
        case .wire:
            let commands = steps.compactMap { step -> String? in
                guard case .wire(let arguments) = step else { return nil }
                return arguments
            }
            _ = try Self.batch(commands, in: wire)
        case .other:
            let added = try host.enter {
                var added = false
                for step in steps {
                    switch step {
                    case .dscpRule(let dscp, let priority, let table):
                        try addRule(dscp: dscp, priority: priority, table: table)
                        added = true
                    case .sysctl(let file, let value):
                        try? write(value, into: "/proc/sys/net/ipv4/conf/\(file)")
                    case .ip, .wire, .membership: break
                    }
                }
                return added
            }
            addedRules = addedRules || added
            for case .membership(let group, let interface) in steps {
                let member = try UDPSink(port: 0, in: host)
                // An interface that is not there has no members.
                if (try? member.join(group, on: interface, in: host)) != nil { members.append(member) }
            }
        }
    }

    private mutating func note(_ commands: [String], failed: Set<Int>) {
        for (number, command) in zip(1..., commands) where !failed.contains(number) {
            if command.hasPrefix("rule ") || command.contains("type vrf") { addedRules = true }
            let words = command.split(separator: " ")
            if words.first == "route", words.count > 2, words[1] != "delete", words[2] == "local" {
                addedLocalRoutes = true
            }
        }
    }

    /// Runs lines of `ip` in a namespace; the numbers, from 1, of those that failed.
    private static func batch(_ commands: [String], in namespace: Namespace) throws -> Set<Int> {
        let lines = commands.map { "\($0)\n" }.joined()
        let output = try namespace.enter { try run(["ip", "-force", "-batch", "-"], input: lines) }
        var failed: Set<Int> = []
        for line in output.standardError.split(separator: "\n") {
            if line.hasPrefix("Command failed"), let number = line.split(separator: ":").last.flatMap({ Int($0) }) {
                failed.insert(number)
            } else if line.hasPrefix("Error: argument") || line.contains("\" is a garbage") {
                // A word that it does not know ends it at once.
                throw LabError("ip -batch: \(line)")
            }
        }
        return failed
    }
}
