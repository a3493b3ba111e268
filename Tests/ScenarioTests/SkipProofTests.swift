// SPDX-License-Identifier: Apache-2.0
import Lab
import Testing

/// A skip needs more than a refusal: by the lists of the kernel's modules it has to lack what was refused.
@Suite struct SkipProofTests {
    private let packaged = KernelModules(
        release: "6.1.0-1-amd64", loadable: "kernel/drivers/net/wireguard/wireguard.ko\nkernel/net/ipv4/ip-vti.ko.xz\n",
        builtIn: "kernel/net/ipv4/esp4.ko\n", takesModules: true)

    @Test(arguments: ["wireguard", "ip_vti", "esp4"])
    func `what the kernel has and nobody loaded is no reason to skip`(_ module: String) {
        guard case .unclear(let reason) = packaged.answer(to: "refused", needing: [module]) else {
            Issue.record("\(module) may be skipped")
            return
        }
        #expect(reason.contains(module))
    }

    @Test func `a skip names the module that is in no list`() {
        guard case .absent(let proof) = packaged.answer(to: "refused", needing: ["wireguard", "ip_vs"]) else {
            Issue.record("nothing is missing")
            return
        }
        #expect(
            proof == "refused; no module ip_vs among the 2 in the package of 6.1.0-1-amd64, and it is not built in")
    }

    @Test(arguments: [(true, "there are no modules for here"), (false, "the kernel takes no modules")])
    func `where no module can be loaded a refusal is enough`(_ takesModules: Bool, _ words: String) {
        let bare = KernelModules(release: "here", loadable: nil, builtIn: nil, takesModules: takesModules)
        guard case .absent(let proof) = bare.answer(to: "refused", needing: ["wireguard"]) else {
            Issue.record("nothing is missing")
            return
        }
        #expect(proof == "refused, and \(words)")
    }
}
