// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE // sched_setaffinity

#include "CFlood.h"

#include <errno.h>
#include <sched.h>

static const unsigned char object[] = {
#if defined(__x86_64__)
#embed "../../bpf/prebuilt/flood.x86_64.bpf.o"
#elif defined(__aarch64__)
#embed "../../bpf/prebuilt/flood.aarch64.bpf.o"
#else
#error "bpf/build.sh builds the programs for x86_64 and aarch64"
#endif
};

const void *rpfw_flood_object_bytes(void)
{
	return object;
}

size_t rpfw_flood_object_size(void)
{
	return sizeof(object);
}

int rpfw_pin_thread(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}
