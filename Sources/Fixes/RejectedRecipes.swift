// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets
import Routing

/// A commonly copied recipe as it would be typed here.
struct Recipe {
    /// What it would do here; the text that says why not, or nil when it does not belong in this situation.
    typealias Reason = (Simulation) -> String?

    var name: String
    var changes: [Change]
    var reason: Reason

    init(_ name: String, _ changes: [Change], _ reason: @escaping Reason) {
        self.name = name
        self.changes = changes
        self.reason = reason
    }
}

extension Situation {
    /// The copied recipes that would not work here or are wider than the recommended fix, each tried in the simulation.
    func rejectedRecipes(recommended: Assessment?) -> [RejectedRecipe] {
        ipv6Recipes
            + recipes(instead: recommended).compactMap { recipe in
                guard recipe.changes != recommended?.candidate.changes else { return nil }
                let simulation = Simulation(recipe.changes, in: self)
                // The same values by another way are not worse.
                if let recommended, simulation.facts.configuration == recommended.simulation.facts.configuration,
                    recipe.changes.allSatisfy(\.isSysctl), recommended.candidate.changes.allSatisfy(\.isSysctl)
                {
                    return nil
                }
                guard let reason = recipe.reason(simulation) else { return nil }
                let commands = recipe.changes.compactMap { $0.commands(in: context, facts: facts)?.apply }
                guard commands.count == recipe.changes.count else { return nil }
                // What its author could not know of this host.
                let objections = objections(to: recipe.changes, isPersistent: false, network: nil)
                return RejectedRecipe(
                    recipe: recipe.name, commands: commands,
                    reason: ([reason] + objections.prefix(2).map(\.sentence)).joined(separator: " "))
            }
    }

    /// A recipe for IPv6 is no change of what the simulation knows.
    private var ipv6Recipes: [RejectedRecipe] {
        guard finding.isIPv6 else { return [] }
        let key = "net.ipv6.conf.\(ingress.name.bytes.contains(UInt8(ascii: ".")) ? "all" : interface).rp_filter"
        return [
            RejectedRecipe(
                recipe: "rp_filter off for IPv6: net.ipv6.conf.*.rp_filter=0",
                commands: [context.command(["sysctl", "-w", ShellWord(quoting: "\(key)=0")])],
                reason:
                    "There is no such key: the kernel has rp_filter for IPv4 only, and the packet filter's own check"
                    + " looks at no sysctl.")
        ]
    }

    private func recipes(instead recommended: Assessment?) -> [Recipe] {
        let better = recommended.map { "\($0.candidate.id.rawValue) does it for \(interface) alone" }
        guard let cause = finding.attribution.cause else { return [] }
        let lookAlike: [Recipe] =
            switch cause {
            case .localSource: [acceptLocalUnderStrict, filterOffForLookAlike] + markForAll
            case .netfilter where finding.isIPv6: []
            case .netfilter, .invalidSource, .localnet: [filterOffForLookAlike]
            default: []
            }
        guard cause.isAttributed else { return lookAlike }
        return vendorMethods(better: better) + ruleRecipes + routeRecipes + markForAll + deviceRecipes
    }

    // MARK: The vendor page's three methods

    private func vendorMethods(better: String?) -> [Recipe] {
        [
            Recipe(
                "loose for all interfaces: all=2 and default=2",
                [.set(.all, .rpFilter, 2), .set(.default, .rpFilter, 2)]
            ) {
                looseForAllReason($0, better: better)
            },
            Recipe("off for this interface: \(interface)=0", [.set(.interface(ingress.index), .rpFilter, 0)]) {
                offForInterfaceReason($0, better: better)
            },
            Recipe(
                "off for all interfaces: all=0 and default=0", [.set(.all, .rpFilter, 0), .set(.default, .rpFilter, 0)]
            ) {
                offForAllReason($0, better: better)
            },
        ]
    }

    private func looseForAllReason(_ outcome: Simulation, better: String?) -> String {
        let others = otherChanges(outcome).map { "; it also \($0)" } ?? ""
        if outcome.acceptsAll {
            let instead = better.map { ", and \($0)" } ?? ""
            return "Works, but it is a floor for every interface, also those created later\(instead)\(others)."
        }
        let cause: String =
            if outcome.refusals.contains(.noRoute) {
                "loose mode still needs a route to the source, and there is none"
            } else if outcome.refusals.contains(.noAddress) {
                "\(interface) has no IPv4 address, and without one loose mode accepts only what is routed through it"
            } else {
                "the packets are still refused"
            }
        return "Does not help: \(cause)\(others)."
    }

