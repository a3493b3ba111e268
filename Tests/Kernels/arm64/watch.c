// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <net/if.h>

/* What is expected in a tier of a kernel; OTHER: the tier is blind, or there is nothing to see. */
static enum rpfw_outcome expected_outcome(const struct test_case *test_case, enum tier tier,
					  const struct reasons *reasons)
{
	if (test_case->frame == FRAME_ARP && tier == TIER_TRACEPOINT)
		return RPFW_OUTCOME_OTHER;
	if (test_case->outcome == RPFW_OUTCOME_LOCAL_SOURCE && !reasons->local_source)
		return tier == TIER_TRACEPOINT ? RPFW_OUTCOME_OTHER : RPFW_OUTCOME_MARTIAN;
	return test_case->outcome;
}

static struct rpfw_key expected_key(const struct test_case *test_case, enum rpfw_outcome outcome,
				    const struct reasons *reasons)
{
	struct rpfw_key key = { .ifindex = if_nametoindex("a0"), .outcome = outcome, .has_ipv4 = 1 };
	socklen_t size = sizeof(key.netns_cookie);
	struct stat namespace = {};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	stat("/proc/self/ns/net", &namespace);
	key.netns_inode = namespace.st_ino;
	getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &key.netns_cookie, &size);
	close(fd);
	if (test_case->path == RPFW_PATH_ARP || test_case->path == RPFW_PATH_BROADCAST)
		key.path = test_case->path;
	switch (outcome) {
	case RPFW_OUTCOME_RPFILTER:
		/* No drop, no reason, unless the verdict itself is one. */
		if (test_case->frame != FRAME_ARP || reasons->local_source)
			key.reason = reasons->reverse_path;
		break;
	case RPFW_OUTCOME_MARTIAN:
		key.reason = reasons->not_specified;
		break;
	default:
		key.reason = reasons->local_source;
	}
	return key;
}

static void check_key(const struct rpfw_key *is, const struct rpfw_key *wanted, struct problems *problems)
{
	expect(problems, "key.netns_cookie", is->netns_cookie, wanted->netns_cookie);
	expect(problems, "key.netns_inode", is->netns_inode, wanted->netns_inode);
	expect(problems, "key.ifindex", is->ifindex, wanted->ifindex);
	expect(problems, "key.reason", is->reason, wanted->reason);
	expect(problems, "key.outcome", is->outcome, wanted->outcome);
	expect(problems, "key.path", is->path, wanted->path);
	expect(problems, "key.has_ipv4", is->has_ipv4, wanted->has_ipv4);
}

static int32_t expected_verdict(enum rpfw_outcome outcome, const struct reasons *reasons)
{
	if (reasons->local_source)
		return outcome == RPFW_OUTCOME_RPFILTER ? -(int32_t)reasons->reverse_path :
							  -(int32_t)reasons->local_source;
	return outcome == RPFW_OUTCOME_RPFILTER ? -EXDEV : -EINVAL;
}

static void check_packet(const struct rpfw_event *event, const struct test_case *test_case, int number,
			 struct problems *problems)
{
	struct frame frame;

	build_frame(&frame, test_case, number);
	expect(problems, "length", event->length, sizeof(frame.udp));
	expect(problems, "protocol", event->protocol, IPPROTO_UDP);
	expect(problems, "tos", event->tos, TOS);
	expect(problems, "ttl", event->ttl, TTL);
	expect(problems, "identification", ntohs(event->identification), FIRST_ID + number);
	expect(problems, "fragment", event->fragment, 0);
	expect(problems, "source port", ntohs(event->source_port), SOURCE_PORT);
	expect(problems, "destination port", ntohs(event->destination_port), DESTINATION_PORT);
}

static void check_ethernet(const struct rpfw_event *event, const struct test_case *test_case, struct problems *problems)
{
	struct frame frame;

	build_frame(&frame, test_case, 0);
	if (memcmp(event->source_mac, frame.ethernet.h_source, ETH_ALEN) ||
	    memcmp(event->destination_mac, frame.ethernet.h_dest, ETH_ALEN))
		complain(problems, "the Ethernet addresses are others");
}

static void check_event(const struct rpfw_event *event, const struct test_case *test_case, const struct rpfw_key *key,
			enum tier tier, int number, const struct reasons *reasons, struct problems *problems)
{
	bool is_arp = test_case->frame == FRAME_ARP, has_verdict = tier != TIER_TRACEPOINT;
	uint16_t facts = RPFW_FACT_MACS | RPFW_FACT_SYSCTLS | RPFW_FACT_RULES_KNOWN | RPFW_FACT_LOCAL_ROUTES_KNOWN;

