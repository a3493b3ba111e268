// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include "CLab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Every sysctl that a case may set; those that it does not are 0. */
static const char *const sysctl_paths[] = {
	"conf/all/rp_filter",	   "conf/a0/rp_filter",	     "conf/all/accept_local", "conf/a0/accept_local",
	"conf/all/src_valid_mark", "conf/a0/src_valid_mark", "conf/a0/forwarding",
};

void sleep_milliseconds(long milliseconds)
{
	nanosleep(&(struct timespec){ .tv_nsec = milliseconds * 1000000 }, NULL);
}

long kernel_counter(void)
{
	FILE *file = fopen("/proc/self/net/netstat", "re");
	char names[8192], values[8192];
	long result = -1;

	/* Pairs of lines: the names, and their values in the same order. */
	while (file && result < 0 && fgets(names, sizeof(names), file) && fgets(values, sizeof(values), file)) {
		char *next_name = names, *next_value = values, *name, *value;

		while ((name = strsep(&next_name, " \n")) && (value = strsep(&next_value, " \n")))
			if (!strcmp(name, "IPReversePathFilter"))
				result = strtol(value, NULL, 10);
	}
	if (file)
		fclose(file);
	return result;
}

static void set_sysctl(const char *path, const char *value, struct problems *problems)
{
	char full[128];
	int fd;

	snprintf(full, sizeof(full), "/proc/sys/net/ipv4/%s", path);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		complain(problems, "cannot set %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static uint16_t checksum(struct iphdr header)
{
	uint16_t words[sizeof(header) / sizeof(uint16_t)];
	uint32_t sum = 0;

	memcpy(words, &header, sizeof(header));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* A locally administered address that ends with the interface's name, as `topology` gives it. */
static void ethernet_address(uint8_t address[ETH_ALEN], uint8_t last)
{
	memcpy(address, (const uint8_t[ETH_ALEN]){ 2, [5] = last }, ETH_ALEN);
}

size_t build_frame(struct frame *frame, const struct test_case *test_case, int number)
{
	uint32_t source = inet_addr(test_case->source), destination = inet_addr(test_case->destination);

	memset(frame, 0, sizeof(*frame));
	ethernet_address(frame->ethernet.h_source, 0xa1);
	ethernet_address(frame->ethernet.h_dest, 0xa0);
	if (test_case->frame != FRAME_UDP)
		memset(frame->ethernet.h_dest, 0xff, ETH_ALEN);
	if (test_case->frame == FRAME_ARP) {
		frame->ethernet.h_proto = htons(ETH_P_ARP);
		frame->arp.header = (struct arphdr){
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETH_P_IP),
			.ar_hln = ETH_ALEN,
			.ar_pln = 4,
			.ar_op = htons(ARPOP_REQUEST),
		};
		ethernet_address(frame->arp.sender_mac, 0xa1);
		memcpy(frame->arp.sender, &source, sizeof(source));
		memcpy(frame->arp.target, &destination, sizeof(destination));
		return sizeof(frame->ethernet) + sizeof(frame->arp);
	}
	frame->ethernet.h_proto = htons(ETH_P_IP);
	frame->udp.ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = TOS,
		.tot_len = htons(sizeof(frame->udp)),
		.id = htons(FIRST_ID + number),
		.ttl = TTL,
		.protocol = IPPROTO_UDP,
		.saddr = source,
		.daddr = destination,
	};
	frame->udp.ip.check = checksum(frame->udp.ip);
	frame->udp.udp = (struct udphdr){
		.source = htons(SOURCE_PORT),
		.dest = htons(DESTINATION_PORT),
		.len = htons(sizeof(frame->udp.udp) + PAYLOAD),
	};
	return sizeof(frame->ethernet) + sizeof(frame->udp);
}

void provoke(const struct test_case *test_case, struct problems *problems)
{
	long counter = kernel_counter();
	int fd;

	for (size_t i = 0; i < sizeof(sysctl_paths) / sizeof(*sysctl_paths); i++) {
		const char *value = "0";

		for (size_t j = 0; j < sizeof(test_case->settings) / sizeof(*test_case->settings); j++)
			if (test_case->settings[j].path && !strcmp(test_case->settings[j].path, sysctl_paths[i]))
				value = test_case->settings[j].value;
		set_sysctl(sysctl_paths[i], value, problems);
	}
	if (test_case->command && system(test_case->command))
		complain(problems, "\"%s\" failed", test_case->command);

	fd = lab_packet_socket("a1", 0);
	if (fd < 0)
		complain(problems, "no packet socket on a1: %s", strerror(-fd));
	for (int number = 0; fd >= 0 && number < PACKETS; number++) {
		struct frame frame;
		size_t size = build_frame(&frame, test_case, number);

		if (send(fd, &frame, size, 0) != (ssize_t)size)
			complain(problems, "cannot send: %s", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	/* A frame is received within the call that sends it, or soon after by the CPU's softirq thread. */
	if (is_counted_by_kernel(test_case))
		for (int tries = 0; tries < 100 && kernel_counter() < counter + PACKETS; tries++)
			sleep_milliseconds(20);
	sleep_milliseconds(50);
}
