// SPDX-License-Identifier: Apache-2.0

/// Which modules there are for a kernel, loaded or not, by the lists that come with it: what it has neither as a module
/// nor built in, it lacks.
package struct KernelModules: Sendable {
    /// The kernel's release, as `uname -r` prints it.
    private let release: String
    /// Normalised names; nil where there is no list.
    private let loadable: Set<String>?
    private let builtIn: Set<String>
    private let takesModules: Bool

    /// Those of the running kernel.
    package static let running: Self = {
        let release = contents(of: "/proc/sys/kernel/osrelease")?.split(separator: "\n").first.map(String.init) ?? ""
        let folder = "/lib/modules/\(release)"
        return Self(
            release: release, loadable: contents(of: "\(folder)/modules.order"),
            builtIn: contents(of: "\(folder)/modules.builtin"), takesModules: contents(of: "/proc/modules") != nil)
    }()

    /// - `loadable`, `builtIn`: the lists, a path of a file a line; nil where they are missing.
    /// - `takesModules`: whether the kernel can load any at all (CONFIG_MODULES).
    package init(release: String, loadable: String?, builtIn: String?, takesModules: Bool) {
        self.release = release
        self.loadable = loadable.map(Self.names)
        self.builtIn = builtIn.map(Self.names) ?? []
        self.takesModules = takesModules
    }

    /// What it means that the kernel does not do something that takes all of `modules`; `refusal` says how it refused.
    package func answer(to refusal: String, needing modules: [String]) -> Requirement.Answer {
        guard takesModules else { return .absent("\(refusal), and the kernel takes no modules") }
        guard let loadable, !loadable.isEmpty else {
            return .absent("\(refusal), and there are no modules for \(release)")
        }
        let present = loadable.union(builtIn)
        guard let missing = modules.first(where: { !present.contains(Self.normalised($0)) }) else {
            let names = modules.joined(separator: ", ")
            return .unclear("\(refusal), although \(release) has what it takes, which is not loaded: \(names)")
        }
        return .absent(
            """
            \(refusal); no module \(missing) among the \(loadable.count) in the package of \(release), \
            and it is not built in
            """)
    }

    private static func names(in list: String) -> Set<String> {
        Set(
            list.split(separator: "\n").map { line in
                normalised((line.split(separator: "/").last ?? line).prefix { $0 != "." })
            })
    }

    /// Dashes and underscores are the same to the kernel.
    private static func normalised(_ name: some StringProtocol) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
