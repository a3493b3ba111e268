// SPDX-License-Identifier: Apache-2.0
package import Facts
package import Packets

/// Who gives the sysctls of a namespace their values, as far as the host tells.
package struct Ownership: Sendable {
    private let facts: NetworkFacts
    /// Nil outside the initial namespace, and where the files could not all be read.
    package let tree: SysctlTree?

    package init(_ facts: NetworkFacts) {
        self.facts = facts
        tree = facts.sysctlSources.flatMap { SysctlTree($0) }
    }

    /// Who gave the value that is in force now; nil when that cannot be told.
    package func owner(of key: InterfaceSysctl, _ scope: SysctlScope) -> Owner? { candidates(key, scope).first }

    /// Everybody who may have, the surest first: a daemon that writes after the files were applied, what the files say, a
    /// daemon that gives way to them, and the kernel. One that sets another value than the one in force is not among
    /// them.
    package func candidates(_ key: InterfaceSysctl, _ scope: SysctlScope) -> [Owner] {
        let value = facts.configuration[scope, key]
        let claims = daemonClaims(on: key, of: scope, in: facts).filter { $0.owner.value ?? value == value }
        let insisting = claims.filter { !$0.yieldsToFiles }.map(\.owner)
        let yielding = claims.filter(\.yieldsToFiles).map(\.owner)
        guard let file = fileOwner(of: key, scope) else { return insisting + yielding }
        guard let path = file.path else { return insisting + yielding + [file.owner] }
        var owner = file.owner
        // A daemon's own file: what its daemon is told decides what stands there.
        owner.setting = yielding.first { $0.source.contains(path) }?.setting
        return insisting + [owner] + yielding.filter { !$0.source.contains(path) }
    }

    /// By the files, the kernel's own values, and the difference to what is in force. `path`: of the file that gives the
    /// value.
    private func fileOwner(of key: InterfaceSysctl, _ scope: SysctlScope) -> (owner: Owner, path: String?)? {
        guard let tree, let name = facts.directory(of: scope), name.isValidUTF8 else { return nil }
        let value = facts.configuration[scope, key]
        let forecast = tree.forecast(of: key, in: name)
        if let match = forecast.values.first(where: { $0.value == value }) {
            return (Owner(source: Self.source(of: match), value: value), match.statement?.path)
        }
        let others = forecast.values.first { $0.statement != nil }.map {
            " (\(Self.source(of: $0)) says \($0.value))"
        }
        return (Owner(source: Owner.unknown + (others ?? ""), value: value), nil)
    }

    private static func source(of value: SysctlValue) -> String {
        switch value.origin {
        case .kernel, .copy(nil): Owner.kernelDefault
        case .statement(let statement): statement.place
        case .copy(let statement?): "\(statement.place), the default for new interfaces"
        }
    }

    /// Whether the effective value is another than what the files make it: of `all` and of the interface what is written
    /// down counts, and where nothing is, what is in force.
    ///
    /// `all` and `own` are the values to compare, such as those at a drop.
    package func isOverwritten(_ key: InterfaceSysctl, of name: InterfaceName, all: Int32, own: Int32) -> Bool {
        guard let tree, name.isValidUTF8 else { return false }
        func possible(_ name: InterfaceName, now: Int32) -> Set<Int32> {
            let claimed = claimed(key, of: name)
            guard claimed.isEmpty else { return claimed }
            guard !tree.statements(of: key, in: name).isEmpty else { return [now] }
            return Set(tree.forecast(of: key, in: name).values.map(\.value))
        }
        let owns = possible(name, now: own)
        let expected = possible("all", now: all).flatMap { all in owns.map { max(all, $0) } }
        return !expected.contains(max(all, own))
    }

    /// What daemons that write after the files were applied make of a value.
    private func claimed(_ key: InterfaceSysctl, of name: InterfaceName) -> Set<Int32> {
        let scope = name == "all" ? SysctlScope.all : facts.link(named: name).map { .interface($0.index) }
        guard let scope else { return [] }
        return Set(
            daemonClaims(on: key, of: scope, in: facts).filter { !$0.yieldsToFiles }.compactMap(\.owner.value))
    }
}
