// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Which modules there are for the running kernel, loaded or not, by the index that comes with it: what it has neither
/// as a module nor built in, it lacks.
struct KernelModules: Sendable {
    /// The kernel's release, as `uname -r` prints it.
    private let release: String
    /// Normalised names; nil where there is no index.
    private let loadable: Set<String>?
    private let builtIn: Set<String>
    /// A kernel without CONFIG_MODULES has no such file.
    private let takesModules: Bool

    static let running = Self(release: Self.runningRelease)

    /// `folder`: where the modules of all kernels are.
    init(release: String, folder: String = "/lib/modules", takesModules: Bool = contents(of: "/proc/modules") != nil) {
        self.release = release
        loadable = Self.index("\(folder)/\(release)/modules.order")
        builtIn = Self.index("\(folder)/\(release)/modules.builtin") ?? []
        self.takesModules = takesModules
    }

    /// What a refusal of the kernel to do something means, when that takes all of `modules`: `refusal` says how it refused.
    func answer(to refusal: String, needing modules: [String]) -> Requirement.Answer {
        guard takesModules else { return .absent("\(refusal), and the kernel takes no modules") }
        guard let loadable else { return .absent("\(refusal), and there are no modules for \(release)") }
        let missing = modules.first { !has($0, loadable) }
        guard let missing else {
            let names = modules.joined(separator: ", ")
            return .unclear("\(refusal), although \(release) has what it takes (\(names)): it is not loaded")
        }
        return .absent(
            """
            \(refusal); no module \(missing) among the \(loadable.count) in the package of \(release), \
            and it is not built in
            """)
    }

    private func has(_ module: String, _ loadable: Set<String>) -> Bool {
        let name = Self.normalised(module)
        return loadable.contains(name) || builtIn.contains(name)
    }

    /// The names in an index, whose lines are paths of files; nil when it is not there or empty.
    private static func index(_ path: String) -> Set<String>? {
        let lines = (contents(of: path) ?? "").split(separator: "\n")
        if lines.isEmpty { return nil }
        return Set(
            lines.map { line in
                let file = line.split(separator: "/").last ?? line
                return normalised(String(file.prefix { $0 != "." }))
            })
    }

    /// Dashes and underscores are the same to the kernel.
    private static func normalised(_ name: String) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }

    private static var runningRelease: String {
        (contents(of: "/proc/sys/kernel/osrelease") ?? "").split(separator: "\n").first.map(String.init) ?? ""
    }
}
