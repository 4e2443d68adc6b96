/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampled cpu: one possible CPU: the event that ticks on it while it is online, the buffers that its ticks fill, and
 * the account of them. What is due ends with the moment that the CPU went offline, and begins again when its next
 * event is enabled. The sampler's; one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/tick-account.h"
#include "bpf/abi.h"
#include "common/clean.h"

/* Ticks as the program counted them, summed over the buffers flipped since the last cut. */
struct ticks {
	uint64_t entries, idle, filtered, records;
	uint64_t lost[SAMPLE_LOST_N];
};

struct sampled_cpu {
	unsigned int number; /* the kernel's */
	int event_fd;        /* -1: not sampled */
	uint32_t n_offline;  /* of the region, when the event was opened */
	bool has_joined;     /* the event was opened while sampling, by the last call of sampler_follow_cpus() */
	int open_error;      /* why it is not, though online; 0: it is offline, or sampled */
	struct cpu_region *region;
	uint64_t passed;    /* runs that began before this epoch have ended */
	uint64_t period_ns; /* of the open window */
	uint64_t idle_ns;   /* since boot, when the idle times were last read */
	struct tick_account account;
	struct ticks ticks;
};

static inline bool sampled_cpu_is_open(const struct sampled_cpu *cpu)
{
	return cpu->event_fd >= 0;
}

/* An event that is disabled yet. -ENODEV: the CPU is offline, or about to be. */
_must_check_ int sampled_cpu_open(struct sampled_cpu *cpu, int program_fd);
void sampled_cpu_close(struct sampled_cpu *cpu); /* what it has counted stays */

/* Of one without an event these do nothing. epoch: a new one (sampler_epoch()), which has passed on this CPU
 * afterwards. */
_must_check_ int sampled_cpu_enable(struct sampled_cpu *cpu, uint64_t epoch);
_must_check_ int sampled_cpu_disable(struct sampled_cpu *cpu, uint64_t epoch); /* the ticks up to now are taken in */
_must_check_ int sampled_cpu_set_period(struct sampled_cpu *cpu, uint64_t period_ns); /* of one that is disabled */

/* Takes in the ticks that were due up to now. If its CPU has gone offline since it was opened, the event is closed. */
_must_check_ int sampled_cpu_advance(struct sampled_cpu *cpu, uint64_t epoch);
_must_check_ int sampled_cpu_barrier(struct sampled_cpu *cpu, uint64_t epoch); /* that an epoch passes, and no more */

const struct cpu_buf *sampled_cpu_buf(const struct sampled_cpu *cpu); /* which the program fills */
/* From now on the program fills the other buffer. This one may be read after the next advance. */
void sampled_cpu_swap(struct sampled_cpu *cpu);
/* The buffer that is not in use; what it counted is taken in. */
const struct cpu_buf *sampled_cpu_take(struct sampled_cpu *cpu);
void sampled_cpu_release(struct sampled_cpu *cpu);
