// SPDX-License-Identifier: Apache-2.0
import Facts

extension JSONBuffer {
    /// ECS `host` and `service`; a start event says more about the host.
    mutating func members(of origin: Origin, start: StartInfo?) {
        object("host") { host in
            host.key("name")
            host.string(origin.host, limit: Limit.long)
            guard let start else { return }
            host.object("os") {
                $0.key("type")
                $0.word("linux")
                $0.key("kernel")
                $0.string(start.kernelRelease, limit: Limit.long)
            }
            host.key("architecture")
            host.string(start.architecture, limit: Limit.long)
        }
        object("service") {
            $0.key("name")
            $0.word("rpfwatch")
            $0.key("version")
            $0.string(origin.version, limit: Limit.name)
        }
    }

    mutating func write(_ start: StartInfo) {
        object("rpf") { rpf in
            rpf.object("trace") { trace in
                trace.key("tier")
                trace.string(start.tier, limit: Limit.name)
                trace.key("libbpf")
                trace.optional(start.libbpfVersion) { $0.string($1, limit: Limit.name) }
                trace.sentences("hooks", start.hooks)
                trace.object("filters") { filters in
                    filters.sentences("interfaces", start.filters.interfaces)
                    filters.key("netns")
                    filters.optional(start.filters.namespace) { $0.string($1, limit: Limit.text / 4) }
                    filters.key("source")
                    filters.optional(start.filters.source) { $0.string($1, limit: Limit.long) }
                    filters.key("destination")
                    filters.optional(start.filters.destination) { $0.string($1, limit: Limit.long) }
                    filters.key("expression")
                    filters.optional(start.filters.expression) { $0.string($1) }
                    filters.key("all_drops")
                    filters.bool(start.filters.allDrops)
                }
                trace.sentences("blind", start.blindSpots)
                trace.array("missing_privileges", start.missingPrivileges.prefix(ListLimit.sentences)) {
                    list, privilege in
                    list.beginObject()
                    list.key("capability")
                    list.string(privilege.capability, limit: Limit.name)
                    list.key("cost")
                    list.string(privilege.cost, limit: Limit.text / 4)
                    list.endObject()
                }
            }
        }
    }

    private mutating func sentences(_ name: StaticString, _ texts: [String]) {
        array(name, texts.prefix(ListLimit.sentences)) { $0.string($1, limit: Limit.text / 4) }
    }

    mutating func members(_ totals: Totals) {
        key("drops")
        number(totals.drops)
        key("emitted")
        number(totals.emitted)
        key("suppressed")
        number(totals.suppressed)
        key("lost")
        number(totals.lost)
        key("filtered")
        number(totals.filtered)
        key("other_drops")
        optional(totals.otherDrops) { $0.number($1) }
        array("other_reasons", totals.otherReasons.prefix(Totals.reasonLimit)) { list, count in
            list.beginObject()
            list.key("reason")
            list.string(count.reason, limit: Limit.name)
            list.key("drops")
            list.number(count.drops)
            list.endObject()
        }
        object("kernel") {
            let kernel = totals.kernel
            $0.key("ip_reverse_path_filter")
            $0.optional(kernel.ipReversePathFilter) { $0.number($1) }
            $0.key("min")
            $0.optional(kernel.min) { $0.number($1) }
            $0.key("max")
            $0.optional(kernel.max) { $0.number($1) }
            $0.key("counted")
            $0.number(kernel.counted)
            $0.key("unexplained")
            $0.optional(kernel.unexplained) { $0.number($1) }
            $0.key("netns_watched")
            $0.number(kernel.netnsWatched)
            $0.key("netns_unreadable")
            $0.number(kernel.netnsUnreadable)
        }
    }

    mutating func write(_ loss: Loss) {
        object("rpf") {
            $0.object("loss") {
                $0.key("source")
                $0.word(loss.source.rawValue)
                $0.key("count")
                $0.number(loss.count)
                $0.key("total")
                $0.number(loss.total)
            }
        }
    }

    mutating func write(_ change: ConfigChange) {
        container(change.namespace.container)
        object("rpf") {
            $0.netns(change.namespace)
            $0.object("change") {
                $0.key("kind")
                $0.word(change.kind.rawValue)
                $0.key("object")
                $0.string(change.object)
                $0.key("before")
                $0.optional(change.before) { $0.string($1) }
                $0.key("after")
                $0.optional(change.after) { $0.string($1) }
                $0.writer(change.writer)
            }
        }
    }

    /// The process that wrote a sysctl.
    mutating func writer(_ writer: SettingWriter?) {
        key("writer")
        guard let writer else { return null() }
        beginObject()
        members(of: writer.process)
        key("exe")
        optional(writer.executable) { $0.string($1, limit: Limit.long) }
        key("parent")
        optional(writer.parent) { list, parent in
            list.beginObject()
            list.members(of: parent)
            list.endObject()
        }
        key("own")
        bool(writer.isOwn)
        endObject()
    }

    private mutating func members(of process: SettingWriter.Process) {
        key("pid")
        number(process.id)
        key("comm")
        string(process.command, limit: Limit.name)
    }

    mutating func write(_ end: EndInfo) {
        object("rpf") {
            $0.members(end.totals)
            $0.object("window") {
                $0.key("start")
                $0.time(end.windowStart)
                $0.key("end")
                $0.time(end.windowEnd)
            }
            $0.object("end") {
                $0.key("reason")
                $0.optional(end.reason) { $0.word($1.rawValue) }
            }
            $0.array("namespaces", end.namespaces.prefix(EndInfo.namespaceLimit)) { list, namespace in
                list.beginObject()
                list.members(of: namespace)
                list.container(namespace.container)
                list.endObject()
            }
        }
    }
}
