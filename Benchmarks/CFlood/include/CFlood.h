/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CFLOOD_H
#define CFLOOD_H

#include <stddef.h>

/* bpf/flood.bpf.c as it was built for this machine's architecture. */
const void *rpfw_flood_object_bytes(void);
size_t rpfw_flood_object_size(void);

/* Keeps the calling thread on one CPU, which Swift's Glibc module has no function for. Returns a negative errno. */
int rpfw_pin_thread(int cpu);

#endif
