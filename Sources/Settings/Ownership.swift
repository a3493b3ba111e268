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

    /// Everybody who may have, the surest first.
    package func candidates(_ key: InterfaceSysctl, _ scope: SysctlScope) -> [Owner] {
        let value = facts.configuration[scope, key]
        // Who sets another value by itself did not set this one.
        let claims = daemonClaims(on: key, of: scope, in: facts).filter { $0.owner.value.map { $0 == value } ?? true }
        let files = fileOwner(of: key, scope)
        let isByFiles = files.map { !$0.source.hasPrefix(Owner.unknown) } ?? false
        let (later, earlier) = (claims.filter { $0.yieldsToFiles }, claims.filter { !$0.yieldsToFiles })
        return earlier.map(\.owner) + (isByFiles ? [] : later.map(\.owner)) + [files].compactMap { $0 }
            + (isByFiles ? later.map(\.owner) : [])
    }

    /// By the files, the kernel's own values, and the difference to what is in force.
    private func fileOwner(of key: InterfaceSysctl, _ scope: SysctlScope) -> Owner? {
        guard let tree, let name = facts.directory(of: scope), name.isValidUTF8 else { return nil }
        let value = facts.configuration[scope, key]
        let forecast = tree.forecast(of: key, in: name)
        if let match = forecast.values.first(where: { $0.value == value }) {
            return Owner(source: Self.source(of: match), value: value)
        }
        let others = forecast.values.first { $0.statement != nil }.map {
            " (\(Self.source(of: $0)) says \($0.value))"
        }
        return Owner(source: Owner.unknown + (others ?? ""), value: value)
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
            guard !tree.statements(of: key, in: name).isEmpty else { return [now] }
            return Set(tree.forecast(of: key, in: name).values.map(\.value))
        }
        let owns = possible(name, now: own)
        let expected = possible("all", now: all).flatMap { all in owns.map { max(all, $0) } }
        return !expected.contains(max(all, own))
    }
}
