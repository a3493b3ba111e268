// SPDX-License-Identifier: Apache-2.0
package import Lab

/// Names that break sysctl keys and shell commands.
package enum InterfaceNames {
    package static let scenarios: [Scenario] = ["eth0.100", "a;b$(c)", "-n", "a'b\"c\\", "*"].map { name in
        Scenario(
            "an interface called \(name)",
            setup: [
                .ip("link set a0 down"), .ip("link set dev a0 name \(name)"), .ip("link set dev \(name) up"),
                .virtualAddressOnLoopback, .rpFilter(name, 1),
            ],
            traffic: .packets(.udp(from: asymmetric, to: virtualAddress)),
            expect: .dropped(
                ExpectedDrop(
                    "wrong_interface", on: name, sysctl: (all: 0, interface: 1), reverse: .unicast("b0", via: server),
                    fix: .interfaceLoose(name))),
            remedy: [.rpFilter(name, 2)])
    }
}
