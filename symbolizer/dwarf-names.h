/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf names: the functions of a binary's debug info, each once, with the name and line that its DIE or one that it
 * refers to has: the out-of-line instance and the inlined calls of a function all point to one DIE, that may point to
 * its declaration, which may lie in another unit or file. The linkage name counts before the name, wherever it is.
 */
#pragma once

#include "symbolizer/dwarf-die.h"
#include "symbolizer/dwarf-map.h"
#include "symbolizer/index-writer.h"

struct dwarf_names {
	struct index_writer *writer;  /* borrowed */
	struct dwarf_array functions; /* of struct index_function */
	struct dwarf_map by_die;      /* functions */
	struct dwarf_map by_string;   /* struct index_name, by where the string lies in memory */
};

void dwarf_names_init(struct dwarf_names *n, struct index_writer *w);
void dwarf_names_done(struct dwarf_names *n);

/* The function that a DIE at a place is about. -EFBIG, -ENOMEM. */
_must_check_ int dwarf_names_find(struct dwarf_names *n, const struct dwarf_place *place, const struct dwarf_die *die,
				  uint32_t *ret);

/* Sections were let go: what lies where they lay is another string. */
void dwarf_names_forget_strings(struct dwarf_names *n);
