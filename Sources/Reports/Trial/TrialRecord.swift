// SPDX-License-Identifier: Apache-2.0
package import Facts
import Packets

/// What a trial of a fix changes and how to undo it: written down before the first change, and handed to the process that
/// guards it.
package struct TrialRecord: Hashable, Sendable {
    package var time: WallTime
    package var processID: Int32
    package var findingID: String
    /// `fix.id`.
    package var fix: String
    package var namespace: NamespaceIdentity
    /// Nanoseconds after which the guard undoes it by itself.
    package var limit: UInt64
    /// In the order in which they are made.
    package var changes: [HostChange]

    package init(
        time: WallTime, processID: Int32, findingID: String, fix: String, namespace: NamespaceIdentity, limit: UInt64,
        changes: [HostChange]
    ) {
        self.time = time
        self.processID = processID
        self.findingID = findingID
        self.fix = fix
        self.namespace = namespace
        self.limit = limit
        self.changes = changes
    }
}

/// What became of one change when it was to be undone.
package struct UndoneChange: Hashable, Sendable {
    package var change: HostChange
    /// `made`: it was undone. Anything else was left as it is.
    package var found: ChangeState?
    /// Why it could not be undone.
    package var problem: String?
    /// Who changed it meanwhile, where that was seen; fit for a terminal.
    package var writer: String?

    package init(change: HostChange, found: ChangeState?, problem: String? = nil, writer: String? = nil) {
        self.change = change
        self.found = found
        self.problem = problem
        self.writer = writer
    }

    /// What was done about it, for a line of a log; fit for a terminal.
    package var line: String {
        switch found {
        case .made where problem == nil: "undone: \(change.undoing)"
        case .notMade: "was not made any more: \(change)"
        case .overwritten(let value): "left as it is, somebody made it \(terminalSafe(value)): \(change)"
        case .gone: "gone with its interface: \(change)"
        case .made, nil: "NOT UNDONE: \(change): \(terminalSafe(problem ?? "unknown"))"
        }
    }
}

extension TrialRecord {
    /// One JSON object on one line, with its newline.
    package func json() -> [UInt8] {
        var buffer = JSONBuffer()
        buffer.beginDocument(at: time)
        buffer.object("rpf") { rpf in
            rpf.object("trial") { trial in
                trial.key("pid")
                trial.number(processID)
                trial.key("finding_id")
                trial.string(findingID)
                trial.key("fix")
                trial.string(fix)
                trial.netns(namespace)
                trial.key("limit")
                trial.number(limit)
                trial.array("changes", changes) { $0.write($1) }
            }
        }
        buffer.endObject()
        buffer.newline()
        return buffer.bytes
    }

    /// Reads what `json()` wrote; nil for anything else: nothing is undone by half.
    package init?(json text: some Sequence<UInt8>) {
        guard let json = try? JSONParser.parse(Array(text)[...]), let trial = json.member("rpf.trial"),
            json["schema_version"]?.integer(Int.self) == JSONWriter.schemaVersion, let time = json["@timestamp"]?.time,
            let processID = trial["pid"]?.integer(Int32.self), let findingID = trial["finding_id"]?.string,
            let fix = trial["fix"]?.string, let limit = trial["limit"]?.integer(UInt64.self),
            case .array(let list)? = trial["changes"]
        else { return nil }
        var changes: [HostChange] = []
        for entry in list {
            guard let change = HostChange(entry) else { return nil }
            changes.append(change)
        }
        self.init(
            time: time, processID: processID, findingID: findingID, fix: fix,
            namespace: NamespaceIdentity(trial["netns"], container: nil), limit: limit, changes: changes)
    }
}

extension UndoneChange {
    /// A list of them as one JSON object on one line, with its newline.
    package static func json(_ list: [Self]) -> [UInt8] {
        var buffer = JSONBuffer()
        buffer.beginObject()
        buffer.undone(list)
        buffer.endObject()
        buffer.newline()
        return buffer.bytes
    }

    /// Reads what `json` wrote; nil for anything else.
    package static func list(json text: [UInt8]) -> [Self]? {
        guard let json = try? JSONParser.parse(text[...]), case .array(let list)? = json["undone"] else { return nil }
        return list.compactMap { entry in
            guard let change = entry["change"].flatMap({ HostChange($0) }) else { return nil }
            return UndoneChange(
                change: change, found: ChangeState(entry), problem: entry["problem"]?.string)
        }
    }
}

