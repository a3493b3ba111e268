// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage
import Testing

@testable import Probe

@Suite struct KernelSymbolsTests {
    private static let list = """
        0000000000000000 A fixed_percpu_data
        ffffffff81000000 T _text
        ffffffff81ff5870 t ip_rcv_finish_core
        ffffffff81ff5f00 T ip_rcv_finish
        ffffffff82000000 D some_data
        ffffffffc0100000 t nft_do_chain\t[nf_tables]
        ffffffffc0000000 T nf_hook_slow\t[netfilter]

        """

    @Test func anAddressLiesInTheFunctionThatBeginsLastBeforeIt() throws {
        let expected: [UInt64: String] = [
            0xffff_ffff_81ff_5870: "ip_rcv_finish_core",
            0xffff_ffff_81ff_5b33: "ip_rcv_finish_core",
            0xffff_ffff_81ff_5eff: "ip_rcv_finish_core",
            0xffff_ffff_81ff_5f00: "ip_rcv_finish",
            0xffff_ffff_c000_0010: "nf_hook_slow",
            0xffff_ffff_c010_0123: "nft_do_chain",
        ]
        try withFile(Self.list) { path in
            var alone = KernelSymbols(path: path)
            for (address, name) in expected { #expect(alone.name(of: address) == name) }
            var together = KernelSymbols(path: path)
            together.resolve(expected.keys)
            for (address, name) in expected { #expect(together.name(of: address) == name) }
        }
    }

    @Test func addressesBeforeEveryFunctionHaveNone() throws {
        try withFile(Self.list) { path in
            var symbols = KernelSymbols(path: path)
            #expect(symbols.name(of: 0x1000) == nil)
            #expect(symbols.name(of: 0) == nil)
        }
    }

    @Test func aHiddenListGivesNoNames() throws {
        let hidden = "0000000000000000 T _text\n0000000000000000 t ip_rcv_finish_core\n"
        try withFile(hidden) { path in
            var symbols = KernelSymbols(path: path)
            #expect(symbols.name(of: 0xffff_ffff_81ff_5870) == nil)
        }
        var missing = KernelSymbols(path: "/nonexistent")
        #expect(missing.name(of: 0xffff_ffff_81ff_5870) == nil)
    }

    @Test func aBrokenListIsReadToItsEnd() throws {
        for text in ["", "\n", "ffff", "ffffffff81000000", "ffffffff81000000 T", "ffffffff81000000 T \n\n", "zz\0 T x"]
        {
            try withFile(text) { path in
                var symbols = KernelSymbols(path: path)
                #expect((symbols.name(of: 0xffff_ffff_8100_0000) ?? "").isEmpty)
            }
        }
    }

    @Test(.enabled(if: isRoot, "needs root: kernel addresses"))
    func theRunningKernelsFunctionsAreFound() throws {
        let list = try readWhole("/proc/kallsyms", expecting: 16 << 20)
        let lines = String(decoding: list, as: UTF8.self).split(separator: "\n")
        let line = try #require(lines.first { $0.hasSuffix(" T fib_validate_source") })
        let address = try #require(UInt64(line.prefix(16), radix: 16))
        var symbols = KernelSymbols()
        #expect(symbols.name(of: address + 5) == "fib_validate_source")
    }

    private func withFile(_ text: String, _ body: (FilePath) throws -> Void) throws {
        var name = Array("/tmp/rpfwatch-kallsyms-XXXXXX".utf8CString)
        let file = FileDescriptor(rawValue: unsafe mkstemp(&name))
        let path = FilePath(String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        defer {
            try? file.close()
            unsafe unlink(path.string)
        }
        try file.writeAll(text.utf8)
        try body(path)
    }
}
