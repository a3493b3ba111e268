// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CLab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fib_rules.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int closed_with_error(int fd)
{
	int error = errno;

	close(fd);
	return -error;
}

int lab_enter_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (setns(fd, CLONE_NEWNET))
		return closed_with_error(fd);
	close(fd);
	return 0;
}

/* Mounts below it have to be seen by everybody, or a namespace outlives its name. */
static int share_namespace_folder(const char *folder)
{
	if (mkdir(folder, 0755) && errno != EEXIST)
		return -errno;
	if (!mount("", folder, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* Not a mount point yet. */
	if (mount(folder, folder, "none", MS_BIND | MS_REC, NULL))
		return -errno;
	return mount("", folder, "none", MS_SHARED | MS_REC, NULL) ? -errno : 0;
}

int lab_make_namespace(const char *path)
{
	int result = share_namespace_folder("/run/netns");
	int fd;

	if (result)
		return result;
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	close(fd);
	if (unshare(CLONE_NEWNET) || mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL)) {
		result = -errno;
		unlink(path);
		return result;
	}
	return 0;
}

int lab_remove_namespace(const char *path)
{
	umount2(path, MNT_DETACH);
	return unlink(path) ? -errno : 0;
}

static void set_address(struct sockaddr *place, uint32_t address)
{
	*(struct sockaddr_in *)place = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = address };
}

/* A request to the kernel's IPv4 configuration by any socket of the thread's namespace. */
static int configure(unsigned long request, void *argument)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, request, argument))
		return closed_with_error(fd);
	close(fd);
	return 0;
}

int lab_interface_up(const char *interface, uint32_t address, uint32_t mask)
{
	struct ifreq request = {};
	int result = 0;

	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	if (address) {
		set_address(&request.ifr_addr, address);
		result = configure(SIOCSIFADDR, &request);
		set_address(&request.ifr_netmask, mask);
		if (!result)
			result = configure(SIOCSIFNETMASK, &request);
	}
	if (!result)
		result = configure(SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	return result ? result : configure(SIOCSIFFLAGS, &request);
}

int lab_add_route(uint32_t destination, uint32_t mask, uint32_t gateway, const char *interface)
{
	char device[IFNAMSIZ] = {};
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = device };

	strncpy(device, interface, IFNAMSIZ - 1);
	set_address(&route.rt_dst, destination);
	set_address(&route.rt_genmask, mask);
	set_address(&route.rt_gateway, gateway);
	return configure(SIOCADDRT, &route);
}

int lab_add_dscp_rule(uint8_t dscp, uint32_t priority, uint32_t table)
{
	/* Headers that have it cannot be told from those that do not. */
	enum { DSCP_ATTRIBUTE = FRA_DPORT_RANGE + 1 };
	struct {
		struct nlmsghdr header;
		struct fib_rule_hdr rule;
		struct nlattr priority_attribute;
		uint32_t priority;
		struct nlattr table_attribute;
		uint32_t table;
		struct nlattr dscp_attribute;
		uint8_t dscp[NLA_ALIGNTO];
	} request = {
		.header = { sizeof(request), RTM_NEWRULE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.rule = { .family = AF_INET, .action = FR_ACT_TO_TBL },
		.priority_attribute = { NLA_HDRLEN + sizeof(uint32_t), FRA_PRIORITY },
		.priority = priority,
		.table_attribute = { NLA_HDRLEN + sizeof(uint32_t), FRA_TABLE },
		.table = table,
		.dscp_attribute = { NLA_HDRLEN + sizeof(uint8_t), DSCP_ATTRIBUTE },
		.dscp = { dscp },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[sizeof(request) + 256];
	} answer = {};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (send(fd, &request, sizeof(request), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return closed_with_error(fd);
	close(fd);
	return answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error : -EPROTO;
}

int lab_packet_socket(const char *interface, uint16_t protocol)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex(interface),
	};
	int fd;

	if (!address.sll_ifindex)
		return -ENODEV;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return closed_with_error(fd);
	return fd;
}

int lab_tun(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &request))
		return closed_with_error(fd);
	return fd;
}

int lab_udp_socket(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (port && bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return closed_with_error(fd);
	return fd;
}

int lab_raw_socket(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	return fd < 0 ? -errno : fd;
}

int lab_send_raw(int fd, uint32_t address, const uint8_t *packet, uint32_t size)
{
	struct sockaddr_in receiver = { .sin_family = AF_INET, .sin_addr.s_addr = address };

	return sendto(fd, packet, size, 0, (struct sockaddr *)&receiver, sizeof(receiver)) < 0 ? -errno : 0;
}

int lab_join_group(int fd, uint32_t group, const char *interface)
{
	struct ip_mreqn request = {
		.imr_multiaddr.s_addr = group,
		.imr_ifindex = if_nametoindex(interface),
	};

	if (!request.imr_ifindex)
		return -ENODEV;
	return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) ? -errno : 0;
}

