// SPDX-License-Identifier: Apache-2.0
import ModelLab
import Packets

extension RandomNetwork {
    /// Rules of all kinds, or none.
    mutating func makeRules() {
        guard random.chance(70) else { return }
        // Where a rule leads has to differ from where its packets would go without it.
        for table in [100, 101] where random.chance(70) {
            ip("route append default table \(table) dev \(random.one(of: devices))")
        }
        for _ in 0..<Int.random(in: 1...(random.chance(85) ? 5 : 15), using: &random) { makeRule() }
        if random.chance(10) { ip("rule delete pref \(random.one(of: [0, 1000, 32_766, 32_767]))") }
        if random.chance(5) { ip("rule add pref 50 lookup local") }
        while random.chance(20) {
            // Of the packets' own, and with the low bits of one of them.
            host.steps.append(
                .dscpRule(
                    dscp: random.one(of: [0x2C, 0x04, 0x02, 0x22, 0]), priority: random.one(of: [5, 25]), table: 100))
        }
    }

    private mutating func makeRule() {
        let priorities = [0, 10, 20, 30, 900, 32_766, 40_000]
        let priority = random.one(of: priorities)
        var rule = random.chance(12) ? "not " : ""
        // Two of them at most, so that some packets fit.
        for _ in 0..<Int.random(in: 0...2, using: &random) { rule += selector() + " " }
        if random.chance(2) { rule += "realms \(random.one(of: ["4", "4/5"])) " }
        switch Int.random(in: 0..<13, using: &random) {
        case 0: rule += random.one(of: ["blackhole", "unreachable", "prohibit"])
        case 1: rule += "goto \(random.one(of: priorities))"
        case 2: rule += "nop"
        case 3: rule += "lookup main suppress_prefixlength \(random.one(of: [0, 8, 24, 31, 32]))"
        case 4: rule += "lookup \(random.one(of: ["100", "main"])) suppress_ifgroup \(random.one(of: [0, 5]))"
        case 5 where !members.isEmpty: rule += "l3mdev"
        default: rule += "lookup \(random.one(of: ["100", "101", "main", "default", "77", "local"]))"
        }
        ip("rule add pref \(priority) \(rule)")
    }

    private mutating func selector() -> String {
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1: return "from \(wholePrefix())"
        case 2, 3: return "to \(wholePrefix())"
        case 4: return "iif \(random.one(of: devices + ["lo", "gone"]))"
        case 5: return "oif \(random.one(of: devices))"
        case 6, 12, 13: return "fwmark \(random.one(of: ["1", "2", "0/0xff", "0x1/0xf", "0x10/0x10"]))"
        case 7: return "tos \(random.one(of: ["0x10", "0x08"]))"
        case 8: return "ipproto \(random.one(of: [1, 2, 6, 17, 47, 132]))"
        case 9, 14, 15:
            return
                (random.chance(20) ? "" : "ipproto \(random.one(of: [6, 17, 132])) ")
                + "\(random.one(of: ["sport", "dport"])) "
                + random.one(of: ["9", "40000", "1-10", "10-39999", "40000-65535"])
        case 10: return "uidrange \(random.one(of: ["0-0", "1000-2000", "0-4294967294"]))"
        default: return random.chance(30) ? "tun_id \(random.one(of: [1, 5]))" : "from \(wholePrefix())"
        }
    }

    /// A rule has no word for every address but none.
    private mutating func wholePrefix() -> String {
        let prefix = prefix()
        return prefix == "default" ? "0.0.0.0/0" : prefix
    }
}
