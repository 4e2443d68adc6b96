/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: what is known of one binary, as an immutable file that is mapped read-only. Made by the sandboxed indexer,
 * so its bytes are as foreign as the binary's: index_open() checks the CRC and every bound once, lookups trust them.
 * An open index may be read from any thread. Most of a large one are names, and nobody waits for them: its rows can be
 * had first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/build-id.h"
#include "common/clean.h"

struct index;

/* An executable PT_LOAD segment (ELF gABI, program header). */
struct index_segment {
	uint64_t vaddr, mem_bytes;
	uint64_t file_offset, file_bytes;
};

/* One function at an address, innermost first where several lie inlined in one another. */
struct index_frame {
	const char *function;      /* demangled; borrowed from the index */
	const char *linkage_name;  /* as in the symbol table */
	const char *file;          /* NULL: unknown */
	uint32_t line, start_line; /* 0: unknown */
	bool inlined;
};

/* Maps and checks the file behind fd (which stays the caller's). -EBADMSG: no index of this version, or a bad one. */
_must_check_ int index_open(int fd, struct index **ret);

/*
 * The same in parts: until index_check() is done, only the build id, the segments and the rows are good, and nothing
 * else may be asked for. That sums n_bytes at a time, about 0.1 ms a MiB, and checks all bounds in its last call.
 */
enum index_answer {
	INDEX_UNCHECKED = 1, /* there is more to check */
};
_must_check_ int index_open_rows(int fd, struct index **ret);
_must_check_ int index_check(struct index *index, size_t n_bytes);

struct index *index_free(struct index *index); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct index *, index_free);

const struct build_id *index_build_id(const struct index *index);
size_t index_n_segments(const struct index *index);
const struct index_segment *index_segments(const struct index *index);
size_t index_mapped_bytes(const struct index *index);
size_t index_n_functions(const struct index *index);

/* The segment that a byte of the file belongs to; NULL: none that is executable. */
const struct index_segment *index_find_segment(const struct index *index, uint64_t file_offset);

/*
 * The functions at a virtual address of the file, innermost first; returns their number (0: unnamed), at most max.
 */
size_t index_lookup(const struct index *index, uint64_t vaddr, struct index_frame *ret, size_t max);

/* Where the index comes from, for people; NULL: nothing to say. */
struct index_origin {
	const char *path;         /* of the binary, as a process named it */
	const char *debug_source; /* the file that debug info was read from, "pclntab", or NULL: none was */
	const char *failure; /* why there is nothing else in it, or not all; NULL: there is, or was not looked for */
	const char *maker;   /* of a failure: which cpuhound failed */
};

/* As the writer was told; every string is borrowed from the index. */
void index_origin(const struct index *index, struct index_origin *ret);

/* Has it inlined calls and lines? */
bool index_has_debug(const struct index *index);

/* The unwind table, as bpf/unwind-table.h describes it; everything is checked and borrowed from the index. */
struct index_unwind {
	uint64_t base;                   /* virtual address of page 0, a multiple of UNWIND_PAGE_BYTES */
	const struct unwind_page *pages; /* page.words counts from `words` */
	const struct unwind_rule *rules;
	const uint32_t *words;
	size_t n_pages, n_rules, n_words, n_rows;
};

/* false: the binary has neither CFI nor a pclntab. */
bool index_unwind(const struct index *index, struct index_unwind *ret);
