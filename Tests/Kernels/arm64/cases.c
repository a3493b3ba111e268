// SPDX-License-Identifier: Apache-2.0
#include "cases.h"

const struct test_case test_cases[] = {
	{
		.name = "strict on the interface drops a source that is routed through another",
		.settings = { { "conf/a0/rp_filter", "1" } },
		.source = "203.0.113.5",
		.destination = "192.0.2.1",
		.outcome = RPFW_OUTCOME_RPFILTER,
		.path = RPFW_PATH_INPUT,
		.rp_filter_iface = 1,
	},
	{
		.name = "loose everywhere beats strict on the interface and drops a source without a route",
		.settings = { { "conf/all/rp_filter", "2" },
			      { "conf/a0/rp_filter", "1" },
			      { "conf/all/accept_local", "1" },
			      { "conf/a0/src_valid_mark", "1" } },
		.source = "203.0.113.200",
		.destination = "192.0.2.1",
		.outcome = RPFW_OUTCOME_RPFILTER,
		.path = RPFW_PATH_INPUT,
		.rp_filter_all = 2,
		.rp_filter_iface = 1,
		.sysctls = RPFW_SYSCTL_ACCEPT_LOCAL_ALL | RPFW_SYSCTL_SRC_VALID_MARK_IFACE,
	},
	{
		.name = "a packet to be forwarded is refused with its outgoing interface",
		.settings = { { "conf/all/rp_filter", "1" },
			      { "conf/a0/forwarding", "1" },
			      { "conf/a0/accept_local", "1" },
			      { "conf/all/src_valid_mark", "1" } },
		.source = "203.0.113.200",
		.destination = "198.51.100.77",
		.outcome = RPFW_OUTCOME_RPFILTER,
		.path = RPFW_PATH_FORWARD,
		.out = "b0",
		.rp_filter_all = 1,
		.sysctls = RPFW_SYSCTL_ACCEPT_LOCAL_IFACE | RPFW_SYSCTL_SRC_VALID_MARK_ALL,
	},
	{
		.name = "a frame that is sent to everybody is a broadcast",
		.settings = { { "conf/a0/rp_filter", "1" } },
		.frame = FRAME_UDP_IN_BROADCAST,
		.source = "203.0.113.5",
		.destination = "192.0.2.255",
		.outcome = RPFW_OUTCOME_RPFILTER,
		.path = RPFW_PATH_BROADCAST,
		.rp_filter_iface = 1,
	},
	{
		.name = "an ARP request from a refused source is seen by the verdict alone",
		.settings = { { "conf/a0/rp_filter", "1" } },
		.frame = FRAME_ARP,
		.source = "203.0.113.5",
		.destination = "192.0.2.1",
		.outcome = RPFW_OUTCOME_RPFILTER,
		.path = RPFW_PATH_ARP,
		.rp_filter_iface = 1,
	},
	{
		.name = "one of the host's own addresses as source is not rp_filter",
		.settings = { { "conf/a0/rp_filter", "1" } },
		.source = "198.51.100.1",
		.destination = "192.0.2.1",
		.outcome = RPFW_OUTCOME_LOCAL_SOURCE,
		.path = RPFW_PATH_INPUT,
		.rp_filter_iface = 1,
	},
	{
		.name = "a source behind its own interface is accepted",
		.settings = { { "conf/a0/rp_filter", "1" } },
		.source = "192.0.2.77",
		.destination = "192.0.2.1",
	},
	{
		.name = "a member of a VRF is named, not the VRF",
		.settings = { { "conf/a0/rp_filter", "1" } },
		.command = "ip link add vrf0 type vrf table 100 && ip link set vrf0 up && ip link set a0 master vrf0",
		.source = "203.0.113.200",
		.destination = "192.0.2.1",
		.outcome = RPFW_OUTCOME_RPFILTER,
		.path = RPFW_PATH_INPUT,
		.vrf = "vrf0",
		.rp_filter_iface = 1,
		.has_custom_rules = true,
	},
};
const size_t test_case_count = sizeof(test_cases) / sizeof(*test_cases);

bool is_counted_by_kernel(const struct test_case *test_case)
{
	return test_case->outcome == RPFW_OUTCOME_RPFILTER && test_case->frame != FRAME_ARP;
}
