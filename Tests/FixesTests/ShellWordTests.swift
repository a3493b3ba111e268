// SPDX-License-Identifier: Apache-2.0
import Fixes
import Lab
import Packets
import Testing

@Suite struct ShellWordTests {
    /// Interface names that mean something else to a shell, a terminal, `sysctl`, `ip` or `nft`.
    static let names: [InterfaceName] = [
        "eth0", "eth0.100", "-x", "it's", "a=b", "a;b$(c)", "a`b`", "a'b\"c\\", "*", "a?[b]", "~root", "#x", "{a,b}",
        "!x", "a&b|c", "ü", "%s", "a..b", ".a", "\u{1B}[1m", "a\u{202E}b", "",
        InterfaceName(bytes: [0x65, 0xFF, 0x30]), InterfaceName(bytes: [0xC3]), InterfaceName(bytes: [0x01, 0x37]),
    ]

    @Test(arguments: names, ["dash", "bash", "busybox"])
    func `a quoted word reaches the program byte for byte`(name: InterfaceName, shell: String) throws {
        guard isInstalled(shell) else { return }
        let script = "printf %s \(ShellWord(quoting: name).text) | od -An -v -tx1"
        let output = try runSuccessfully((shell == "busybox" ? ["busybox", "sh"] : [shell]) + ["-c", script])
        #expect(output.filter { !$0.isWhitespace } == name.hex)
    }

    @Test(arguments: names)
    func `a quoted word can be shown on a terminal`(name: InterfaceName) {
        let text = ShellWord(quoting: name).text
        #expect(
            terminalSafe(text)
                == text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\"))
    }

    @Test(arguments: [("eth0", "eth0"), ("-x", "-x"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''")])
    func `quotes stand only where they are needed`(text: String, expected: String) {
        #expect(ShellWord(quoting: text).text == expected)
    }
}
