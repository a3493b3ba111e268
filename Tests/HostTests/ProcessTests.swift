// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Testing

@testable import Host

@Suite struct ProcessTests {
    @Test func everyMissingCapabilityHasItsCost() {
        let none = Privileges(mask: 0)
        #expect(none.missing.map(\.capability) == Privileges.Capability.allCases)
        #expect(none.missing.allSatisfy { $0.cost.hasSuffix(".") && $0.cost.count > 20 })
    }

    @Test func theMaskIsReadByTheKernelsNumbers() {
        let some = Privileges(mask: 1 << 39 | 1 << 38 | 1 << 12)
        #expect(some.effective == [.bpf, .perfmon, .netAdmin])
        #expect(some.missing.map(\.capability) == [.sysPtrace, .sysAdmin, .syslog])
    }

    @Test func sysAdminStandsInForWhatWasSplitOffFromIt() {
        let old = Privileges(mask: 1 << 21 | 1 << 19 | 1 << 12)
        #expect(old.missing.map(\.capability) == [.syslog])
    }

    @Test(.enabled(if: TestNamespace.isRoot, "root has all capabilities")) func rootMissesNothing() {
        #expect(Privileges.current.missing.isEmpty)
    }

    @Test func theMachineSaysItsNameAndKernel() throws {
        var information = utsname()
        #expect(unsafe uname(&information) == 0)
        let release = unsafe withUnsafeBytes(of: &information.release) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        #expect(HostInformation.kernelRelease == release)
        #expect(!HostInformation.name.isEmpty)
    }

    @Test(arguments: [
        ("TcpExt: A IPReversePathFilter B\nTcpExt: 1 23 4\nIpExt: X\nIpExt: 9\n", 23 as UInt64?),
        ("IpExt: IPReversePathFilter\nIpExt: 9\nTcpExt: IPReversePathFilter\nTcpExt: 7\n", 7),
        ("TcpExt: IPReversePathFilter\nTcpExt: 18446744073709551615", .max),
        ("TcpExt: IPReversePathFilterX A\nTcpExt: 1 2\n", nil), ("TcpExt: A IPReversePathFilter\nTcpExt: 1\n", nil),
        ("TcpExt: IPReversePathFilter\n", nil), ("TcpExt: IPReversePathFilter\nTcpExt: x\n", nil), ("", nil),
    ])
    func countersAreFoundByTheirName(text: String, value: UInt64?) {
        #expect(counter("IPReversePathFilter", of: "TcpExt", in: Array(text.utf8)[...]) == value)
    }

    @Test func programsAreBoundInTimeAndSize() throws {
        func kind(_ body: () throws(HostError) -> Void) -> HostError.Kind? {
            do throws(HostError) {
                try body()
                return nil
            } catch {
                return error.kind
            }
        }
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(
                kind { () throws(HostError) in _ = try Command.run("sleep", ["20"], timeout: 50_000_000) } == .timedOut)
        }
        #expect(time < .seconds(10))
        #expect(kind { () throws(HostError) in _ = try Command.run("yes", limit: 100_000) } == .failed)
        #expect(kind { () throws(HostError) in _ = try Command.run("host-no-such-program") } == .notFound)
        #expect(try Command.patiently("sh", ["-c", "exit 7"]).status == 7)
        #expect(try Command.patiently("sh", ["-c", "kill -9 $$"]).status == 137)
        #expect(try Command.patiently("sh", ["-c", "echo a; echo b >&2; cat"]).standardOutput == Array("a\n".utf8))
    }

    @Test func programsGetTheirSignals() throws {
        let status = try onNewThread { () throws(HostError) in
            let signals = try SignalDescriptor()
            let status = try Command.patiently("sh", ["-c", "kill -TERM $$"]).status
            #expect(signals.pending().isEmpty)
            return status
        }
        #expect(status == 128 + SIGTERM)
    }
}
