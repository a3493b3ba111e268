// SPDX-License-Identifier: Apache-2.0

/// Octets from hexadecimal digits; white space is passed over, and what stands between `//` and the end of a line.
func hex(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    for line in text.split(separator: "\n") {
        var high: UInt8?
        for digit in line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex) {
            guard let value = digit.hexDigitValue.map({ UInt8($0) }) else { continue }
            if let first = high {
                result.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
    }
    return result
}
