/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * The hooks: what the kernel refused, with the facts of that moment. No judgement here.
 *
 * Two kinds of hook. The drop hook sees every skb that is freed with a reason (tp_btf/kfree_skb). The verdict hook sees
 * the return value of fib_validate_source, the function that is rp_filter, where the kernel allows a program there.
 * Every drop is counted exactly in "counters"; the ring carries the detail of as many as the budget allows.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "event.h"
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct rpfw_config config;

/* Set by userspace once every program is attached, and cleared before the first is detached: both at one moment. */
volatile uint32_t enabled;

/* With an entry for each outcome from the start, for the drops that find the map full: see RPFW_OVERFLOW. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1); /* set before loading */
	__type(key, struct rpfw_key);
	__type(value, struct rpfw_counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct rpfw_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RPFW_RING_BYTES);
} ring SEC(".maps");

#define MILLISECOND 1000000ull

/*
 * A refused verdict waits for its drop no longer than this. The two are microseconds apart, but a virtual CPU may stand
 * still in between for as long as its host likes; what comes on this CPU meanwhile is told by address, source,
 * destination and IP id.
 */
#define JOIN_WITHIN (1000 * MILLISECOND)

/* A lone record wakes userspace at once, a stream of them every so often; see wakeup_flags. */
#define WAKEUP_INTERVAL (5 * MILLISECOND)
#define WAKEUP_INTERVAL_FILLING (MILLISECOND / 2)

/* include/uapi/linux/if_arp.h, which drags in the C library's headers. */
#define ARPHRD_ETHER 1

#define EMPTY_MAC_HEADER 0xffff
#define DEVICE_HASH_BUCKETS 256 /* NETDEV_HASHENTRIES */
#define DEVICE_HASH_STEPS 16 /* a chain is longer than that only beyond some 4,000 devices */

/* The reason's number in the running kernel, or one that no drop has. */
#define NO_REASON 0xffffffffu
#define REASON(name)                                                                           \
	(bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_##name) ?            \
		 (uint32_t)bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_##name) : \
		 NO_REASON)

/*
 * Since v6.13 the source check returns the negated drop reason, before that a negative errno. The numbers of the two
 * overlap, so the value itself cannot tell; that the reasons exist can (479aed04e84a).
 */
#define VERDICT_IS_REASON bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_IP_LOCAL_SOURCE)

/*
 * A field behind a pointer. In programs on BTF tracepoints and fexit the verifier knows the type and lets a plain load
 * through, which costs nothing; behind a number (kprobe registers, a device found by its index) only the helper reads.
 * Either way a bad address reads as zero. The plain load owes that to an exception table, which kernels without
 * 7d2cc63eca0c give only to programs that call no function of their own: in others a bad address is a panic. So every
 * function here is inlined, and build.sh refuses one that is not.
 */
#define LOAD(probed, pointer, field)                                                                                \
	({                                                                                                          \
		/* A variable of its own, or reading the pointer out of a struct of ours would be relocated too. */ \
		__typeof__(pointer) base = (pointer);                                                               \
		__typeof__(base->field) value = (probed) ? BPF_CORE_READ(base, field) : base->field;                \
		value;                                                                                              \
	})

/* An access that stays where it is written, for what an interrupting program sees too. */
#define READ_ONCE(place) (*(volatile typeof(place) *)&(place))
#define WRITE_ONCE(place, value) (*(volatile typeof(place) *)&(place) = (value))

/* A drop, as far as the hook that counts it knows. */
struct sighting {
	struct sk_buff *skb;
	struct net_device *device; /* ingress; NULL: the skb's own */
	struct net *net;
	uint64_t location;
	struct iphdr header; /* zero when it could not be read */
	uint32_t source;
	uint32_t destination;
	uint32_t vrf_ifindex;
	uint32_t out_ifindex;
	int32_t verdict;
	uint8_t hooks;
	uint8_t path;
};

/*
 * Whether a pointer can be one of the kernel's, whose addresses are the upper half on every 64-bit machine. Older kernels
 * take a page fault to find out that NULL is none, and some would read a process' memory.
 */
static __always_inline bool is_kernel_address(const void *pointer)
{
	return (int64_t)pointer < 0;
}

static __always_inline struct rpfw_cpu *this_cpu(void)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(&cpus, &zero);
}

/*
 * Atomic, although the counter is this CPU's own: a drop that interrupts this one counts on the same CPU. Relaxed, which
 * is the form without a result that kernels before v5.12 know.
 */
static __always_inline void add_one(uint64_t *number)
{
	__c11_atomic_fetch_add((_Atomic uint64_t *)number, 1, __ATOMIC_RELAXED);
}

static __always_inline uint64_t netns_cookie(struct net *net, const bool probed)
{
	struct net___old *old = (void *)net;

	if (bpf_core_field_exists(old->net_cookie.counter))
		return (uint64_t)net;
	return LOAD(probed, net, net_cookie);
}

static __always_inline uint8_t outcome_of(uint32_t reason)
{
	if (reason == REASON(IP_RPFILTER))
		return RPFW_OUTCOME_RPFILTER;
	if (reason == REASON(IP_LOCAL_SOURCE))
		return RPFW_OUTCOME_LOCAL_SOURCE;
	if (reason == REASON(IP_INVALID_SOURCE))
		return RPFW_OUTCOME_INVALID_SOURCE;
	if (reason == REASON(IP_LOCALNET))
		return RPFW_OUTCOME_LOCALNET;
	if (reason == REASON(NETFILTER_DROP))
		return RPFW_OUTCOME_NETFILTER;
	return RPFW_OUTCOME_OTHER;
}

