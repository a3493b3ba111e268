/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WATCH_H
#define WATCH_H

/*
 * What a probe must say about a case.
 */
#include "probe.h"
#include "traffic.h"

/* Provokes a case under an attached probe and compares what it saw. True when this tier is blind for it. */
bool watch(const struct test_case *test_case, struct probe *probe, const struct reasons *reasons,
	   struct problems *problems);

#endif
