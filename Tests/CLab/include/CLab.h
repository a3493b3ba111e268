/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLAB_H
#define CLAB_H

#include <stddef.h>
#include <stdint.h>

/*
 * The few system calls of the test lab that Swift's Glibc module does not show (setns, pipe2, packet and TUN sockets)
 * or cannot call without more unsafe code than these lines (posix_spawn). Every descriptor is close-on-exec. Every
 * function returns a negative errno when it fails.
 */

/* Sends empty UDP datagrams to an address (octets in network order), whether or not a packet filter lets them out. */
int lab_udp_storm(int fd, uint32_t address, uint16_t port, uint64_t count);

/* Moves the calling thread, and only it, into the network namespace that a file stands for. */
int lab_enter_namespace(const char *_Nonnull path);

/*
 * Makes a network namespace and a file below /run/netns that stands for it, as `ip netns add` does, and leaves the calling
 * thread inside it. A process for it would take longer than all the rest on an emulated machine.
 */
int lab_make_namespace(const char *_Nonnull path);

/* Takes the name away, as `ip netns delete` does. */
int lab_remove_namespace(const char *_Nonnull path);

/* Turns an interface of the thread's namespace on, after giving it an address unless that is 0 (network order). */
int lab_interface_up(const char *_Nonnull interface, uint32_t address, uint32_t mask);

/* IFF_LOWER_UP, whose header does not go together with the C library's. */
enum { lab_lower_up = 1 << 16 };

/* Adds a route by a gateway of an interface of the thread's namespace (all in network order). */
int lab_add_route(uint32_t destination, uint32_t mask, uint32_t gateway, const char *_Nonnull interface);

/*
 * Adds a policy rule by DSCP (0 to 63), which few versions of `ip` know: `ip rule add dscp N priority P lookup T`. A kernel
 * that does not know it either adds the rule without the selector.
 */
int lab_add_dscp_rule(uint8_t dscp, uint32_t priority, uint32_t table);

/* A packet socket bound to an interface of the thread's namespace. Protocol 0 only sends, an ETH_P_* also receives. */
int lab_packet_socket(const char *_Nonnull interface, uint16_t protocol);

/* Attaches to a TUN device of the thread's namespace, creating it: whole IPv4 packets are written, no header. */
int lab_tun(const char *_Nonnull name);

/* A UDP socket on a port of every address of the thread's namespace; port 0 leaves it unbound. */
int lab_udp_socket(uint16_t port);

/* A socket that sends IPv4 packets whose headers are the writer's, over the routes of the thread's namespace. */
int lab_raw_socket(void);

/* Sends one packet, whose header stands at its front, towards an address (octets in network order). */
int lab_send_raw(int fd, uint32_t address, const uint8_t *_Nonnull packet, uint32_t size);

/* Makes a socket a member of a multicast group (octets in network order) on an interface. */
int lab_join_group(int fd, uint32_t group, const char *_Nonnull interface);

/*
 * Sends frames of `size` octets each, which stand one after the other in `frames`, in turn until `count` were sent, with
 * as few system calls as that takes. Returns 0.
 */
int lab_flood(int fd, const uint8_t *_Nonnull frames, uint32_t size, uint32_t variants, uint64_t count);

/* Moves the calling thread to one CPU. */
int lab_pin(int cpu);

/* Makes the calling thread a real-time one: no ordinary task runs on its CPU before it waits or ends. */
int lab_real_time(void);

int lab_pipe(int *_Nonnull read_end, int *_Nonnull write_end);

/* A file without a name, which is gone when its last descriptor is closed. */
int lab_temporary_file(void);

/*
 * Starts a program found through PATH, with signals at their defaults and no signal blocked whatever the test runner
 * did to its own. A descriptor below 0 becomes /dev/null. Returns the process ID.
 */
int lab_spawn(const char *_Nullable const *_Nonnull arguments, int standard_input, int standard_output,
	      int standard_error);

/* 1 when `name` stands somewhere in `bytes`, else 0. */
int lab_contains(const void *_Nullable bytes, size_t size, const void *_Nullable name, size_t length);

/* What the kernel says about a loaded BPF program. */
struct lab_bpf_program {
	uint32_t id;
	char name[16];
	/* Instructions of the program, and how many the verifier looked at (0: the kernel, before v5.16, does not tell). */
	uint32_t instructions;
	uint32_t verified;
};

/* The loaded program with the lowest ID above `after`; -ENOENT when there is none. */
int lab_next_bpf_program(uint32_t after, struct lab_bpf_program *_Nonnull program);

/*
 * Reads a value of the map with this ID when that is its name: of all CPUs one after the other in a map that has one for
 * each. -ENOENT when it has another name.
 */
int lab_bpf_map_value(uint32_t map, const char *_Nonnull name, const void *_Nonnull key, void *_Nonnull value);

/* Writes a large value into a BPF map again and again: the kernel runs no program on a kprobe in the middle of that. */
int lab_bpf_map_storm(uint64_t count);

/* Exit status 0 to 255 of an ended child, 128 + N when signal N ended it, -EAGAIN while it runs and `block` is 0. */
int lab_wait(int process, int block);

#endif
