/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind extents: what the walker is told of a process's executable mappings: where each piece of a binary lies, and
 * which table has its rows. Pure but for asking for those tables.
 *
 * An extent tells the virtual address that its bytes have in the binary, which takes the binary's index; until there is
 * one the extent's table is unknown. (With offsets in the file instead, extents could be told before the index is
 * there, but the walker would have to turn them into addresses for every frame; and before the index is there no rows
 * are either.)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/clean.h"

struct live_mappings;
struct modules;
struct unwind_tables;

struct unwind_extents_list {
	size_t n;
	size_t n_unknown; /* whose table may become known later */
	struct unwind_extent all[UNWIND_MAX_EXTENTS];
};

enum unwind_extents_answer {
	UNWIND_EXTENTS_TOO_MANY = 1,
};

/* Adds the binaries that are met to the tables. */
_must_check_ int unwind_extents_build(const struct live_mappings *live, const struct modules *modules,
				      struct unwind_tables *tables, uint64_t now_ns, struct unwind_extents_list *ret);
