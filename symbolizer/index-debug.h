/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index debug: inlined calls and lines in an index file, and the look-up in them. Tables are checked when the file is
 * opened; leaves and scopes are read with every bound checked, since to read all of them at once would take longer than
 * the few that are ever asked for. Bad ones give fewer frames, never others' bytes.
 */
#pragma once

#include "symbolizer/index-format.h"
#include "symbolizer/index-starts.h"
#include "symbolizer/index.h"

struct index_debug_view {
	struct index_starts starts; /* of the leaves */
	const uint8_t *leaves;
	const uint8_t *scopes;
	const struct index_scope_function *functions;
	const uint32_t *files;
	const char *strings;
	size_t n_leaf_bytes, n_scope_bytes, n_functions, n_files;
};

/* Whether all tables fit together, and their strings lie in so many bytes. */
bool index_debug_is_good(const struct index_debug_view *d, size_t n_string_bytes);

/*
 * The frames at an address, innermost first; returns their number. Where there is none, ret[0] has the file and the
 * line alone. max is not 0. ret_ask: whether a symbol may call the outermost function by another name.
 */
size_t index_debug_lookup(const struct index_debug_view *d, uint64_t addr, struct index_frame *ret, size_t max,
			  bool *ret_ask);
