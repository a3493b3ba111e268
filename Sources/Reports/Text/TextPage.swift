// SPDX-License-Identifier: Apache-2.0

/// Lines of text with indentation; sentences are broken at 100 columns, commands never.
struct TextPage {
    static let width = 100
    private(set) var text = ""
    let style: Style

    init(style: Style) { self.style = style }

    mutating func blank() {
        if !text.isEmpty && !text.hasSuffix("\n\n") { text += "\n" }
    }

    mutating func line(_ line: String, indent: Int = 0) {
        text += line.isEmpty ? "\n" : String(repeating: " ", count: indent) + line + "\n"
    }

    mutating func heading(_ heading: String, indent: Int = 0) { line(style.heading(heading), indent: indent) }

    /// A sentence or more, broken between words. `first` stands before it, the other lines hang below its end.
    mutating func paragraph(_ sentence: String, indent: Int, first: String = "", mark: (String) -> String = { $0 }) {
        let hang = String(repeating: " ", count: first.count)
        for (index, part) in Self.broken(sentence, width: Self.width - indent - first.count).enumerated() {
            line((index == 0 ? first : hang) + mark(part), indent: indent)
        }
    }

    mutating func item(_ sentence: String, indent: Int) { paragraph(sentence, indent: indent, first: "- ") }

    /// `Label      value`, the value hanging.
    mutating func field(_ label: String, _ value: String, indent: Int, mark: (String) -> String = { $0 }) {
        paragraph(value, indent: indent, first: Wording.padded(label, 13), mark: mark)
    }

    /// For pasting: one command a line, as it is.
    mutating func commands(_ commands: [String], indent: Int) {
        for command in commands { line(style.command(Wording.printable(command)), indent: indent) }
    }

    static func broken(_ sentence: String, width: Int) -> [String] {
        var lines: [String] = []
        var current = ""
        var length = 0
        for word in sentence.split(separator: " ") {
            let count = word.count
            if length > 0 && length + 1 + count > width {
                lines.append(current)
                current = ""
                length = 0
            }
            if length > 0 {
                current += " "
                length += 1
            }
            current += word
            length += count
        }
        if length > 0 { lines.append(current) }
        return lines
    }
}