static __always_inline uint8_t outcome_of_verdict(int32_t verdict)
{
	if (VERDICT_IS_REASON)
		return outcome_of(-verdict);
	return verdict == -EXDEV ? RPFW_OUTCOME_RPFILTER : RPFW_OUTCOME_MARTIAN;
}

/* The IP header when it is complete in the linear part. */
static __always_inline void read_header(struct sighting *seen, const bool probed)
{
	struct sk_buff *skb = seen->skb;
	uint32_t offset = LOAD(probed, skb, network_header);
	unsigned char *head = LOAD(probed, skb, head);
	bool is_linear = offset + sizeof(seen->header) <= LOAD(probed, skb, tail);

	/* Reading from NULL fails, which fills with zeros. */
	bpf_probe_read_kernel(&seen->header, sizeof(seen->header), is_linear ? head + offset : NULL);
	seen->source = seen->header.saddr;
	seen->destination = seen->header.daddr;
}

static __always_inline struct net_device *ingress_device(const struct sighting *seen)
{
	struct net_device *device = seen->device;
	struct sk_buff *skb = seen->skb;

	return device ? device : BPF_CORE_READ(skb, dev);
}

/* What the header and the frame tell of the path; a unicast packet's hook cannot tell input from forward. */
static __always_inline uint8_t path_of(struct sighting *seen, const bool probed)
{
	struct sk_buff *skb = seen->skb;
	uint8_t type = probed ? BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type) : BPF_CORE_READ_BITFIELD(skb, pkt_type);

	if ((seen->destination & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000))
		return RPFW_PATH_MULTICAST;
	if (seen->destination == 0xffffffff || type == PACKET_BROADCAST)
		return RPFW_PATH_BROADCAST;
	return RPFW_PATH_UNKNOWN;
}

/* The same of IPv6, which has no broadcast. */
static __always_inline uint8_t path_of_ipv6(const struct sk_buff *skb)
{
	struct ipv6hdr *header = (void *)(skb->head + skb->network_header);
	uint8_t first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), &header->daddr);
	return first == 0xff ? RPFW_PATH_MULTICAST : RPFW_PATH_UNKNOWN;
}

/* The device with this index, as dev_get_by_index_rcu finds it; NULL when it is gone. */
static __always_inline struct net_device *find_device(struct net *net, uint32_t ifindex)
{
	struct hlist_head *buckets = BPF_CORE_READ(net, dev_index_head);
	struct hlist_node *node = NULL;

	bpf_probe_read_kernel(&node, sizeof(node), buckets + (ifindex & (DEVICE_HASH_BUCKETS - 1)));
	for (int step = 0; step < DEVICE_HASH_STEPS && node; step++) {
		struct net_device *device = (void *)node - bpf_core_field_offset(struct net_device, index_hlist);

		if ((uint32_t)BPF_CORE_READ(device, ifindex) == ifindex)
			return device;
		node = BPF_CORE_READ(node, next);
	}
	return NULL;
}

static __always_inline struct rpfw_counter *counter_for(const struct rpfw_key *key, const struct sighting *seen)
{
	struct rpfw_counter *counter = bpf_map_lookup_elem(&counters, key);
	struct rpfw_key overflow = { .ifindex = RPFW_OVERFLOW, .outcome = key->outcome };
	struct rpfw_counter fresh = {};

	if (counter)
		return counter;
	if (key->ifindex) {
		struct net_device *device = ingress_device(seen);

		fresh.ifindex = key->ifindex;
		bpf_core_read(fresh.ifname, sizeof(fresh.ifname), &device->name);
	}
	/* Fails when another CPU, or a drop that interrupted this one, was faster: then theirs is found. */
	bpf_map_update_elem(&counters, key, &fresh, BPF_NOEXIST);
	counter = bpf_map_lookup_elem(&counters, key);
	return counter ? counter : bpf_map_lookup_elem(&counters, &overflow);
}

static __always_inline bool outside_filters(const struct sighting *seen)
{
	return (seen->source & config.source_mask) != config.source ||
	       (seen->destination & config.destination_mask) != config.destination;
}

