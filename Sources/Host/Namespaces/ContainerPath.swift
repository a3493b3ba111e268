// SPDX-License-Identifier: Apache-2.0

/// The container that a `/proc/PID/cgroup` file (cgroup v1 or v2) names, by the path forms of Docker, containerd, CRI-O
/// and podman (64 hexadecimal digits, bare or within `NAME-ID.scope`) and of LXC and systemd-nspawn (a machine's name).
///
/// Nil for a process that is in no container. The text is chosen by whoever makes cgroups: untrusted.
func containerID(cgroup bytes: [UInt8]) -> String? {
    var machine: String?
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
        // hierarchy:controllers:path, and the path may hold colons.
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { continue }
        // The innermost container is named last.
        for component in fields[2].split(separator: "/").reversed() {
            // conmon watches over a container from outside of it.
            if component.contains("conmon") { continue }
            if let id = hexadecimalRun(in: component) { return id }
            if machine == nil { machine = machineName(component) }
        }
    }
    return machine
}

/// A run of exactly 64 hexadecimal digits.
private func hexadecimalRun(in component: Substring) -> String? {
    let runs = component.split { !$0.isASCII || !$0.isHexDigit }
    return runs.first { $0.utf8.count == 64 }.map { $0.lowercased() }
}

private func machineName(_ component: Substring) -> String? {
    for (prefix, suffix) in [("lxc.payload.", ""), ("systemd-nspawn@", ".service")]
    where component.hasPrefix(prefix) && component.hasSuffix(suffix) {
        let name = component.dropFirst(prefix.count).dropLast(suffix.count)
        if !name.isEmpty { return String(name) }
    }
    return nil
}