    private func offForInterfaceReason(_ outcome: Simulation, better: String?) -> String? {
        if outcome.acceptsAll {
            let instead = better.map { "; \($0)" } ?? ""
            return "Works, but leaves \(interface) without any check\(instead)."
        }
        if own.rpFilter == 0 {
            return "No effect: \(interface) is at 0 already, and the kernel uses the larger of all=\(all.rpFilter) and"
                + " \(interface)=0."
        }
        return "No use: the kernel uses the larger of all=\(all.rpFilter) and \(interface)=0, so the check"
            + " \(modeAfter(outcome))."
    }

    private func offForAllReason(_ outcome: Simulation, better: String?) -> String? {
        let others = otherChanges(outcome)
        if outcome.acceptsAll {
            let instead = better.map { "; \($0)" } ?? ""
            return "Works, but it \(others ?? "also decides for every interface created later")\(instead)."
        }
        let side = others.map { "; it only \($0)" } ?? ""
        return
            "No effect here: \(interface) itself is at \(own.rpFilter), which all=0 does not lower, so the check"
            + " \(modeAfter(outcome))\(side)."
    }

    private func modeAfter(_ outcome: Simulation) -> String {
        let after = outcome.facts.configuration.effective(ingress.index).rpFilter
        return (after == effective.rpFilter ? "stays " : "becomes ") + modeName(after)
    }

    /// What happens to interfaces other than the ingress one; nil when nothing does.
    private func otherChanges(_ outcome: Simulation) -> String? {
        let others = outcome.widens.filter { $0.interface != ingress.name }
        func names(_ condition: (Fix.Widening) -> Bool) -> String? {
            let matching = others.filter(condition).map { "\($0.interface.display) (\($0.before) to \($0.after))" }
            return matching.isEmpty ? nil : listing(matching, limit: 32)
        }
        let parts: [String?] = [
            names { $0.before == 0 }.map { "turns the check on for \($0)" },
            names { $0.after == 0 }.map { "turns the check off for \($0)" },
            names { $0.before == 1 && $0.after != 0 }.map { "weakens \($0)" },
            names { $0.before != 0 && $0.before != 1 && $0.after == 1 }.map { "makes \($0) strict" },
        ]
        let told = parts.compactMap { $0 }
        return told.isEmpty ? nil : listing(told)
    }

    // MARK: Rules and routes

    private var ruleRecipes: [Recipe] {
        guard finding.attribution.cause == .wrongInterface, !wayBackIsPointless else { return [] }
        let table = facts.freeTable
        guard let priority = facts.freePriority(before: 32_766) else { return [] }
        let way = wayBack
        let route = Change.addRoute(
            Route(table: table, destination: .any, nexthops: [way.nexthop(on: ingress.index)]),
            gatewayUnknown: way == .unknown)
        var recipes = [
            Recipe(
                "a rule for what comes in there: ip rule iif \(interface)",
                [
                    route,
                    .addRule(Rule(priority: priority, inputInterface: ingress.name, action: .lookup(table: table))),
                ]
            ) { outcome in
                if outcome.acceptsAll { return nil }
                if outcome.diverts {
                    return "Matches the packets themselves, not the reverse lookup: they would be sent back out by"
                        + " \(interface)."
                }
                return
                    "No effect: the reverse lookup's input interface is \(reverseInputName), never \(interface) where"
                    + " the packet came in."
            }
        ]
        if let address = facts.addresses(on: ingress.index).first?.local, isFromRulePointless(address) {
            let rule = Rule(
                priority: priority, from: IPv4Prefix(address, length: 32), action: .lookup(table: table))
            recipes.append(
                Recipe("a rule for the host address: ip rule from \(address)", [route, .addRule(rule)]) { outcome in
                    if outcome.acceptsAll { return nil }
                    return isWithoutReverseSource
                        ? "No effect: for multicast and broadcast the reverse lookup has no source address to match."
                        : "No effect: the check runs after destination NAT, and the reverse lookup comes from"
                            + " \(listing(destinations.map(\.description), limit: 3)), not from \(address)."
                })
        }
        return recipes
    }

