/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit maps: the code that processes made themselves, by the files in which they tell of it. Each program that ran such
 * code has a number; frames in it carry that number and an absolute address, and get their names from the last map
 * that could be read. Maps are read again when they have changed and their process was sampled, no more often than they
 * cost little, once more when their process has gone, and once more for the end of a recording. A child that was forked
 * goes on with its parent's code: what it does not tell itself, its parent tells. One thread; bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/child-keeper.h"
#include "symbolizer/index.h"

struct process;
struct processes;
struct jit_maps;

/* What is kept at most, and why this much. */
#define JIT_MAX_PROCESSES 1024                  /* each may hold two descriptors */
#define JIT_MAX_FORKS 16                        /* parents that are looked for at a time */
#define JIT_MAX_BYTES ((uint64_t)256 << 20)     /* of all indexes: memory that processes make us keep */
#define JIT_COST_FACTOR 20                      /* a map that takes 1 s is read again after 20 s: 5 % of a CPU */
#define JIT_LANE_FACTOR 4                       /* and all of them together take 20 % of one */
#define JIT_LEAST_NS (1000 * (uint64_t)1000000) /* between two readings */

struct jit_maps_config {
	int proc_fd; /* borrowed, as are the processes */
	struct processes *processes;
	const char *indexer_path;  /* the program to start; NULL: this one */
	char *const *indexer_argv; /* borrowed */
};

_must_check_ int jit_maps_new(const struct jit_maps_config *config, struct jit_maps **ret);
struct jit_maps *jit_maps_free(struct jit_maps *j); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct jit_maps *, jit_maps_free);

/* News of a mapping that hints at such code: what can only be learned while the process lives is learned soon. */
void jit_maps_note_mapping(struct jit_maps *j, uint32_t tgid, const char *mapping_name);

/*
 * The number of what a process ran at the time of a sample in such code; it counts until that window is written. Where
 * there is none, the answer says why, and it is that of what the process was forked from; 0: nothing is known of that.
 */
enum jit_maps_answer {
	JIT_MAPS_FULL = 1, /* so many other programs were sampled that there is no room */
	JIT_MAPS_GONE,     /* it went before it was seen: nothing can be learned of it */
};
_must_check_ int jit_maps_sampled(struct jit_maps *j, struct process *process, uint64_t time_ns, uint32_t *ret);

/* is_urgent: nobody's time is measured any more, and somebody waits. */
_must_check_ int jit_maps_dispatch(struct jit_maps *j, uint64_t now_ns, bool is_urgent);
int jit_maps_fd(const struct jit_maps *j);
int jit_maps_timeout_ms(const struct jit_maps *j, uint64_t now_ns); /* -1: nothing is due */

/* All that was sampled in a window that is not yet written is looked at once more. Dispatch until nothing is pending.
 */
void jit_maps_look_again(struct jit_maps *j);
size_t jit_maps_n_pending(const struct jit_maps *j);
bool jit_maps_has_hints(const struct jit_maps *j);    /* mappings were noted that the next dispatch looks at */
pid_t jit_maps_indexer_pid(const struct jit_maps *j); /* 0: not running */
struct child_keeper_stats jit_maps_indexer_stats(const struct jit_maps *j);

/* The function at an address, as index_lookup() has it; 0: none is known. */
size_t jit_maps_lookup(const struct jit_maps *j, uint32_t number, uint64_t addr, struct index_frame *ret, size_t max);

/* Of what was sampled in windows that are not yet written: what could not be read, or only in part; at most max,
 * returns how many. Borrowed. */
struct jit_fault {
	const char *path, *reason;
	bool is_partial; /* the reason says what is missing */
};
size_t jit_maps_faults(const struct jit_maps *j, struct jit_fault *ret, size_t max);

/* Samples from now on belong to the next window; returns the number of the one that ends here. */
uint64_t jit_maps_begin_window(struct jit_maps *j);

/*
 * This window and all before it are written: forgets what no later one needs, of processes that have gone and cannot be
 * sampled any more (after processes_expire()). -ENOMEM: nothing was forgotten.
 */
_must_check_ int jit_maps_expire(struct jit_maps *j, uint64_t window);

struct jit_maps_stats {
	uint64_t n_read;
	uint64_t n_programs, index_bytes;
	uint64_t cpu_ns; /* of the child */
};
const struct jit_maps_stats *jit_maps_stats(struct jit_maps *j);
