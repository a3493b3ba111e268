/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLINUX_H
#define CLINUX_H

/* The kernel's and libc's headers whose structures and constants Host uses. Nothing of them is retyped in Swift. */
#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include <stdint.h>

/*
 * Selectors of policy rules that are newer than the oldest headers this builds with (Linux 6.1). An enumerator cannot
 * be tested for by the preprocessor, so they are counted from the last one that every supported header has.
 */
enum clinux_fra {
	CLINUX_FRA_DSCP = FRA_DPORT_RANGE + 1, /* 6.12: the DSCP as a number from 0 to 63 */
	CLINUX_FRA_FLOWLABEL, /* 6.14 */
	CLINUX_FRA_FLOWLABEL_MASK,
	CLINUX_FRA_SPORT_MASK, /* 6.15 */
	CLINUX_FRA_DPORT_MASK,
	CLINUX_FRA_DSCP_MASK, /* 6.15 */
};

/* setns(2) is declared for _GNU_SOURCE only, which Swift's importer does not define. */
int clinux_setns(int descriptor, int kind);

/* _GNU_SOURCE again: the flag is an enumerator behind it. */
int clinux_clone_newnet(void);

/* pipe2(2) is behind _GNU_SOURCE too. Fills ends[0] to read from and ends[1] to write to; closed in child programs. */
int clinux_pipe(int ends[2]);

/* NS_GET_NSTYPE is a function-like macro and ioctl(2) is variadic: Swift imports neither. -1 and errno on failure. */
int clinux_namespace_type(int descriptor);

/* TIOCGWINSZ fills a structure through the variadic ioctl(2). 0 when the descriptor is not a terminal. */
int clinux_terminal_columns(int descriptor);

#endif
