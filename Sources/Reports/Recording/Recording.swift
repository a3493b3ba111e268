// SPDX-License-Identifier: Apache-2.0
import Packets

/// Recorded events of any number of files and hosts, put together to one report for each host.
///
/// Files come in piece by piece: `begin`, `read` as often as needed, `end`. A line that cannot be used is left out and
/// remembered in `errors`; nothing that was read before is lost.
package struct Recording {
    /// Octets of the longest line that is looked at: the longest event and some slack.
    package static let lineLimit = JSONWriter.longLineLimit + 4096
    /// What hostile input can make a report hold.
    static let runLimit = 4096
    static let findingLimit = 4096
    static let retainedOctetsLimit = 256 << 20

    /// One for each file, about its first line that could not be used.
    package private(set) var errors: [RecordingError] = []
    private var runs: [RecordedRun] = []
    private var retainedOctets = 0

    private var file = ""
    private var line = 0
    private var events = 0
    private var error: RecordingError?
    /// The start of a line whose end has not come yet.
    private var pending: [UInt8] = []
    /// The rest of a line that is too long is being skipped.
    private var isSkipping = false
    /// Runs of the current file that still get events, by host.
    private var open: [String: RecordedRun] = [:]

    package init() {}

    package mutating func begin(file: String) {
        self.file = file
        line = 0
        events = 0
        error = nil
        pending.removeAll()
        isSkipping = false
    }

    package mutating func read(_ octets: ArraySlice<UInt8>) {
        var rest = octets
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let part = rest[..<end]
            rest = rest[(end + 1)...]
            defer {
                pending.removeAll(keepingCapacity: true)
                isSkipping = false
            }
            if isSkipping { continue }
            if pending.isEmpty {
                finish(line: part, isWhole: true)
            } else {
                pending += part
                finish(line: pending[...], isWhole: true)
            }
        }
        guard !isSkipping, !rest.isEmpty else { return }
        pending += rest
        if pending.count > Self.lineLimit {
            finish(line: pending[...], isWhole: true)
            pending.removeAll()
            isSkipping = true
        }
    }

    /// The file is over, or `isWhole` is false and no more of it can be read, which is for the reader to tell.
    package mutating func end(isWhole: Bool = true) {
        if !pending.isEmpty { finish(line: pending[...], isWhole: false) }
        pending.removeAll()
        if events == 0 && isWhole && error == nil { error = RecordingError(file: file, line: 0, problem: .noEvents) }
        if let error { errors.append(error) }
        // Sorted, since dictionaries have no order and reports must.
        for run in open.sorted(by: { $0.key < $1.key }) { close(run.value) }
        open.removeAll()
    }

    private mutating func finish(line octets: ArraySlice<UInt8>, isWhole: Bool) {
        line += 1
        guard octets.count <= Self.lineLimit else { return complain(.tooLong(limit: Self.lineLimit)) }
        guard octets.contains(where: { ![0x20, 0x09, 0x0D].contains($0) }) else { return }
        do throws(JSONParser.Failure) {
            let json = try JSONParser.parse(octets)
            guard case .object = json else { return complain(.malformed(offset: 0)) }
            take(json, octets: octets.count)
        } catch {
            switch error {
            case .truncated: complain(isWhole ? .malformed(offset: octets.count) : .truncated)
            case .malformed(let offset): complain(.malformed(offset: offset))
            case .tooDeep: complain(.tooDeep)
            }
        }
    }

    private mutating func complain(_ problem: RecordingError.Problem) {
        if error == nil {
            error = RecordingError(file: file, line: line, problem: problem)
        } else {
            error?.others += 1
        }
    }

    /// Adds an event to its host's run. Other programs' lines and unknown actions are not ours to complain about.
    private mutating func take(_ json: JSONValue, octets: Int) {
        guard let action = json.member("event.action")?.string.flatMap(EventAction.init(rawValue:)),
            json.member("service.name")?.string == "rpfwatch"
        else { return }
        events += 1
        if let version = json["schema_version"]?.integer(Int.self), version > JSONWriter.schemaVersion {
            complain(.newerSchema(version))
        }
        let host = json.member("host.name")?.string ?? ""
        if let run = open[host], run.isOver(before: action) {
            close(run)
            open[host] = nil
        }
        guard runs.count + open.count < Self.runLimit || open[host] != nil else { return complain(.tooMany("runs")) }
        guard retainedOctets + octets <= Self.retainedOctetsLimit else { return complain(.tooMany("findings")) }
        let version = json.member("service.version")?.string ?? ""
        var run = open.removeValue(forKey: host) ?? RecordedRun(origin: Origin(host: host, version: version))
        do throws(RecordingError.Problem) {
            if try run.add(json, action: action) { retainedOctets += octets }
        } catch {
            complain(error)
        }
        open[host] = run
    }

    private mutating func close(_ run: RecordedRun) { runs.append(run) }

    /// One report for each host, by name.
    package func reports() -> [RunReport] {
        let hosts = Dictionary(grouping: runs, by: \.origin.host)
        return hosts.keys.sorted().compactMap { host in RecordedRun.merge(hosts[host] ?? []) }
    }
}
