/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index scope: a record of INDEX_SCOPES: a function, or a call that was inlined. It is named by its offset in the
 * section, which is never 0: that means no scope. A byte of four codes, from the lowest bits on, then the numbers that
 * they tell the sizes of (symbolizer/index-packed.h; the function has one byte more than its code says, up to four):
 *
 *	back      how many bytes before this record its parent lies; 0: it has none
 *	function  its number in INDEX_SCOPE_FUNCTIONS
 *	file      of the call: INDEX_FILE_OF_FUNCTION, or its number and 1. Without a parent: 1 where a symbol calls
 *some of the code by another name than the function has, so that symbols must be asked; else 0 line      of the call,
 *signed, from the first line of the parent's function
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "symbolizer/index-packed.h"

#define INDEX_FILE_OF_FUNCTION 0
#define INDEX_ASK_SYMBOLS 1

/* A place in the source, relative to the function that it lies in. */
struct index_place {
	uint32_t file; /* INDEX_FILE_OF_FUNCTION, or its number and 1 */
	uint32_t line; /* from the function's first one; wraps */
};

struct index_scope_record {
	uint32_t back;
	uint32_t function;
	struct index_place call; /* in the parent's function */
};

#define INDEX_SCOPE_BYTES 20 /* no record has or reads more */

size_t index_scope_pack(const struct index_scope_record *record, uint8_t ret[static INDEX_SCOPE_BYTES]);

/* The bytes are foreign, and so is what they say. */
static inline void index_scope_read(const uint8_t *at, struct index_scope_record *ret)
{
	const size_t back = index_packed_bytes(*at & 3), function = (*at >> 2 & 3) + 1;
	const size_t file = index_packed_bytes(*at >> 4 & 3), line = index_packed_bytes(*at >> 6);

	at++;
	*ret = (struct index_scope_record){
		.back = index_packed_get(at, back),
		.function = index_packed_get(at + back, function),
		.call.file = index_packed_get(at + back + function, file),
		.call.line = index_packed_add(0, index_packed_get(at + back + function + file, line)),
	};
}
