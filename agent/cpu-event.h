/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu event: a perf event of the software kind on one CPU, whoever runs there. When its CPU goes offline the kernel
 * takes it away for good, without a word: it stands still, also when the CPU comes back. Then another must be opened.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"

struct perf_event_attr;

struct cpu_event_times {
	uint64_t counted_ns; /* of a clock: the time that it ran, less than enabled where the kernel throttled it */
	uint64_t enabled_ns;
};

/* The descriptor. attr says what is counted and told; size, type and read format are set here. -ENODEV: offline. */
_must_check_ int cpu_event_open(struct perf_event_attr *attr, unsigned int cpu);

/*
 * The read of an active event runs on its CPU, by an interrupt that it waits for (kernel/events/core.c,
 * perf_event_read()): when it returns, no program of the event that began before it is still running there.
 */
_must_check_ int cpu_event_read(int fd, struct cpu_event_times *ret);