    /// The lookup found no unicast route that another one could beat.
    private var wayBackIsPointless: Bool { reverseRoute?.kind != .unicast }

    private func isFromRulePointless(_ address: IPv4Address) -> Bool {
        isWithoutReverseSource || (factors.contains(.dnat) && !destinations.contains(address))
    }

    private var reverseInputName: String {
        guard case .forward(let output) = trials.first?.verdict.path, let link = facts.link(output) else { return "lo" }
        return "the outgoing \(link.name.display)"
    }

    private var routeRecipes: [Recipe] {
        guard finding.attribution.cause == .wrongInterface, isStrict, let route = reverseRoute, route.kind == .unicast,
            route.destination.length == 0 || factors.contains(.worseMetricRoute)
        else { return [] }
        let way = wayBack
        let worse = Route(
            table: route.table, destination: route.destination, metric: max(route.metric, 1) + 1_000,
            nexthops: [way.nexthop(on: ingress.index)])
        return [
            Recipe(
                "a second route with a worse metric", [.addRoute(worse, gatewayUnknown: way == .unknown)]
            ) { outcome in
                guard !outcome.acceptsAll else { return nil }
                let leads = reverseInterface.map { ", the one through \($0.name.display)" } ?? ""
                return "No effect: strict mode looks at the best route only\(leads), with metric \(route.metric)."
            }
        ]
    }

    // MARK: Marks, addresses, devices

    private var markForAll: [Recipe] {
        guard mark != nil, !all.srcValidMark else { return [] }
        return [
            Recipe("count the mark everywhere: all.src_valid_mark=1", [.set(.all, .srcValidMark, 1)]) { outcome in
                outcome.acceptsAll
                    ? "Works, but on every interface: where a TPROXY-style rule sends a mark to a local table, sources"
                        + " then look like this host's own and are dropped, even with rp_filter 0; the interface's own"
                        + " setting is enough."
                    : "Does not help, and on every interface sources may then look like this host's own because of"
                        + " their mark."
            }
        ]
    }

    private var deviceRecipes: [Recipe] {
        var recipes: [Recipe] = []
        if finding.attribution.cause == .noAddress && isStrict {
            recipes.append(
                Recipe("loose for this interface: \(interface)=2", [.set(.interface(ingress.index), .rpFilter, 2)]) {
                    $0.acceptsAll
                        ? nil
                        : "Does not help: \(interface) has no IPv4 address, and without one loose mode accepts only"
                            + " what is routed through it."
                })
        }
        if factors.contains(.decapsulated), let outer = reverseInterface, outer.index != ingress.index {
            recipes.append(
                Recipe(
                    "off for the outer interface: \(outer.name.display)=0",
                    [.set(.interface(outer.index), .rpFilter, 0)]
                ) {
                    $0.acceptsAll
                        ? nil
                        : "No effect: after decapsulation the packet is checked again, on \(interface) and with its"
                            + " values."
                })
        }
        return recipes
    }

    private var acceptLocalUnderStrict: Recipe {
        Recipe("accept own addresses: \(interface).accept_local=1", [.set(.interface(ingress.index), .acceptLocal, 1)])
        {
            guard isStrict, !$0.acceptsAll else { return nil }
            return
                "Does not help: the check goes on, and strict mode then drops the packet because its source is local"
                + " and not behind \(interface)."
        }
    }

    /// rp_filter turned off against something else.
    private var filterOffForLookAlike: Recipe {
        Recipe(
            "rp_filter off: all=0 and \(interface)=0",
            [.set(.all, .rpFilter, 0), .set(.interface(ingress.index), .rpFilter, 0)]
        ) { outcome in
            let dropper: String
            switch finding.attribution.cause {
            case .netfilter: dropper = "the packet filter's own check does not look at this sysctl"
            case .localnet: dropper = "127.0.0.0/8 is refused before rp_filter is looked at"
            case .localSource, .invalidSource:
                if outcome.acceptsAll {
                    return
                        "Lets them in only as long as no rule and no local route was ever added, and leaves"
                        + " \(interface) without any check."
                }
                dropper = "the type of the source address is tested before the mode"
            default: return nil
            }
            let others = otherChanges(outcome).map { "; it only \($0)" } ?? ""
            return "No effect: \(dropper)\(others)."
        }
    }
}
