/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf: functions, inlined calls and lines out of the debug info of one binary: DWARF 2 to 5, in the file, split
 * (.dwo, .dwp) or shared (dwz), read once from front to end, unit by unit. Our own reader, not libdw: a pass over
 * 118 MB of .debug_info may take 3 s and 256 MiB, libdw keeps every line table and abbreviation until the end; and
 * libdw 0.188 knows neither zstd sections nor .dwp. It is the oracle of the tests instead. Runs in the indexer only.
 *
 * What is read where two units claim an address is what llvm-symbolizer reads: the unit that .debug_aranges names, or
 * the first one whose ranges hold it; in a unit the innermost scope, and of equals the later one.
 */
#pragma once

#include "common/clean.h"
#include "symbolizer/debug-need.h"
#include "symbolizer/elffile.h"
#include "symbolizer/index-writer.h"

struct dwarf_debug;

struct dwarf_config {
	const struct elffile *file;         /* the one with .debug_info: the binary or its separate debug file */
	const struct debug_source *sources; /* for DEBUG_NEED_ALT, _DWP and _DWO */
	/* Told once the size of all sections is known, before they are read: the time for them can be set. */
	int (*on_size)(void *context, uint64_t n_bytes); /* NULL: nobody asks */
	void *context;
};

enum dwarf_answer {
	DWARF_NONE = 1, /* no .debug_info in there */
};

/*
 * Reads all of it; names go to the writer. A damaged unit costs only itself, another file that is too large only
 * what lies in it. -EFBIG: more than we make room for;
 * -EBADMSG: nothing of it makes sense.
 */
_must_check_ int dwarf_debug_read(const struct dwarf_config *config, struct index_writer *w, struct dwarf_debug **ret);
struct dwarf_debug *dwarf_debug_free(struct dwarf_debug *d); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct dwarf_debug *, dwarf_debug_free);

/* Borrowed from d. */
void dwarf_debug_get(const struct dwarf_debug *d, struct index_debug *ret);

/* What was left out, for the tests and for people. */
struct dwarf_debug_stats {
	uint64_t n_units, n_damaged_units; /* damaged: some of it could not be read */
	uint64_t n_missing_dwo;            /* split units that nobody could find, or open */
	uint64_t n_large_files;            /* split units, packages, dwz's file: too large to be opened */
	uint64_t n_info_bytes;             /* of .debug_info, its split parts too */
};
const struct dwarf_debug_stats *dwarf_debug_stats(const struct dwarf_debug *d);
