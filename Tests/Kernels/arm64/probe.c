// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

/* What the kernel answers when its trampolines cannot take a function; user space has no name for it. */
enum { KERNEL_ENOTSUPP = 524 };

/* In the order in which they are attached: a drop must not find the verdict hook's programs without its own. */
static const char *const drop_programs[] = { "drop_first", "drop_second", "drop_last", NULL };
static const char *const verdict_programs[TIERS][3] = {
	[TIER_FEXIT] = { "verdict_fexit" },
	[TIER_KPROBE] = { "verdict_return", "verdict_entry" },
	[TIER_TRACEPOINT] = { NULL },
};

/* Loaded with every tier, and attached to the cgroup hierarchy, which this virtual machine does without. */
static const char *const write_programs[] = { "sysctl_write", NULL };

const char *tier_name(enum tier tier)
{
	static const char *const names[TIERS] = { "fexit", "kprobe", "tracepoint" };

	return names[tier];
}

int read_reasons(struct reasons *reasons)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	const struct btf_enum *values;
	int id;

	*reasons = (struct reasons){};
	if (!btf)
		return -errno;
	id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);
	if (id < 0) {
		btf__free(btf);
		return id;
	}
	type = btf__type_by_id(btf, id);
	values = btf_enum(type);
	for (int i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, values[i].name_off);

		if (!strcmp(name, "SKB_DROP_REASON_IP_RPFILTER"))
			reasons->reverse_path = values[i].val;
		else if (!strcmp(name, "SKB_DROP_REASON_NOT_SPECIFIED"))
			reasons->not_specified = values[i].val;
		else if (!strcmp(name, "SKB_DROP_REASON_IP_LOCAL_SOURCE"))
			reasons->local_source = values[i].val;
	}
	btf__free(btf);
	return 0;
}

int probe_verify_all(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;
	int result;

	if (!object)
		return -errno;
	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, true);
	result = bpf_object__load(object);
	bpf_object__close(object);
	return result;
}

static int attach(struct probe *probe, const char *const *names)
{
	for (; *names; names++) {
		struct bpf_program *program = bpf_object__find_program_by_name(probe->object, *names);
		struct bpf_link *link = program ? bpf_program__attach(program) : NULL;

		if (!link)
			return -errno;
		probe->links[probe->link_count++] = link;
	}
	return 0;
}

static void detach(struct probe *probe)
{
	for (size_t i = 0; i < probe->link_count; i++)
		bpf_link__destroy(probe->links[i]);
	probe->link_count = 0;
}

static int select_programs(struct probe *probe, const char *const *names)
{
	static const unsigned int only_statistics = 4; /* BPF_LOG_STATS */

	for (; *names; names++) {
		struct bpf_program *program = bpf_object__find_program_by_name(probe->object, *names);
		struct verifier_log *log = &probe->logs[probe->log_count];

		if (!program)
			return -ENOENT;
		bpf_program__set_autoload(program, true);
		log->program = *names;
		bpf_program__set_log_level(program, only_statistics);
		bpf_program__set_log_buf(program, log->text, sizeof(log->text));
		probe->log_count++;
	}
	return 0;
}

bool probe_states(const struct probe *probe, const char *program, unsigned int *total, unsigned int *peak)
{
	for (size_t i = 0; i < probe->log_count; i++) {
		const char *states = strstr(probe->logs[i].text, "total_states ");

		if (strcmp(probe->logs[i].program, program) || !states)
			continue;
		return sscanf(states, "total_states %u peak_states %u", total, peak) == 2;
	}
	return false;
}

/* Maps of the program's own data are named after the object. */
static struct bpf_map *find_map(struct bpf_object *object, const char *suffix)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);

		if (strlen(name) >= strlen(suffix) && !strcmp(name + strlen(name) - strlen(suffix), suffix))
			return map;
	}
	return NULL;
}

