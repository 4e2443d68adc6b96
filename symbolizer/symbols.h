/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols: the functions of one binary as its symbol tables tell them, made into ranges that do not overlap.
 *
 * Of several names for one address one is kept: a function before an untyped label, then global before weak before
 * local, then .symtab before Go's pclntab before .gnu_debugdata before .dynsym before PLT stubs before what the start
 * code tells. Between equals of .symtab, the one with the larger size, then the last in the table: as llvm-symbolizer
 * chooses, so that the two can be compared (C1 and C2 constructors, functions that a linker folded together). It does
 * not ask whether a name is weak; there we differ. Between equals elsewhere, the name with fewer leading underscores,
 * the shorter one, the first by its bytes. So it is always the same one for the same file.
 *
 * A symbol without size reaches to the next symbol or the end of its section; inside of a symbol with a size it is a
 * label and dropped. Where sizes overlap, the symbol that starts last wins, and the outer one goes on behind it. A
 * function that a resolver chooses (IFUNC) is called what it is called where it lies; the resolver has the symbol's
 * name. Names over SYMBOL_NAME_BYTES are cut there, and not demangled.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/index-writer.h"

#define SYMBOLS_MAX 4000000    /* an executable with more is no executable of ours: 128 MiB of the indexer's 256 */
#define SYMBOL_NAME_BYTES 1024 /* longer names are cut, and then not demangled */

enum symbol_source {
	SYMBOL_SYMTAB,
	SYMBOL_PCLNTAB,
	SYMBOL_DEBUGDATA,
	SYMBOL_DYNSYM,
	SYMBOL_PLT,   /* named NAME@plt */
	SYMBOL_ENTRY, /* by symbolizer/elf-entry.h */
};

enum symbol_binding {
	SYMBOL_GLOBAL,
	SYMBOL_WEAK,
	SYMBOL_LOCAL,
};

struct symbol {
	uint64_t start;
	uint64_t end;        /* where it ends, or must end when it has no size */
	const char *name;    /* borrowed from the ELF file, not NUL-terminated */
	uint16_t name_bytes; /* at most SYMBOL_NAME_BYTES */
	bool sized;
	bool untyped;
	uint8_t binding; /* enum symbol_binding */
	uint8_t source;  /* enum symbol_source */
};

struct symbols {
	struct symbol *all;
	size_t n, capacity;
	size_t n_settled; /* of the first ones */
	uint32_t *places; /* where those of each piece of the address space begin, for symbols_find() */
	unsigned int place_shift;
};

void symbols_done(struct symbols *s);

/* -EFBIG: more than SYMBOLS_MAX. */
_must_check_ int symbols_add(struct symbols *s, const struct symbol *symbol);

/* Sorts, and keeps one name for each address. More may be added behind it, and settled again. */
_must_check_ int symbols_settle(struct symbols *s);

/* The settled symbol that starts at an address; NULL: none. */
const struct symbol *symbols_find(const struct symbols *s, uint64_t start);

/* Demangles and hands every range to the writer, in order. symbols_settle() came before. */
_must_check_ int symbols_write(const struct symbols *s, struct index_writer *w);
