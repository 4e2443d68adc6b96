/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame table: the functions of many profiles, each known by its number: 0, 1, 2 ... in the order they came. What is
 * added up over profiles, hosts and days (report/call-tree.h, report/hogs.h) goes by these numbers. Bounded: what is
 * beyond the limits is frame 0, FRAME_OTHER, and counted. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define FRAME_TABLE_MAX_FRAMES ((size_t)1 << 20)
#define FRAME_TABLE_MAX_BYTES ((size_t)96 << 20) /* of strings */
#define FRAME_OTHER "(other)"                    /* as compaction calls what it folds away (pprof/merge.h) */
#define FRAME_NO_STACK "[no stack]"              /* the only frame of a sample without frames, as in folded text */

enum frame_kind {
	FRAME_USER,
	FRAME_KERNEL, /* its modules and BPF programs as well */
	FRAME_JIT,    /* code made at run time */
	FRAME_MARKER, /* no code: "[irq]", "[truncated: REASON]", "[no stack]", "(other)" */
};

/* Strings are valid UTF-8, but may hold anything else: whoever prints them makes them fit. "": there is none. */
struct frame_info {
	const char *function; /* as people call it: "libz.so.1+0x12" where it has no name */
	const char *library;  /* last part of its mapping's file name */
	const char *build_id; /* of the library, hex */
	const char *file;     /* of the source */
	enum frame_kind kind;
	bool is_named; /* its function has a name */
};

struct frame_table;

_must_check_ int frame_table_new(struct frame_table **ret);
struct frame_table *frame_table_free(struct frame_table *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct frame_table *, frame_table_free);

/* The number of this frame. The strings are copied, cut at 4096 bytes, and made valid. */
_must_check_ int frame_table_add(struct frame_table *t, const struct frame_info *frame, uint32_t *ret);

/*
 * The same in parts, for profiles, which name a function once and have many frames of it: the numbers of a function and
 * of what it lies in make a frame. FRAME_NO_ROOM: frames of it are FRAME_OTHER.
 */
#define FRAME_NO_ROOM UINT32_MAX
_must_check_ int frame_table_add_function(struct frame_table *t, const char *name, const char *file, bool is_named,
					  uint32_t *ret);
_must_check_ int frame_table_add_binary(struct frame_table *t, const char *library, const char *build_id,
					enum frame_kind kind, uint32_t *ret);
_must_check_ int frame_table_add_pair(struct frame_table *t, uint32_t function, uint32_t binary, uint32_t *ret);

/* Of a function that has a name, all at once: most are known. */
_must_check_ int frame_table_add_named(struct frame_table *t, const char *name, const char *file, uint32_t binary,
				       uint32_t *ret);

/* Borrowed until the next frame_table_add(); its strings as long as the table. */
const struct frame_info *frame_table_get(const struct frame_table *t, uint32_t number);
size_t frame_table_n(const struct frame_table *t);
uint64_t frame_table_n_beyond(const struct frame_table *t); /* calls whose frame had no room */
