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
	RPFW_OUTCOME_MARTIAN =
		6, /* refused, not by rp_filter, and this kernel does not say why (-EINVAL before 6.13) */
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

/* Bits of rpfw_key.traits. */
enum rpfw_trait : uint8_t {
	RPFW_TRAIT_IN_BRIDGE = 1, /* dropped in netfilter on a bridge, while it is still a port's frame */
	RPFW_TRAIT_IPV6 = 2, /* only ever with outcome NETFILTER: the kernel itself does not check IPv6 */
};

/*
 * What drops are counted by. Never by anything of the packet that a sender chooses freely, so that a spoofed flood
 * cannot grow the map. When the map is full a drop is counted by its outcome alone: the key is zero but for the
 * outcome and an ifindex of RPFW_OVERFLOW.
 */
#define RPFW_OVERFLOW 0xffffffffu
struct rpfw_key {
	uint64_t
		netns_cookie; /* where the cookie is an atomic (before 5.12): the address of struct net; 0: no device */
	uint32_t netns_inode;
	uint32_t ifindex; /* 0 for outcome OTHER */
	uint32_t reason; /* the kernel's number for the drop reason; 0 when there is none */
	uint8_t outcome; /* enum rpfw_outcome */
	uint8_t path; /* enum rpfw_path; of a unicast drop always UNKNOWN, so that the tiers count alike */
	uint8_t has_ipv4; /* the device has an IPv4 address */
	uint8_t traits; /* bits of enum rpfw_trait */
};
_Static_assert(sizeof(struct rpfw_key) == 24, "struct rpfw_key has padding");

/* One per key and CPU. The number of drops is the sum of the first four, so that a drop costs one addition. */
struct rpfw_counter {
	uint64_t emitted; /* written to the ring */
	uint64_t suppressed; /* detail left out on purpose: over the budget of this window, or never wanted */
	uint64_t lost_ring; /* the ring could not take it */
	uint64_t filtered; /* outside the source or destination filter */
	uint64_t first_ns; /* CLOCK_MONOTONIC */
	uint64_t last_ns; /* behind by up to a window when no record was written */
	uint64_t window; /* the slice of time that window_used belongs to; from jiffies, so never 0 */
	uint32_t window_used; /* records tried in it */
	uint32_t ifindex; /* as ifname, also where the key has none */
	char ifname[16]; /* when the key was first counted; empty on the CPUs that were not the first */
};
_Static_assert(sizeof(struct rpfw_counter) == 80, "struct rpfw_counter has padding");

/* Bits of rpfw_event.facts. */
enum rpfw_fact : uint16_t {
	RPFW_FACT_PORTS = 1, /* source_port and destination_port were readable */
	RPFW_FACT_MACS = 2,
	RPFW_FACT_SYSCTLS = 4, /* the device has an in_device: the sysctl fields are valid */
	RPFW_FACT_DNAT = 8, /* IPS_DST_NAT in the packet's conntrack entry */
	RPFW_FACT_RULES_KNOWN = 0x10, /* the next bit is valid */
	RPFW_FACT_CUSTOM_RULES = 0x20, /* sticky: a policy rule was added to this netns at some time */
	RPFW_FACT_LOCAL_ROUTES_KNOWN = 0x40,
	RPFW_FACT_CUSTOM_LOCAL_ROUTES = 0x80, /* sticky: a route of type local was added by hand */
};

/* Bits of rpfw_event.sysctls; each is "all" or "the interface", their meaning is the OR of both. */
enum rpfw_sysctl : uint8_t {
	RPFW_SYSCTL_ACCEPT_LOCAL_ALL = 1,
	RPFW_SYSCTL_ACCEPT_LOCAL_IFACE = 2,
	RPFW_SYSCTL_SRC_VALID_MARK_ALL = 4,
	RPFW_SYSCTL_SRC_VALID_MARK_IFACE = 8,
};

/* Raised when the layout or the meaning of struct rpfw_event changes. */
#define RPFW_ABI 1u

