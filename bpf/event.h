/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RPFWATCH_EVENT_H
#define RPFWATCH_EVENT_H

/*
 * What the programs in this folder tell userspace. Both sides include this file: fixed widths, no unions, no
 * bit-fields, no implicit padding. Facts only; what they mean is decided in Sources/Attribution.
 */
#include <stdint.h>

/* Which hooks contributed to a record (bits of rpfw_event.hooks). */
enum rpfw_hook : uint8_t {
	RPFW_HOOK_DROP = 1, /* tp_btf/kfree_skb */
	RPFW_HOOK_VERDICT = 2, /* the return value of fib_validate_source */
};

/* What the kernel said, by hook and reason; one value for each reason that userspace tells apart. */
enum rpfw_outcome : uint8_t {
	RPFW_OUTCOME_OTHER = 0, /* any other reason; counted, never recorded unless asked for */
	RPFW_OUTCOME_RPFILTER = 1,
	RPFW_OUTCOME_LOCAL_SOURCE = 2,
	RPFW_OUTCOME_INVALID_SOURCE = 3,
	RPFW_OUTCOME_LOCALNET = 4,
	RPFW_OUTCOME_NETFILTER = 5,
	RPFW_OUTCOME_MARTIAN = 6, /* refused, not by rp_filter, and this kernel does not say why (-EINVAL before 6.13) */
};

/* Which way the packet was going, as far as the hook can tell. */
enum rpfw_path : uint8_t {
	RPFW_PATH_UNKNOWN = 0, /* unicast; the drop hook cannot tell input from forward */
	RPFW_PATH_INPUT = 1,
	RPFW_PATH_FORWARD = 2,
	RPFW_PATH_MULTICAST = 3,
	RPFW_PATH_BROADCAST = 4,
	RPFW_PATH_ARP = 5,
};

/*
 * What drops are counted by. Never by anything of the packet that a sender chooses freely, so that a spoofed flood
 * cannot grow the map. The overflow key is all zero but for the outcome, with ifindex RPFW_OVERFLOW.
 */
#define RPFW_OVERFLOW 0xffffffffu
struct rpfw_key {
	uint64_t netns_cookie; /* where the cookie is an atomic (before 5.12): the address of struct net */
	uint32_t netns_inode;
	uint32_t ifindex; /* 0 for outcome OTHER */
	uint32_t reason; /* the kernel's number for the drop reason; 0 when there is none */
	uint8_t outcome; /* enum rpfw_outcome */
	uint8_t path; /* enum rpfw_path; of a unicast drop always UNKNOWN, so that the tiers count alike */
	uint8_t has_ipv4; /* the device has an IPv4 address */
	uint8_t reserved;
};
_Static_assert(sizeof(struct rpfw_key) == 24, "struct rpfw_key has padding");

#endif
