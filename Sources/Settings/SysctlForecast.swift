// SPDX-License-Identifier: Apache-2.0
import Facts
import Packets

/// A value and where it comes from.
package struct SysctlValue: Hashable, Sendable {
    package enum Origin: Hashable, Sendable {
        /// What the kernel starts with.
        case kernel
        /// A line of a file.
        case statement(SysctlStatement)
        /// The value of `default`, which the kernel copies; nil when no line set that.
        case copy(SysctlStatement?)
    }

    package var value: Int32
    package var origin: Origin

    /// The line behind it.
    package var statement: SysctlStatement? {
        switch origin {
        case .kernel: nil
        case .statement(let statement): statement
        case .copy(let statement): statement
        }
    }
}

/// What the files make of a sysctl. The three differ where the order matters: a copy of `default`, and lines that change
/// nothing when they are applied.
package struct SysctlForecast: Hashable, Sendable {
    /// For an interface that is there before the files are applied, and then again to it alone.
    package var atBoot: SysctlValue
    /// For one to which they are first applied alone: at boot it is chance which comes first.
    package var atBootLater: SysctlValue
    /// For one that is created when all that is over.
    package var whenCreatedAgain: SysctlValue

    package var values: [SysctlValue] { [atBoot, atBootLater, whenCreatedAgain] }

    /// The value comes out so in any case.
    package func isCertain(_ value: Int32) -> Bool { values.allSatisfy { $0.value == value } }

    /// The value comes out so after a boot, whatever comes first then.
    package func isCertainAtBoot(_ value: Int32) -> Bool { atBoot.value == value && atBootLater.value == value }
}

/// The kernel while files are applied: `all`, `default` and one interface (`net/ipv4/devinet.c`, devinet_conf_proc and
/// devinet_copy_dflt_conf).
struct SysctlReplay {
    /// One line applied to one directory of `net.ipv4.conf`.
    struct Write {
        var directory: InterfaceName
        var text: [UInt8]
        var statement: SysctlStatement
    }

    private struct Slot {
        var raw: Int32 = 0
        /// A write was tried, so that the value no longer follows `default`.
        var isSet = false
        var origin = SysctlValue.Origin.kernel
    }

    private let key: InterfaceSysctl
    private let sparesRedundantWrites: Bool
    private var all = Slot()
    private var `default` = Slot()
    private var interface = Slot()
    private var hasInterface: Bool

    init(_ key: InterfaceSysctl, _ dialect: SysctlDialect, hasInterface: Bool) {
        self.key = key
        sparesRedundantWrites = dialect.sparesRedundantWrites
        self.hasInterface = hasInterface
    }

    mutating func apply(_ writes: [Write], to name: InterfaceName) {
        for write in writes {
            switch write.directory {
            case "all": perform(write, on: \.all)
            case "default":
                if perform(write, on: \.default) && hasInterface && !interface.isSet { copyDefault() }
            default: if hasInterface { perform(write, on: \.interface) }
            }
        }
    }

    /// An interface takes over all of `default`, also that it was set.
    mutating func createInterface() {
        hasInterface = true
        copyDefault()
        interface.isSet = `default`.isSet
    }

    private mutating func copyDefault() {
        interface.raw = `default`.raw
        if case .statement(let statement) = `default`.origin {
            interface.origin = .copy(statement)
        } else {
            interface.origin = .copy(nil)
        }
    }

    /// Whether the kernel was told. It takes a value that it refuses for a write all the same.
    @discardableResult
    private mutating func perform(_ write: Write, on slot: WritableKeyPath<Self, Slot>) -> Bool {
        if sparesRedundantWrites && write.text.elementsEqual(String(self[keyPath: slot].raw).utf8) {
            self[keyPath: slot].origin = .statement(write.statement)
            return false
        }
        self[keyPath: slot].isSet = true
        if let value = KernelInteger.parse(write.text) {
            self[keyPath: slot].raw = value
            self[keyPath: slot].origin = .statement(write.statement)
        }
        return true
    }

    func value(in name: InterfaceName) -> SysctlValue {
        let slot =
            switch name {
            case "all": all
            case "default": `default`
            default: interface
            }
        return SysctlValue(value: key.normalized(slot.raw), origin: slot.origin)
    }
}