extension JSONBuffer {
    /// `undone`: what became of each change.
    mutating func undone(_ undone: [UndoneChange]) {
        array("undone", undone) { list, entry in
            list.beginObject()
            list.key("change")
            list.write(entry.change)
            list.key("found")
            list.optional(entry.found) { $0.word($1.word) }
            list.key("value")
            if case .overwritten(let value)? = entry.found { list.string(value) } else { list.null() }
            list.key("problem")
            list.optional(entry.problem) { $0.string($1) }
            list.key("writer")
            list.optional(entry.writer) { $0.string($1) }
            list.endObject()
        }
    }

    mutating func write(_ change: HostChange) {
        beginObject()
        key("kind")
        word(change.kind)
        switch change {
        case .sysctl(let sysctl):
            key("ifindex")
            optional(sysctl.interface) { $0.number($1) }
            key("directory")
            string(sysctl.directory)
            key("directory_hex")
            hex(sysctl.directory.bytes)
            key("key")
            string(sysctl.key)
            key("before")
            string(sysctl.before)
            key("after")
            string(sysctl.after)
        case .addAddress(let address), .removeAddress(let address):
            key("address")
            write(address)
        case .addRule(let rule):
            key("rule")
            write(rule)
        case .addRoute(let route):
            key("route")
            write(route)
        case .filterRule(let rule):
            key("apply")
            write(rule.apply)
            key("revert")
            write(rule.revert)
        }
        endObject()
    }

    private mutating func write(_ step: FilterCommands.Step) {
        beginObject()
        array("command_hex", step.command) { $0.longHex($1) }
        key("probe")
        optional(step.probe) { buffer, probe in
            buffer.beginObject()
            buffer.array("command_hex", probe.command) { $0.longHex($1) }
            buffer.key("line_hex")
            buffer.longHex(probe.line)
            buffer.key("only_line")
            buffer.bool(probe.isOnlyLine)
            buffer.endObject()
        }
        endObject()
    }
}

extension HostChange {
    fileprivate var kind: String {
        switch self {
        case .sysctl: "sysctl"
        case .addAddress: "add_address"
        case .removeAddress: "remove_address"
        case .addRule: "add_rule"
        case .addRoute: "add_route"
        case .filterRule: "filter_rule"
        }
    }

    fileprivate init?(_ json: JSONValue) {
        switch json["kind"]?.string {
        case "sysctl":
            guard let directory = json.interface("directory", hex: json["directory_hex"]),
                let key = json["key"]?.string, let before = json["before"]?.string, let after = json["after"]?.string
            else { return nil }
            self = .sysctl(
                SysctlChange(
                    interface: json["ifindex"]?.integer(), directory: directory, key: key, before: before,
                    after: after))
        case "add_address":
            guard let address = json["address"].flatMap({ InterfaceAddress($0) }) else { return nil }
            self = .addAddress(address)
        case "remove_address":
            guard let address = json["address"].flatMap({ InterfaceAddress($0) }) else { return nil }
            self = .removeAddress(address)
        case "add_rule":
            guard let rule = json["rule"].flatMap({ Rule($0) }) else { return nil }
            self = .addRule(rule)
        case "add_route":
            guard let route = json["route"].flatMap({ Route($0) }) else { return nil }
            self = .addRoute(route)
        case "filter_rule":
            guard let apply = json["apply"].flatMap({ FilterCommands.Step($0) }),
                let revert = json["revert"].flatMap({ FilterCommands.Step($0) })
            else { return nil }
            self = .filterRule(FilterCommands(apply: apply, revert: revert))
        default: return nil
        }
    }
}

extension FilterCommands.Step {
    fileprivate init?(_ json: JSONValue) {
        let command = (json["command_hex"]?.array ?? []).compactMap(\.octets)
        guard !command.isEmpty else { return nil }
        var probe: FilterCommands.Probe?
        if let question = json["probe"], question != .null {
            guard let line = question["line_hex"]?.octets, let isOnlyLine = question["only_line"]?.bool else {
                return nil
            }
            probe = FilterCommands.Probe(
                command: (question["command_hex"]?.array ?? []).compactMap(\.octets), line: line, isOnlyLine: isOnlyLine
            )
        }
        self.init(probe: probe, command: command)
    }
}

extension ChangeState {
    /// The words of `found`.
    package var word: String {
        switch self {
        case .made: "made"
        case .notMade: "not_made"
        case .overwritten: "overwritten"
        case .gone: "gone"
        }
    }

    fileprivate init?(_ json: JSONValue) {
        switch json["found"]?.string {
        case "made": self = .made
        case "not_made": self = .notMade
        case "overwritten": self = .overwritten(json["value"]?.string ?? "")
        case "gone": self = .gone
        default: return nil
        }
    }
}
