// SPDX-License-Identifier: Apache-2.0
import Attribution
import Facts
import Fixes
import Glibc
import Lab
import ModelLab
import Packets
import Testing

/// The persistent forms, judged by the programs that read them.
@Suite struct PersistentRefereeTests {
    private typealias Host = ModelLab.Lab

    private static let netplan = [
        "/usr/libexec/netplan/generate", "/usr/lib/netplan/generate", "/lib/netplan/generate",
    ]
    .first { isExecutable($0) }
    private static let networkd = "/lib/systemd/systemd-networkd"

    /// The files of every fix that adds something for a finding about two NICs.
    private static func files(_ services: HostServices) -> [Fix.Persistence] {
        let asymmetric = Problem(
            .wrongInterface, [.replyPathBroken], of: packet(from: Host.asymmetric, to: Host.local),
            in: host {
                $0.knowClient()
                $0[Host.a0].rpFilter = 1
                $0.facts.services = services
            })
        let unnumbered = Problem(
            .noAddress, [.unnumberedInterface], of: packet(from: Host.asymmetric, to: Host.local),
            in: host {
                $0.unnumber()
                $0[Host.a0].rpFilter = 1
                $0.facts.services = services
            })
        let unrouted = Problem(
            .noRoute, of: packet(from: Host.unrouted, to: Host.local),
            in: host {
                $0[Host.a0].rpFilter = 1
                $0.route("198.18.0.0/15", via: "198.18.0.1", Host.a0)
                $0.facts.services = services
            })
        return [asymmetric, unnumbered, unrouted].flatMap { problem in
            let advice = problem.advice
            return ([advice.fix] + advice.alternatives)
                .filter { [.policyRule, .route, .interfaceAddress].contains($0.id) }.compactMap(\.persist)
        }
    }

    // MARK: netplan

    @Test(.enabled(if: netplan != nil, "netplan is not installed"), arguments: ["networkd", "NetworkManager"])
    func `netplan generates what its file means`(renderer: String) throws {
        let generate = try #require(Self.netplan)
        let definition = NetplanDefinition(
            id: "lan", deviceClass: "ethernets", place: FileLine("/etc/netplan/50-lan.yaml", 5))
        let manager: InterfaceManager =
            renderer == "networkd"
            ? .networkd(NetworkdLink(networkFile: "/run/systemd/network/10-netplan-lan.network", netplan: definition))
            : .networkManager(ConnectionProfile(uuid: "1-2", netplan: definition))
        let files = Self.files(HostServices(managers: [Host.a0: manager]))
        #expect(files.count >= 3)
        for file in files {
            let root = TemporaryDirectory()
            try root.write(
                "etc/netplan/50-lan.yaml",
                """
                network:
                  version: 2
                  renderer: \(renderer)
                  ethernets:
                    lan:
                      match: {name: a0}
                      addresses: [192.0.2.1/24]
                """)
            try root.write(file.path, file.content)
            let result = try run([generate, "--root-dir", root.path])
            #expect(result.succeeded && !result.standardError.contains("rror"), "\(result.standardError) \(file)")
            let made =
                (try? root.read("run/systemd/network/10-netplan-lan.network"))
                ?? (try? root.read("run/NetworkManager/system-connections/netplan-lan.nmconnection")) ?? ""
            // Each list is put behind the one that was there.
            #expect(made.contains("192.0.2.1/24"), "\(made)")
            let expected = file.content.matches(of: /"([0-9.]+\/[0-9]+)"/).map { String($0.1) }
            let entries = made.split(separator: "\n").filter { line in
                line.contains(/^(Address|Destination|From|To|address[0-9]+|route[0-9]+)=/)
            }
            #expect(entries.count == expected.count + 1, "\(file.content) became \(made)")
            for prefix in expected {
                #expect(entries.contains { $0.contains("=\(prefix)") }, "\(prefix) is not in \(made)")
            }
        }
    }

    // MARK: systemd-networkd

    /// Runs networkd alone in a namespace, with directories of its own and no udev to wait for; prints what it made.
    private static let networkdScript = """
        for directory in /etc/systemd/network /usr/lib/systemd/network /run/systemd; do
            mkdir -p $directory && mount -t tmpfs none $directory
        done
        mount -o remount,ro /sys || mount -o bind,ro /sys /sys
        mkdir -p /run/systemd/netif /run/systemd/network
        chown systemd-network:systemd-network /run/systemd/netif
        cp -r "$1"/etc/systemd/network/. /etc/systemd/network && chmod -R a+rX /etc/systemd/network
        SYSTEMD_LOG_TARGET=console \(networkd) > "$1/log" 2>&1 &
        for attempt in $(seq 100); do
            grep -q ADMIN_STATE=configured /run/systemd/netif/links/* 2>/dev/null && break
            sleep 0.1
        done
        ip rule; ip -4 route show table all; ip -4 addr show a0
        kill $!; wait
        """

