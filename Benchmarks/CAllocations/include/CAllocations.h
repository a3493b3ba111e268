/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H

#include <stdint.h>

/* How often the calling thread has asked for memory: malloc, calloc, realloc and aligned allocations, of any library. */
uint64_t rpfw_allocations(void);

#endif
