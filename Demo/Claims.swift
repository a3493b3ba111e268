// SPDX-License-Identifier: Apache-2.0

/// What the demo says must happen, and whether it did.
struct Claims {
    private var held = 0
    private var broken: [String] = []

    mutating func check(_ claim: String, _ holds: Bool) {
        if holds {
            held += 1
        } else {
            broken.append(claim)
            Screen.note("NOT AS CLAIMED: \(claim)")
        }
    }

    /// Prints the balance; true when every claim held.
    func conclude() -> Bool {
        Screen.show("")
        guard broken.isEmpty else {
            Screen.show("\(broken.count) of \(held + broken.count) claims did not hold:")
            for claim in broken { Screen.show("  - \(claim)") }
            return false
        }
        Screen.show("All \(held) claims above were checked and held.")
        return true
    }
}
