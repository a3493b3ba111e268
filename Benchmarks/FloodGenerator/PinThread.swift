// SPDX-License-Identifier: Apache-2.0
import CFlood

/// Keeps the calling thread on one CPU.
package func pinThread(to cpu: Int) throws(FloodError) {
    let result = rpfw_pin_thread(Int32(cpu))
    guard result == 0 else { throw FloodError("cannot keep a thread on CPU \(cpu)", errno: -result) }
}
