/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binaries: every distinct file that was seen mapped, and its index. A file is identified by its build id, its size,
 * and a SHA-256 over its first and last 4 KiB and its inode (device, number, times of change): never by what another
 * file could be given too. So a copy is another binary, and a file that was moved is the same.
 *
 * The table owns the indexer's children (symbolizer/indexer.c), which alone look into the files, and the cache of index
 * files on disk. There are three lanes, each with a queue and a child of its own: a large file takes seconds, debug
 * info minutes, and small ones do not wait for it. One thread: call binaries_dispatch() when binaries_fd() is readable
 * or its timeout has passed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/child-keeper.h"
#include "symbolizer/debug-need.h"
#include "symbolizer/index.h"

enum binary_state {
	BINARY_PENDING, /* the indexer has not answered yet, or a large index is being checked */
	BINARY_READY,
	BINARY_UNREADABLE, /* see `reason`; remembered, what ended the indexer also in the cache */
};

/* Inlined calls and lines take longer than names: they are read for what is asked for. */
enum binary_debug_state {
	BINARY_DEBUG_UNASKED,
	BINARY_DEBUG_PENDING,
	BINARY_DEBUG_READY,
	BINARY_DEBUG_MISSING, /* see `debug_reason`; remembered, also in the cache */
};

/* The debug_reason of what simply has none. */
#define BINARY_NO_DEBUG_INFO "none found"

struct binary {
	enum binary_state state;
	struct build_id build_id;  /* as the indexer read it from the file */
	const struct index *index; /* when READY; while PENDING perhaps one whose rows and segments can be had, and
				    * nothing else, as index_open_rows() leaves it; owned by the table */
	const char *reason;        /* when UNREADABLE: a few words, static or interned */
	uint64_t n_bytes;          /* size of the file */
	uint32_t root;             /* see binaries_add_rooted() */

	enum binary_debug_state debug_state;
	const struct index *debug; /* when DEBUG_READY: all names, inlined calls and lines; rows and segments are
				    * those of `index` */
	const char *debug_reason;  /* when DEBUG_MISSING: a few words, static or interned */
};

/* It was looked for, and there is none: not in the file, nor where the parent looked. */
static inline bool binary_lacks_debug_info(const struct binary *binary)
{
	return binary->debug_state == BINARY_DEBUG_MISSING && strcmp(binary->debug_reason, BINARY_NO_DEBUG_INFO) == 0;
}

/* The functions at a virtual address of the file, as index_lookup() has it, from the best that there is. */
static inline size_t binary_lookup(const struct binary *binary, uint64_t vaddr, struct index_frame *ret, size_t max)
{
	const struct index *index = binary->debug ? binary->debug : binary->index;

	return binary->state == BINARY_READY ? index_lookup(index, vaddr, ret, max) : 0;
}

enum binary_lane {
	BINARY_LANE_SMALL,
	BINARY_LANE_LARGE, /* its child is let go when there has been nothing for it to do */
	BINARY_LANE_DEBUG, /* likewise; it has more time */
	BINARY_N_LANES,
};

/* Larger files take the other lane: indexing as many bytes takes tenths of a second, and a start a few milliseconds. */
#define BINARY_LARGE_BYTES ((uint64_t)16 << 20)

/* How many may be PENDING: each waits with its descriptor open. */
#define BINARIES_MAX_PENDING 1024

struct binaries;

struct binaries_config {
	const char *cache_dir;      /* NULL: none; made if missing (mode 0700) */
	uint64_t cache_limit_bytes; /* the least recently used files are removed beyond it */
	size_t max_binaries;        /* in memory; more is -ENOSPC */
	/* Finds what binaries_want_debug() needs beside the binary, as debug_source has it; called by that and by
	 * binaries_dispatch(). NULL: only what is in the binary itself. */
	int (*find_debug)(void *context, const struct binary *binary, const struct debug_need *need, int *ret_fd,
			  char *ret_path);
	void *find_context;
};

