// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Raises the soft limit of open files to the hard one. A watched namespace takes three, and the usual soft limit of
/// 1,024 is only there for programs that use select(2).
func raiseDescriptorLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
