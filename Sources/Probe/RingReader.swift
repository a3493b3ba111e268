// SPDX-License-Identifier: Apache-2.0
import CBPF
import Glibc
import SystemPackage

/// The reading end of the ring buffer that the programs write records into.
@safe
struct RingReader: ~Copyable {
    private let ring: OpaquePointer
    private let sink = RecordSink()

    /// - Parameter map: The ring buffer's file descriptor, which has to stay open as long as this lives.
    init(map: Int32) throws(ProbeError) {
        rpfw_log_begin()
        let context = unsafe Unmanaged.passUnretained(sink).toOpaque()
        let ring = unsafe ring_buffer__new(
            map,
            { context, data, size in
                guard let context = unsafe context, let data = unsafe data else { return 0 }
                // Safe: the sink lives as long as the ring, and calls come only from within `consume`.
                let sink = unsafe Unmanaged<RecordSink>.fromOpaque(context).takeUnretainedValue()
                unsafe sink.take(UnsafeRawBufferPointer(start: data, count: size))
                return sink.isFull ? -EAGAIN : 0
            }, context, nil)
        guard let ring = unsafe ring else {
            throw ProbeError(.failed, "Cannot map the ring buffer of the drop records: \(Errno.current).")
        }
        unsafe self.ring = ring
    }

    deinit { unsafe ring_buffer__free(ring) }

    /// Readable when the programs asked for a wake-up.
    var fileDescriptor: Int32 { unsafe ring_buffer__epoll_fd(ring) }

    /// Hands over the records that are there, oldest first, at most `limit`; returns how many.
    func consume(limit: Int, _ body: (RawSpan) -> Void) throws(ProbeError) -> Int {
        let result = withoutActuallyEscaping(body) { body in
            sink.start(limit: limit, body)
            defer { sink.stop() }
            return unsafe ring_buffer__consume(ring)
        }
        guard result >= 0 || result == -EAGAIN else {
            throw ProbeError(.failed, "Cannot read the ring buffer of the drop records: \(Errno(rawValue: -result)).")
        }
        return sink.count
    }
}

/// Where the C callback finds the closure of the `consume` call that it runs in.
private final class RecordSink {
    private(set) var count = 0
    private var limit = 0
    private var body: ((RawSpan) -> Void)?

    var isFull: Bool { count >= limit }

    func start(limit: Int, _ body: @escaping (RawSpan) -> Void) {
        count = 0
        self.limit = limit
        self.body = body
    }

    func stop() { body = nil }

    func take(_ record: UnsafeRawBufferPointer) {
        count += 1
        unsafe body?(record.bytes)
    }
}
