// SPDX-License-Identifier: Apache-2.0
import Drops
import Testing

@Suite struct RecordTests {
    @Test func shortRecordsAreNoEvents() {
        let bytes = [UInt8](repeating: 0, count: 10)
        #expect(unsafe DropEvent(record: bytes.span.bytes) == nil)
    }
}
