// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Packets
import Settings

/// The sysctl.d file that makes settings last on this host, or what stands in its way.
struct PersistentFile {
    let file: Fix.Persistence?
    /// What a person has to know or do, where the file alone is not the answer.
    let notes: [String]

    /// Nil for changes that are no sysctls, and outside the initial namespace, for which no such file counts.
    init?(for changes: [Change], in situation: Situation) {
        guard situation.finding.namespace.isInitial, changes.allSatisfy(\.isSysctl) else { return nil }
        let settings = changes.compactMap { change -> SysctlSetting? in
            if case .sysctl(let setting) = change { setting } else { nil }
        }
        self.init(for: settings, in: situation)
    }

    init(for settings: [SysctlSetting], in situation: Situation) {
        guard let draft = PersistentDraft(settings, in: situation) else {
            file = nil
            notes = ["A sysctl.d file cannot name this interface, so something else has to set the value at boot."]
            return
        }
        guard let sources = situation.facts.sysctlSources, let tree = SysctlTree(sources) else {
            file = Fix.Persistence(path: draft.path(names: draft.names.prefix(1)), content: draft.content)
            notes = Self.doubts(about: situation.facts.sysctlSources)
            return
        }
        let names = (draft.names + [draft.name(after: tree.lastName)].compactMap { $0 }).filter {
            draft.isFree($0, in: sources)
        }
        // A reader that does nothing for new interfaces leaves them at `default`: that is no reason against the file.
        for isEnoughAtBoot in tree.dialect.appliesToNewInterfaces ? [false] : [false, true] {
            for name in names {
                let after = tree.adding(draft.file(name))
                guard draft.isProven(by: after, atBootOnly: isEnoughAtBoot) else { continue }
                file = Fix.Persistence(
                    path: draft.path(names: [name]), content: draft.content, reader: tree.dialect.name,
                    isProven: !isEnoughAtBoot && !draft.isContested, proof: draft.proof(before: tree, after: after))
                notes =
                    isEnoughAtBoot
                    ? [
                        "\(tree.dialect.name) applies the file at boot alone: an interface that is created again starts"
                            + " with the value of default."
                    ] : []
                return
            }
        }
        file = nil
        notes = ["No file in /etc/sysctl.d can keep this: \(draft.obstacle(in: tree))."]
    }

    private static func doubts(about sources: SysctlSources?) -> [String] {
        guard let sources else { return [] }
        if case .none = sources.reader {
            return [
                "Nothing that applies sysctl.d at boot was found on this host: have whatever sets its sysctls read the"
                    + " file."
            ]
        }
        let hidden = sources.files.filter { $0.kind == .unreadable }.map { terminalSafe($0.path) }
        let place = hidden.isEmpty ? "not all of the files of sysctl.d" : listing(hidden, limit: 3)
        return ["Whether this file wins is not known: \(place) could not be read."]
    }
}

/// Settings as the lines of a file whose name is still open.
struct PersistentDraft {
    private let facts: NetworkFacts
    private let settings: [(setting: SysctlSetting, name: InterfaceName)]
    private let stem: String
    let content: String

    private static let directory = 0

    /// Nil when an interface cannot be named in such a file.
    init?(_ settings: [SysctlSetting], in situation: Situation) {
        facts = situation.facts
        var named: [(setting: SysctlSetting, name: InterfaceName)] = []
        // `default` first: writing it may change what interfaces have.
        for setting in settings.sorted(by: { Self.rank($0) < Self.rank($1) }) {
            guard let name = setting.directory(in: situation.facts), !SysctlName.isMisread(name) else { return nil }
            named.append((setting, name))
        }
        self.settings = named
        stem = Self.fileName(situation.ingress.name)
        content =
            "\(Fix.Persistence.mark)\(situation.finding.id).\n"
            + named.map { SysctlName.line(name: $0.name, key: $0.setting.key, value: $0.setting.value) + "\n" }.joined()
    }

    private static func rank(_ setting: SysctlSetting) -> Int {
        switch setting.scope {
        case .default: 0
        case .all: 1
        case .interface: 2
        }
    }

    /// The names to try, the plainest first: each sorts after the one before it.
    var names: [String] { (2...6).map { String(repeating: "z", count: $0) + "-rpfwatch-\(stem).conf" } }

