// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lab

/// Loses packets to rp_filter in the two classic ways, and lets rpfwatch find, explain and fix both.
@main
struct Demo {
    static func main() {
        guard geteuid() == 0 else {
            Screen.complain("The demo makes network namespaces and loads BPF programs as root: run `sudo make demo`.")
            exit(4)
        }
        catchInterrupts()
        let status = run()
        exit(status)
    }

    /// Every namespace and process is owned by a value in here, so that all are gone when this returns.
    private static func run() -> Int32 {
        var claims = Claims()
        Screen.show(
            """
            rp_filter drops a packet without a word when the route back to its source leaves by another interface.
            Two networks where that happens, what rpfwatch says about them, and proof that its fix is enough.
            Everything happens in network namespaces, which are removed at the end; nothing else on this machine changes.
            """)
        do {
            for build in Topology.all {
                var story = Story(try build())
                try story.tell(&claims)
            }
        } catch is Interrupted {
            Screen.complain("\nInterrupted; the namespaces are removed.")
            return 128 + SIGINT
        } catch {
            Screen.complain("\nThe demo could not go on: \(error)")
            return 5
        }
        return claims.conclude() ? 0 : 1
    }
}
