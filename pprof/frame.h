/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: one line of a stack as a profile tells it, and what it is labelled with. Plain shapes: every pointer is
 * borrowed from the caller for the time of the call. Strings need not be valid UTF-8: the builder sees to that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A mapping as pprof wants it: one per ELF segment, in file addresses (profile.proto, message Mapping). */
struct profile_mapping {
	uint64_t start, limit; /* p_vaddr rounded down to its page, and the end of the segment */
	uint64_t file_offset;  /* p_offset, rounded down likewise */
	const char *filename;  /* as the process saw it; "[vdso]", "[kernel.kallsyms]", "[module]" */
	const char *build_id;  /* hex; "" or NULL: none */
};

struct frame {
	uint64_t addr;                         /* file-relative; the raw address where mapping is NULL */
	const struct profile_mapping *mapping; /* NULL: no file is known behind the address */
	const char *function;                  /* NULL or "": unnamed, which is a valid frame */
	const char *linkage_name;              /* mangled; NULL: the same as function */
	const char *file;                      /* NULL: unknown */
	uint32_t line, start_line;             /* 0: unknown */
	bool inlined;                          /* the next frame is its physical caller, at the same addr */
};

/* A label: str, or num where str is NULL. */
struct label {
	const char *key;
	const char *str;
	int64_t num;
	const char *num_unit;
};
