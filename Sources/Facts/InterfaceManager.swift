// SPDX-License-Identifier: Apache-2.0

/// Who gives an interface its addresses and routes, with the files that say so.
package enum InterfaceManager: Hashable, Sendable {
    case networkd(NetworkdLink)
    case networkManager(ConnectionProfile)
    case ifupdown(IfupdownStanza)
}

/// What systemd-networkd says about a link (`/run/systemd/netif/links/INDEX`).
package struct NetworkdLink: Hashable, Sendable {
    /// The .network file that matches the link.
    package var networkFile: String
    /// Its drop-ins, in the order in which they are read.
    package var dropIns: [String]
    /// The sysctls that these files set for the link, the last value of each: key `rp_filter` or `accept_local`.
    package var settings: [ForeignSetting]
    /// The definition that netplan made the .network file from.
    package var netplan: NetplanDefinition?

    package init(
        networkFile: String, dropIns: [String] = [], settings: [ForeignSetting] = [], netplan: NetplanDefinition? = nil
    ) {
        self.networkFile = networkFile
        self.dropIns = dropIns
        self.settings = settings
        self.netplan = netplan
    }
}

/// The connection that NetworkManager activated on a device (`/run/NetworkManager/devices/INDEX`).
package struct ConnectionProfile: Hashable, Sendable {
    package var uuid: String
    /// `connection.id`; nil when the profile's file was not found.
    package var name: String?
    package var file: String?
    /// The definition that netplan made the profile from.
    package var netplan: NetplanDefinition?

    package init(uuid: String, name: String? = nil, file: String? = nil, netplan: NetplanDefinition? = nil) {
        self.uuid = uuid
        self.name = name
        self.file = file
        self.netplan = netplan
    }
}

/// A device in netplan's YAML.
package struct NetplanDefinition: Hashable, Sendable {
    /// The key under the device class; need not be the interface's name.
    package var id: String
    /// `ethernets`, `vlans`, `bonds`…
    package var deviceClass: String
    package var place: FileLine

    package init(id: String, deviceClass: String, place: FileLine) {
        self.id = id
        self.deviceClass = deviceClass
        self.place = place
    }
}

/// An `iface NAME inet …` of interfaces(5).
package struct IfupdownStanza: Hashable, Sendable {
    /// Where a new file has to be to be read after the stanza, under a name that begins with `prefix`.
    package struct LaterFiles: Hashable, Sendable {
        package static let prefix = "zz-rpfwatch-"

        package var directory: String
        /// What names have to end in, such as `.conf`; else only letters, digits, `_` and `-` may be in them.
        package var suffix: String

        package init(directory: String, suffix: String = "") {
            self.directory = directory
            self.suffix = suffix
        }
    }

    package var place: FileLine
    /// Several stanzas of an interface are carried out in the order in which they are read, and routes need the
    /// addresses first. Nil when no new file would be read after the stanza.
    package var laterFiles: LaterFiles?

    package init(place: FileLine, laterFiles: LaterFiles? = nil) {
        self.place = place
        self.laterFiles = laterFiles
    }
}