/* The first record after a pause wakes the reader, later ones only so often: one wake-up a record halves the rate. */
static __always_inline uint64_t wakeup_flags(struct rpfw_cpu *cpu, uint64_t now, uint64_t unread)
{
	uint64_t since = now - cpu->last_wakeup_ns;

	if (since < WAKEUP_INTERVAL && (unread < config.ring_bytes / 4 || since < WAKEUP_INTERVAL_FILLING))
		return BPF_RB_NO_WAKEUP;
	cpu->last_wakeup_ns = now;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void describe_sysctls(struct rpfw_event *event, struct net_device *device, struct net *net)
{
	struct in_device *in_device = BPF_CORE_READ(device, ip_ptr);
	struct ipv4_devconf *all = BPF_CORE_READ(net, ipv4.devconf_all);
	/* From the first to the last that is wanted: a read for each would cost seven times as much. */
	int all_values[IPV4_DEVCONF_SRC_VMARK - IPV4_DEVCONF_RP_FILTER + 1] = {};
	int own_values[IPV4_DEVCONF_SRC_VMARK - IPV4_DEVCONF_RP_FILTER + 1] = {};

	if (!in_device || !all)
		return;
	event->facts |= RPFW_FACT_SYSCTLS;
	bpf_core_read(all_values, sizeof(all_values), &all->data[IPV4_DEVCONF_RP_FILTER - 1]);
	bpf_core_read(own_values, sizeof(own_values), &in_device->cnf.data[IPV4_DEVCONF_RP_FILTER - 1]);
	event->rp_filter_all = all_values[0];
	event->rp_filter_iface = own_values[0];
	if (all_values[IPV4_DEVCONF_ACCEPT_LOCAL - IPV4_DEVCONF_RP_FILTER])
		event->sysctls |= RPFW_SYSCTL_ACCEPT_LOCAL_ALL;
	if (own_values[IPV4_DEVCONF_ACCEPT_LOCAL - IPV4_DEVCONF_RP_FILTER])
		event->sysctls |= RPFW_SYSCTL_ACCEPT_LOCAL_IFACE;
	if (all_values[IPV4_DEVCONF_SRC_VMARK - IPV4_DEVCONF_RP_FILTER])
		event->sysctls |= RPFW_SYSCTL_SRC_VALID_MARK_ALL;
	if (own_values[IPV4_DEVCONF_SRC_VMARK - IPV4_DEVCONF_RP_FILTER])
		event->sysctls |= RPFW_SYSCTL_SRC_VALID_MARK_IFACE;
}

static __always_inline void describe_rules(struct rpfw_event *event, struct net *net)
{
	/* A kernel without policy routing has no rules to be custom. */
	event->facts |= RPFW_FACT_RULES_KNOWN;
	if (bpf_core_field_exists(net->ipv4.fib_has_custom_rules) && BPF_CORE_READ(net, ipv4.fib_has_custom_rules))
		event->facts |= RPFW_FACT_CUSTOM_RULES;
	if (bpf_core_field_exists(net->ipv4.fib_has_custom_local_routes)) {
		event->facts |= RPFW_FACT_LOCAL_ROUTES_KNOWN;
		if (BPF_CORE_READ(net, ipv4.fib_has_custom_local_routes))
			event->facts |= RPFW_FACT_CUSTOM_LOCAL_ROUTES;
	}
}

static __always_inline bool has_ports(uint8_t protocol)
{
	switch (protocol) {
	case 6: /* TCP */
	case 17: /* UDP */
	case 33: /* DCCP */
	case 132: /* SCTP */
	case 136: /* UDP-Lite */
		return true;
	default:
		return false;
	}
}

static __always_inline void describe_ports(struct rpfw_event *event, const unsigned char *transport)
{
	uint16_t ports[2];

	if (!bpf_probe_read_kernel(ports, sizeof(ports), transport)) {
		event->facts |= RPFW_FACT_PORTS;
		event->source_port = ports[0];
		event->destination_port = ports[1];
	}
}

/* What an skb says of a packet beside its header. */
static __always_inline void describe_buffer(struct rpfw_event *event, struct sk_buff *skb, struct net_device *device,
					    const unsigned char *head, uint32_t network)
{
	uint32_t mac = BPF_CORE_READ(skb, mac_header);
	uint32_t data = (const unsigned char *)BPF_CORE_READ(skb, data) - head;
	struct skb_shared_info *shared = (void *)(head + BPF_CORE_READ(skb, end));

	event->mark = BPF_CORE_READ(skb, mark);
	event->length = BPF_CORE_READ(skb, len) + data - network;
	event->gso_segments = BPF_CORE_READ(shared, gso_segs);

	if (mac != EMPTY_MAC_HEADER && mac + ETH_HLEN <= network && BPF_CORE_READ(device, type) == ARPHRD_ETHER) {
		uint8_t addresses[2 * ETH_ALEN];

		if (!bpf_probe_read_kernel(addresses, sizeof(addresses), head + mac)) {
			event->facts |= RPFW_FACT_MACS;
			__builtin_memcpy(event->destination_mac, addresses, ETH_ALEN);
			__builtin_memcpy(event->source_mac, addresses + ETH_ALEN, ETH_ALEN);
		}
	}

	if (bpf_core_field_exists(skb->_nfct) && bpf_core_type_exists(struct nf_conn)) {
		/* The low three bits say how the packet belongs to the connection (NFCT_INFOMASK). */
		struct nf_conn *connection = (void *)(BPF_CORE_READ(skb, _nfct) & ~7ul);

		if (connection && (BPF_CORE_READ(connection, status) & IPS_DST_NAT))
			event->facts |= RPFW_FACT_DNAT;
	}
}

static __always_inline void describe_packet(struct rpfw_event *event, const struct sighting *seen,
					    const unsigned char *head, uint32_t network)
{
	struct sk_buff *skb = seen->skb;
	uint32_t transport = network + seen->header.ihl * 4;

	event->source = seen->source;
	event->destination = seen->destination;
	event->protocol = seen->header.protocol;
	event->tos = seen->header.tos;
	event->ttl = seen->header.ttl;
	event->identification = seen->header.id;
	event->fragment = seen->header.frag_off;
	if (has_ports(seen->header.protocol) && !(seen->header.frag_off & bpf_htons(0x1fff)) &&
	    transport + 4 <= BPF_CORE_READ(skb, tail))
		describe_ports(event, head + transport);
}

static __always_inline void describe_ipv6_packet(struct rpfw_event_ipv6 *record, const struct sighting *seen,
						 const unsigned char *head, uint32_t network)
{
	struct sk_buff *skb = seen->skb;
	uint32_t transport = network + sizeof(struct ipv6hdr);
	struct ipv6hdr header;

	if (transport > BPF_CORE_READ(skb, tail) || bpf_probe_read_kernel(&header, sizeof(header), head + network))
		return;
	__builtin_memcpy(record->source, &header.saddr, sizeof(record->source));
	__builtin_memcpy(record->destination, &header.daddr, sizeof(record->destination));
	record->event.protocol = header.nexthdr;
	record->event.tos = header.priority << 4 | header.flow_lbl[0] >> 4;
	record->event.ttl = header.hop_limit;
	if (has_ports(header.nexthdr) && transport + 4 <= BPF_CORE_READ(skb, tail))
		describe_ports(&record->event, head + transport);
}

/* What was seen where, whatever the packet. */
static __always_inline void describe_sighting(struct rpfw_event *event, const struct rpfw_key *key,
					      const struct sighting *seen, struct net_device *device, uint64_t now)
{
	char *kind;

	event->abi = RPFW_ABI;
	event->key = *key;
	event->time_ns = now;
	event->location = seen->location;
	event->vrf_ifindex = seen->vrf_ifindex;
	event->out_ifindex = seen->out_ifindex;
	event->verdict = seen->verdict;
	event->hooks = seen->hooks;
	event->path = seen->path;
	event->ifindex = BPF_CORE_READ(device, ifindex);
	bpf_core_read(event->ifname, sizeof(event->ifname), &device->name);
	kind = BPF_CORE_READ(device, rtnl_link_ops, kind);
	if (kind)
		bpf_probe_read_kernel_str(event->kind, sizeof(event->kind), kind);
}

static __always_inline void write_record(const struct rpfw_key *key, const struct sighting *seen, struct rpfw_cpu *cpu,
					 struct rpfw_counter *counter, const bool is_ipv6)
{
	uint64_t now = bpf_ktime_get_ns();
	uint64_t unread = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	struct net_device *device = ingress_device(seen);
	struct sk_buff *skb = seen->skb;
	struct rpfw_event *event;
	unsigned char *head;
	uint32_t network;

	/* Above its fair share a key leaves the second half of the ring to the others. */
	if (counter->window_used > config.detail_when_full && unread > config.ring_bytes / 2) {
		add_one(&counter->suppressed);
		return;
	}
	event = bpf_ringbuf_reserve(&ring, is_ipv6 ? sizeof(struct rpfw_event_ipv6) : sizeof(*event), 0);
	if (!event) {
		add_one(&counter->lost_ring);
		return;
	}
	__builtin_memset(event, 0, is_ipv6 ? sizeof(struct rpfw_event_ipv6) : sizeof(*event));
	counter->last_ns = now;
	describe_sighting(event, key, seen, device, now);
	head = BPF_CORE_READ(skb, head);
	network = BPF_CORE_READ(skb, network_header);
	describe_buffer(event, skb, device, head, network);
	if (is_ipv6) {
		describe_ipv6_packet((struct rpfw_event_ipv6 *)event, seen, head, network);
	} else {
		describe_packet(event, seen, head, network);
		describe_sysctls(event, device, seen->net);
		describe_rules(event, seen->net);
	}

	/* Before the record can be read, so that counts read after it are never behind it. */
	add_one(&counter->emitted);
	bpf_ringbuf_submit(event, wakeup_flags(cpu, now, unread));
}

/* Counts a drop, and writes its record when somebody wants it. */
static __always_inline void account(const struct rpfw_key *key, const struct sighting *seen, struct rpfw_cpu *cpu,
				    bool wanted, bool is_ipv6)
{
	struct rpfw_counter *counter = counter_for(key, seen);
	uint64_t window = bpf_jiffies64() >> RPFW_WINDOW_SHIFT;

	if (!counter)
		return;
	/* Reading the clock for every drop would cost as much as counting it. */
	if (counter->window != window) {
		counter->window = window;
		counter->window_used = 0;
		counter->last_ns = bpf_ktime_get_ns();
		if (!counter->first_ns)
			counter->first_ns = counter->last_ns;
	}
	/* The filters are IPv4's. */
	if (wanted && (config.source_mask || config.destination_mask) && (is_ipv6 || outside_filters(seen))) {
		add_one(&counter->filtered);
		return;
	}
	if (!wanted || counter->window_used >= config.detail_per_window) {
		add_one(&counter->suppressed);
		return;
	}
	counter->window_used++;
	/* Two constant sizes: the ring's helper takes no other. */
	if (is_ipv6)
		write_record(key, seen, cpu, counter, true);
	else
		write_record(key, seen, cpu, counter, false);
}

/* Netfilter on a bridge runs with the bridge as device, after the port has received the packet. */
static __always_inline bool is_in_bridge(struct sk_buff *skb, struct net_device *device)
{
	uint32_t received_by = skb->skb_iif;

	return received_by && received_by != (uint32_t)device->ifindex &&
	       (BPF_CORE_READ_BITFIELD(device, priv_flags) & IFF_EBRIDGE);
}

/* Netfilter also drops what leaves the host; that is not what arrived on the device. */
static __always_inline bool received_on(struct sk_buff *skb, struct net_device *device)
{
	uint32_t received_by = skb->skb_iif;

	return (received_by && received_by == (uint32_t)device->ifindex) || is_in_bridge(skb, device);
}

/* The device that the packet came in by, which is the member when a VRF has taken the packet over. */
static __always_inline void find_ingress(struct rpfw_key *key, struct sighting *seen, struct net_device *device)
{
	struct sk_buff *skb = seen->skb;
	struct net_device *member;
	uint32_t ifindex = 0;
	struct in_device *in_device = device->ip_ptr;

	key->ifindex = device->ifindex;
	key->has_ipv4 = in_device && in_device->ifa_list;
	if (!(BPF_CORE_READ_BITFIELD(device, priv_flags) & IFF_L3MDEV_MASTER))
		return;
	/* The member's index stands in the IP control block (inet_skb_parm.iif). */
	bpf_core_read(&ifindex, sizeof(ifindex), &skb->cb);
	member = ifindex != key->ifindex ? find_device(seen->net, ifindex) : NULL;
	if (!member)
		return;
	seen->vrf_ifindex = key->ifindex;
	seen->device = member;
	key->ifindex = ifindex;
	key->has_ipv4 = BPF_CORE_READ(member, ip_ptr, ifa_list) != NULL;
}

/*
 * The namespace of an skb's device; NULL when it has no device. skb->dev shares its place with other things while a
 * socket or a queue owns the packet, so it may point anywhere: a namespace whose loopback device is in that namespace is
 * one.
 */
static __always_inline struct net *namespace_of(struct net_device *device)
{
	struct net_device *loopback;
	struct net *net;

	if (!is_kernel_address(device))
		return NULL;
	net = device->nd_net.net;
	if (!is_kernel_address(net))
		return NULL;
	loopback = net->loopback_dev;
	return is_kernel_address(loopback) && loopback->nd_net.net == net ? net : NULL;
}

/* What a refused verdict makes of the drop of the skb that it waited for; the drop's own outcome when they disagree. */
static __always_inline uint8_t join_verdict(struct sighting *seen, const struct rpfw_cpu *cpu, uint8_t outcome,
					    uint32_t reason, const bool has_reason, bool in_bridge)
{
	uint8_t refused = outcome_of_verdict(cpu->refused_verdict);
	/*
	 * Where the kernel has no reason for such a refusal, its drop comes without one. Nor did br_netfilter pass on
	 * rp_filter's before v6.13, when it had routed what was translated there.
	 */
	bool is_unnamed = refused == RPFW_OUTCOME_MARTIAN || REASON(IP_RPFILTER) == NO_REASON ||
			  (in_bridge && outcome == RPFW_OUTCOME_OTHER);

	if (has_reason && (is_unnamed ? reason != REASON(NOT_SPECIFIED) : refused != outcome))
		return outcome;
	read_header(seen, false);
	if (seen->source != cpu->refused_source || seen->destination != cpu->refused_destination ||
	    seen->header.id != cpu->refused_id || bpf_ktime_get_ns() - cpu->refused_ns >= JOIN_WITHIN)
		return outcome;
	seen->hooks |= RPFW_HOOK_VERDICT;
	seen->verdict = cpu->refused_verdict;
	seen->out_ifindex = cpu->refused_oif;
	seen->path = cpu->refused_path;
	return refused;
}

static __always_inline void on_drop(struct sk_buff *skb, uint64_t location, uint32_t reason, const bool has_reason,
				    struct rpfw_cpu *cpu)
{
	struct sighting seen = { .skb = skb, .location = location, .hooks = RPFW_HOOK_DROP };
	struct net_device *device = skb->dev;
	struct net *net = namespace_of(device);
	struct rpfw_key key = { .reason = reason };
	uint8_t outcome = has_reason ? outcome_of(reason) : RPFW_OUTCOME_OTHER;
	bool is_ip = skb->protocol == bpf_htons(ETH_P_IP);
	bool is_ipv6 = false;
	uint64_t refused_skb = 0;
	bool wanted = false;

	/* Every drop ends the wait, also one that nobody asked for: the next skb at that address is another packet. */
	if (config.verdict_hook) {
		refused_skb = cpu->refused_skb;
		cpu->refused_skb = 0;
	}
	if (config.netns_inode && (!net || net->ns.inum != config.netns_inode))
		return;

	if (config.verdict_hook && is_ip && refused_skb == (uint64_t)skb)
		outcome = join_verdict(&seen, cpu, outcome, reason, has_reason, net && is_in_bridge(skb, device));
	if (outcome == RPFW_OUTCOME_NETFILTER)
		is_ipv6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	if (!net || (!is_ip && !is_ipv6))
		outcome = RPFW_OUTCOME_OTHER;
	if (outcome == RPFW_OUTCOME_NETFILTER && !received_on(skb, device))
		outcome = RPFW_OUTCOME_OTHER;
	wanted = outcome != RPFW_OUTCOME_OTHER || (config.record_other && net && is_ip);
	if (wanted) {
		read_header(&seen, false);
		/* Netfilter may drop before anybody has checked the header. */
		if (seen.header.version != (is_ipv6 ? 6 : 4)) {
			outcome = RPFW_OUTCOME_OTHER;
			wanted = false;
		}
	}

	if (net) {
		key.netns_inode = net->ns.inum;
		key.netns_cookie = netns_cookie(net, false);
	}
	key.outcome = outcome;
	seen.net = net;
	if (outcome != RPFW_OUTCOME_OTHER) {
		find_ingress(&key, &seen, device);
		if (is_in_bridge(skb, device))
			key.traits |= RPFW_TRAIT_IN_BRIDGE;
		if (is_ipv6)
			key.traits |= RPFW_TRAIT_IPV6;
		key.path = is_ipv6 ? path_of_ipv6(skb) : path_of(&seen, false);
		if (key.path != RPFW_PATH_UNKNOWN || !seen.path)
			seen.path = key.path;
	}
	account(&key, &seen, cpu, wanted, is_ipv6);
}

/*
 * Nesting. The kernel skips a program that is already running on this CPU, so a drop in softirq that interrupts the
 * drop program in process context would never be seen. Therefore three programs on the tracepoint, run in this order
 * for every drop; a drop that interrupts one of them finds the other two free, as softirq does not interrupt softirq:
 *
 *   first    marks the skb and counts the drop.
 *   second   finds the mark: takes it away. No mark: the first was skipped, so this one counts the drop.
 *   last     takes the mark of a drop for which the second was skipped, because the drop interrupted it.
 *
 * A mark proves that the first program ran for this very drop: an skb that is being freed can be in no other drop at
 * that time, and no mark outlives its drop, so the next drop of an skb at the same address starts clean. Without the
 * last program it would not: that the second is running cannot be told by a flag of its own, since the kernel takes a
 * program for running some instructions before its first and after its last, and a drop that arrives there leaves its
 * mark behind; the next drop at that address that interrupts the first program would then look counted.
 *
 * Two marks, since a drop in softirq may come between first and second of the drop in process context: it marks the
 * place that is free. A third context, a drop in a hard interrupt, is not provided for; where marks run out the older
 * one is overwritten, so that a mark that was left behind does no harm for long.
 *
 * Kernels before v6.2 do not skip (05b24ff9b2cf): there the first program always runs, and its mark is always found.
 */
static __always_inline void set_mark(struct rpfw_cpu *cpu, uint64_t skb)
{
	uint32_t place = cpu->last_mark & 1;

	if (cpu->mark[place]) {
		place ^= 1;
		cpu->last_mark = place;
		cpu->interruptions++;
	}
	WRITE_ONCE(cpu->mark[place], skb);
}

static __always_inline bool take_mark(struct rpfw_cpu *cpu, uint64_t skb)
{
	if (READ_ONCE(cpu->mark[0]) == skb)
		WRITE_ONCE(cpu->mark[0], 0);
	else if (READ_ONCE(cpu->mark[1]) == skb)
		WRITE_ONCE(cpu->mark[1], 0);
	else
		return false;
	return true;
}

static __always_inline int first(void *skb, uint64_t location, uint32_t reason, const bool has_reason)
{
	struct rpfw_cpu *cpu = this_cpu();

	if (!cpu || !enabled)
		return 0;
	set_mark(cpu, (uint64_t)skb);
	on_drop(skb, location, reason, has_reason, cpu);
	return 0;
}

static __always_inline int second(void *skb, uint64_t location, uint32_t reason, const bool has_reason)
{
	struct rpfw_cpu *cpu = this_cpu();

	if (!cpu || take_mark(cpu, (uint64_t)skb) || !enabled)
		return 0;
	cpu->second_chances++;
	on_drop(skb, location, reason, has_reason, cpu);
	return 0;
}

SEC("?tp_btf/kfree_skb")
int drop_first(uint64_t *context)
{
	return first((void *)context[0], context[1], context[2], true);
}

SEC("?tp_btf/kfree_skb")
int drop_second(uint64_t *context)
{
	return second((void *)context[0], context[1], context[2], true);
}

/* For kernels whose tracepoint has no reason (before v5.17, c504e5c2f964): reading it would be refused. */
SEC("?tp_btf/kfree_skb")
int drop_first_plain(uint64_t *context)
{
	return first((void *)context[0], context[1], 0, false);
}

SEC("?tp_btf/kfree_skb")
int drop_second_plain(uint64_t *context)
{
	return second((void *)context[0], context[1], 0, false);
}

SEC("?tp_btf/kfree_skb")
int drop_last(uint64_t *context)
{
	struct rpfw_cpu *cpu = this_cpu();

	if (cpu)
		take_mark(cpu, context[0]);
	return 0;
}

/*
 * Verdicts. A refusal that a drop of the same skb follows on this CPU waits for it here, so that the drop's record can
 * say what only the arguments know: input or forward, and, where drops have no or no telling reason, that it was
 * rp_filter. Refusals without a drop must never wait, since the skb's address is soon another packet's:
 *
 *   a question (`ip route get`): the skb was never received, and MAC and network header are in one place;
 *   ICMP, looking up the way of the packet that an error is about: the addresses asked for are not the skb's own;
 *   a fragment queue that timed out: the skb's data is already behind its IP header;
 *   ARP: not an IP packet. No drop follows, so it is counted at once.
 */
static __always_inline bool is_being_received(struct sk_buff *skb, uint32_t source, uint32_t destination,
					      struct sighting *seen, const bool probed)
{
	uint32_t network = LOAD(probed, skb, network_header);

	if (!LOAD(probed, skb, skb_iif) && LOAD(probed, skb, mac_header) == network)
		return false;
	if (LOAD(probed, skb, data) - LOAD(probed, skb, head) != network)
		return false;
	read_header(seen, probed);
	return seen->header.version == 4 && seen->source == source &&
	       (!destination || seen->destination == destination);
}

/* Whether an skb holds the ARP packet that has these addresses (struct arphdr and what follows it). */
static __always_inline bool is_arp_of(struct sk_buff *skb, uint32_t source, uint32_t destination)
{
	unsigned char *header = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	uint32_t sender = 0, target = 0;
	uint8_t length = 0; /* of a link layer address */

	bpf_probe_read_kernel(&length, sizeof(length), header + 4);
	bpf_probe_read_kernel(&sender, sizeof(sender), header + 8 + length);
	bpf_probe_read_kernel(&target, sizeof(target), header + 12 + 2 * length);
	return sender == source && target == destination;
}

/* destination is 0 for broadcast and multicast, out_ifindex is 0 for local delivery. */
static __always_inline void on_verdict(struct sk_buff *skb, uint32_t source, uint32_t destination, uint32_t out_ifindex,
				       struct net_device *device, int32_t verdict, const bool probed)
{
	struct sighting seen = { .skb = skb, .device = device, .hooks = RPFW_HOOK_VERDICT, .verdict = verdict };
	struct rpfw_cpu *cpu = this_cpu();
	struct rpfw_key key = {};
	struct in_device *in_device;
	uint16_t protocol;

	if (!cpu)
		return;
	cpu->refused_skb = 0;
	if (verdict >= 0 || !enabled)
		return;
	protocol = LOAD(probed, skb, protocol);

	if (protocol == bpf_htons(ETH_P_IP)) {
		if (!is_being_received(skb, source, destination, &seen, probed))
			return;
		cpu->refused_verdict = verdict;
		cpu->refused_source = seen.source;
		cpu->refused_destination = seen.destination;
		cpu->refused_id = seen.header.id;
		cpu->refused_oif = out_ifindex;
		cpu->refused_path = !destination ? RPFW_PATH_BROADCAST :
				    out_ifindex	 ? RPFW_PATH_FORWARD :
						   RPFW_PATH_INPUT;
		cpu->refused_ns = bpf_ktime_get_ns();
		cpu->refused_skb = (uint64_t)skb;
		return;
	}
	if (protocol != bpf_htons(ETH_P_ARP))
		return;
	/* A call that was remembered may be over long ago: see "Missed" below. */
	if (probed && !is_arp_of(skb, source, destination))
		return;

	seen.net = LOAD(probed, device, nd_net.net);
	if (!seen.net)
		return;
	key.netns_inode = LOAD(probed, seen.net, ns.inum);
	if (config.netns_inode && key.netns_inode != config.netns_inode)
		return;
	key.netns_cookie = netns_cookie(seen.net, probed);
	key.ifindex = LOAD(probed, device, ifindex);
	in_device = LOAD(probed, device, ip_ptr);
	key.has_ipv4 = LOAD(probed, in_device, ifa_list) != NULL;
	key.outcome = outcome_of_verdict(verdict);
	if (key.outcome == RPFW_OUTCOME_OTHER)
		return;
	key.reason = VERDICT_IS_REASON ? -verdict : 0;
	key.path = RPFW_PATH_ARP;
	seen.path = RPFW_PATH_ARP;
	seen.source = source;
	seen.destination = destination;
	account(&key, &seen, cpu, true, false);
}

SEC("?fexit/fib_validate_source")
int verdict_fexit(uint64_t *context)
{
	/* (skb, src, dst, dscp, oif, dev, idev, itag), then the return value. */
	on_verdict((void *)context[0], context[1], context[2], context[4], (void *)context[5], context[8], false);
	return 0;
}

/*
 * The return probe does not see the arguments, so the entry probe leaves them per CPU. Calls nest (softirq in process
 * context) and a caller in process context may move to another CPU in between, so a call is recognised by its task and
 * its place on the stack: at the return the stack pointer is where it was at the entry, but for the return address and
 * what the probe itself pushed.
 *
 * Missed. The kernel does not run these programs while another kprobe is handled on the CPU, while another program of
 * their kind or a map operation of some process runs there, or, the return probe, when more calls are under way than it
 * has places for (one for each CPU, or ten; perf events cannot ask for more). Then a verdict is not known, and nothing is
 * made up for it:
 *
 *   both or the return missed   The drop comes with its reason alone, and its record has no RPFW_HOOK_VERDICT; without
 *                               drop reasons it counts as OTHER, and the kernel's own counter is ahead of ours. An ARP
 *                               refusal is not seen.
 *   only the entry missed       A refusal of nobody knows which packet: counted in unmatched_refusals.
 *
 * A call whose return was missed stays behind. If the entry of a later call at the same place is missed, that one's
 * verdict is taken for the older call's; what the skb holds by now has to agree with the call then: an IP packet's
 * addresses, which are those that its drop is joined by, or those of an ARP packet.
 */
#define PENDING_CALLS 4
#define STACK_SLACK 64

struct call {
	uint64_t task;
	uint64_t stack;
	struct sk_buff *skb;
	struct net_device *device;
	uint32_t source;
	uint32_t destination;
	uint32_t out_ifindex;
	uint32_t reserved;
};

struct calls {
	struct call pending[PENDING_CALLS];
	uint32_t next;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct calls);
} calls SEC(".maps");

