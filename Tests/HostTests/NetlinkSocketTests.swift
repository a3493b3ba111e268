// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Testing

@testable import Host

/// What the kernel may answer, played by the other end of a socket pair: each element of `answers` is one datagram.
@Suite struct NetlinkSocketTests {
    private func dump(_ answers: [[UInt8]], error: inout HostError?) throws -> (kinds: [Int], restarts: Int) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(unsafe socketpair(AF_UNIX, type, 0, &ends) == 0)
        let kernel = try Descriptor(ends[1], cannot: "open")
        for answer in answers { _ = unsafe send(kernel.number, answer, answer.count, 0) }
        var socket = NetlinkSocket(connected: try Descriptor(ends[0], cannot: "open"))
        var kinds: [Int] = []
        var restarts = 0
        do throws(HostError) {
            try socket.dump(
                .dump(RTM_GETLINK, body: ifinfomsg()), "interfaces",
                restart: {
                    kinds = []
                    restarts += 1
                }
            ) { kind, _ in kinds.append(kind) }
        } catch let failure {
            error = failure
        }
        return (kinds, restarts)
    }

    /// A message with a header; everything else is of no interest here.
    private func message(
        _ kind: Int32, flags: Int32 = NLM_F_MULTI, sequence: UInt32 = 1, payload: [UInt8] = []
    )
        -> [UInt8]
    {
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(16 + payload.count)
        header.nlmsg_type = UInt16(kind)
        header.nlmsg_flags = UInt16(flags)
        header.nlmsg_seq = sequence
        return unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + payload
    }

    private let done: [UInt8] = [0, 0, 0, 0]

    @Test func aDumpOfSeveralDatagramsIsReadToItsEnd() throws {
        var error: HostError?
        let result = try dump(
            [message(16) + message(17), message(18), message(NLMSG_DONE, payload: done)], error: &error)
        #expect(error == nil && result.kinds == [16, 17, 18] && result.restarts == 1)
    }

    @Test func anInterruptedDumpIsAskedAgain() throws {
        var error: HostError?
        let result = try dump(
            [
                message(16, flags: NLM_F_MULTI | NLM_F_DUMP_INTR), message(NLMSG_DONE, payload: done),
                message(17, sequence: 2) + message(NLMSG_DONE, sequence: 2, payload: done),
            ], error: &error)
        #expect(error == nil && result.kinds == [17] && result.restarts == 2)
    }

    @Test func aDumpThatIsAlwaysInterruptedEnds() throws {
        var error: HostError?
        let answers = (1...9).map { sequence in
            message(Int32(15 + sequence), flags: NLM_F_DUMP_INTR, sequence: sequence)
                + message(NLMSG_DONE, sequence: sequence, payload: done)
        }
        let result = try dump(answers, error: &error)
        #expect(error == nil && result.kinds == [20] && result.restarts == 5)
    }

    @Test func answersToFormerQuestionsArePassedOver() throws {
        var error: HostError?
        let result = try dump(
            [
                message(99, sequence: 7), message(NLMSG_DONE, sequence: 7, payload: done),
                message(16) + message(NLMSG_DONE, payload: done),
            ],
            error: &error)
        #expect(error == nil && result.kinds == [16])
    }

    @Test(arguments: [NLMSG_ERROR, NLMSG_DONE]) func theKernelsErrorIsThrown(kind: Int32) throws {
        var error: HostError?
        // -EPERM
        _ = try dump([message(kind, payload: [0xFF, 0xFF, 0xFF, 0xFF])], error: &error)
        #expect(error?.kind == .notPermitted)
        #expect(error?.description == "cannot ask the kernel for interfaces: Operation not permitted; run it as root")
    }

    @Test func aMessageThatIsCutShortIsAnError() throws {
        var error: HostError?
        _ = try dump([message(16, payload: [UInt8](repeating: 0, count: 70_000))], error: &error)
        #expect(error?.description == "cannot read the kernel's interfaces: a message was cut short")
    }

    @Test func aHeaderThatLiesEndsTheDatagram() throws {
        var error: HostError?
        var lie = message(16)
        lie[0] = 200
        var zero = message(16)
        zero[0] = 0
        let result = try dump([lie, zero, [1, 2, 3], message(17) + message(NLMSG_DONE, payload: done)], error: &error)
        #expect(error == nil && result.kinds == [17])
    }
}
