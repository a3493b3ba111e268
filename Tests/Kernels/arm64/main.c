// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
/*
 * probe-check [--tier TIER]… [--scenario PART-OF-A-NAME]…: the BPF object on real drops, in the tiers asked for, with the
 * words and the lines of scenario-runner (Tests/Kernels/Runner/Record.swift). `none` provokes without the programs;
 * `auto` takes the first tier that this kernel allows.
 *
 * Three things are this architecture's own, and only a run on it proves them. The registers that the kprobe tier reads
 * arguments, return value and stack pointer from (ARGUMENT_1 to RETURN_VALUE in bpf/kernel.h): the forwarded packet
 * shows the fifth argument, the ARP request the sixth, every verdict the others. Where the fields lie that CO-RE
 * relocations look up by name, bit-fields among them (the broadcast, the VRF). And whether a BPF trampoline takes the
 * eight arguments of fib_validate_source, which here are all in registers.
 */
#include "watch.h"

#include "CLab.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char object_path[] = "/rpfwatch.bpf.o";

static const char *parts[16];
static size_t part_count;

static bool is_wanted(const char *name)
{
	for (size_t i = 0; i < part_count; i++)
		if (strstr(name, parts[i]))
			return true;
	return !part_count;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int fail(const char *tier, const char *what, int error)
{
	printf("tier\t%s\tfailed\t%s: %s\n", tier, what, strerror(-error));
	return 1;
}

/* One line of the record; how many failed. */
static int report(const char *tier, const char *name, bool is_blind, long begin, const struct problems *problems)
{
	const char *status = problems->length ? "failed" : is_blind ? "blind" : "passed";

	printf("result\t%s\t%s\t%ld\t%s\t%s\n", tier, status, milliseconds() - begin, name, problems->text);
	return problems->length != 0;
}

static int run_case(const char *tier, const struct test_case *test_case, struct probe *probe,
		    const struct reasons *reasons)
{
	long begin = milliseconds(), counter = kernel_counter(), growth;
	struct problems problems = {};
	bool is_blind = false;

	if (probe)
		is_blind = watch(test_case, probe, reasons, &problems);
	else
		provoke(test_case, &problems);
	growth = kernel_counter() - counter;
	if (growth != (is_counted_by_kernel(test_case) ? PACKETS : 0))
		complain(&problems, "IPReversePathFilter grew by %ld", growth);
	return report(tier, test_case->name, is_blind, begin, &problems);
}

/* In a namespace that no other tier's cases have left anything in. */
static int run_cases(const char *tier, struct probe *probe, const struct reasons *reasons)
{
	int failures = 0;

	if (unshare(CLONE_NEWNET) || system("topology"))
		return fail(tier, "cannot make the network namespace", -errno);
	for (size_t i = 0; i < test_case_count; i++)
		if (is_wanted(test_cases[i].name))
			failures += run_case(tier, &test_cases[i], probe, reasons);
	return failures;
}

static int verify_every_program(const char *tier)
{
	static const char name[] = "the verifier accepts every program of the object";
	struct problems problems = {};
	long begin = milliseconds();
	int result;

	if (!is_wanted(name))
		return 0;
	result = probe_verify_all(object_path);
	if (result)
		complain(&problems, "it does not: %s", strerror(-result));
	return report(tier, name, false, begin, &problems);
}

/* The last program that is loaded, by ID. */
static uint32_t last_program(void)
{
	struct lab_bpf_program program = { .id = 0 };

	while (!lab_next_bpf_program(program.id, &program)) {
	}
	return program.id;
}

/* Prints the programs of a probe, which were loaded after one, by ID. */
static void print_programs(const char *tier, const struct probe *probe, uint32_t after)
{
	struct lab_bpf_program program = { .id = after };
	unsigned int total, peak;

	while (!lab_next_bpf_program(program.id, &program)) {
		printf("program\t%s\t%.16s\t%u\t%u", tier, program.name, program.instructions, program.verified);
		if (probe_states(probe, program.name, &total, &peak))
			printf("\t%u\t%u", total, peak);
		printf("\n");
	}
}

/* A tier of this name, or of any when the name is "auto". */
static int run_tier(const char *name, const struct reasons *reasons)
{
	uint32_t last = last_program();
	int result = -ENOTSUP, refusal = 0, failures;
	struct probe probe;

	for (int tier = 0; tier < TIERS && result == -ENOTSUP; tier++)
		if (!strcmp(name, "auto") || !strcmp(name, tier_name(tier)))
			result = probe_open(&probe, object_path, tier, &refusal);
	if (result == -ENOTSUP) {
		printf("tier\t%s\trefused\tattaching the verdict hook fails with error %d\n", name, refusal);
		return 0;
	}
	if (result)
		return fail(name, "cannot load the programs", result);
	result = probe_attach(&probe);
	if (result) {
		probe_close(&probe);
		return fail(name, "cannot attach the programs", result);
	}
	printf("tier\t%s\tused\t%s\n", name, tier_name(probe.tier));
	print_programs(name, &probe, last);
	failures = run_cases(name, &probe, reasons);
	probe_close(&probe);
	return failures;
}

int main(int count, char **words)
{
	const char *tiers[16];
	size_t tier_count = 0;
	struct reasons reasons;
	bool is_verified = false;
	int failures = 0, result;

	for (int i = 1; i + 1 < count; i += 2) {
		if (!strcmp(words[i], "--tier") && tier_count < sizeof(tiers) / sizeof(*tiers))
			tiers[tier_count++] = words[i + 1];
		else if (!strcmp(words[i], "--scenario") && part_count < sizeof(parts) / sizeof(*parts))
			parts[part_count++] = words[i + 1];
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	result = read_reasons(&reasons);
	if (result || !reasons.reverse_path) {
		fprintf(stderr, "This kernel gives no reasons for its drops: %s\n", strerror(-result));
		return 1;
	}
	for (size_t i = 0; i < tier_count; i++) {
		if (!strcmp(tiers[i], "none")) {
			printf("tier\tnone\tused\tnone\n");
			failures += run_cases("none", NULL, &reasons);
			continue;
		}
		failures += run_tier(tiers[i], &reasons);
		if (!is_verified)
			failures += verify_every_program(tiers[i]);
		is_verified = true;
	}
	printf("done\t%d\n", failures);
	return failures != 0;
}
