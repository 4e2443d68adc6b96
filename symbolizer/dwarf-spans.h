/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf spans: from what the scopes and the line table of a unit say to what an index has: each piece of code that the
 * unit owns once, with its innermost scope and its line.
 */
#pragma once

#include "symbolizer/dwarf-line.h"
#include "symbolizer/dwarf-owners.h"

struct dwarf_spans {
	struct dwarf_array spans; /* of struct index_span */
	struct dwarf_array lines; /* of struct index_line */
	struct dwarf_array open;  /* while covers are laid over one another */
};

void dwarf_spans_done(struct dwarf_spans *s);

/*
 * Adds what a unit owns of its covers, which are sorted for that. Of those that hold an address the one with the last
 * start counts, of equal ones the later scope. -EFBIG, -ENOMEM.
 */
_must_check_ int dwarf_spans_add(struct dwarf_spans *s, struct dwarf_array *covers, const struct dwarf_owned *owned,
				 size_t n_owned);

/* Adds what a unit owns of its line table. */
_must_check_ int dwarf_spans_add_lines(struct dwarf_spans *s, const struct dwarf_line_table *table,
				       const struct dwarf_owned *owned, size_t n_owned);

/* When all units are there: sorts, and joins what says the same. */
void dwarf_spans_finish(struct dwarf_spans *s);
