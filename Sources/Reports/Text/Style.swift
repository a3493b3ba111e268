// SPDX-License-Identifier: Apache-2.0

/// Emphasis on a terminal. Colour never carries a meaning that the words do not.
package struct Style: Hashable, Sendable {
    package var usesColor: Bool

    package init(usesColor: Bool) { self.usesColor = usesColor }

    package static let plain = Self(usesColor: false)
    package static let color = Self(usesColor: true)

    func heading(_ text: String) -> String { wrap(text, "1") }
    func command(_ text: String) -> String { wrap(text, "36") }
    func good(_ text: String) -> String { wrap(text, "32") }
    func warning(_ text: String) -> String { wrap(text, "33") }
    func faint(_ text: String) -> String { wrap(text, "2") }

    private func wrap(_ text: String, _ code: String) -> String {
        usesColor && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
