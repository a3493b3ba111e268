/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CBPF_H
#define CBPF_H

#include <stddef.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <linux/if_link.h>

/* The BPF object of this machine's architecture. Swift cannot import an array without a known size. */
const void *rpfw_object_bytes(void);
size_t rpfw_object_size(void);

/*
 * Sends libbpf's warnings of this thread into a buffer instead of stderr, and forgets what was in it. libbpf hands them
 * over as a va_list, which Swift cannot take.
 */
void rpfw_log_begin(void);

/* The end of what libbpf has warned about in this thread since rpfw_log_begin. */
const char *rpfw_log_text(void);

#endif
