// SPDX-License-Identifier: Apache-2.0

/// Numbers of routing tables in the order in which a lookup consulted them, without repeats. Up to eight need no memory
/// of their own, so that a lookup allocates none.
package struct ConsultedTables: Sendable {
    private static let room = 8

    private var first: InlineArray<8, UInt32> = .init(repeating: 0)
    private var inlineCount = 0
    private var more: [UInt32] = []

    package init() {}

    package mutating func append(_ table: UInt32) {
        if inlineCount < Self.room {
            first[inlineCount] = table
            inlineCount += 1
        } else {
            more.append(table)
        }
    }
}

extension ConsultedTables: RandomAccessCollection, ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: UInt32...) {
        for element in elements { append(element) }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { inlineCount + more.count }

    package subscript(index: Int) -> UInt32 { index < Self.room ? first[index] : more[index - Self.room] }
}

extension ConsultedTables: Hashable {
    package static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }

    package func hash(into hasher: inout Hasher) {
        for table in self { hasher.combine(table) }
        hasher.combine(count)
    }
}