    @Test(
        .enabled(if: isExecutable(networkd) && geteuid() == 0, "systemd-networkd is not installed, or this is not root")
    )
    func `networkd makes what its drop-in means`() throws {
        let manager = InterfaceManager.networkd(NetworkdLink(networkFile: "/etc/systemd/network/10-a0.network"))
        let files = Self.files(HostServices(managers: [Host.a0: manager], systemdVersion: 245))
        #expect(files.count >= 4)
        for file in files {
            let root = TemporaryDirectory()
            let namespace = try Namespace("networkd")
            try namespace.run(["ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"])
            try namespace.run(["ip", "link", "set", "b0", "up"])
            let own = file.content.contains("[Address]") ? "" : "Address=192.0.2.1/24\n"
            try root.write(
                "etc/systemd/network/10-a0.network", "[Match]\nName=a0\n[Network]\nLinkLocalAddressing=no\n\(own)")
            try root.write(file.path, file.content)
            let made = try namespace.run(["unshare", "--mount", "sh", "-c", Self.networkdScript, "sh", root.path])
            let log = try root.read("log")
            #expect(!log.contains("nvalid") && !log.contains("nknown") && !log.contains("ailed to parse"), "\(log)")
            for line in file.content.split(separator: "\n")
            where line.contains(/^(Address|Destination|Gateway|From|To)=/) {
                let sides = line.split(separator: "=")
                let value = sides[1] == "0.0.0.0/0" ? "default" : String(sides[1])
                let bare = value.hasSuffix("/32") ? String(value.dropLast(3)) : value
                let text =
                    switch sides[0] {
                    case "From": "from \(bare) "
                    case "To": "to \(bare) "
                    case "Gateway": "via \(bare) "
                    case "Address": "inet \(value) "
                    default: "\n\(bare) "
                    }
                #expect(made.contains(text), "\(line) is not in \(made)\n\(log)")
            }
        }
    }

    // MARK: ifupdown

    @Test(.enabled(if: isInstalled("ifup") && geteuid() == 0, "ifupdown is not installed, or this is not root"))
    func `ifup carries the later stanza out, and ifdown takes it back`() throws {
        let root = TemporaryDirectory()
        let later = IfupdownStanza.LaterFiles(directory: "\(root.path)/interfaces.d")
        let manager = InterfaceManager.ifupdown(
            IfupdownStanza(place: FileLine("\(root.path)/interfaces", 1), laterFiles: later))
        let files = Self.files(HostServices(managers: [Host.a0: manager]))
        #expect(files.count >= 3)
        for file in files {
            let namespace = try Namespace("ifupdown")
            try namespace.run(["ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"])
            let isUnnumbered = file.content.contains("ip addr add")
            let address = isUnnumbered ? "manual\n" : "static\n    address 192.0.2.1/24\n"
            try root.write(
                "interfaces", "iface a0 inet \(address)source-directory \(root.path)/interfaces.d\n")
            let name = try #require(file.path.split(separator: "/").last)
            try root.write("interfaces.d/\(name)", file.content)
            let state = "mkdir -p /run/network && mount -t tmpfs none /run/network && "
            try namespace.run(["ip", "link", "set", "b0", "up"])
            let before = try Self.state(of: namespace)
            try namespace.run([
                "unshare", "--mount", "sh", "-c",
                state + "ip link set a0 up && ifup -i \(root.path)/interfaces a0 && "
                    + "{ ip rule; ip route show table all; ip addr show a0; } > \(root.path)/up && "
                    + "ifdown -i \(root.path)/interfaces a0",
            ])
            let up = try root.read("up")
            for line in file.content.split(separator: "\n") where line.hasPrefix("    up ip ") {
                let words = line.split(separator: " ")
                #expect(up.contains(words[4]) || up.contains(words[4].split(separator: "/")[0]), "\(line) in \(up)")
            }
            #expect(try Self.state(of: namespace) == before)
            try root.remove("interfaces.d/\(name)")
        }
    }

    private static func state(of namespace: Namespace) throws -> String {
        try namespace.run(["sh", "-c", "ip rule; ip -4 route show table all; ip -4 -brief addr show a0"])
    }
}

/// A directory under /tmp that is gone with this value.
private final class TemporaryDirectory {
    let path = "/tmp/lab-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    func write(_ name: String, _ text: String) throws {
        let file = "\(path)/\(name)"
        let directory = file.split(separator: "/").dropLast().joined(separator: "/")
        try runSuccessfully(["mkdir", "-p", "/\(directory)"])
        try runSuccessfully(["sh", "-c", "umask 077; cat > \"$1\"", "sh", file], input: text)
    }

    func read(_ name: String) throws -> String { try runSuccessfully(["cat", "\(path)/\(name)"]) }
    func remove(_ name: String) throws { try runSuccessfully(["rm", "\(path)/\(name)"]) }

    deinit { _ = try? run(["rm", "-rf", path]) }
}
