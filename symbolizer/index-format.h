/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index format: the bytes of an index file. A header, a table of sections, the sections. All numbers are
 * little-endian, every section starts at a multiple of 64, a cache line; a reader skips the kinds that it does not
 * know, so facts can be added without touching what is here. A change of what is here raises INDEX_VERSION: older files
 * are then remade.
 *
 * What debug info says takes five sections. INDEX_LEAVES tells for every piece of code its innermost scope and its
 * line, in leaves of 64 bytes that are searched by INDEX_LEAF_STARTS; INDEX_SCOPES the forest of inlined calls, as
 * records of a few bytes that are named by their offset; INDEX_SCOPE_FUNCTIONS and INDEX_FILES what these refer to.
 * Lines are told relative to the function's first line, and its file is the one that most is in: both are mostly one
 * byte, or none.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/build-id.h"
#include "symbolizer/index.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "index files are read in place: little-endian hosts only"
#endif

#define INDEX_MAGIC "cpuh.idx"
#define INDEX_VERSION 5
#define INDEX_ALIGN 64

struct index_header {
	char magic[8];
	uint32_t version;
	uint32_t crc; /* CRC-32 as in zlib, of everything behind this field */
	uint64_t file_bytes;
	uint32_t n_sections;
	uint16_t machine; /* ELF e_machine */
	uint8_t build_id_bytes;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	uint8_t zero[5];
};

#define INDEX_CRC_FROM offsetof(struct index_header, file_bytes)

enum index_section_kind {
	INDEX_SEGMENTS = 1,        /* struct index_segment[] */
	INDEX_FUNCTIONS = 2,       /* struct index_symbol[]: the symbol tables' functions; ranges do not overlap */
	INDEX_STRINGS = 3,         /* NUL-terminated strings; offset 0 is "" */
	INDEX_UNWIND = 4,          /* struct index_unwind_head, then its arrays; absent where there are no rows */
	INDEX_FUNCTION_STARTS = 5, /* struct index_starts_head: where each of INDEX_FUNCTIONS starts */
	INDEX_ORIGIN = 6,          /* struct index_origin_strings; absent where nothing was said */

	/* What debug info says; all of them or none. */
	INDEX_LEAF_STARTS = 7,      /* struct index_starts_head: where each leaf starts */
	INDEX_LEAVES = 8,           /* INDEX_LEAF_BYTES each, symbolizer/index-leaf.h; then slack */
	INDEX_SCOPES = 9,           /* records, symbolizer/index-scope.h; then slack */
	INDEX_SCOPE_FUNCTIONS = 10, /* struct index_scope_function[] */
	INDEX_FILES = 11,           /* u32[]: full paths, offsets into the strings; number 0 means unknown */
};

struct index_section {
	uint32_t kind;
	uint32_t crc;          /* CRC-32 of its bytes: what is needed at once need not wait for the rest */
	uint64_t offset, size; /* from the start of the file */
};

/*
 * Ascending addresses, and a tree above them, so that a search touches one cache line a level: followed by levels of
 * numbers of start_bytes each, relative to base; level 0 are the addresses, each higher one has every 16th of the one
 * below, up to one of 16 at most. Levels are filled to a multiple of 16 numbers with ones. start_bytes is 8 only where
 * the text spans over 4 GiB.
 */
struct index_starts_head {
	uint64_t base;
	uint32_t n;
	uint32_t start_bytes;
	uint8_t zero[48];
};

struct index_symbol {
	uint32_t n_bytes;
	uint32_t name, linkage_name; /* offsets into the strings, as all names here */
};

struct index_scope_function {
	uint32_t name, linkage_name;
	uint32_t start_line; /* 0: unknown */
	uint32_t file;       /* of most of its lines: where none is told */
};

/* 0: nothing was said. */
struct index_origin_strings {
	uint32_t path, debug_source, failure, maker;
};

#define INDEX_LEAF_BYTES 64
#define INDEX_SLACK_BYTES 64 /* zeros behind leaves and scopes: numbers are read as if they were of full size */

/*
 * The table of bpf/unwind-table.h: followed by pages[n_pages], words[n_words], rules[n_rules]. The words are those of
 * the pages in their order, without anything between.
 */
struct index_unwind_head {
	uint64_t base; /* virtual address of page 0 */
	uint32_t n_pages, n_rules, n_words;
	uint32_t n_rows; /* of all pages */
};

_Static_assert(sizeof(struct index_header) == 56, "part of the format");
_Static_assert(sizeof(struct index_section) == 24, "part of the format");
_Static_assert(sizeof(struct index_starts_head) == 64, "part of the format");
_Static_assert(sizeof(struct index_symbol) == 12, "part of the format");
_Static_assert(sizeof(struct index_scope_function) == 16, "part of the format");
_Static_assert(sizeof(struct index_origin_strings) == 16, "part of the format");
_Static_assert(sizeof(struct index_segment) == 32, "part of the format");
_Static_assert(sizeof(struct index_unwind_head) == 24, "part of the format");

/* The most that we make or read: what a 4 GiB file with 4 M symbols could give lies far below. */
#define INDEX_LIMIT_BYTES ((uint64_t)1 << 30)
#define INDEX_MAX_SECTIONS 64
#define INDEX_MAX_SEGMENTS 64
#define INDEX_MAX_INLINED 64         /* in one another: what lies further out is not told */
#define INDEX_MAX_UNWIND_PAGES 65536 /* 4 GiB of text, 512 KiB of pages */
