/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child keeper: keeps one sandboxed child at work: starts it when it is wanted, watches it while it has work, and puts
 * another in its place when it is lost; with growing pauses where it does not even start. What the child is told, and
 * what becomes of the work that a lost child had, is its client's. No call here waits for the child.
 * One thread. Belongs to its client, which may move it only before the first start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"
#include "symbolizer/child-process.h"

#define CHILD_REASON_BYTES 100
#define CHILD_MAX_DYING 4 /* killed children that a dead file system holds */

struct child_keeper_config {
	const char *path; /* the program to start; it and argv are borrowed for the keeper's life */
	char *const *argv;
	int given_fd;             /* the child's descriptor CHILD_GIVEN_FD; borrowed; -1: none */
	uint64_t timeout_ns;      /* for a start or a piece of work, without the time in which it waited for a CPU */
	uint64_t longest_ns;      /* the same with that time; 0: 120 s */
	uint64_t rss_limit_bytes; /* of anonymous memory */
	uint64_t idle_ns;         /* it is let go after so long without work; 0: never */
	uint64_t look_ns;         /* how often it is measured while it has work; 0: 100 ms */
};

struct child_keeper_stats {
	uint64_t n_restarts; /* a child was lost, or ended where it was not let go */
	uint64_t cpu_ns;
	uint64_t rss_anon_peak_bytes;
	uint64_t rss_anon_bytes; /* now; 0: there is no child */
};

struct child_keeper {
	struct child_keeper_config config;
	int epoll; /* readable: receive, reap and check */
	struct child_process process;
	bool ready;                   /* the child has said that its sandbox stands */
	uint64_t begun_ns, polled_ns; /* of what the watchdog watches: a start or a piece of work */
	uint64_t since_ns;            /* when it began, or asked something last */
	uint64_t starved_ns;          /* at since_ns */
	bool was_busy;                /* when looked at last */
	uint64_t busy_ns;             /* when it was last seen with work, or just done with it */
	struct child_process dying[CHILD_MAX_DYING];
	unsigned int n_failed_starts;
	uint64_t next_start_ns;
	char fault[CHILD_REASON_BYTES]; /* why the last start failed; "": it did not */
	struct child_keeper_stats stats;
};

_must_check_ int child_keeper_init(struct child_keeper *k, const struct child_keeper_config *config);
void child_keeper_done(struct child_keeper *k); /* ends the child; a half-initialised one is fine */

/* Starts a child if there is none and none of its predecessors stands in the way. */
void child_keeper_start(struct child_keeper *k);

/* None is started before some time has passed: the last ones did not start. */
bool child_keeper_is_resting(const struct child_keeper *k);

/* The child's first word: its sandbox stands (status 0), or failed to. */
void child_keeper_on_hello(struct child_keeper *k, int status, const char *reason);

/* It can be told something. */
bool child_keeper_is_up(const struct child_keeper *k);

/* It has been given work: from here on its time counts. */
void child_keeper_begin_work(struct child_keeper *k);
void child_keeper_note_usage(struct child_keeper *k, struct child_usage *ret);

/* It asked something: in the time before, it waited for us. */
void child_keeper_note_question(struct child_keeper *k);

/* 0; -ENOMEM or -ETIME: it needs more than it may. is_busy: it has work. */
_must_check_ int child_keeper_check(struct child_keeper *k, bool is_busy);

/* Ends a child that has been idle for as long as it may. */
void child_keeper_let_go(struct child_keeper *k, bool is_busy);

/* Kills it; another takes its place. It is reaped later: it may hang where no signal reaches it. */
void child_keeper_drop(struct child_keeper *k, const char *reason);

/* It has hung up: dead already, nearly always; child_keeper_reap() tells of what. */
void child_keeper_on_hangup(struct child_keeper *k);

/* True once, when it has ended by itself or by somebody else: the wait status, -1: unknown. */
bool child_keeper_reap(struct child_keeper *k, int *ret_status);

/* -1: never. is_wanted: there is work for a child. */
int child_keeper_timeout_ms(const struct child_keeper *k, bool is_busy, bool is_wanted);

struct child_keeper_stats child_keeper_stats(const struct child_keeper *k);
