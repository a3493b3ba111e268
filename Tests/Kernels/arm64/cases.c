// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "cases.h"

#include "CLab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Different from each other and from zero, so that a field read from another's place is noticed. */
enum { SOURCE_PORT = 40000, DESTINATION_PORT = 9, TTL = 61, TOS = 0x48, FIRST_ID = 0x1234, PAYLOAD = 12 };

/* Every sysctl that a case may set; those that it does not are 0. */
static const char *const sysctl_paths[] = {
	"conf/all/rp_filter",	   "conf/a0/rp_filter",	     "conf/all/accept_local", "conf/a0/accept_local",
	"conf/all/src_valid_mark", "conf/a0/src_valid_mark", "conf/a0/forwarding",
};

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

void complain(struct problems *problems, const char *format, ...)
{
	size_t room = sizeof(problems->text) - problems->length;
	va_list arguments;
	int length;

	if (problems->length)
		length = snprintf(problems->text + problems->length, room, "; ");
	else
		length = 0;
	if ((size_t)length >= room)
		return;
	va_start(arguments, format);
	length += vsnprintf(problems->text + problems->length + length, room - length, format, arguments);
	va_end(arguments);
	problems->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void expect(struct problems *problems, const char *what, long long is, long long wanted)
{
	if (is != wanted)
		complain(problems, "%s is %lld (%#llx), not %lld (%#llx)", what, is, is, wanted, wanted);
}

static void expect_name(struct problems *problems, const char *what, const char is[IFNAMSIZ], const char *wanted)
{
	if (strncmp(is, wanted, IFNAMSIZ))
		complain(problems, "%s is \"%.*s\", not \"%s\"", what, IFNAMSIZ, is, wanted);
}

static void sleep_milliseconds(long milliseconds)
{
	nanosleep(&(struct timespec){ .tv_nsec = milliseconds * 1000000 }, NULL);
}

long kernel_counter(void)
{
	FILE *file = fopen("/proc/self/net/netstat", "re");
	char names[8192], values[8192];
	long result = -1;

	/* Pairs of lines: the names, and their values in the same order. */
	while (file && result < 0 && fgets(names, sizeof(names), file) && fgets(values, sizeof(values), file)) {
		char *next_name = names, *next_value = values, *name, *value;

		while ((name = strsep(&next_name, " \n")) && (value = strsep(&next_value, " \n")))
			if (!strcmp(name, "IPReversePathFilter"))
				result = strtol(value, NULL, 10);
	}
	if (file)
		fclose(file);
	return result;
}

static void set_sysctl(const char *path, const char *value, struct problems *problems)
{
	char full[128];
	int fd;

	snprintf(full, sizeof(full), "/proc/sys/net/ipv4/%s", path);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		complain(problems, "cannot set %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static uint16_t checksum(struct iphdr header)
{
	uint16_t words[sizeof(header) / sizeof(uint16_t)];
	uint32_t sum = 0;

	memcpy(words, &header, sizeof(header));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

struct frames {
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

/* A locally administered address that ends with the interface's name, as `topology` gives it. */
static void ethernet_address(uint8_t address[ETH_ALEN], uint8_t last)
{
	memcpy(address, (const uint8_t[ETH_ALEN]){ 2, [5] = last }, ETH_ALEN);
}

static size_t build(struct frames *frame, const struct test_case *test_case, int number)
{
	uint32_t source = inet_addr(test_case->source), destination = inet_addr(test_case->destination);

	memset(frame, 0, sizeof(*frame));
	ethernet_address(frame->ethernet.h_source, 0xa1);
	ethernet_address(frame->ethernet.h_dest, 0xa0);
	if (test_case->frame != FRAME_UDP)
		memset(frame->ethernet.h_dest, 0xff, ETH_ALEN);
	if (test_case->frame == FRAME_ARP) {
		frame->ethernet.h_proto = htons(ETH_P_ARP);
		frame->arp.header = (struct arphdr){
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETH_P_IP),
			.ar_hln = ETH_ALEN,
			.ar_pln = 4,
			.ar_op = htons(ARPOP_REQUEST),
		};
		ethernet_address(frame->arp.sender_mac, 0xa1);
		memcpy(frame->arp.sender, &source, sizeof(source));
		memcpy(frame->arp.target, &destination, sizeof(destination));
		return sizeof(frame->ethernet) + sizeof(frame->arp);
	}
	frame->ethernet.h_proto = htons(ETH_P_IP);
	frame->udp.ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = TOS,
		.tot_len = htons(sizeof(frame->udp)),
		.id = htons(FIRST_ID + number),
		.ttl = TTL,
		.protocol = IPPROTO_UDP,
		.saddr = source,
		.daddr = destination,
	};
	frame->udp.ip.check = checksum(frame->udp.ip);
	frame->udp.udp = (struct udphdr){
		.source = htons(SOURCE_PORT),
		.dest = htons(DESTINATION_PORT),
		.len = htons(sizeof(frame->udp.udp) + PAYLOAD),
	};
	return sizeof(frame->ethernet) + sizeof(frame->udp);
}

void provoke(const struct test_case *test_case, struct problems *problems)
{
	long counter = kernel_counter();
	int fd;

	for (size_t i = 0; i < sizeof(sysctl_paths) / sizeof(*sysctl_paths); i++) {
		const char *value = "0";

		for (size_t j = 0; j < sizeof(test_case->settings) / sizeof(*test_case->settings); j++)
			if (test_case->settings[j].path && !strcmp(test_case->settings[j].path, sysctl_paths[i]))
				value = test_case->settings[j].value;
		set_sysctl(sysctl_paths[i], value, problems);
	}
	if (test_case->command && system(test_case->command))
		complain(problems, "\"%s\" failed", test_case->command);

	fd = lab_packet_socket("a1", 0);
	if (fd < 0)
		complain(problems, "no packet socket on a1: %s", strerror(-fd));
	for (int number = 0; fd >= 0 && number < PACKETS; number++) {
		struct frames frame;
		size_t size = build(&frame, test_case, number);

		if (send(fd, &frame, size, 0) != (ssize_t)size)
			complain(problems, "cannot send: %s", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	/* A frame is received within the call that sends it, or soon after by the CPU's softirq thread. */
	if (is_counted_by_kernel(test_case))
		for (int tries = 0; tries < 100 && kernel_counter() < counter + PACKETS; tries++)
			sleep_milliseconds(20);
	sleep_milliseconds(50);
}

bool is_counted_by_kernel(const struct test_case *test_case)
{
	return test_case->outcome == RPFW_OUTCOME_RPFILTER && test_case->frame != FRAME_ARP;
}

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
	struct frames frame;

	build(&frame, test_case, number);
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
	struct frames frame;

	build(&frame, test_case, 0);
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
	if (probe_consume(probe))
		complain(problems, "the ring cannot be read");
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
