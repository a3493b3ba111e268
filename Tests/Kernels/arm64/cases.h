/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CASES_H
#define CASES_H

/*
 * Real packets that the kernel refuses or accepts, on the interface a0 of `topology`, and what must be said about them.
 */
#include "probe.h"

#include <stdarg.h>

/* What went wrong, one sentence after the other; empty when nothing did. */
struct problems {
	char text[2048];
	size_t length;
};

void complain(struct problems *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum frame { FRAME_UDP, FRAME_UDP_IN_BROADCAST, FRAME_ARP };

/* Sysctls under net/ipv4; those without a name are 0. */
struct setting {
	const char *path;
	const char *value;
};

struct test_case {
	const char *name;
	struct setting settings[4];
	const char *command; /* run before the packets are sent, in the shell */
	enum frame frame;
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

enum { PACKETS = 3 };

/* How often this namespace's IP receive path has dropped for rp_filter (TcpExt IPReversePathFilter); -1: not readable. */
long kernel_counter(void);

/* Makes the case's configuration, sends its packets and waits until they were received. */
void provoke(const struct test_case *test_case, struct problems *problems);

/* True when the packets of a case are counted in IPReversePathFilter. */
bool is_counted_by_kernel(const struct test_case *test_case);

/* Provokes a case under an attached probe and compares what it saw. True when this tier is blind for it. */
bool watch(const struct test_case *test_case, struct probe *probe, const struct reasons *reasons,
	   struct problems *problems);

#endif
