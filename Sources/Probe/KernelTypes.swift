// SPDX-License-Identifier: Apache-2.0
import CBPF
import SystemPackage

/// What the loader must know of the running kernel's own types before it chooses programs: three look-ups in its BTF.
///
/// libbpf could answer them, but reads and indexes the whole of it for that, and does so again when it loads the object;
/// one pass over the bytes takes a tenth of the time.
struct KernelTypes {
    /// Name of each `enum skb_drop_reason` value by its number, without the prefix; empty where drops have no reason.
    private(set) var dropReasons: [UInt32: String] = [:]
    /// How many arguments the kfree_skb tracepoint passes; nil when it is not there.
    private(set) var dropTracepointArguments: Int?
    /// BTF identifier of `fib_validate_source`; nil when the compiler inlined it or it is not traceable.
    private(set) var sourceCheckFunction: UInt32?

    static let path: FilePath = "/sys/kernel/btf/vmlinux"

    /// Reads the running kernel's BTF.
    static func ofThisKernel() throws(ProbeError) -> KernelTypes {
        if let types = withMapped(path, parse) ?? nil { return types }
        guard let types = try copied() else {
            throw ProbeError(.failed, "\(path) is not BTF that rpfwatch understands.")
        }
        return types
    }

    private static func copied() throws(ProbeError) -> KernelTypes? {
        let bytes: [UInt8]
        do {
            bytes = try readWhole(path, expecting: 8 << 20)
        } catch .noSuchFileOrDirectory {
            throw ProbeError(
                .unsupported,
                "This kernel does not describe its types (\(path) is missing): rpfwatch needs a kernel built with "
                    + "CONFIG_DEBUG_INFO_BTF, as the distributions' kernels are since 2020.")
        } catch {
            throw ProbeError(.failed, "Cannot read \(path): \(error).")
        }
        return unsafe parse(bytes.span.bytes)
    }

    /// Nil for bytes that are not little-endian BTF, version 1.
    static func parse(_ btf: RawSpan) -> KernelTypes? {
        guard let header = btf.load(btf_header.self, at: 0), header.magic == 0xEB9F, header.version == 1 else {
            return nil
        }
        let types = Int(header.hdr_len) + Int(header.type_off)
        let strings = Int(header.hdr_len) + Int(header.str_off)
        let end = types + Int(header.type_len)
        guard end <= btf.byteCount, strings + Int(header.str_len) <= btf.byteCount else { return nil }
        let names = btf.extracting(strings..<strings + Int(header.str_len))

        var result = KernelTypes()
        var offsets: [UInt32] = [0]  // type 0 is void
        offsets.reserveCapacity(Int(header.type_len) / 28)
        var tracepoint: UInt32?
        var offset = types
        while offset < end {
            guard let type = btf.load(TypeHeader.self, at: offset) else { return nil }
            switch type.kind {
            case BTF_KIND_ENUM where names.holds("skb_drop_reason", at: type.name):
                result.readReasons(btf, at: offset + MemoryLayout<TypeHeader>.size, count: type.members, names: names)
            case BTF_KIND_TYPEDEF where names.holds("btf_trace_kfree_skb", at: type.name):
                tracepoint = type.referenced
            case BTF_KIND_FUNC where names.holds("fib_validate_source", at: type.name):
                result.sourceCheckFunction = UInt32(offsets.count)
            default: break
            }
            guard let size = type.sizeOfDetail else { return nil }
            offsets.append(UInt32(offset))
            offset += MemoryLayout<TypeHeader>.size + size
        }
        // typedef void (*btf_trace_kfree_skb)(void *, …): a pointer to a prototype, whose first parameter is not passed on.
        if let tracepoint, Int(tracepoint) < offsets.count,
            let pointer = btf.load(TypeHeader.self, at: Int(offsets[Int(tracepoint)])),
            Int(pointer.referenced) < offsets.count,
            let prototype = btf.load(TypeHeader.self, at: Int(offsets[Int(pointer.referenced)]))
        {
            result.dropTracepointArguments = prototype.members - 1
        }
        return result
    }

    private mutating func readReasons(_ btf: RawSpan, at offset: Int, count: Int, names: RawSpan) {
        let prefix = "SKB_DROP_REASON_"
        for index in 0..<count {
            guard let value = btf.load(btf_enum.self, at: offset + index * MemoryLayout<btf_enum>.size) else { return }
            let name = names.text(at: value.name_off)
            dropReasons[UInt32(bitPattern: value.val)] =
                name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        }
    }
}

/// What every type begins with (`struct btf_type`, whose union Swift cannot load from bytes).
private struct TypeHeader: BitwiseCopyable {
    let name: UInt32
    let info: UInt32
    /// The type referred to, or a size.
    let referenced: UInt32

    var kind: Int { Int(info >> 24 & 0x1F) }
    var members: Int { Int(info & 0xFFFF) }

    /// Octets that follow; nil for a kind that this layout does not have.
    var sizeOfDetail: Int? {
        switch kind {
        case BTF_KIND_INT, BTF_KIND_VAR, BTF_KIND_DECL_TAG: 4
        case BTF_KIND_ARRAY: 12
        case BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_DATASEC, BTF_KIND_ENUM64: 12 * members
        case BTF_KIND_ENUM, BTF_KIND_FUNC_PROTO: 8 * members
        case BTF_KIND_PTR, BTF_KIND_FWD, BTF_KIND_TYPEDEF, BTF_KIND_VOLATILE, BTF_KIND_CONST, BTF_KIND_RESTRICT,
            BTF_KIND_FUNC, BTF_KIND_FLOAT, BTF_KIND_TYPE_TAG:
            0
        default: nil
        }
    }
}

extension RawSpan {
    /// A C structure of integers at an offset; nil when it does not lie inside.
    fileprivate func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, offset + MemoryLayout<Value>.size <= byteCount else { return nil }
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// True when the zero-terminated string at an offset is `text`.
    fileprivate func holds(_ text: StaticString, at offset: UInt32) -> Bool {
        let start = Int(offset)
        let length = text.utf8CodeUnitCount
        guard start + length < byteCount else { return false }
        for index in 0...length {
            let expected = index < length ? unsafe text.utf8Start[index] : 0
            if unsafe unsafeLoad(fromByteOffset: start + index, as: UInt8.self) != expected { return false }
        }
        return true
    }

    /// The zero-terminated string at an offset.
    fileprivate func text(at offset: UInt32) -> String {
        var bytes: [UInt8] = []
        var index = Int(offset)
        while index < byteCount {
            let byte = unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
            if byte == 0 { break }
            bytes.append(byte)
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