SEC("?kprobe/fib_validate_source")
int verdict_entry(struct pt_regs *registers)
{
	uint32_t zero = 0;
	struct calls *calls_here = bpf_map_lookup_elem(&calls, &zero);
	struct call *call;

	if (!calls_here)
		return 0;
	call = &calls_here->pending[calls_here->next++ & (PENDING_CALLS - 1)];
	call->task = bpf_get_current_task();
	call->stack = STACK_POINTER(registers);
	call->skb = (void *)ARGUMENT_1(registers);
	call->source = ARGUMENT_2(registers);
	call->destination = ARGUMENT_3(registers);
	call->out_ifindex = ARGUMENT_5(registers);
	call->device = (void *)ARGUMENT_6(registers);
	return 0;
}

SEC("?kretprobe/fib_validate_source")
int verdict_return(struct pt_regs *registers)
{
	uint64_t task = bpf_get_current_task();
	uint64_t stack = STACK_POINTER(registers);
	uint32_t zero = 0;
	struct calls *calls_here = bpf_map_lookup_elem(&calls, &zero);
	struct rpfw_cpu *cpu;

	if (!calls_here)
		return 0;
	/* The latest first: an older one of the same task and place is one whose return was missed. */
	for (uint32_t back = 1; back <= PENDING_CALLS; back++) {
		struct call *call = &calls_here->pending[(calls_here->next - back) & (PENDING_CALLS - 1)];

		if (!call->task || call->task != task || stack - call->stack + STACK_SLACK > 2 * STACK_SLACK)
			continue;
		call->task = 0;
		on_verdict(call->skb, call->source, call->destination, call->out_ifindex, call->device,
			   RETURN_VALUE(registers), true);
		return 0;
	}
	cpu = this_cpu();
	if (cpu && enabled && (int32_t)RETURN_VALUE(registers) < 0)
		cpu->unmatched_refusals++;
	return 0;
}

