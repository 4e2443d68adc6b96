/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf split: the part of a unit that the compiler left outside of the binary: in a .dwo beside the object file, or in
 * a package of them (.dwp). One file is open at a time; a package stays open.
 */
#pragma once

#include "symbolizer/debug-need.h"
#include "symbolizer/dwarf-names.h"

struct dwarf_split {
	const struct debug_source *sources; /* borrowed; NULL: there are none */
	const struct dwarf_info *binary;    /* borrowed: where addresses lie */
	struct dwarf_names *names;          /* borrowed: told when strings go */
	struct dwarf_info package, dwo;
	bool has_package, has_dwo, has_asked; /* has_asked: for the package */
	uint32_t n_files;
	uint64_t n_bytes;     /* of what was opened */
	uint64_t n_too_large; /* files that take more memory than there is: as if they were not there */
};

enum dwarf_split_answer {
	DWARF_SPLIT_NONE = 1, /* nobody has it */
};

void dwarf_split_init(struct dwarf_split *s, const struct debug_source *sources, const struct dwarf_info *binary,
		      struct dwarf_names *names);
void dwarf_split_done(struct dwarf_split *s);

/* The other part of a skeleton unit; stays until the next call. */
_must_check_ int dwarf_split_find(struct dwarf_split *s, const struct dwarf_unit *skeleton, struct dwarf_unit **ret);
