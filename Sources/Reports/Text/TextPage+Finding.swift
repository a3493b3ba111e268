// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import Facts
import Fixes
import Packets

extension TextPage {
    private static let sectionIndent = 3
    private static let indent = 5
    private static let commandIndent = 7
    /// An alternative with more commands than this is only described.
    private static let alternativeCommands = 4

    /// One problem from top to bottom.
    mutating func write(_ finding: FindingReport, number: Int) {
        let count = Wording.count(finding.drops, finding.path == .arp ? "ARP request" : "packet")
        paragraph("\(Sentences.title(of: finding)) (\(count))", indent: 0, first: "\(number). ", mark: style.heading)
        section("What happened")
        whatHappened(finding)
        section("Why")
        paragraph(Sentences.explanation(of: finding), indent: Self.indent)
        for factor in finding.factors {
            item(Sentences.sentence(for: factor, in: finding), indent: Self.indent)
        }
        paragraph(Sentences.certainty(of: finding), indent: Self.indent)
        if !finding.passesIf.isEmpty {
            paragraph("They would pass if any one of these were so:", indent: Self.indent)
            for condition in finding.passesIf { item("\(Wording.printable(condition)).", indent: Self.indent) }
        }
        advice(of: finding)
        rejected(finding.rejected)
        alternatives(finding.alternatives)
    }

    private mutating func section(_ title: String) {
        blank()
        heading(title, indent: Self.sectionIndent)
    }

    private mutating func whatHappened(_ finding: FindingReport) {
        paragraph(Sentences.headline(of: finding) + ".", indent: Self.indent)
        if let example = finding.example, finding.path != .arp {
            paragraph(Sentences.example(example), indent: Self.indent)
        }
        if let spoofing = finding.spoofing.flatMap(Sentences.spoofing) { paragraph(spoofing, indent: Self.indent) }
        if let mode = Sentences.mode(of: finding) { paragraph(mode, indent: Self.indent) }
        if let owners = finding.owners {
            paragraph(owners.sentence(interface: finding.interface.display), indent: Self.indent)
        }
        if let path = finding.path { paragraph(Sentences.sentence(for: path), indent: Self.indent) }
        let first = "First \(Wording.date(finding.firstSeen)) \(Wording.timeOfDay(finding.firstSeen))"
        let last = "last \(Wording.date(finding.lastSeen)) \(Wording.timeOfDay(finding.lastSeen)) UTC"
        paragraph("\(first), \(last). Finding \(terminalSafe(finding.id)).", indent: Self.indent)
    }

    // MARK: The fix

    /// `isSupposed`: nothing was dropped, the finding is of a packet that somebody asks about.
    mutating func advice(of finding: FindingReport, isSupposed: Bool = false) {
        let fix = finding.fix
        guard fix.id != .none else {
            section("What to do: nothing")
            paragraph(Wording.printable(fix.summary), indent: Self.indent)
            for effect in fix.sideEffects { item(Wording.printable(effect), indent: Self.indent) }
            return
        }
        section("Fix: \(fix.id.rawValue)")
        paragraph(Wording.printable(fix.summary), indent: Self.indent)
        if fix.incomplete {
            paragraph(
                "INCOMPLETE: a value is missing. Fill it in before you run this.", indent: Self.indent,
                mark: style.warning)
        }
        blank()
        if fix.commands.isEmpty {
            paragraph("The commands are not in this report.", indent: Self.commandIndent)
        } else {
            commands(fix.commands, indent: Self.commandIndent)
        }
        blank()
        field("Opens", Self.opens(fix), indent: Self.indent)
        field(
            "Prediction", Self.prediction(fix, isSupposed: isSupposed, isIPv6: finding.isIPv6), indent: Self.indent,
            mark: fix.predicted == .accept ? style.good : style.warning)
        for (index, effect) in fix.sideEffects.enumerated() {
            field(index == 0 ? "Side effects" : "", Wording.printable(effect), indent: Self.indent)
        }
        if !fix.revert.isEmpty {
            section("Undo")
            commands(fix.revert, indent: Self.commandIndent)
        }
        if let persistence = fix.persist { keep(persistence) }
        // An incomplete fix cannot be tried, a value that is right already need not be, and a supposed packet's finding is
        // not met by its number.
        if !fix.incomplete && fix.id != .persistValue && !isSupposed {
            section("Try it for a minute, measured and undone")
            commands(["rpfwatch fix \(ShellWord(quoting: finding.id).text)"], indent: Self.commandIndent)
        }
        section("Check")
        commands([Self.check(finding)], indent: Self.commandIndent)
        paragraph("It should report no drop any more.", indent: Self.indent)
    }