/*
 * Writes. A program of this kind is asked before every access to a sysctl by a process in the cgroup, and could refuse it:
 * this one always agrees, and only tells of writes to what the source check reads. What the kernel makes of them is known
 * from elsewhere. The helpers that name the process are newer than the hook itself; its task is there from the start.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RPFW_WRITES_BYTES);
} writes SEC(".maps");

/* The write that came last; two at once may mix theirs up, and then one is told twice. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct rpfw_write);
} latest_write SEC(".maps");

#define AGREE 1
#define BEGINS_WITH(text, word) begins_with(text, word, sizeof(word) - 1)
#define IS(text, word) begins_with(text, word, sizeof(word))

/* Compared octet by octet with constants: there is no memcmp to call. */
static __always_inline bool begins_with(const char *text, const char *word, const uint32_t length)
{
#pragma clang loop unroll(full)
	for (uint32_t index = 0; index < length; index++) {
		if (text[index] != word[index])
			return false;
	}
	return true;
}

static __always_inline bool is_watched_key(const char *key)
{
	return IS(key, "rp_filter") || IS(key, "accept_local") || IS(key, "src_valid_mark") ||
	       IS(key, "route_localnet") || IS(key, "forwarding") || IS(key, "ip_forward") ||
	       IS(key, "send_redirects") || IS(key, "bc_forwarding") || IS(key, "ignore_routes_with_linkdown") ||
	       IS(key, "arp_filter") || IS(key, "arp_ignore") || IS(key, "arp_announce");
}

