// SPDX-License-Identifier: Apache-2.0

/// Something the lab itself could not do; never a statement about the program under test.
package struct LabError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// A call that failed with `number` (errno) on `subject`.
    package init(_ call: String, _ subject: String, errno number: Int32) {
        description = "\(call) \(subject): \(errorText(number))"
    }
}
