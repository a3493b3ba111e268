/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

/*
 * The packets of a case, written to a1 and received on a0.
 */
#include "cases.h"
#include "problems.h"

#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <net/if_arp.h>

/* How many packets a case sends. */
enum { PACKETS = 3 };

/* Different from each other and from zero, so that a field read from another's place is noticed. */
enum { SOURCE_PORT = 40000, DESTINATION_PORT = 9, TTL = 61, TOS = 0x48, FIRST_ID = 0x1234, PAYLOAD = 12 };

struct frame {
	struct ethhdr ethernet;
	union {
		struct {
			struct iphdr ip;
			struct udphdr udp;
			uint8_t payload[PAYLOAD];
		} udp;
		struct {
			struct arphdr header;
			uint8_t sender_mac[ETH_ALEN];
			uint8_t sender[4];
			uint8_t target_mac[ETH_ALEN];
			uint8_t target[4];
		} arp;
	};
} __attribute__((packed));

/* The frame of a case with this number; returns its size. */
size_t build_frame(struct frame *frame, const struct test_case *test_case, int number);

/* How often this namespace's IP receive path has dropped for rp_filter (TcpExt IPReversePathFilter); -1: not readable. */
long kernel_counter(void);

void sleep_milliseconds(long milliseconds);

/* Makes the case's configuration, sends its packets and waits until they were received. */
void provoke(const struct test_case *test_case, struct problems *problems);

#endif
