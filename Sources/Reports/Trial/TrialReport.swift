// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Fixes
package import Packets

/// What `rpfwatch fix` did, and what it saw.
package struct TrialReport: Hashable, Sendable {
    /// What passed by in a time.
    package struct Passage: Hashable, Sendable {
        /// Packets that arrived on the interface, of the finding's addresses.
        package var arrived: UInt64
        /// Those of them that the check dropped; nil when this tier cannot see that.
        package var dropped: UInt64?
        /// How long was looked.
        package var nanoseconds: UInt64

        package init(arrived: UInt64, dropped: UInt64?, nanoseconds: UInt64) {
            self.arrived = arrived
            self.dropped = dropped
            self.nanoseconds = nanoseconds
        }

        /// The others. What is between the two places of counting at either end may be missing or too many.
        package var accepted: UInt64? { dropped.map { arrived > $0 ? arrived - $0 : 0 } }
    }

    /// The words of `rpf.trial.outcome`.
    package enum Outcome: String, Sendable {
        /// Packets arrived and none was dropped.
        case works
        /// Some are still dropped.
        case insufficient
        /// None arrived while it was tried.
        case noTraffic = "no_traffic"
        /// Somebody else changed what the fix had set.
        case overwritten
    }

    /// Why it ended.
    package enum Ending: String, Sendable {
        case duration, signal, key, overwritten
        case guardLost = "guard_lost"
    }

    /// An interface whose effective rp_filter became another one than the fix was to make it.
    package struct Surprise: Hashable, Sendable {
        package var interface: InterfaceName
        package var expected: Int32
        package var found: Int32

        package init(interface: InterfaceName, expected: Int32, found: Int32) {
            self.interface = interface
            self.expected = expected
            self.found = found
        }
    }

    package var origin: Origin
    package var time: WallTime
    package var finding: FindingReport
    /// The one that was tried: the finding's, or one of its alternatives.
    package var fix: Fix
    package var changes: [HostChange]
    package var traffic: String
    package var before: Passage
    package var during: Passage
    package var ending: Ending
    /// Values of others that were found changed while it was tried.
    package var overwritten: [UndoneChange]
    /// Interfaces that were looked at, and those that are not as expected.
    package var otherInterfaces: Int
    package var surprises: [Surprise]
    package var isKept: Bool
    /// Empty when it is kept.
    package var undone: [UndoneChange]
    /// The file that makes it last; nil when none was written.
    package var persisted: String?
    /// After undoing, everything that decides the check is as it was before; nil when that was not looked at.
    package var isAsBefore: Bool?

    package init(
        origin: Origin, time: WallTime, finding: FindingReport, fix: Fix, changes: [HostChange], traffic: String,
        before: Passage, during: Passage, ending: Ending, overwritten: [UndoneChange] = [], otherInterfaces: Int,
        surprises: [Surprise], isKept: Bool = false, undone: [UndoneChange] = [], persisted: String? = nil,
        isAsBefore: Bool? = nil
    ) {
        self.origin = origin
        self.time = time
        self.finding = finding
        self.fix = fix
        self.changes = changes
        self.traffic = traffic
        self.before = before
        self.during = during
        self.ending = ending
        self.overwritten = overwritten
        self.otherInterfaces = otherInterfaces
        self.surprises = surprises
        self.isKept = isKept
        self.undone = undone
        self.persisted = persisted
        self.isAsBefore = isAsBefore
    }

    package var outcome: Outcome {
        if !overwritten.isEmpty { return .overwritten }
        if during.dropped ?? 0 > 0 { return .insufficient }
        return during.arrived == 0 ? .noTraffic : .works
    }
}
