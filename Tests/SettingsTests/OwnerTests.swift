// SPDX-License-Identifier: Apache-2.0
import Settings
import Testing

@Test func ownersDifferByTheirLine() {
    #expect(Owner(source: "/etc/sysctl.d/a.conf:1") != Owner(source: "/etc/sysctl.d/a.conf:2"))
}
