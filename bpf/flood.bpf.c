/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/*
 * Makes packets for benchmarks and tests: run through BPF_PROG_TEST_RUN with live frames, "inject" hands a copy of the
 * caller's frame to the IP stack each time, as if the interface had received it. Not part of rpfwatch.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The bits of the source address that are chosen at random for each packet, in network byte order; 0: none. */
const volatile __u32 random_source_bits;

static __always_inline __u16 header_checksum(const struct iphdr *header)
{
	const __u16 *words = (const void *)header;
	__u32 sum = 0;

	for (int index = 0; index < 10; index++)
		sum += words[index];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int inject(struct xdp_md *context)
{
	struct iphdr *header = (void *)(long)context->data + sizeof(struct ethhdr);

	if (!random_source_bits || (void *)(header + 1) > (void *)(long)context->data_end)
		return XDP_PASS;
	header->saddr = (header->saddr & ~random_source_bits) | (bpf_get_prandom_u32() & random_source_bits);
	header->check = 0;
	header->check = header_checksum(header);
	return XDP_PASS;
}

/* Attached to the interface, without which it has no queue that frames could come from. */
SEC("xdp")
int receive(struct xdp_md *)
{
	return XDP_PASS;
}
