/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf scopes: the functions and inlined calls of a unit that have code, and the code of each, in one pass over its
 * DIEs. Lexical blocks count for nothing: what is inlined in one belongs to the function around it.
 */
#pragma once

#include "symbolizer/dwarf-line.h"
#include "symbolizer/dwarf-names.h"

struct dwarf_scopes {
	struct dwarf_names *names; /* borrowed */
	struct dwarf_array all;    /* of struct index_scope: of all units so far */
	struct dwarf_array covers; /* of struct index_span, of the last unit: in no order, and they overlap */
	struct dwarf_array ranges; /* of the DIE at hand */
};

void dwarf_scopes_init(struct dwarf_scopes *s, struct dwarf_names *names);
void dwarf_scopes_done(struct dwarf_scopes *s);

/*
 * Reads a unit; files tells what the numbers of files mean. -EBADMSG: some of it makes no sense, what comes before is
 * there. -EFBIG, -ENOMEM.
 */
_must_check_ int dwarf_scopes_read(struct dwarf_scopes *s, struct dwarf_unit *unit,
				   const struct dwarf_line_table *files);
