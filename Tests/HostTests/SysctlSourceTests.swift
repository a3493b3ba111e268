// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import Host
import SystemPackage
import Testing

/// The files of sysctl.d, read below a root.
@Suite struct SysctlSourceTests {
    private static let line = "net.ipv4.conf.eth0.rp_filter=1\n"

    private func link(_ path: String, to target: String, in tree: FileTree) {
        let place = tree.place(path)
        _ = unsafe place.withPlatformString { place in unsafe target.withCString { unsafe symlink($0, place) } }
    }

    private func file(_ path: String, in sources: SysctlSources) -> SysctlFile? {
        sources.files.first { $0.path == path }
    }

    @Test func `files are read with the numbers of the lines that matter`() throws {
        let tree = try FileTree([
            "/etc/sysctl.d/a.conf": "# x\nkernel.x=1\n" + Self.line, "/usr/lib/sysctl.d/b.conf": Self.line,
            "/etc/sysctl.d/README": Self.line, "/etc/sysctl.conf": "#\n",
        ])
        var reader = SysctlSourceReader(root: tree.root)
        let sources = reader.read()
        #expect(sources.isComplete)
        #expect(sources.files.map(\.path) == ["/etc/sysctl.conf", "/etc/sysctl.d/a.conf", "/usr/lib/sysctl.d/b.conf"])
        #expect(
            file("/etc/sysctl.d/a.conf", in: sources)?.lines
                == [SysctlLine(number: 3, text: "net.ipv4.conf.eth0.rp_filter=1")])
    }

    @Test func `links stay inside the root`() throws {
        let tree = try FileTree([
            "/etc/sysctl.conf": Self.line, "/etc/sysctl.d/x.conf": "", "/usr/lib/sysctl.d/y.conf": Self.line,
        ])
        link("/etc/sysctl.d/99-sysctl.conf", to: "../sysctl.conf", in: tree)
        link("/etc/sysctl.d/root.conf", to: "/etc/sysctl.conf", in: tree)
        link("/etc/sysctl.d/null.conf", to: "/dev/null", in: tree)
        link("/etc/sysctl.d/gone.conf", to: "nowhere", in: tree)
        link("/etc/sysctl.d/loop.conf", to: "loop.conf", in: tree)
        link("/etc/sysctl.d/up.conf", to: "../../../../../etc/sysctl.conf", in: tree)
        link("/lib", to: "usr/lib", in: tree)
        var reader = SysctlSourceReader(root: tree.root)
        let sources = reader.read()
        for name in ["99-sysctl", "root", "up"] {
            #expect(file("/etc/sysctl.d/\(name).conf", in: sources)?.lines.count == 1, "\(name)")
        }
        for name in ["null", "gone", "loop", "x"] {
            #expect(file("/etc/sysctl.d/\(name).conf", in: sources)?.kind == .masked, "\(name)")
        }
        // /lib is /usr/lib here.
        #expect(sources.files.filter { $0.name == "y.conf" }.map(\.path) == ["/usr/lib/sysctl.d/y.conf"])
    }

    @Test func `a change is noticed`() throws {
        let tree = try FileTree(["/etc/sysctl.d/a.conf": Self.line])
        var reader = SysctlSourceReader(root: tree.root)
        let first = reader.read()
        #expect(reader.read() == first)
        let file = try FileDescriptor.open(tree.place("/etc/sysctl.d/a.conf"), .writeOnly, options: [.append])
        try file.closeAfter { _ = try file.writeAll("net.ipv4.conf.*.rp_filter=2\n".utf8) }
        #expect(reader.read().files.first?.lines.count == 2)
        link("/etc/sysctl.d/b.conf", to: "a.conf", in: tree)
        #expect(reader.read().files.count == 2)
    }

    @Test func `too much makes it incomplete`() throws {
        let tree = try FileTree(["/etc/sysctl.d/a.conf": String(repeating: Self.line, count: 3_000)])
        var reader = SysctlSourceReader(root: tree.root)
        #expect(!reader.read().isComplete)
    }

    @Test func `who reads the files is told by the programs' own words`() throws {
        func reader(_ files: [String: String]) throws -> SysctlSources.Reader {
            let tree = try FileTree(files)
            var reader = SysctlSourceReader(root: tree.root)
            return reader.read().reader
        }
        let systemd = ["/usr/lib/systemd/systemd-sysctl": "\u{7F}ELF\0libsystemd-shared-255-4.so\0"]
        let procps = ["/usr/sbin/sysctl": "procps-ng\0%s from procps-ng 4.0.4\n\0"]
        let running = ["/run/systemd/system/x": ""]
        #expect(try reader(systemd.merging(running) { $1 }) == .systemd(version: 255))
        #expect(try reader(systemd.merging(procps) { $1 }) == .procps(version: "4.0.4"))
        #expect(try reader(running.merging(procps) { $1 }) == .procps(version: "4.0.4"))
        #expect(try reader(["/usr/sbin/sysctl": "BusyBox v1.36"]) == .none)
        #expect(try reader([:]) == .none)
    }
}
