// SPDX-License-Identifier: Apache-2.0
import CLab
import Glibc

/// Turns an interface of the calling thread's namespace on; with an address, it gets that with a prefix of 24 bits.
package func bringUp(_ interface: String, address text: String? = nil) throws(LabError) {
    let number = text.map { address($0).bigEndian } ?? 0
    let result = unsafe lab_interface_up(interface, number, UInt32(0xFFFF_FF00).bigEndian)
    guard result == 0 else { throw LabError("turn on", interface, errno: -result) }
}

/// `ip route add` in the calling thread's namespace.
func addRoute(_ destination: String, length: Int, via gateway: String, dev interface: String) throws(LabError) {
    let mask = (UInt32.max << UInt32(32 - length)).bigEndian
    let result = unsafe lab_add_route(
        address(destination).bigEndian, mask, address(gateway).bigEndian, interface)
    guard result == 0 else { throw LabError("add a route to", destination, errno: -result) }
}

/// `ip rule add dscp …` in the calling thread's namespace; one that is there already is left alone.
package func addRule(dscp: UInt8, priority: UInt32, table: UInt32) throws(LabError) {
    let result = lab_add_dscp_rule(dscp, priority, table)
    guard result == 0 || result == -EEXIST else { throw LabError("add a rule by DSCP", "\(dscp)", errno: -result) }
}

/// Whether every interface of the calling thread's namespace that is up is running if it has a carrier, and not if not.
package func linksAreSettled() throws(LabError) -> Bool {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&first) == 0 else { throw LabError("getifaddrs", "", errno: errno) }
    defer { unsafe freeifaddrs(first) }
    var next = unsafe first
    while let entry = unsafe next {
        let flags = unsafe entry.pointee.ifa_flags
        let hasCarrier = flags & UInt32(lab_lower_up) != 0
        if flags & UInt32(IFF_UP) != 0 && hasCarrier != (flags & UInt32(IFF_RUNNING) != 0) {
            return false
        }
        unsafe next = unsafe entry.pointee.ifa_next
    }
    return true
}