    private static func opens(_ fix: Fix) -> String {
        guard !fix.widens.isEmpty else { return "nothing in rp_filter: every interface keeps its mode." }
        let changes = fix.widens.map {
            "\($0.interface.display) from \(Names.mode($0.before)) to \(Names.mode($0.after))"
        }
        // In full: what a change for all interfaces opens must not hide in a number.
        return "\(Wording.list(changes, limit: changes.count)); opens nothing else."
    }

    private static func prediction(_ fix: Fix, isSupposed: Bool, isIPv6: Bool) -> String {
        if isSupposed && fix.predicted == .accept {
            return "accepts it, by simulating the kernel's check with the change made."
        }
        let drops = Wording.count(fix.admits.of, "drop")
        let admitted = "\(Wording.number(fix.admits.packets)) of \(drops) seen in detail"
        return switch fix.predicted {
        case .accept where isIPv6: "accepts \(admitted): no other check of the source is made there."
        case .accept: "accepts \(admitted), by simulating the kernel's check with the change made."
        case .drop: "still drops: it would let in \(admitted)."
        case .unknown where fix.incomplete: "unknown until the missing value is filled in."
        case .unknown: "unknown: the kernel's check could not be simulated with the change made."
        }
    }

    /// Where there is no such file, the side effects say what lasts how long.
    private mutating func keep(_ persistence: Fix.Persistence) {
        section("Keep")
        paragraph(
            "To keep it over a reboot, put this into \(Wording.printable(persistence.path)):", indent: Self.indent)
        blank()
        commands(
            persistence.content.split(separator: "\n", omittingEmptySubsequences: true).map(String.init),
            indent: Self.commandIndent)
        proof(of: persistence)
    }

    private static func check(_ finding: FindingReport) -> String {
        var words = ["rpfwatch", "-i", ShellWord(quoting: finding.interface).text]
        if let option = Names.option(finding.namespace) { words += ["--netns", ShellWord(quoting: option).text] }
        return (words + ["-d", "30s"]).joined(separator: " ")
    }

    // MARK: What else

    mutating func rejected(_ recipes: [RejectedRecipe]) {
        guard !recipes.isEmpty else { return }
        section("Do not")
        for recipe in recipes {
            item(Wording.printable(recipe.recipe), indent: Self.indent)
            paragraph(Wording.printable(recipe.reason), indent: Self.commandIndent)
        }
    }

    mutating func alternatives(_ fixes: [Fix]) {
        guard !fixes.isEmpty else { return }
        section("Other ways")
        for fix in fixes {
            let remark = fix.incomplete ? " (incomplete)" : ""
            item("\(fix.id.rawValue)\(remark): \(Wording.printable(fix.summary))", indent: Self.indent)
            if !fix.widens.isEmpty { paragraph("Opens \(Self.opens(fix))", indent: Self.commandIndent) }
            if fix.commands.count <= Self.alternativeCommands {
                commands(fix.commands, indent: Self.commandIndent)
            } else {
                paragraph(
                    "\(Wording.count(fix.commands.count, "command")); they are in the JSON output.",
                    indent: Self.commandIndent)
            }
        }
    }
}
