// SPDX-License-Identifier: Apache-2.0
import Facts
import Glibc
import SystemPackage
import Testing

@testable import Host

@Suite(.enabled(if: TestNamespace.isRoot, TestNamespace.requiresRoot)) struct NamespaceTests {
    private func error(_ body: () throws -> Void) -> HostError? {
        do {
            try body()
            return nil
        } catch {
            return error as? HostError
        }
    }

    @Test func workRunsInsideAndOnAThreadOfItsOwn() throws {
        let namespace = try TestNamespace("run")
        let opened = try namespace.open()
        let caller = pthread_self()
        let (inside, thread) = try opened.run { () throws(HostError) in (currentNamespaceInode(), pthread_self()) }
        #expect(inside == opened.inode)
        #expect(pthread_equal(thread, caller) == 0)
        #expect(currentNamespaceInode() == (try NetworkNamespace.own().inode))
        let failure = error {
            _ = try opened.run { () throws(HostError) -> Int in throw HostError(.failed, cannot: "do it") }
        }
        #expect(failure?.description == "cannot do it")
    }

    @Test func everyNamespaceHasACookieOfItsOwn() throws {
        let namespace = try TestNamespace("cookie")
        let cookie = try #require(try namespace.open().cookie)
        #expect(cookie == (try namespace.open().cookie))
        #expect(cookie != (try NetworkNamespace.own().cookie))
    }

    @Test func namesProcessesPathsAndInodesAreResolved() throws {
        let namespace = try TestNamespace("resolve")
        let inode = try namespace.open().inode
        #expect(try resolveNamespace(namespace.name).inode == inode)
        #expect(try resolveNamespace("/run/netns/\(namespace.name)").inode == inode)
        #expect(try resolveNamespace("inode:\(inode)").inode == inode)
        let process = try Sleeper(["unshare", "--net"])
        let own = try NetworkNamespace.own().inode
        let other = try resolveNamespace("\(process.id)").inode
        #expect(other != own && other != inode)
        #expect(try resolveNamespace("inode:\(other)").inode == other)
    }

    @Test func aNameWinsOverAProcess() throws {
        let process = try Sleeper(["unshare", "--net"])
        let name = "\(process.id)"
        try TestNamespace.run("ip", ["netns", "add", name])
        defer { _ = try? Command.patiently("ip", ["netns", "del", name]) }
        let named = try NetworkNamespace(path: "/run/netns/\(name)").inode
        #expect(try resolveNamespace(name).inode == named)
        #expect(try NetworkNamespace(processID: process.id).inode != named)
    }

    @Test(arguments: ["host-none", "", ".", "..", "inode:x", "inode:1", "4194305", "-1", "/nowhere", "a\u{1B}[31m"])
    func whatCannotBeResolvedIsSaidPlainly(text: String) throws {
        let refusal = error { _ = try resolveNamespace(text) }
        #expect(refusal?.kind == .notFound)
        let sentence = try #require(refusal?.description)
        #expect(sentence.hasPrefix("cannot ") && sentence.contains("; "), "the remedy is missing: \(sentence)")
        #expect(!sentence.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test(arguments: ["/etc/hostname", "/proc/self/ns/mnt", "/run/netns"])
    func whatIsNoNetworkNamespaceIsSaidPlainly(path: String) {
        let refusal = error { _ = try resolveNamespace(path) }
        #expect(refusal?.kind == .invalid)
        #expect(refusal?.description.contains("not a network namespace") == true)
    }

    @Test func namespacesAreDiscoveredByNameAndByProcess() throws {
        let namespace = try TestNamespace("seen")
        let named = try namespace.open().inode
        let process = try Sleeper(["unshare", "--net"])
        let anonymous = try NetworkNamespace(processID: process.id).inode
        let inside = try Sleeper(["ip", "netns", "exec", namespace.name])
        let found = namespacesInSight()
        let byName = try #require(found.first { $0.inode == named })
        #expect(byName.name == namespace.name && byName.processID == inside.id && byName.command == "sleep")
        #expect(!byName.isOwn && !byName.isInitial && byName.container == nil)
        let byProcess = try #require(found.first { $0.inode == anonymous })
        #expect(byProcess.name == nil && byProcess.processID == process.id && byProcess.command == "sleep")
        let own = try #require(found.first { $0.isOwn })
        #expect(own.inode == (try NetworkNamespace.own().inode))
        // Process 1 may hide its namespace from everybody.
        #expect(found.count { $0.isInitial } <= 1 && found.count { $0.isOwn } == 1)
        if let initial = found.first(where: { $0.isInitial }) { #expect(initial.container == nil) }
    }

    @Test func namesOfAnyOctetsAreHarmless() throws {
        let script = """
            name="$(printf 'host-\\377\\033[31m')"
            touch "/run/netns/$name" && mount --bind "/run/netns/$1" "/run/netns/$name" && echo "$name"
            """
        let namespace = try TestNamespace("octets")
        try TestNamespace.run("sh", ["-c", script, "sh", namespace.name])
        defer {
            _ = try? Command.patiently(
                "sh",
                [
                    "-c",
                    "name=\"$(printf 'host-\\377\\033[31m')\"; umount \"/run/netns/$name\"; rm \"/run/netns/$name\"",
                ])
        }
        let inode = try namespace.open().inode
        let found = try #require(namespacesInSight().first { $0.inode == inode })
        #expect(found.name == namespace.name, "a name that is not UTF-8 is never the one that is told")
    }

    @Test func aFileLeftInRunNetnsIsNoNamespace() throws {
        let name = "host-stale-\(getpid())"
        try TestNamespace.run("touch", ["/run/netns/\(name)"])
        defer { _ = unsafe unlink("/run/netns/\(name)") }
        #expect(!namespacesInSight().contains { $0.name == name })
        #expect(error { _ = try resolveNamespace(name) }?.kind == .invalid)
    }

    @Test func aMountElsewhereIsFound() throws {
        let path = "/run/host-mount \(getpid())"
        let process = try Sleeper(["unshare", "--net"])
        let inode = try NetworkNamespace(processID: process.id).inode
        try TestNamespace.run("touch", [path])
        try TestNamespace.run("mount", ["--bind", "/proc/\(process.id)/ns/net", path])
        defer {
            _ = try? Command.patiently("umount", [path])
            _ = unsafe unlink(path)
        }
        process.stop()
        let found = try #require(NamespaceDirectory.discover().entries[inode])
        #expect(found.identity.processID == nil && found.identity.name == nil)
        #expect(try NetworkNamespace(path: found.path).inode == inode)
    }

    @Test func theOldestProcessStandsForItsNamespace() throws {
        let namespace = try TestNamespace("oldest")
        let inode = try namespace.open().inode
        let first = try Sleeper(["ip", "netns", "exec", namespace.name])
        // Start times are counted in hundredths of a second.
        usleep(30_000)
        let second = try Sleeper(["ip", "netns", "exec", namespace.name])
        var directory = NamespaceDirectory.discover()
        #expect(directory.entries[inode]?.identity.processID == first.id)
        first.stop()
        directory.scan()
        #expect(directory.entries[inode]?.identity.processID == second.id)
        second.stop()
        directory.scan()
        #expect(directory.entries[inode]?.identity.processID == nil)
    }

    /// Everything that has to work, or to fail plainly, without any privilege.
    @Test func withoutPrivilegesThereIsTheOwnNamespaceAndAClearRefusal() async throws {
        let namespace = try TestNamespace("refused")
        unsafe setenv("HOST_TEST_NAMESPACE", namespace.name, 1)
        await #expect(processExitsWith: .exitCode(42)) {
            guard setgid(65534) == 0, setuid(65534) == 0,
                let name = unsafe getenv("HOST_TEST_NAMESPACE").map({ unsafe String(cString: $0) })
            else { exit(1) }
            let own = try NetworkNamespace.own()
            let facts = try own.facts(NamespaceIdentity(inode: own.inode))
            guard !facts.links.isEmpty, !facts.rules.isEmpty else { exit(2) }
            guard Privileges.current.effective.isEmpty else { exit(9) }
            guard let identity = namespacesInSight().first(where: { $0.isOwn }), identity.inode == own.inode else {
                exit(3)
            }
            var watch = try NamespaceWatch()
            let reading = watch.readCounters()
            guard reading.reversePathFilter[own.inode] != nil, reading.unreadable > 0 else { exit(4) }
            let other = try resolveNamespace(name)
            do throws(HostError) {
                _ = try watch.facts(of: other.inode)
                exit(5)
            } catch {
                guard error.kind == .notPermitted, error.description.contains("root") else { exit(6) }
            }
            do throws(HostError) {
                _ = try other.facts(NamespaceIdentity(inode: other.inode))
                exit(7)
            } catch {
                guard error.kind == .notPermitted, error.description.contains("CAP_SYS_ADMIN") else { exit(8) }
            }
            exit(42)
        }
    }
}

/// A process that does nothing, in what its arguments put it into.
final class Sleeper {
    let id: Int32

    init(_ wrapper: [String]) throws {
        // The shell prints its own number and becomes the sleeping process.
        let output = try Command.patiently(
            "sh", ["-c", "\"$@\" sh -c 'echo $$; exec sleep 600 >/dev/null 2>&1' &", "sh"] + wrapper)
        id = try #require(Int32(String(decoding: output.standardOutput.prefix { $0 != 0x0A }, as: UTF8.self)))
        for _ in 0..<4_000 where Files.line(FilePath("/proc/\(id)/comm")) != "sleep" { usleep(5_000) }
    }

    deinit {
        stop()
    }

    func stop() {
        kill(id, SIGKILL)
        // It is not our child: wait until it has left its namespace.
        for _ in 0..<4_000 where unsafe access("/proc/\(id)/ns/net", F_OK) == 0 { usleep(5_000) }
    }
}

/// Every network namespace that can be found from here.
private func namespacesInSight() -> [NamespaceIdentity] { NamespaceDirectory.discover().entries.values.map(\.identity) }