int lab_flood(int fd, const uint8_t *frames, uint32_t size, uint32_t variants, uint64_t count)
{
	enum { BATCH = 64 };
	struct mmsghdr messages[BATCH] = {};
	struct iovec parts[BATCH];
	int bypass = 1;

	/* No queueing discipline: the frame is in the other namespace when the call returns. */
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)))
		return -errno;
	for (uint64_t sent = 0; sent < count;) {
		uint64_t left = count - sent;
		int batch = left < BATCH ? (int)left : BATCH;

		for (int i = 0; i < batch; i++) {
			parts[i] = (struct iovec){ (void *)(frames + (sent + i) % variants * size), size };
			messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
		}
		batch = sendmmsg(fd, messages, batch, 0);
		if (batch < 0) {
			if (errno == EINTR || errno == ENOBUFS)
				continue;
			return -errno;
		}
		sent += batch;
	}
	return 0;
}

int lab_udp_storm(int fd, uint32_t address, uint16_t port, uint64_t count)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = address };

	while (count--)
		if (sendto(fd, NULL, 0, 0, (struct sockaddr *)&to, sizeof(to)) && errno != EPERM && errno != ENOBUFS)
			return -errno;
	return 0;
}

int lab_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int lab_real_time(void)
{
	struct sched_param parameters = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO, &parameters) ? -errno : 0;
}

int lab_pipe(int *read_end, int *write_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	*read_end = ends[0];
	*write_end = ends[1];
	return 0;
}

int lab_temporary_file(void)
{
	int fd = memfd_create("lab", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int lab_spawn(const char *const *arguments, int standard_input, int standard_output, int standard_error)
{
	int given[3] = { standard_input, standard_output, standard_error };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error = 0;
	pid_t process;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3 && !error; fd++)
		error = given[fd] < 0 ? posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0) :
					posix_spawn_file_actions_adddup2(&actions, given[fd], fd);
	if (!error)
		error = posix_spawnp(&process, arguments[0], &actions, &attributes, (char *const *)arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error ? -error : process;
}

int lab_wait(int process, int block)
{
	int status;
	pid_t ended;

	do {
		ended = waitpid(process, &status, block ? 0 : WNOHANG);
	} while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return -errno;
	if (!ended)
		return -EAGAIN;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int lab_contains(const void *bytes, size_t size, const void *name, size_t length)
{
	return size && length && memmem(bytes, size, name, length) != NULL;
}

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	long result = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return result < 0 ? -errno : (int)result;
}

int lab_next_bpf_program(uint32_t after, struct lab_bpf_program *program)
{
	union bpf_attr attributes = { .start_id = after };
	struct bpf_prog_info info = {};
	int fd, result;

	result = bpf(BPF_PROG_GET_NEXT_ID, &attributes);
	if (result)
		return result;
	program->id = attributes.next_id;

	attributes = (union bpf_attr){ .prog_id = program->id };
	fd = bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
	if (fd < 0)
		return fd;
	attributes = (union bpf_attr){
		.info = { .bpf_fd = fd, .info_len = sizeof(info), .info = (uint64_t)(uintptr_t)&info },
	};
	result = bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes);
	close(fd);
	if (result)
		return result;
	memcpy(program->name, info.name, sizeof(program->name));
	program->instructions = info.xlated_prog_len / sizeof(struct bpf_insn);
	program->verified = info.verified_insns;
	return 0;
}

int lab_bpf_map_value(uint32_t map, const char *name, const void *key, void *value)
{
	union bpf_attr attributes = { .map_id = map };
	struct bpf_map_info info = {};
	int fd, result;

	fd = bpf(BPF_MAP_GET_FD_BY_ID, &attributes);
	if (fd < 0)
		return fd;
	attributes = (union bpf_attr){
		.info = { .bpf_fd = fd, .info_len = sizeof(info), .info = (uint64_t)(uintptr_t)&info },
	};
	result = bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes);
	if (!result && strncmp(info.name, name, sizeof(info.name)))
		result = -ENOENT;
	if (!result) {
		attributes = (union bpf_attr){
			.map_fd = fd,
			.key = (uint64_t)(uintptr_t)key,
			.value = (uint64_t)(uintptr_t)value,
		};
		result = bpf(BPF_MAP_LOOKUP_ELEM, &attributes);
	}
	close(fd);
	return result;
}

int lab_bpf_map_storm(uint64_t count)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 1 << 12, .max_entries = 1
	};
	/* Before v5.11 maps count as locked memory, of which the tracer of the same user has taken more than a default. */
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	static uint8_t value[1 << 12];
	uint32_t key = 0;
	int map, result;

	/* Where it may not be raised, newer kernels do not need it. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	map = bpf(BPF_MAP_CREATE, &attributes);
	if (map < 0)
		return map;
	attributes = (union bpf_attr){
		.map_fd = map,
		.key = (uint64_t)(uintptr_t)&key,
		.value = (uint64_t)(uintptr_t)value,
	};
	do {
		result = bpf(BPF_MAP_UPDATE_ELEM, &attributes);
	} while (!result && count--);
	close(map);
	return result;
}