	check_key(&event->key, key, problems);
	check_ethernet(event, test_case, problems);
	expect(problems, "abi", event->abi, RPFW_ABI);
	expect(problems, "ifindex", event->ifindex, key->ifindex);
	expect_name(problems, "ifname", event->ifname, "a0");
	expect_name(problems, "kind", event->kind, "veth");
	expect(problems, "source", event->source, inet_addr(test_case->source));
	expect(problems, "destination", event->destination, inet_addr(test_case->destination));
	expect(problems, "mark", event->mark, 0);
	expect(problems, "gso_segments", event->gso_segments, 0);
	expect(problems, "rp_filter_all", event->rp_filter_all, test_case->rp_filter_all);
	expect(problems, "rp_filter_iface", event->rp_filter_iface, test_case->rp_filter_iface);
	expect(problems, "sysctls", event->sysctls, test_case->sysctls);
	expect(problems, "vrf_ifindex", event->vrf_ifindex, test_case->vrf ? if_nametoindex(test_case->vrf) : 0);
	expect(problems, "hooks", event->hooks, (is_arp ? 0 : RPFW_HOOK_DROP) | (has_verdict ? RPFW_HOOK_VERDICT : 0));
	expect(problems, "path", event->path, has_verdict ? test_case->path : key->path);
	expect(problems, "verdict", event->verdict, has_verdict ? expected_verdict(key->outcome, reasons) : 0);
	expect(problems, "out_ifindex", event->out_ifindex,
	       has_verdict && test_case->out ? if_nametoindex(test_case->out) : 0);
	expect(problems, "location is known", event->location != 0, !is_arp);
	if (!is_arp) {
		facts |= RPFW_FACT_PORTS;
		check_packet(event, test_case, number, problems);
	}
	if (test_case->has_custom_rules)
		facts |= RPFW_FACT_CUSTOM_RULES;
	expect(problems, "facts", event->facts, facts);
}

/* What a key has grown by; keys of no interest (other reasons) are left out. */
static int growth(struct probe *probe, uint32_t netns_inode, const struct count *before, int before_count,
		  struct count *grown, struct problems *problems)
{
	struct count after[MAX_COUNTS];
	int after_count = probe_counts(probe, netns_inode, after), result = 0;

	if (after_count < 0)
		complain(problems, "cannot read the counters: %s", strerror(-after_count));
	for (int i = 0; i < after_count; i++) {
		struct count count = after[i];

		for (int j = 0; j < before_count; j++)
			if (!memcmp(&before[j].key, &count.key, sizeof(count.key))) {
				count.counter.emitted -= before[j].counter.emitted;
				count.counter.suppressed -= before[j].counter.suppressed;
				count.counter.lost_ring -= before[j].counter.lost_ring;
				count.counter.filtered -= before[j].counter.filtered;
			}
		if (count.key.outcome != RPFW_OUTCOME_OTHER &&
		    count.counter.emitted + count.counter.suppressed + count.counter.lost_ring + count.counter.filtered)
			grown[result++] = count;
	}
	return result;
}

static int records_of(const struct probe *probe, uint32_t netns_inode)
{
	int records = 0;

	for (size_t i = 0; i < probe->event_count; i++)
		records += probe->events[i].key.netns_inode == netns_inode;
	return records;
}

bool watch(const struct test_case *test_case, struct probe *probe, const struct reasons *reasons,
	   struct problems *problems)
{
	enum rpfw_outcome outcome = expected_outcome(test_case, probe->tier, reasons);
	int wanted = outcome == RPFW_OUTCOME_OTHER ? 0 : PACKETS;
	struct rpfw_key key = expected_key(test_case, outcome, reasons);
	struct count before[MAX_COUNTS], grown[MAX_COUNTS];
	int before_count = probe_counts(probe, key.netns_inode, before), grown_count, number = 0;

	probe->event_count = 0;
	provoke(test_case, problems);
	for (int tries = 0; tries < 100; tries++) {
		if (probe_consume(probe))
			complain(problems, "the ring cannot be read");
		if (records_of(probe, key.netns_inode) >= wanted)
			break;
		sleep_milliseconds(20);
	}
	grown_count = growth(probe, key.netns_inode, before, before_count, grown, problems);

	expect(problems, "the number of counted keys", grown_count, wanted ? 1 : 0);
	if (grown_count == 1 && wanted) {
		check_key(&grown[0].key, &key, problems);
		expect(problems, "emitted", grown[0].counter.emitted, wanted);
		expect(problems, "suppressed", grown[0].counter.suppressed, 0);
		expect(problems, "lost_ring", grown[0].counter.lost_ring, 0);
		expect(problems, "filtered", grown[0].counter.filtered, 0);
		expect_name(problems, "the counter's ifname", grown[0].counter.ifname, "a0");
	}
	for (size_t i = 0; i < probe->event_count; i++)
		if (probe->events[i].key.netns_inode == key.netns_inode)
			check_event(&probe->events[i], test_case, &key, probe->tier, number++, reasons, problems);
	expect(problems, "the number of records", number, wanted);
	return !wanted && test_case->outcome != RPFW_OUTCOME_OTHER;
}
