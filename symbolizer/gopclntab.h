/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gopclntab: the table of functions that every Go binary carries for its own stack traces (runtime/symtab.go,
 * cmd/link/internal/ld/pcln.go): where each one lies, its name, and how far the stack pointer is from its value at
 * entry (pcsp). It survives stripping. Bytes in, numbers out: no ELF in here, see symbolizer/go-binary.h. The table
 * borrows the bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define GOPCLNTAB_NAME_BYTES 1024 /* longer names are cut */

enum gopclntab_answer {
	GOPCLNTAB_NONE = 1, /* no table of Go 1.16 or later in 64 bits */
};

enum gopclntab_version {
	GOPCLNTAB_1_16, /* functions by address */
	GOPCLNTAB_1_18, /* by offset from the start of the text */
	GOPCLNTAB_1_20, /* and with the line that they start at */
};

struct gopclntab {
	const uint8_t *data;
	size_t n_bytes;
	enum gopclntab_version version;
	uint8_t quantum; /* bytes of the smallest instruction: what pcs are counted in */
	size_t n_functions;
	uint64_t text_start;                        /* what the header says; 0: nothing, as from Go 1.26 on */
	uint64_t names, cus, files, pcs, functions; /* offsets of the parts */
};

/* runtime.FuncFlag; all 0 before Go 1.17. */
#define GOPCLNTAB_TOP_FRAME 1 /* the outermost function of a stack */
#define GOPCLNTAB_SP_WRITE 2  /* moves the stack pointer in ways that pcsp does not tell */
#define GOPCLNTAB_ASSEMBLY 4

struct gopclntab_function {
	uint64_t start, end; /* offsets from the start of the text; addresses in a table of Go 1.16 */
	uint32_t name;       /* see gopclntab_name() */
	uint32_t pcsp;       /* 0: none, as of functions that were not compiled by Go */
	uint8_t flags;
};

/* The table that begins at data and ends at or before its end. Only GOPCLNTAB_HEADER_BYTES of it are read here. */
#define GOPCLNTAB_HEADER_BYTES 72
_must_check_ int gopclntab_parse(const void *data, size_t size, struct gopclntab *ret);

/* The i-th function, in ascending order in a table that is whole; false: damaged. */
bool gopclntab_function(const struct gopclntab *t, size_t i, struct gopclntab_function *ret);

/* Where its code comes from. */
struct gopclntab_source {
	uint32_t files, lines;   /* tables of pcs: a number for gopclntab_file(), a line; 0: none */
	uint32_t calls;          /* likewise: an entry of the inline tree, or -1 */
	uint64_t inline_tree;    /* offset in go:func.*; an address in a table of Go 1.16; GOPCLNTAB_NO_TREE */
	uint32_t cu, start_line; /* start_line 0: unknown, as before Go 1.20 */
};

#define GOPCLNTAB_NO_TREE UINT64_MAX

bool gopclntab_source(const struct gopclntab *t, size_t i, struct gopclntab_source *ret);

/* Not NUL-terminated; 0 bytes: none. */
struct gopclntab_name {
	const char *data;
	uint16_t n_bytes;
};

struct gopclntab_name gopclntab_name(const struct gopclntab *t, const struct gopclntab_function *f);
/* As an inline tree names a function: it must be the start of a name. */
struct gopclntab_name gopclntab_name_at(const struct gopclntab *t, uint32_t offset);
struct gopclntab_name gopclntab_file(const struct gopclntab *t, uint32_t cu, uint32_t number);

/* pcsp of one function, or another table of pcs, from its start on. */
struct gopclntab_pcsp {
	const struct gopclntab *table;
	size_t at;
	uint64_t pc;
	int32_t delta;
	bool started;
};

struct gopclntab_span {
	uint64_t start, end; /* from the start of the function */
	int32_t delta;       /* bytes that the stack pointer is below its value at the first instruction; the value */
};

void gopclntab_pcsp_init(struct gopclntab_pcsp *p, const struct gopclntab *t, const struct gopclntab_function *f);
void gopclntab_pcs_init(struct gopclntab_pcsp *p, const struct gopclntab *t, uint32_t table);
bool gopclntab_pcsp_next(struct gopclntab_pcsp *p, struct gopclntab_span *ret);