/*
 * Whether a write is the one before it once more: while the routing lock is taken, the kernel begins a write to forwarding
 * anew over and over (restart_syscall in net/ipv4/devinet.c, devinet_sysctl_forward), and asks each time.
 */
#define BEGUN_ANEW_WITHIN (1000 * MILLISECOND)

static __always_inline bool is_begun_anew(const struct rpfw_write *write)
{
	const uint32_t first = __builtin_offsetof(struct rpfw_write, name) / 8;
	const uint64_t *words = (const void *)write;
	uint32_t zero = 0;
	struct rpfw_write *latest = bpf_map_lookup_elem(&latest_write, &zero);
	const uint64_t *known = (const void *)latest;
	bool is_same;

	if (!latest)
		return false;
	is_same = latest->process == write->process && write->time_ns - latest->time_ns < BEGUN_ANEW_WITHIN;
#pragma clang loop unroll(full)
	for (uint32_t word = first; word < sizeof(*write) / 8; word++)
		is_same = is_same && words[word] == known[word];
	__builtin_memcpy(latest, write, sizeof(*latest));
	return is_same;
}

SEC("?cgroup/sysctl")
int sysctl_write(struct bpf_sysctl *context)
{
	/* Not in the ring's memory, since what is discarded there takes its place all the same. */
	struct rpfw_write write = { .abi = RPFW_ABI };
	struct task_struct *task, *parent;
	struct net *net;
	char key[32] = {};

	if (!context->write || !enabled)
		return AGREE;
	if (bpf_sysctl_get_name(context, key, sizeof(key), BPF_F_SYSCTL_BASE_NAME) < 0 || !is_watched_key(key))
		return AGREE;
	if (bpf_sysctl_get_name(context, write.name, sizeof(write.name), 0) < 0)
		return AGREE;
	if (!BEGINS_WITH(write.name, "net/ipv4/conf/") && !IS(write.name, "net/ipv4/ip_forward"))
		return AGREE;
	task = (void *)bpf_get_current_task();
	net = BPF_CORE_READ(task, nsproxy, net_ns);
	write.netns_inode = BPF_CORE_READ(net, ns.inum);
	if (config.netns_inode && write.netns_inode != config.netns_inode)
		return AGREE;

	write.netns_cookie = netns_cookie(net, true);
	write.time_ns = bpf_ktime_get_ns();
	write.process = BPF_CORE_READ(task, tgid);
	bpf_core_read(write.comm, sizeof(write.comm), &task->comm);
	parent = BPF_CORE_READ(task, real_parent);
	write.parent = BPF_CORE_READ(parent, tgid);
	bpf_core_read(write.parent_comm, sizeof(write.parent_comm), &parent->comm);
	/* A text that does not fit is cut; a number comes first in it. */
	bpf_sysctl_get_current_value(context, write.before, sizeof(write.before));
	bpf_sysctl_get_new_value(context, write.after, sizeof(write.after));
	if (!is_begun_anew(&write))
		bpf_ringbuf_output(&writes, &write, sizeof(write), 0);
	return AGREE;
}