struct binaries_stats {
	uint64_t n_indexed; /* by the indexer */
	uint64_t n_from_cache;
	uint64_t n_unreadable;
	uint64_t n_debug_read, n_debug_from_cache, n_debug_missing; /* the second may be missing too */
	uint64_t n_indexer_restarts;                                /* a child crashed, hung or grew past its limit */
	uint64_t mapped_index_bytes;
	uint64_t cache_bytes;                 /* on disk */
	uint64_t indexer_rss_anon_peak_bytes; /* of one child */
	uint64_t indexer_cpu_ns;              /* of all */
};

_must_check_ int binaries_new(const struct binaries_config *config, struct binaries **ret);
struct binaries *binaries_free(struct binaries *set); /* ends the children; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct binaries *, binaries_free);

/*
 * Finds or adds the binary with the content of fd, a regular file open for reading; takes fd in every case. path names
 * it for people. The result lives as long as the table, or until binaries_sweep().
 * -EAGAIN: BINARIES_MAX_PENDING wait for the indexer, add it again later; -ENOSPC: max_binaries.
 */
_must_check_ int binaries_add(struct binaries *set, int fd, const char *path, struct binary **ret);

/*
 * The same for a file that a process in a root of its own has mapped, where debug files of that root are to be
 * believed: what they say counts for this binary alone, not for the same file in another root, and is not kept on disk.
 * root: the caller's number for it; 0: none, as binaries_add().
 */
_must_check_ int binaries_add_rooted(struct binaries *set, int fd, const char *path, uint32_t root,
				     struct binary **ret);

/*
 * Makes a binary without a root one of this root, because of what was found there for it: who has mapped it elsewhere
 * since, or will have, gets another binary. -EEXIST: the root has one of this content already.
 */
_must_check_ int binaries_set_root(struct binaries *set, struct binary *binary, uint32_t root);

/*
 * Has the debug info of a READY binary read; takes fd, the same file as at binaries_add(), in every case. path names it
 * for people. Asked for once: later calls do nothing. -EAGAIN: too many wait, ask again later.
 */
_must_check_ int binaries_want_debug(struct binaries *set, struct binary *binary, const char *path, int fd);
/*
 * There may be debug info now where there was none: a later binaries_want_debug() looks for it again. What there is
 * stays in use until then. false: none was missing, or that is being looked for.
 */
bool binaries_ask_again(struct binaries *set, struct binary *binary);
size_t binaries_n_debug_pending(const struct binaries *set);

/*
 * Lets go of binaries and their indexes: all but those named by binaries_keep() since the last call, and those that the
 * indexer still has.
 */
void binaries_keep(struct binary *binary); /* NULL is fine */
void binaries_sweep(struct binaries *set);
size_t binaries_n(const struct binaries *set);
bool binaries_has_root(const struct binaries *set, uint32_t root); /* of some binary */

/* Every binary once, in the order in which they left PENDING; NULL: no further one has. */
struct binary *binaries_take_settled(struct binaries *set);

int binaries_fd(const struct binaries *set);         /* an epoll descriptor: readable means dispatch */
int binaries_timeout_ms(const struct binaries *set); /* until there is something to do; -1: never */
_must_check_ int binaries_dispatch(struct binaries *set);
size_t binaries_n_pending(const struct binaries *set);
const struct binaries_stats *binaries_stats(struct binaries *set);
/* For tests and accounts; 0: not running. */
pid_t binaries_indexer_pid(const struct binaries *set, enum binary_lane lane);
struct child_keeper_stats binaries_indexer_stats(const struct binaries *set, enum binary_lane lane);

/* What keeps a child from starting, and the cache directory from being used; NULL: nothing. */
const char *binaries_indexer_fault(const struct binaries *set);
const char *binaries_cache_fault(const struct binaries *set);
