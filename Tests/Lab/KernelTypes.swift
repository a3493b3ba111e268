// SPDX-License-Identifier: Apache-2.0
import CLab

/// What the kernel says of its own types (BTF).
package enum KernelTypes {
    /// Whether it has a type, member or constant of this name.
    package static func have(_ name: String) -> Bool {
        let name = [0] + Array(name.utf8) + [0]
        return unsafe types.withUnsafeBytes { types in
            unsafe name.withUnsafeBytes { name in
                unsafe lab_contains(types.baseAddress, types.count, name.baseAddress, name.count) != 0
            }
        }
    }

    private static let types = bytes(of: "/sys/kernel/btf/vmlinux") ?? []
}
