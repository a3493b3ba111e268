/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RPFWATCH_KERNEL_H
#define RPFWATCH_KERNEL_H

/*
 * The few kernel types that are read, each with only the fields that are read. The loader finds the real offsets in the
 * running kernel's BTF, by the names of type and field; the order and the gaps here mean nothing. A layout that only
 * older kernels have stands beside the present one as type___old, with the commit that changed it. What a kernel has is
 * asked with bpf_core_..._exists, never by its version.
 */
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct ns_common {
	unsigned int inum;
};

/* Index is the constant of the uapi header linux/ip.h minus one; the array only ever grew at its end. */
struct ipv4_devconf {
	int data[26];
};

struct netns_ipv4 {
	struct ipv4_devconf *devconf_all;
	bool fib_has_custom_rules; /* only with CONFIG_IP_MULTIPLE_TABLES */
	bool fib_has_custom_local_routes;
};

struct net_device;

struct net {
	struct ns_common ns;
	struct net_device *loopback_dev;
	struct hlist_head *dev_index_head;
	struct netns_ipv4 ipv4;
	__u64 net_cookie;
};

/*
 * Until v5.12 the cookie was an atomic that stays zero until somebody asks for it (3d368ab87cf6, "net: initialize
 * net->net_cookie at netns setup").
 */
struct atomic64___old {
	__s64 counter;
};

struct net___old {
	struct atomic64___old net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in_ifaddr;

struct in_device {
	struct in_ifaddr *ifa_list;
	struct ipv4_devconf cnf;
};

struct rtnl_link_ops {
	char *kind;
};

struct net_device {
	char name[16];
	int ifindex;
	unsigned int priv_flags; /* a bit-field since v6.12 (beb5a9bea823): read as one */
	unsigned short type;
	possible_net_t nd_net;
	struct in_device *ip_ptr;
	struct hlist_node index_hlist;
	struct rtnl_link_ops *rtnl_link_ops;
};

struct sk_buff {
	struct net_device *dev;
	char cb[48];
	unsigned long _nfct; /* only with CONFIG_NF_CONNTRACK */
	unsigned int len;
	__u8 pkt_type : 3;
	int skb_iif;
	__u32 mark;
	__be16 protocol;
	__u16 transport_header;
	__u16 network_header;
	__u16 mac_header;
	unsigned int tail; /* an offset from head, as on every 64-bit kernel */
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
};

struct skb_shared_info {
	unsigned short gso_segs;
};

struct nf_conn {
	unsigned long status;
};

struct nsproxy {
	struct net *net_ns;
};

struct task_struct {
	int tgid;
	struct task_struct *real_parent;
	char comm[16];
	struct nsproxy *nsproxy;
};

/* Registers at entry to a function and at its return, under the names that the kernel's own type has. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, cx, r8, r9, ax, sp;
};
#define ARGUMENT_1(regs) ((regs)->di)
#define ARGUMENT_2(regs) ((regs)->si)
#define ARGUMENT_3(regs) ((regs)->dx)
#define ARGUMENT_5(regs) ((regs)->r8)
#define ARGUMENT_6(regs) ((regs)->r9)
#define RETURN_VALUE(regs) ((regs)->ax)
#define STACK_POINTER(regs) ((regs)->sp)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 sp;
};
#define ARGUMENT_1(context) ((context)->regs[0])
#define ARGUMENT_2(context) ((context)->regs[1])
#define ARGUMENT_3(context) ((context)->regs[2])
#define ARGUMENT_5(context) ((context)->regs[4])
#define ARGUMENT_6(context) ((context)->regs[5])
#define RETURN_VALUE(context) ((context)->regs[0])
#define STACK_POINTER(context) ((context)->sp)
#else
#error "kernel.h knows the registers of x86 and arm64"
#endif

#pragma clang attribute pop

/* Only these are told apart; the numbers move between kernels and are filled in by the loader. */
enum skb_drop_reason {
	SKB_DROP_REASON_NOT_SPECIFIED = 2,
	SKB_DROP_REASON_NETFILTER_DROP = 12,
	SKB_DROP_REASON_IP_RPFILTER = 16, /* since v5.18 (c1f166d1f7ee) */
	SKB_DROP_REASON_IP_LOCAL_SOURCE = 89, /* these three since v6.13 (37653a0b8a6f) */
	SKB_DROP_REASON_IP_INVALID_SOURCE = 90,
	SKB_DROP_REASON_IP_LOCALNET = 91,
};

/* include/linux/netdevice.h, enum netdev_priv_flags. */
#define IFF_EBRIDGE (1u << 1)
#define IFF_L3MDEV_MASTER (1u << 18)

#endif