static int configure(struct bpf_object *object, enum tier tier)
{
	struct rpfw_config config = {
		.detail_per_window = 1 << 14,
		.detail_when_full = 64,
		.ring_bytes = RPFW_RING_BYTES,
		.verdict_hook = tier != TIER_TRACEPOINT,
	};
	struct bpf_map *constants = find_map(object, ".rodata");
	struct bpf_map *counters = find_map(object, "counters");
	int result;

	if (!constants || !counters)
		return -ENOENT;
	result = bpf_map__set_initial_value(constants, &config, sizeof(config));
	return result ? result : bpf_map__set_max_entries(counters, MAX_COUNTS);
}

static int keep_event(void *context, void *data, size_t size)
{
	struct probe *probe = context;

	if (size != sizeof(struct rpfw_event) || probe->event_count == MAX_EVENTS)
		return -EOVERFLOW;
	memcpy(&probe->events[probe->event_count++], data, size);
	return 0;
}

int probe_open(struct probe *probe, const char *path, enum tier tier, int *refusal)
{
	int result;

	*probe = (struct probe){ .tier = tier };
	probe->object = bpf_object__open(path);
	if (!probe->object)
		return -errno;
	result = select_programs(probe, write_programs);
	if (!result)
		result = select_programs(probe, drop_programs);
	if (!result)
		result = select_programs(probe, verdict_programs[tier]);
	if (!result)
		result = configure(probe->object, tier);
	if (!result)
		result = bpf_object__load(probe->object);
	if (result)
		goto failed;

	/* Some kernels refuse only here. */
	result = attach(probe, verdict_programs[tier]);
	detach(probe);
	if (result) {
		*refusal = -result;
		if (result == -KERNEL_ENOTSUPP || result == -ENOENT || result == -ESRCH)
			result = -ENOTSUP;
		goto failed;
	}

	probe->ring = ring_buffer__new(bpf_map__fd(find_map(probe->object, "ring")), keep_event, probe, NULL);
	if (!probe->ring) {
		result = -errno;
		goto failed;
	}
	return 0;

failed:
	bpf_object__close(probe->object);
	probe->object = NULL;
	return result;
}

int probe_attach(struct probe *probe)
{
	struct bpf_map *variables = find_map(probe->object, ".bss");
	uint32_t zero = 0, enabled = 1;
	int result = attach(probe, drop_programs);

	if (!result)
		result = attach(probe, verdict_programs[probe->tier]);
	if (!result && !variables)
		result = -ENOENT;
	return result ? result : bpf_map_update_elem(bpf_map__fd(variables), &zero, &enabled, BPF_ANY);
}

int probe_consume(struct probe *probe)
{
	int result = ring_buffer__consume(probe->ring);

	return result < 0 ? result : 0;
}

int probe_counts(struct probe *probe, uint32_t netns_inode, struct count counts[MAX_COUNTS])
{
	int map = bpf_map__fd(find_map(probe->object, "counters"));
	int cpus = libbpf_num_possible_cpus();
	struct rpfw_counter *parts;
	struct rpfw_key key = {};
	int result, count = 0;

	if (cpus < 0)
		return cpus;
	parts = calloc(cpus, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	for (result = bpf_map_get_next_key(map, NULL, &key); !result && count < MAX_COUNTS;
	     result = bpf_map_get_next_key(map, &key, &key)) {
		struct count *sum = &counts[count];

		if (key.netns_inode != netns_inode)
			continue;
		result = bpf_map_lookup_elem(map, &key, parts);
		if (result)
			break;
		*sum = (struct count){ .key = key };
		for (int cpu = 0; cpu < cpus; cpu++) {
			sum->counter.emitted += parts[cpu].emitted;
			sum->counter.suppressed += parts[cpu].suppressed;
			sum->counter.lost_ring += parts[cpu].lost_ring;
			sum->counter.filtered += parts[cpu].filtered;
			if (parts[cpu].ifname[0])
				memcpy(sum->counter.ifname, parts[cpu].ifname, sizeof(sum->counter.ifname));
		}
		count++;
	}
	free(parts);
	return result && result != -ENOENT ? result : count;
}

void probe_close(struct probe *probe)
{
	detach(probe);
	ring_buffer__free(probe->ring);
	bpf_object__close(probe->object);
	*probe = (struct probe){};
}
