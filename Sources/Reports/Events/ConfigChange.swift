// SPDX-License-Identifier: Apache-2.0
package import Facts

/// A setting that matters changed while tracing: the payload of `config-change`.
package struct ConfigChange: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case sysctl, route, rule, address, link
    }

    package var kind: Kind
    /// `net.ipv4.conf.eth0.rp_filter`, `192.0.2.0/24 table main`, …
    package var object: String
    /// Nil: was not there, or is not known.
    package var before: String?
    package var after: String?
    package var namespace: NamespaceIdentity
    /// The process that wrote a sysctl; nil when none was seen to.
    package var writer: SettingWriter?

    package init(
        kind: Kind, object: String, before: String?, after: String?, namespace: NamespaceIdentity,
        writer: SettingWriter? = nil
    ) {
        self.kind = kind
        self.object = object
        self.before = before
        self.after = after
        self.namespace = namespace
        self.writer = writer
    }
}

extension ConfigChange {
    /// One line for who watches drops go by, safe for a terminal.
    package var hint: String {
        let place = namespace.isOwn ? "" : " in \(Names.long(namespace))"
        return "\(Sentences.changed(self))\(place)"
    }
}
