// SPDX-License-Identifier: Apache-2.0
import CBPF
import Glibc
import SystemPackage

/// The programs and maps of bpf/rpfwatch.bpf.c as libbpf holds them: opened from the embedded bytes, loaded on request.
@safe
struct BPFObject: ~Copyable {
    private let object: OpaquePointer

    /// Opens the embedded object; nothing is in the kernel yet.
    init() throws(ProbeError) {
        rpfw_log_begin()
        var options = unsafe bpf_object_open_opts()
        unsafe options.sz = MemoryLayout<bpf_object_open_opts>.size
        let opened = unsafe "rpfwatch".withCString { name in
            unsafe options.object_name = name
            return unsafe bpf_object__open_mem(rpfw_object_bytes(), rpfw_object_size(), &options)
        }
        guard let opened = unsafe opened else {
            throw ProbeError(.failed, "Cannot open the built-in BPF object: \(Errno.current).")
        }
        unsafe object = opened
    }

    deinit { unsafe bpf_object__close(object) }

    /// Marks a program for loading; the others stay out of the kernel.
    func select(_ program: BPFProgram) throws(ProbeError) {
        _ = unsafe bpf_program__set_autoload(try pointer(to: program), true)
    }

    /// Sets the constants that the programs are loaded with.
    func setConstants<Value: BitwiseCopyable>(_ value: Value) throws(ProbeError) {
        let map = unsafe try pointer(toMap: ".rodata", suffix: true)
        let result = unsafe withUnsafeBytes(of: value) {
            unsafe bpf_map__set_initial_value(map, $0.baseAddress, $0.count)
        }
        guard result == 0 else {
            throw ProbeError(.failed, "The built-in BPF object has another configuration layout.")
        }
    }

    /// Sets how many entries a map is created with.
    func setCapacity(ofMap name: String, _ entries: UInt32) throws(ProbeError) {
        let map = unsafe try pointer(toMap: name, suffix: false)
        guard unsafe bpf_map__set_max_entries(map, entries) == 0 else {
            throw ProbeError(.failed, "The built-in BPF object's map \(name) cannot be resized.")
        }
    }

    /// Creates the maps and loads the selected programs. The error number is the kernel's; the text is libbpf's, for details.
    func load() throws(LoadFailure) {
        rpfw_log_begin()
        let result = unsafe bpf_object__load(object)
        guard result == 0 else {
            throw LoadFailure(Errno(rawValue: -result))
        }
    }

    /// Attaches a loaded program to what its section names; it runs until `links` lets go of it.
    func attach(_ program: BPFProgram, to links: inout BPFLinks) throws(LoadFailure) {
        rpfw_log_begin()
        guard let pointer = unsafe bpf_object__find_program_by_name(object, program.rawValue),
            let link = unsafe bpf_program__attach(pointer)
        else {
            throw LoadFailure(.current)
        }
        unsafe links.append(link)
    }

    /// Attaches a loaded program to a cgroup beside whatever is attached there already.
    func attach(_ program: BPFProgram, toCgroup folder: FileDescriptor, links: inout BPFLinks) throws(LoadFailure) {
        rpfw_log_begin()
        guard let pointer = unsafe bpf_object__find_program_by_name(object, program.rawValue),
            let link = unsafe bpf_program__attach_cgroup(pointer, folder.rawValue)
        else {
            throw LoadFailure(.current)
        }
        unsafe links.append(link)
    }

    /// Loads as `load()` does, and tells what each of these programs cost the verifier.
    func load(measuring programs: [BPFProgram]) throws(LoadFailure) -> [ProgramFigures] {
        // Some kernels say more than the one line that is wanted.
        let size = 4_096
        let logs = UnsafeMutablePointer<CChar>.allocate(capacity: size * programs.count)
        defer { unsafe logs.deallocate() }
        unsafe logs.initialize(repeating: 0, count: size * programs.count)
        for (index, program) in programs.enumerated() {
            guard let pointer = unsafe try? pointer(to: program) else { continue }
            _ = unsafe bpf_program__set_log_level(pointer, UInt32(RPFW_LOG_STATS))
            _ = unsafe bpf_program__set_log_buf(pointer, logs + index * size, size)
        }
        try load()
        return programs.enumerated().compactMap { index, program in
            ProgramFigures(
                name: program.rawValue,
                instructions: Int(information(of: program)?.xlated_prog_len ?? 0) / MemoryLayout<bpf_insn>.size,
                log: unsafe String(cString: logs + index * size))
        }
    }

