/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit program: one program that a process ran with code of its own making: where its perf map and jitdump are, what was
 * read of them last, and when they may be looked at again. Owned by jit_maps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/jit-file.h"
#include "agent/jit-maps.h"
#include "symbolizer/indexer-wire.h"

#define JIT_N_KINDS 2 /* enum jit_file_kind */

/* What tells that a file has changed. */
struct jit_file_version {
	uint64_t dev, ino, n_bytes, modified_ns;
};

/* One file of a process. */
struct jit_source {
	struct jit_file_version version; /* of what was read last, or is being read */
	struct index *index;             /* NULL: none yet */
	uint64_t cost_ns, read_ns;       /* of the last reading, and when it ended (CLOCK_MONOTONIC) */
	bool is_refused;                 /* see reason; an index from before still counts */
	char path[JIT_FILE_PATH_BYTES];
	char reason[INDEXER_REASON_BYTES]; /* why it could not be read, or what is missing; "": nothing */
};

struct jit_program {
	uint32_t number; /* see jit_table */
	struct jit_process process;
	uint64_t time_ns;           /* CLOCK_BOOTTIME; a time at which it ran */
	struct jit_program *parent; /* whose code it went on with when it was forked; NULL: nobody's */
	uint32_t n_children;        /* programs whose parent it is */
	uint64_t used_ns;           /* CLOCK_BOOTTIME; it was sampled last, or made */
	uint64_t window;            /* the last one that it was sampled in; 0: none */
	bool is_known;              /* for jit_table_expire() */
	bool is_in_flight;          /* one of its files is being read */
	struct jit_source sources[JIT_N_KINDS];
	int dump_fd;                /* of the jitdump, for the end; -1: none */
	unsigned int todo;          /* kinds that are still to be looked at, as bits */
	uint64_t looked_ns;         /* CLOCK_MONOTONIC; when the last look began */
	bool is_due;                /* for a look, whatever the pace */
	bool is_last_look, is_gone; /* its process has gone; and has been looked at for the last time */
	bool is_sampled;            /* since the last look */
};

/* JIT_FILE_NONE: the process has gone. begun_ns: CLOCK_BOOTTIME, as time_ns; 0: unknown. */
_must_check_ int jit_program_new(int proc_fd, uint32_t tgid, uint64_t begun_ns, uint64_t time_ns,
				 struct jit_program **ret);
struct jit_program *jit_program_free(struct jit_program *p); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct jit_program *, jit_program_free);

/* The jitdump can only be found while it is mapped: its descriptor is kept. live: the process that runs it. */
void jit_program_keep_jitdump(struct jit_program *p, int proc_fd, const struct process *live);

/*
 * Opens one of its files; live NULL: its process has gone. JIT_FILE_NONE: there is none, or it is what was read last;
 * JIT_FILE_REFUSED: the source says why.
 */
_must_check_ int jit_program_open(struct jit_program *p, enum jit_file_kind kind, int proc_fd,
				  const struct process *live, int *ret);

/* A look goes over all kinds, one by one. */
void jit_program_begin_look(struct jit_program *p, uint64_t now_ns);
enum jit_file_kind jit_program_next_kind(struct jit_program *p); /* of todo, which is not 0 */
void jit_program_end_look(struct jit_program *p);

/* When it may be looked at again: 0: at any time, UINT64_MAX: it need not. */
uint64_t jit_program_ready_ns(const struct jit_program *p);

/* By what it tells itself, then by what those tell whose code it went on with. */
size_t jit_program_lookup(const struct jit_program *p, uint64_t addr, struct index_frame *ret, size_t max);

void jit_source_set_reason(struct jit_source *s, bool is_refused, const char *reason);
