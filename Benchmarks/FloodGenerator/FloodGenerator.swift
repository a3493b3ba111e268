// SPDX-License-Identifier: Apache-2.0
import CBPF
import CFlood
import Glibc

/// Hands copies of one Ethernet frame to the kernel's IP stack as if an interface had received them, some millions a
/// second on one CPU: the XDP test run with live frames (Linux 5.18 and later).
@safe
package struct FloodGenerator: ~Copyable {
    private let object: OpaquePointer
    private let interface: UInt32
    private let inject: Int32

    /// Attaches to an interface of the calling thread's network namespace, until this value goes.
    ///
    /// - Parameter randomSourceBits: Bits of the IPv4 source address (in host byte order) that differ from packet to packet.
    package init(interface: String, randomSourceBits: UInt32 = 0) throws(FloodError) {
        let index = unsafe if_nametoindex(interface)
        guard index != 0 else { throw FloodError("there is no interface \(interface)", errno: errno) }
        let (object, inject) = unsafe try Self.start(on: interface, index, randomSourceBits: randomSourceBits)
        unsafe self.object = object
        self.inject = inject
        self.interface = index
    }

    private static func start(
        on interface: String, _ index: UInt32, randomSourceBits: UInt32
    ) throws(FloodError) -> (OpaquePointer, Int32) {
        rpfw_log_begin()
        guard let object = unsafe bpf_object__open_mem(rpfw_flood_object_bytes(), rpfw_flood_object_size(), nil) else {
            throw FloodError("cannot open the built-in BPF object", errno: errno)
        }
        do throws(FloodError) {
            unsafe try setConstant(object, randomSourceBits.bigEndian)
            let result = unsafe bpf_object__load(object)
            guard result == 0 else { throw FloodError("cannot load the generator's BPF programs", errno: -result) }
            let attached = unsafe bpf_xdp_attach(
                Int32(index), try program(object, "receive"), UInt32(XDP_FLAGS_DRV_MODE), nil)
            guard attached == 0 else { throw FloodError("cannot attach XDP to \(interface)", errno: -attached) }
            return unsafe (object, try program(object, "inject"))
        } catch {
            unsafe bpf_object__close(object)
            throw error
        }
    }

    deinit {
        // From another namespace this finds nothing; then the program goes with the interface.
        _ = bpf_xdp_detach(Int32(interface), UInt32(XDP_FLAGS_DRV_MODE), nil)
        unsafe bpf_object__close(object)
    }

    /// Hands over `count` copies of a frame on the calling thread, and returns the nanoseconds of CPU time that took: the
    /// whole way of the packets through the stack, and nothing of what else the machine does.
    @discardableResult
    package func send(_ frame: [UInt8], count: Int) throws(FloodError) -> UInt64 {
        var context = xdp_md()
        context.data_end = UInt32(frame.count)
        context.ingress_ifindex = interface
        var frame = frame
        let result = unsafe frame.withUnsafeMutableBytes { bytes in
            unsafe withUnsafeMutablePointer(to: &context) { context in
                var options = unsafe bpf_test_run_opts()
                unsafe options.sz = MemoryLayout<bpf_test_run_opts>.size
                unsafe options.data_in = UnsafeRawPointer(bytes.baseAddress)
                unsafe options.data_size_in = UInt32(bytes.count)
                unsafe options.ctx_in = UnsafeRawPointer(context)
                unsafe options.ctx_size_in = UInt32(MemoryLayout<xdp_md>.size)
                unsafe options.`repeat` = Int32(clamping: count)
                unsafe options.flags = UInt32(BPF_F_TEST_XDP_LIVE_FRAMES)
                let start = Self.cpuTime()
                let result = unsafe bpf_prog_test_run_opts(inject, &options)
                return (result, Self.cpuTime() - start)
            }
        }
        guard result.0 == 0 else { throw FloodError("the XDP test run failed", errno: -result.0) }
        return result.1
    }

    private static func cpuTime() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func program(_ object: OpaquePointer, _ name: String) throws(FloodError) -> Int32 {
        guard let program = unsafe bpf_object__find_program_by_name(object, name) else {
            throw FloodError("the built-in BPF object has no program \(name)", errno: ENOENT)
        }
        return unsafe bpf_program__fd(program)
    }

    private static func setConstant(_ object: OpaquePointer, _ value: UInt32) throws(FloodError) {
        var value = value
        // The only map of the object is its read-only data, which is that one constant.
        guard let map = unsafe bpf_object__next_map(object, nil),
            unsafe bpf_map__set_initial_value(map, &value, MemoryLayout<UInt32>.size) == 0
        else { throw FloodError("the built-in BPF object has another configuration", errno: EINVAL) }
    }
}

/// What kept the generator from running.
package struct FloodError: Error, CustomStringConvertible {
    package let description: String

    init(_ what: String, errno number: Int32) {
        description = "\(what): \(unsafe String(cString: strerror(number)))"
    }
}