/* One refused packet. Addresses, ports, identification and fragment are in network byte order, all else is the CPU's. */
struct rpfw_event {
	uint32_t abi; /* RPFW_ABI */
	uint32_t ifindex; /* the ingress device; key.ifindex, also where the key has none */
	struct rpfw_key key;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t location; /* where the skb was freed; 0 when only the verdict hook saw it */
	uint32_t source;
	uint32_t destination;
	uint32_t mark;
	uint32_t length; /* octets from the IP header on */
	uint32_t vrf_ifindex; /* the l3mdev master that had taken the packet over; 0: none */
	uint32_t out_ifindex; /* the outgoing device of a forwarded packet, when the verdict hook saw it */
	int32_t verdict; /* return value of fib_validate_source; 0 when the verdict hook did not see it */
	int32_t rp_filter_all;
	int32_t rp_filter_iface;
	uint16_t source_port;
	uint16_t destination_port;
	uint16_t identification;
	uint16_t fragment; /* flags and offset as in the header */
	uint16_t gso_segments;
	uint16_t facts; /* bits of enum rpfw_fact */
	uint8_t protocol; /* 0 for ARP */
	uint8_t tos;
	uint8_t ttl;
	uint8_t hooks; /* bits of enum rpfw_hook */
	uint8_t path; /* enum rpfw_path; INPUT or FORWARD only from the verdict hook */
	uint8_t sysctls; /* bits of enum rpfw_sysctl */
	uint8_t source_mac[6];
	uint8_t destination_mac[6];
	uint8_t reserved[6];
	char ifname[16];
	char kind[16]; /* rtnl_link_ops kind; empty for a device without */
};
_Static_assert(sizeof(struct rpfw_event) == 152 && __builtin_offsetof(struct rpfw_event, kind) == 136,
	       "struct rpfw_event has padding");

/*
 * One IPv6 packet that netfilter dropped; its size tells it from the other record. The header's addresses, identification
 * and fragment are zero, as are the sysctls, which are IPv4's; tos is the traffic class, ttl the hop limit, protocol the
 * first header after the fixed one.
 */
struct rpfw_event_ipv6 {
	struct rpfw_event event;
	uint8_t source[16];
	uint8_t destination[16];
};
_Static_assert(sizeof(struct rpfw_event_ipv6) == 184, "struct rpfw_event_ipv6 has padding");

#define RPFW_WRITES_BYTES (64u << 10)

/* A process is about to write one of the sysctls that the source check reads: what it writes, not what comes of it. */
struct rpfw_write {
	uint32_t abi; /* RPFW_ABI */
	uint32_t netns_inode; /* of the writer, whose view of /proc/sys/net it is */
	uint64_t netns_cookie; /* as in rpfw_key */
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	int32_t process; /* numbers as process 1 sees them */
	int32_t parent;
	char comm[16]; /* of the thread that writes */
	char parent_comm[16];
	char name[64]; /* below /proc/sys: net/ipv4/conf/eth0.100/rp_filter */
	char before[16]; /* the text of each value, cut to what fits */
	char after[16];
};
_Static_assert(sizeof(struct rpfw_write) == 160, "struct rpfw_write has padding");

/* What userspace decides before the programs are loaded; constant afterwards, so the verifier removes what is off. */
struct rpfw_config {
	uint32_t netns_inode; /* only this namespace; 0: all */
	uint32_t source; /* network byte order, masked; a mask of 0 takes every address */
	uint32_t source_mask;
	uint32_t destination;
	uint32_t destination_mask;
	uint32_t detail_per_window; /* records of one key on one CPU in 2^RPFW_WINDOW_SHIFT jiffies */
	uint32_t detail_when_full; /* the same while the ring is more than half full */
	uint32_t ring_bytes;
	uint8_t record_other; /* write records for outcome OTHER too */
	uint8_t verdict_hook; /* a verdict hook is attached */
	uint8_t reserved[2];
};
_Static_assert(sizeof(struct rpfw_config) == 36, "struct rpfw_config has padding");

#define RPFW_WINDOW_SHIFT 2 /* 16 ms at 250 Hz */
#define RPFW_RING_BYTES (8u << 20)

/* Of each CPU; userspace reads the last three fields only. */
struct rpfw_cpu {
	/* Drops that the first drop program has seen: see "Nesting" in rpfwatch.bpf.c. */
	uint64_t mark[2];
	uint32_t last_mark; /* the younger of the two */
	int32_t refused_verdict;

	/* A refused verdict that waits for the drop of its skb: see "Verdicts". */
	uint64_t refused_skb; /* 0: none */
	uint64_t refused_ns;
	uint32_t refused_source;
	uint32_t refused_destination;
	uint32_t refused_oif;
	uint16_t refused_id;
	uint8_t refused_path;
	uint8_t reserved;

	uint64_t last_wakeup_ns;
	/* Drops that interrupted another drop's programs: counted by the second, as the first was skipped, or by the first. */
	uint64_t second_chances;
	uint64_t interruptions;
	uint64_t unmatched_refusals; /* refusals whose entry the kprobe missed: nothing but the verdict is known */
};
_Static_assert(sizeof(struct rpfw_cpu) == 88, "struct rpfw_cpu has padding");

#endif
