/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_H
#define PROBE_H

/*
 * bpf/rpfwatch.bpf.c in the kernel, loaded and attached as Sources/Probe does it: the same programs for a tier, the same
 * constants, the same order. Functions return 0 or a negative errno unless they say otherwise.
 */
#include "event.h"

#include <stdbool.h>
#include <stddef.h>

#include <bpf/libbpf.h>

enum tier { TIER_FEXIT, TIER_KPROBE, TIER_TRACEPOINT, TIERS };

enum { MAX_LINKS = 5, MAX_EVENTS = 64, MAX_COUNTS = 64 };

/* How often a key was counted, by what came of the record. */
struct count {
	struct rpfw_key key;
	struct rpfw_counter counter;
};

/* What the verifier says about the cost of a program: a few lines. */
struct verifier_log {
	const char *program;
	char text[4096];
};

struct probe {
	enum tier tier;
	struct bpf_object *object;
	struct bpf_link *links[MAX_LINKS];
	size_t link_count;
	struct verifier_log logs[MAX_LINKS + 1];
	size_t log_count;
	struct ring_buffer *ring;
	/* Records since they were last taken out. */
	struct rpfw_event events[MAX_EVENTS];
	size_t event_count;
};

/* What the running kernel's types say. */
struct reasons {
	uint32_t reverse_path; /* 0 when drops have no such reason */
	uint32_t not_specified;
	uint32_t local_source; /* 0 before Linux 6.13, where the source check returns an errno */
};

/* "fexit", "kprobe", "tracepoint". */
const char *tier_name(enum tier tier);

int read_reasons(struct reasons *reasons);

/* Loads every program of the object, whatever tier it belongs to, and lets go of it. */
int probe_verify_all(const char *path);

/* Loads a tier's programs; -ENOTSUP when this kernel does not let the verdict hook attach, with its errno in `refusal`. */
int probe_open(struct probe *probe, const char *path, enum tier tier, int *refusal);

/* The verifier's states in all and at one time while it loaded a program; false when it did not say. */
bool probe_states(const struct probe *probe, const char *program, unsigned int *total, unsigned int *peak);

/* Attaches them and starts counting. */
int probe_attach(struct probe *probe);

/* Takes records out of the ring into `events`. */
int probe_consume(struct probe *probe);

/* Every key of a namespace with its counts, summed over the CPUs; returns how many. */
int probe_counts(struct probe *probe, uint32_t netns_inode, struct count counts[MAX_COUNTS]);

/* Detaches, in the order in which they were attached, and unloads. */
void probe_close(struct probe *probe);

#endif