    /// How often the kernel skipped a program because it, or for probes any of their kind, was already running on that
    /// CPU; 0 where the kernel does not count it (before v5.12; probes before v6.7).
    func misses(of program: BPFProgram) -> UInt64 { information(of: program)?.recursion_misses ?? 0 }

    private func information(of program: BPFProgram) -> bpf_prog_info? {
        guard let pointer = unsafe try? pointer(to: program) else { return nil }
        var information = bpf_prog_info()
        var size = UInt32(MemoryLayout<bpf_prog_info>.size)
        let result = unsafe bpf_obj_get_info_by_fd(bpf_program__fd(pointer), &information, &size)
        return result == 0 ? information : nil
    }

    /// The file descriptor of a map; owned by the object.
    func descriptor(ofMap name: String) throws(ProbeError) -> Int32 {
        unsafe bpf_map__fd(try pointer(toMap: name, suffix: false))
    }

    /// Writes the programs' one global variable.
    func setEnabled(_ enabled: Bool) throws(ProbeError) {
        var key: UInt32 = 0
        var value: UInt32 = enabled ? 1 : 0
        let map = unsafe bpf_map__fd(try pointer(toMap: ".bss", suffix: true))
        let result = unsafe bpf_map_update_elem(map, &key, &value, UInt64(BPF_ANY))
        guard result == 0 else {
            throw ProbeError(.failed, "Cannot start the BPF programs: \(Errno(rawValue: -result)).")
        }
    }

    private func pointer(to program: BPFProgram) throws(ProbeError) -> OpaquePointer {
        guard let found = unsafe bpf_object__find_program_by_name(object, program.rawValue) else {
            throw ProbeError(.failed, "The built-in BPF object has no program \(program.rawValue).")
        }
        return unsafe found
    }

    /// Maps of the program's own data are named after the object, so they are looked up by the end of their name.
    private func pointer(toMap name: String, suffix: Bool) throws(ProbeError) -> OpaquePointer {
        var map: OpaquePointer?
        while true {
            unsafe map = bpf_object__next_map(object, map)
            guard let candidate = unsafe map else {
                throw ProbeError(.failed, "The built-in BPF object has no map \(name).")
            }
            let candidateName = unsafe String(cString: bpf_map__name(candidate))
            if suffix ? candidateName.hasSuffix(name) : candidateName == name { return unsafe candidate }
        }
    }
}

/// The programs of bpf/rpfwatch.bpf.c by their names there.
enum BPFProgram: String {
    case dropFirst = "drop_first"
    case dropSecond = "drop_second"
    case dropFirstPlain = "drop_first_plain"
    case dropSecondPlain = "drop_second_plain"
    case dropLast = "drop_last"
    case verdictExit = "verdict_fexit"
    case verdictEntry = "verdict_entry"
    case verdictReturn = "verdict_return"
    case sysctlWrite = "sysctl_write"
}

/// What the kernel answered when it was asked to load or attach a program.
struct LoadFailure: Error {
    var errno: Errno
    /// The end of libbpf's warnings.
    var log: String

    init(_ errno: Errno) {
        self.errno = errno
        log = unsafe String(cString: rpfw_log_text())
    }
}

/// Attached programs, detached in the order in which they were attached when this goes away.
@safe
struct BPFLinks: ~Copyable {
    private var links: [OpaquePointer] = unsafe []

    deinit { unsafe links.forEach { unsafe _ = bpf_link__destroy($0) } }

    fileprivate mutating func append(_ link: OpaquePointer) { unsafe links.append(link) }

    /// How often the kernel skipped a kprobe or kretprobe among them, since it was handling another one or had no place for
    /// one more call; 0 where it does not say (before v6.7).
    var skippedProbes: UInt64 {
        unsafe links.reduce(0) { sum, link in
            var information = rpfw_kprobe_link_info()
            var size = UInt32(MemoryLayout<rpfw_kprobe_link_info>.size)
            let result = unsafe bpf_obj_get_info_by_fd(bpf_link__fd(link), &information, &size)
            let isProbe = result == 0 && information.type == BPF_LINK_TYPE_PERF_EVENT.rawValue
            return isProbe ? sum + information.missed : sum
        }
    }
}

extension Errno {
    /// What the last failed call of this thread left in `errno`.
    static var current: Errno { Errno(rawValue: errno) }
}
