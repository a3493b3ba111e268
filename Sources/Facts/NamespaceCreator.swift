// SPDX-License-Identifier: Apache-2.0

/// Who made a network namespace, by the control group of its oldest process and by its name.
package struct NamespaceCreator: Hashable, Sendable {
    /// The words of snapshots.
    package enum Kind: String, Sendable, CaseIterable {
        case docker, podman, kubernetes, nerdctl, lxc, nspawn
        /// A systemd unit with `PrivateNetwork=` or `NetworkNamespacePath=`.
        case unit
        /// A CNI plugin for a container runtime: the namespace is called `cni-…`.
        case cni
        /// Whoever called `ip netns add`.
        case script
    }

    package var kind: Kind
    /// The unit (of a quadlet too), the machine, or the name under /run/netns; untrusted.
    package var name: String?

    package init(_ kind: Kind, name: String? = nil) {
        self.kind = kind
        self.name = name
    }
}
