/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage: which hosts were recorded when, and what their ledgers tell: what CPU time must be divided by to be cores.
 * Time that several windows of a host are of counts once. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "pprof/ledger.h"

#define COVERAGE_MAX_HOSTS ((size_t)1 << 20) /* -ENOSPC beyond */
#define COVERAGE_HOST_LABEL "host"

/* A host that had windows, and then none for so long, is silent. */
#define COVERAGE_SILENT_NS (INT64_C(300) * 1000000000)

struct profile;
struct window_info;

struct coverage_host {
	const char *name;         /* as file names spell it (store/name.h); "": windows that do not tell */
	uint64_t wall_ns;         /* that its windows cover; 0: they do not tell. After coverage_finish() */
	int64_t start_ns, end_ns; /* of the first one and of the last (window_end_ns()); 0: unknown */
};

struct coverage_totals {
	uint64_t n_windows;
	uint64_t n_untimed;       /* of them do not tell how long they were */
	uint64_t n_unread;        /* windows that were gone or damaged when their turn came: no sample of them */
	int64_t start_ns, end_ns; /* of all hosts; 0: no window tells */
	struct ledger ledger;
	uint64_t n_ledgers; /* windows that had one */
};

struct coverage;
_must_check_ int coverage_new(struct coverage **ret);
struct coverage *coverage_free(struct coverage *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct coverage *, coverage_free);

/* A window of a store: of one host, which its name tells. */
_must_check_ int coverage_add_window(struct coverage *c, const struct window_info *window);

/* One whose samples could not be read. */
void coverage_note_unread(struct coverage *c);

/* What a server tells of a host that is not there yet, of so many windows, or what was made of them. */
_must_check_ int coverage_add_host(struct coverage *c, const struct coverage_host *host, uint64_t n_windows);

/*
 * A profile of a file, with all its samples: its hosts are what the label `host` tells. One of several hosts lasted as
 * long as all of them together, as merging makes it: each has an equal part. is_window: it has a ledger.
 */
_must_check_ int coverage_add_profile(struct coverage *c, const struct profile *p, const struct window_info *window,
				      bool is_window);

/* Sums up. Before that hosts have numbers, but no time; more may be added afterwards, and summed up again. */
void coverage_finish(struct coverage *c);

/* The number of a host, any spelling; it becomes one if it is none. */
_must_check_ int coverage_find(struct coverage *c, const char *host, uint32_t *ret);
const struct coverage_host *coverage_hosts(const struct coverage *c, size_t *ret_n);
const struct coverage_totals *coverage_totals(const struct coverage *c);

/* Lost samples as a part of those that were taken while CPUs were busy; negative: no ledger tells. */
double coverage_lost(const struct coverage *c);

/* Whether its last window ended so long before that time, or before the last one of all where until_ns is 0. */
bool coverage_is_silent(const struct coverage *c, const struct coverage_host *host, int64_t until_ns);
