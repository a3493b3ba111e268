// SPDX-License-Identifier: Apache-2.0
package import Drops

/// The sysctls that decided, as they are reported and read from a recording: `rpf.sysctl`. Less than `SysctlsAtDrop`,
/// which keeps `all` and the interface apart everywhere.
package struct SysctlValues: Hashable, Sendable {
    /// `net.ipv4.conf.all.rp_filter`.
    package var all: Int32
    /// `net.ipv4.conf.<interface>.rp_filter`.
    package var interface: Int32
    /// Of `all` or the interface.
    package var acceptLocal: Bool
    /// Of `all` or the interface.
    package var srcValidMark: Bool

    package init(all: Int32, interface: Int32, acceptLocal: Bool = false, srcValidMark: Bool = false) {
        self.all = all
        self.interface = interface
        self.acceptLocal = acceptLocal
        self.srcValidMark = srcValidMark
    }

    package init(_ sysctls: SysctlsAtDrop) {
        self.init(
            all: sysctls.rpFilterAll, interface: sysctls.rpFilterInterface, acceptLocal: sysctls.acceptLocal,
            srcValidMark: sysctls.srcValidMark)
    }

    /// The raw maximum, which the kernel uses.
    package var effective: Int32 { max(all, interface) }
}
