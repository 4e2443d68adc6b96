/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf line: the line table of one unit (DWARF 2 to 5, section 6.2): which file and line each instruction comes from.
 * Pure; what is foreign is checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/dwarf-sections.h"
#include "symbolizer/index-writer.h"

/* Full paths, each once, numbered as in struct index_debug. All units of a binary share them. */
struct dwarf_files;
_must_check_ int dwarf_files_new(struct index_writer *w, struct dwarf_files **ret);
struct dwarf_files *dwarf_files_free(struct dwarf_files *f); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct dwarf_files *, dwarf_files_free);
/*
 * A path of its parts: from the last absolute one on they count. NULL: none. Written as llvm-symbolizer writes it; a
 * path is cut at DWARF_FILES_PATH_BYTES.
 */
#define DWARF_FILES_PATH_BYTES 4096
_must_check_ int dwarf_files_add(struct dwarf_files *f, const char *comp_dir, const char *dir, const char *name,
				 uint32_t *ret);
const uint32_t *dwarf_files_get(const struct dwarf_files *f, size_t *ret_n); /* borrowed: offsets into the strings */

/* What the unit that the table belongs to says. */
struct dwarf_line_unit {
	const struct dwarf_sections *sections;
	uint64_t offset;       /* DW_AT_stmt_list */
	const char *comp_dir;  /* NULL: none */
	uint8_t address_bytes; /* the unit's; tables of DWARF 5 tell their own */
	uint64_t str_offsets;  /* DW_AT_str_offsets_base, for DW_FORM_strx */
	bool is_64, is_dwo;    /* is_dwo: only the files are wanted */
};

struct dwarf_line_row {
	uint64_t address;
	uint32_t file; /* of struct dwarf_files */
	uint32_t line; /* 0: no line is known from here on, or the sequence ends here */
};

struct dwarf_line_names; /* the directories and files that a table speaks of */

struct dwarf_line_table {
	struct dwarf_line_names *names;
	struct dwarf_line_row *rows; /* ascending, one an address: the last one of those that a sequence has for it */
	size_t n_rows;
};

/*
 * Borrows the unit's strings, its sections and files. -EBADMSG: the header makes no sense. A program that goes wrong
 * ends there; what sequences it has ended count. Sequences that begin at 0 or -1 (of code that the linker dropped) are
 * left out. Where sequences overlap, the one that ends first counts, as llvm-symbolizer has it. -EFBIG, -ENOMEM.
 */
_must_check_ int dwarf_line_table_read(const struct dwarf_line_unit *unit, struct dwarf_files *files,
				       struct dwarf_line_table *ret);
/*
 * The file of a number as DW_AT_decl_file and DW_AT_call_file have it; 0: unknown. Made when it is asked for: units
 * list thousands of headers, and few are where code comes from.
 */
_must_check_ int dwarf_line_table_file(const struct dwarf_line_table *t, uint64_t number, uint32_t *ret);
void dwarf_line_table_done(struct dwarf_line_table *t);
