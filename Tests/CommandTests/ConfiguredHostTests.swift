// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab
import Testing

/// A host with files of sysctl.d: process 1, /etc and the network of its own.
@Suite(.enabled(if: geteuid() == 0, "namespaces can only be made as root"))
struct ConfiguredHostTests {
    /// Runs a script as the first process of a host on which e0 is strict by a line of a file, and e1 loose by a pattern.
    private func host(_ script: String) throws -> String {
        let setUp = """
            set -e
            mount -t tmpfs none /run
            mkdir -p /run/systemd/system /run/etc
            mount --bind /run/etc /etc/sysctl.d
            printf '# lab\\nnet.ipv4.conf.*.rp_filter = 2\\n-net.ipv4.conf.all.rp_filter\\n' > /etc/sysctl.d/50-lab.conf
            echo net.ipv4.conf.e0.rp_filter=1 > /etc/sysctl.d/zz-rpfwatch-zzz.conf
            ip link add e0 type veth peer name p0
            ip link add e1 type veth peer name p1
            ip addr add 192.0.2.1/24 dev e0
            ip addr add 198.51.100.1/24 dev e1
            for link in e0 e1 p0 p1; do ip link set $link up; done
            ip route add 203.0.113.0/24 via 198.51.100.2 dev e1
            for name in default lo e1 p0 p1; do echo 2 > /proc/sys/net/ipv4/conf/$name/rp_filter; done
            echo 1 > /proc/sys/net/ipv4/conf/e0/rp_filter

            """
        let output = try run([
            "unshare", "--pid", "--fork", "--mount-proc", "--mount", "--net", "sh", "-c", setUp + script, "sh",
            RpfwatchProcess.path,
        ])
        #expect(output.status == 0, "\(output.standardError)")
        return output.standardOutput
    }

    @Test func `doctor says who sets each value`() throws {
        let text = try host("\"$1\" doctor")
        let rows = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.first { $0.first == "e0" }?.last == "/etc/sysctl.d/zz-rpfwatch-zzz.conf:1")
        #expect(rows.first { $0.first == "e1" }?.last == "/etc/sysctl.d/50-lab.conf:2")
        #expect(text.contains("all is 0: kernel default"))
        let changed = try host("echo 1 > /proc/sys/net/ipv4/conf/e1/rp_filter; \"$1\" doctor")
        #expect(changed.contains("set by hand or by a program (/etc/sysctl.d/50-lab.conf:2 says 2)"))
    }

    @Test func `the file that is proposed wins, from the host and from its snapshot`() throws {
        let script = """
            "$1" explain 203.0.113.5 192.0.2.1 -i e0 --json --snapshot /run/snapshot || [ $? = 1 ]
            "$1" explain 203.0.113.5 192.0.2.1 -i e0 --json --from-snapshot /run/snapshot || [ $? = 1 ]
            """
        let answers = try host(script).split(separator: "\n").compactMap { JSONValue(String($0)) }
        try #require(answers.count == 2)
        for answer in answers {
            #expect(answer["rpf.owners.iface.source"] == "/etc/sysctl.d/zz-rpfwatch-zzz.conf:1")
            #expect(answer["rpf.fix.persist.path"] == "/etc/sysctl.d/zzz-rpfwatch-e0.conf")
            #expect(answer["rpf.fix.persist.proven"] == true)
        }
        #expect(answers[0]["rpf.fix.persist.proof"] == answers[1]["rpf.fix.persist.proof"])
    }

    @Test func `a value that was set over the file's is told as a factor`() throws {
        let script = """
            echo 2 > /proc/sys/net/ipv4/conf/e0/rp_filter
            echo 1 > /proc/sys/net/ipv4/conf/e1/rp_filter
            ip route add 203.0.113.128/25 via 192.0.2.2 dev e0
            "$1" explain 203.0.113.200 198.51.100.1 -i e1 --json || [ $? = 1 ]
            """
        let answer = try #require(JSONValue(try host(script).trimmingLineEnd))
        guard case .array(let factors)? = answer["rpf.factors"] else {
            Issue.record("\(answer)")
            return
        }
        #expect(factors.contains("value_overwritten"))
    }
}

extension String {
    fileprivate var trimmingLineEnd: String { split(separator: "\n").first.map(String.init) ?? "" }
}
