// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab

/// The real programs as judges: they apply a tree of files, as their host's, to a network namespace of their own.
struct Referee {
    enum Program: String, CaseIterable {
        case systemd = "/lib/systemd/systemd-sysctl"
        case procps = "/sbin/sysctl --system"

        var path: String { rawValue.split(separator: " ").first.map(String.init) ?? "" }
    }

    /// When the interfaces come: before the files are applied, or after.
    enum Order: String, CaseIterable {
        /// All files, then those of each interface alone.
        case early
        /// The interface's first.
        case raced
        /// The interface is created when all was applied, and then gets its own.
        case late
    }

    let program: Program

    /// rp_filter of every directory of net.ipv4.conf.
    func values(of tree: String, _ order: Order, interfaces: [String]) throws -> [String: Int32] {
        let namespace = try Namespace("referee")
        let output = try namespace.run(
            ["unshare", "--mount", "sh", "-c", Self.script, "sh", tree, program.rawValue, order.rawValue] + interfaces)
        var values: [String: Int32] = [:]
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { values[String(words[0])] = Int32(words[1]) }
        }
        return values
    }

    /// Whether interfaces of a new namespace follow what is written to `default`, as on a host that boots: where the
    /// machine's own `default` was ever written, a new namespace takes that over.
    static func doesFollowDefault() throws -> Bool {
        let namespace = try Namespace("follow")
        let output = try namespace.run([
            "sh", "-c",
            """
            ip link add e0 type veth peer name e1; echo 2 > /proc/sys/net/ipv4/conf/default/rp_filter
            cat /proc/sys/net/ipv4/conf/e0/rp_filter /proc/sys/net/ipv4/conf/all/rp_filter
            """,
        ])
        return output == "2\n0\n"
    }

    /// A root directory with this machine's programs and the tree's files.
    private static let script = """
        set -e
        tree=$1 program=$2 order=$3
        shift 3
        root=$tree.root
        mkdir -p "$root"
        mount -t tmpfs none "$root"
        cd "$root"
        mkdir -p usr proc dev etc/sysctl.d run/sysctl.d
        mount --rbind /usr usr
        mount --rbind /proc proc
        mount --rbind /dev dev
        for directory in bin sbin lib lib64; do ln -s usr/$directory $directory; done
        mount -t tmpfs none usr/local/lib
        mkdir -p usr/local/lib/sysctl.d
        mount -t tmpfs none usr/lib/sysctl.d
        cp -a "$tree/." .
        link() { while [ $# -gt 1 ]; do ip link add "$1" type veth peer name "$2"; shift 2; done; }
        all() { chroot . $program > /dev/null 2>&1 || :; }
        each() {
            case $program in */systemd-sysctl) ;; *) return 0 ;; esac
            for name; do chroot . $program --prefix="/net/ipv4/conf/$name" > /dev/null 2>&1 || :; done
        }
        case $order in
        early) link "$@"; all; each "$@" ;;
        raced) link "$@"; each "$@"; all ;;
        late) all; link "$@"; each "$@" ;;
        esac
        cd /proc/sys/net/ipv4/conf
        for directory in *; do echo "$directory $(cat "$directory/rp_filter")"; done
        """
}
