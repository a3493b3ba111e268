/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CBPF_H
#define CBPF_H

#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <linux/if_link.h>

/* The BPF object of this machine's architecture. Swift cannot import an array without a known size. */
const void *rpfw_object_bytes(void);
size_t rpfw_object_size(void);

/* include/linux/bpf_verifier.h: of the verifier's log only the line with its figures. */
#define RPFW_LOG_STATS 4

/*
 * struct bpf_link_info of a kprobe or kretprobe as it is since v6.7 (3acf8ace6823), which older uapi headers do not have.
 * Kernels fill in as much of it as they know.
 */
struct rpfw_kprobe_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t program;
	uint32_t reserved;
	uint32_t event_type;
	uint32_t reserved_too;
	uint64_t function_name;
	uint32_t name_length;
	uint32_t offset;
	uint64_t address;
	uint64_t missed;
};

/*
 * Sends libbpf's warnings of this thread into a buffer instead of stderr, and forgets what was in it. libbpf hands them
 * over as a va_list, which Swift cannot take.
 */
void rpfw_log_begin(void);

/* The end of what libbpf has warned about in this thread since rpfw_log_begin. */
const char *rpfw_log_text(void);

#endif
