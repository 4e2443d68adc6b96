/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workloads: whose the samples are. Each (cgroup, program, name of a thread) that is sampled has a number; what is
 * known of it is gathered when it is first seen, and the labels that follow by the configuration are found out once,
 * when a window names it. Tells too what the configuration leaves out. What no window names any more is forgotten.
 * Bounded; one thread; does not wait.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"
#include "symbolizer/child-keeper.h"

struct cgroups;
struct config;
struct modules;
struct process;
struct workloads;

#define WORKLOADS_MAX 8192 /* a busy host has some thousand; some 1 KiB each */
#define WORKLOAD_MAX_LABELS 64
#define WORKLOAD_NO_ROOM 0 /* the number of all that found no room; they are counted */

struct workloads_config {
	int proc_fd; /* borrowed, as are the tables */
	const struct cgroups *cgroups;
	const struct modules *modules;
	const char *host;          /* its name, unless the configuration has another */
	const char *host_root;     /* where its files lie; NULL: found out */
	const char *indexer_path;  /* the program to start; NULL: this one */
	char *const *indexer_argv; /* borrowed */
};

_must_check_ int workloads_new(const struct workloads_config *config, struct workloads **ret);
struct workloads *workloads_free(struct workloads *w); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct workloads *, workloads_free);

/* What names and labels follow from; borrowed until the next call. NULL: defaults. */
_must_check_ int workloads_configure(struct workloads *w, const struct config *config);

struct workload_sighting {
	uint64_t cgroup_id;
	uint32_t tgid;
	uint32_t exe_module;           /* MODULE_NONE: not known */
	const char *exe;               /* path; "[kernel]"; NULL: not known */
	const struct process *process; /* NULL: not known */
	const char *comm;              /* of the thread, 16 bytes padded with 0 */
};
/* The number of the workload of a sample. It is kept while it is named by workloads_keep(). */
_must_check_ int workloads_add(struct workloads *w, const struct workload_sighting *seen, uint64_t now_ns,
			       uint32_t *ret);

/* What the configuration's [filter] says of it, by its names before relabelling. */
enum workload_verdict {
	WORKLOAD_KEPT,
	WORKLOAD_UNDECIDED,      /* names are still awaited: the window decides */
	WORKLOAD_OUT,            /* left out, */
	WORKLOAD_OUT_BY_PROCESS, /* and so is whatever this program does, */
	WORKLOAD_OUT_BY_CGROUP,  /* or whatever runs in this cgroup */
};
enum workload_verdict workloads_judge(struct workloads *w, uint32_t number);

/* The labels of its samples, valid until the next call of anything here. WORKLOAD_LEFT_OUT: it has none. */
enum workload_answer {
	WORKLOAD_LEFT_OUT = 1, /* by a filter or a rule */
};
struct workload_label {
	char *name, *value;
};
_must_check_ int workloads_labels(struct workloads *w, uint32_t number, const struct workload_label **ret,
				  size_t *ret_n);

/* Numbers of processes and threads are labels too. */
bool workloads_tells_pid(const struct workloads *w);
bool workloads_tells_tid(const struct workloads *w);

/* No answer is awaited that its labels depend on. */
bool workloads_is_named(const struct workloads *w, uint32_t number);
size_t workloads_n_pending(const struct workloads *w);

int workloads_fd(const struct workloads *w);
int workloads_timeout_ms(const struct workloads *w, uint64_t now_ns); /* -1: nothing is due */
_must_check_ int workloads_dispatch(struct workloads *w, uint64_t now_ns);

/* Forgets those that were not named since the last call, nor in some calls before. */
void workloads_keep(struct workloads *w, uint32_t number);
void workloads_sweep(struct workloads *w);

struct workloads_stats {
	size_t n;
	uint64_t n_no_room;          /* sightings that found no room: their samples have no names */
	uint64_t n_told, n_untold;   /* containers whose names were found, or not in the end */
	uint64_t n_unanswered;       /* questions to runtimes */
	uint64_t n_relabel_given_up; /* matches of rules that took too many steps, and so are none */
};
struct workloads_stats workloads_stats(const struct workloads *w);
struct child_keeper_stats workloads_indexer_stats(const struct workloads *w);
pid_t workloads_indexer_pid(const struct workloads *w); /* 0: not running */
