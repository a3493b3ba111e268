// SPDX-License-Identifier: Apache-2.0
import Facts

/// What NetworkManager keeps about its devices and connections.
struct NetworkManagerFiles {
    let tree: HostTree

    /// The directories of keyfiles, the ones that hide others first (NetworkManager.conf(5), nm-settings-keyfile(5)).
    private static let directories = [
        "/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections",
        "/usr/lib/NetworkManager/system-connections",
    ]

    /// The connection that is active on a device, from NetworkManager's state file of it; nil for a device that it does
    /// not manage.
    func connection(_ index: UInt32) -> ConnectionProfile? {
        guard let state = tree.sections("/run/NetworkManager/devices/\(index)"),
            let uuid = state.last("connection-uuid", in: "device")?.value, !uuid.isEmpty
        else { return nil }
        return profile(uuid: uuid) ?? ConnectionProfile(uuid: uuid)
    }

    private func profile(uuid: String) -> ConnectionProfile? {
        for directory in Self.directories {
            for name in tree.names(in: directory).prefix(512) {
                let path = "\(directory)/\(name)"
                guard let file = tree.sections(path), file.last("uuid", in: "connection")?.value == uuid else {
                    continue
                }
                return ConnectionProfile(uuid: uuid, name: file.last("id", in: "connection")?.value, file: path)
            }
        }
        return nil
    }
}
