/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake: news and samples in, folded stacks out. Keeps what is known of processes, cgroups, files and kernel symbols
 * up to date with the news, and resolves each sample by what was true at its time. intake.c says what is done when,
 * intake-sample.c what a sample means, intake-files.c what is opened and read. One thread, no clock of its own but to
 * pace itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/utsname.h>

#include "agent/debug-queue.h"
#include "agent/news.h"
#include "agent/opener.h"
#include "agent/resolve.h"
#include "agent/tap.h"
#include "common/clean.h"
#include "workload/cgroup.h"

struct config;
struct jit_maps;
struct sampler;
struct stack_copies;
struct tap;
struct unwinding;
struct workloads;

#define INTAKE_MAX_MAPPINGS 4096 /* of one process, that a binary is looked for in */

/* Of the open window. Counted here and nowhere else. */
struct intake_counts {
	uint64_t n_read;        /* records of the sample log */
	uint64_t n_kernel_mode; /* of them those whose tick hit the kernel */
	uint64_t n_window_full; /* samples that found no room among the folded stacks */
	uint64_t n_filtered;    /* samples of what the configuration leaves out */
	uint64_t n_truncated[TRUNCATION_N];
	uint64_t n_copied;          /* samples whose stack was finished from a copy */
	uint64_t n_copy_lost;       /* that found no room for one, or no time */
	uint64_t n_copy_unfinished; /* whose copy brought nothing */
};

struct intake {
	struct news news;
	struct processes *processes;
	struct cgroup_hierarchy hierarchy;
	struct cgroups *cgroups;
	struct workloads *workloads;
	struct sampler *sampler; /* NULL: nobody samples (yet, or any more) */
	struct binaries *binaries;
	struct modules *modules;
	struct unwinding *unwinding; /* NULL: nobody walks stacks (yet, or any more) */
	struct stack_copies *copies; /* NULL: likewise */
	struct jit_maps *jit;
	struct kernel_code *kernel;
	struct utsname host;
	int sys_fd; /* /sys */
	size_t stacks_limit_bytes;
	struct stack_table *stacks; /* of the open window */
	uint64_t jit_window;        /* its number in jit_maps */
	uint64_t window_ns;         /* and its start, CLOCK_BOOTTIME: no sample of it was taken before */
	struct tap *taps[TAPS_MAX]; /* NULL: none; owned */
	struct opener opener;
	struct debug_queue debug;
	struct fetching *fetching; /* NULL: no server is asked */
	const struct mapping *found[INTAKE_MAX_MAPPINGS];
	struct resolved resolved;
	struct intake_counts counts;

	uint64_t helpers_ns;  /* CLOCK_MONOTONIC: children and memory are looked at then, at the latest; 0: at once */
	bool files_left;      /* new files wait to be opened */
	bool without_debug;   /* debug info is not asked for */
	uint64_t cgroups_ns;  /* CLOCK_MONOTONIC; when those that have gone were forgotten last */
	size_t n_cgroups;     /* that were left then */
	size_t n_rereads;     /* since intake_settle() */
	size_t n_debug_tries; /* since intake_settle() */
};

struct intake_config {
	const char *cache_dir;         /* of index files; NULL: none is kept */
	const char *const *debug_dirs; /* with debug info, beside the usual ones */
	size_t n_debug_dirs;
	const char *const *debuginfod_urls; /* of servers with debug info; needs cache_dir */
	size_t n_debuginfod_urls;
	uint64_t debuginfod_cache_bytes;
	size_t stacks_limit_bytes; /* of a window; beyond, samples are lost as window_full */
};

/* What there is to do. */
enum intake_mode {
	INTAKE_SAMPLING,
	INTAKE_PAUSED,    /* only what was begun is brought to its end */
	INTAKE_FINISHING, /* only names are still awaited, and somebody waits for them */
};

/* Half-initialised is fine for intake_done(). Opens the sideband: what happens from now on is not missed. */
_must_check_ int intake_init(struct intake *in, const struct intake_config *config);
void intake_done(struct intake *in);

/* From now on what the sampler's walker needs is kept up to date, in limit_bytes at most; until the detachment. */
_must_check_ int intake_attach(struct intake *in, struct sampler *sampler, size_t limit_bytes);
void intake_detach(struct intake *in);

/* Does what is due of news, scans, files and names. is_ready: a child or a socket may have something to say. */
_must_check_ int intake_dispatch(struct intake *in, uint64_t now_ns, enum intake_mode mode, bool is_ready);
int intake_timeout_ms(const struct intake *in, enum intake_mode mode); /* -1: nothing is due */

/* All that runs has been read, and what is known of it is published. */
bool intake_is_ready(const struct intake *in);

/* After buffers were flipped: waits until the news of the time before is complete, and takes it in. */
_must_check_ int intake_settle(struct intake *in);
/* Then: waits, not for long, until the stacks that were copied in that time are finished. */
_must_check_ int intake_finish_copies(struct intake *in);
/* period_ns: what each sample stands for. */
_must_check_ int intake_take(struct intake *in, const struct sample_batch *batch, uint64_t period_ns);

/* Begins the next window at now_ns (CLOCK_BOOTTIME): the stacks and counts of the one that ends are the caller's. */
struct intake_window {
	struct stack_table *stacks;
	struct intake_counts counts;
	struct news_counts news;
	uint64_t jit_window;      /* its number in jit_maps */
	uint64_t start_ns;        /* CLOCK_BOOTTIME */
	uint64_t n_roots_refused; /* see debug_roots.n_refused */
};
_must_check_ int intake_begin_window(struct intake *in, uint64_t now_ns, struct intake_window *ret);

/* What samples are named and left out by; borrowed until the next call. NULL: defaults. */
_must_check_ int intake_configure(struct intake *in, const struct config *config);

/* Whether debug info is asked for, of what is sampled from now on. It is, at first. */
void intake_set_debug_info(struct intake *in, bool is_read);

/* Forgets what no sample taken at or after before_ns (CLOCK_BOOTTIME) can ask for. */
void intake_expire(struct intake *in, uint64_t before_ns);

/* Sampling has ended: what processes tell of their code is read once more, and what debug info is wanted is asked for.
 */
_must_check_ int intake_finish(struct intake *in);

/* Files whose names are still awaited, and those whose debug info is. */
size_t intake_n_unnamed(const struct intake *in);
size_t intake_n_debug_unread(const struct intake *in);

/* Of what is kept, for accounts. */
void intake_limits(size_t *ret_modules, size_t *ret_binaries, size_t *ret_cgroups);
