/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CASES_H
#define CASES_H

/*
 * Packets that the kernel refuses or accepts on the interface a0 of `topology`, and what must be said about them.
 */
#include "event.h"

#include <stdbool.h>
#include <stddef.h>

enum frame_kind { FRAME_UDP, FRAME_UDP_IN_BROADCAST, FRAME_ARP };

/* Sysctls under net/ipv4; those without a name are 0. */
struct setting {
	const char *path;
	const char *value;
};

struct test_case {
	const char *name;
	struct setting settings[4];
	const char *command; /* run before the packets are sent, in the shell */
	enum frame_kind frame;
	const char *source;
	const char *destination;

	/* What the kernel does, and with it what must be seen of it; OTHER: the packet is not refused. */
	enum rpfw_outcome outcome;
	/* What the verdict hook makes of the path; in the drop hook a unicast packet has none. */
	enum rpfw_path path;
	const char *out; /* the outgoing device of a forwarded packet */
	const char *vrf;
	int32_t rp_filter_all;
	int32_t rp_filter_iface;
	uint8_t sysctls;
	bool has_custom_rules;
};

extern const struct test_case test_cases[];
extern const size_t test_case_count;

/* True when the packets of a case are counted in IPReversePathFilter: ARP requests are refused, but not dropped packets. */
bool is_counted_by_kernel(const struct test_case *test_case);

#endif
