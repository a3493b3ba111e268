// SPDX-License-Identifier: Apache-2.0
package import Facts

extension NetworkNamespace {
    /// A snapshot of everything that decides reverse path filtering in the namespace. Needs no privilege for the own
    /// one.
    package borrowing func facts(
        _ identity: NamespaceIdentity, includingFilterRules: Bool = false
    ) throws(HostError) -> NetworkFacts {
        try run { () throws(HostError) -> NetworkFacts in
            var reader = try FactsReader()
            var facts = try reader.read(identity)
            if includingFilterRules { facts.filterRules = FilterRules.read().rules }
            return facts
        }
    }
}
