/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack copies: takes the stacks that the kernel's walk could not finish out of the map that they are copied to, has
 * the finisher finish them, clears them, and keeps the results until their samples are taken in. One thread; bounded.
 *
 * What a copy holds may be secret: nothing of it is written or logged, and it is overwritten as soon as its answer is
 * there, or will never be.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/abi.h"
#include "common/clean.h"
#include "symbolizer/finisher-wire.h"

struct modules;
struct opener;
struct processes;
struct stack_copies;

struct stack_copies_config {
	int map_fd;             /* the map; borrowed, as all here */
	struct copy_area *area; /* the same, mapped for writing */
	struct processes *processes;
	struct modules *modules;
	struct opener *opener;
};

struct stack_copies_counts {
	uint64_t n_taken;
	uint64_t n_rooted;
	uint64_t n_finisher_lost; /* copies that the finisher had when it was lost */
	uint64_t n_unanswered;    /* given up at the end */
};

/* The process starts with the first copy. */
_must_check_ int stack_copies_new(const struct stack_copies_config *config, struct stack_copies **ret);
struct stack_copies *stack_copies_free(struct stack_copies *s); /* clears what is left; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct stack_copies *, stack_copies_free);

/* So many copies wait, or for so long, that they should be taken now: read the news, then say so. */
bool stack_copies_are_due(const struct stack_copies *s, uint64_t now_ns);

/* All news up to this time (CLOCK_BOOTTIME) is taken in: copies of that time may be finished. */
void stack_copies_set_news(struct stack_copies *s, uint64_t news_ns);

/* Takes answers, gives the finisher what it needs, hands in the next. */
_must_check_ int stack_copies_dispatch(struct stack_copies *s);
int stack_copies_fd(const struct stack_copies *s);
int stack_copies_timeout_ms(const struct stack_copies *s); /* -1: never */

/* Waits until every copy of the time whose news is there has its answer; after max_ns those left are given up. */
_must_check_ int stack_copies_finish(struct stack_copies *s, uint64_t max_ns);

/* A finished stack, for its sample; borrowed until the next call but this. NULL: there is none. */
struct finished_stack {
	enum finisher_stop stop;
	bool is_guessed; /* as SAMPLE_GUESSED */
	size_t n_pcs;
	const __u64 *pcs; /* as in a record's stack */
};
const struct finished_stack *stack_copies_find(struct stack_copies *s, uint32_t tid, uint64_t time_ns);

/* Forgets the results of samples before this time (CLOCK_BOOTTIME). */
void stack_copies_expire(struct stack_copies *s, uint64_t before_ns);

const struct stack_copies_counts *stack_copies_counts(const struct stack_copies *s);
pid_t stack_copies_finisher_pid(const struct stack_copies *s); /* 0: not running */
struct child_keeper_stats stack_copies_finisher_stats(const struct stack_copies *s);
const char *stack_copies_finisher_fault(const struct stack_copies *s); /* why it does not start; NULL: it does */