    /// A name that sorts after all others; nil when that could not be typed.
    func name(after last: String?) -> String? {
        guard let last, last.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }) else {
            return nil
        }
        let name = "\(last.dropLast(5)).rpfwatch-\(stem).conf"
        return name.utf8.count <= 255 ? name : nil
    }

    func path(names: some Sequence<String>) -> String {
        names.first { _ in true }.map { "\(SysctlSources.directories[Self.directory])/\($0)" } ?? ""
    }

    /// No file of that name is there, unless it is this one already.
    func isFree(_ name: String, in sources: SysctlSources) -> Bool {
        let own = file(name)
        return sources.files.filter { $0.name == name }.allSatisfy {
            $0.directory == own.directory && $0.lines.map(\.text) == own.lines.map(\.text)
        }
    }

    func file(_ name: String) -> SysctlFile {
        SysctlFile(directory: Self.directory, name: name, lines: SysctlLine.relevant(in: content.utf8) ?? [])
    }

    /// Every value comes out as it is set; `atBootOnly`: whatever becomes of interfaces that are created again.
    func isProven(by tree: SysctlTree, atBootOnly: Bool) -> Bool {
        settings.allSatisfy { setting, name in
            let forecast = tree.forecast(of: setting.key, in: name)
            return atBootOnly ? forecast.isCertainAtBoot(setting.value) : forecast.isCertain(setting.value)
        }
    }

    /// A daemon that writes after the files were applied sets one of the values otherwise.
    var isContested: Bool {
        settings.contains { setting, _ in
            daemonClaims(on: setting.key, of: setting.scope, in: facts).contains {
                !$0.yieldsToFiles && $0.owner.value != setting.value
            }
        }
    }

    /// Lines of a proof: a host may have thousands of interfaces.
    private static let proofLimit = 256

    /// What every interface gets, `all` and `default` first; of very many those that the file changes.
    func proof(before: SysctlTree, after: SysctlTree) -> [Fix.ProofLine] {
        let keys = InterfaceSysctl.allCases.filter { key in settings.contains { $0.setting.key == key } }
        let links = facts.links.sorted { $0.index < $1.index }
        let scopes: [(SysctlScope, InterfaceName)] =
            [(.all, "all"), (.default, "default")]
            + links.filter { $0.name.isValidUTF8 }.map { (.interface($0.index), $0.name) }
        let lines = keys.flatMap { key in
            scopes.map { scope, name in
                let forecast = after.forecast(of: key, in: name)
                var createdAgain: Int32?
                if case .interface = scope, name != "lo" { createdAgain = forecast.whenCreatedAgain.value }
                return Fix.ProofLine(
                    interface: name, key: key, now: facts.configuration[scope, key],
                    before: before.forecast(of: key, in: name).atBoot.value, atBoot: forecast.atBoot.value,
                    createdAgain: createdAgain)
            }
        }
        guard lines.count > Self.proofLimit else { return lines }
        let changed = lines.filter { $0.before != $0.atBoot }
        return Array((changed + lines.filter { $0.before == $0.atBoot }).prefix(Self.proofLimit))
    }

    /// The line that would win all the same.
    func obstacle(in tree: SysctlTree) -> String {
        let name = names.last ?? ""
        let after = tree.adding(file(name))
        for (setting, interface) in settings {
            let forecast = after.forecast(of: setting.key, in: interface)
            let outcomes =
                tree.dialect.appliesToNewInterfaces ? forecast.values : [forecast.atBoot, forecast.atBootLater]
            guard let wrong = outcomes.first(where: { $0.value != setting.value }) else {
                continue
            }
            let other = wrong.statement.flatMap { $0.path == path(names: [name]) ? nil : $0 }
            guard let statement = other ?? tree.statements(of: setting.key, in: interface).last else { continue }
            let line = SysctlName.line(name: interface, key: setting.key, value: setting.value)
            return "edit \(terminalSafe(statement.place)), which wins over it, to `\(line)`"
        }
        return "the names that are taken there sort after any that could be chosen"
    }

    /// Interface names may hold what file managers and shells trip over; those bytes become their hexadecimal digits.
    private static func fileName(_ name: InterfaceName) -> String {
        name.bytes.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                String(decoding: [byte], as: UTF8.self)
            default: "%" + hexByte(byte)
            }
        }.joined()
    }
}

extension SysctlName {
    /// The line of a sysctl.d file, which knows no quotes.
    static func line(name: InterfaceName, key: InterfaceSysctl, value: Int32) -> String {
        name.bytes.contains(UInt8(ascii: "."))
            ? "net/ipv4/conf/\(name.text)/\(key.rawValue)=\(value)"
            : "net.ipv4.conf.\(name.text).\(key.rawValue)=\(value)"
    }
}
