/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index leaf: 64 bytes of INDEX_LEAVES: from which address on which scope is the innermost one, and which line the code
 * comes from, for some twenty pieces of code. A piece begins with 16 bits; from the lowest on:
 *
 *	6 bits  how many bytes the piece before has; 62: 62 and 16 bits that follow; 63: 64 bits that follow
 *	2 bits  the code of the scope, 0: it is the same
 *	2 bits  the code of the file, 0: it is the same; of another scope, INDEX_FILE_OF_FUNCTION
 *	2 bits  the code of the rest of the line
 *	4 bits  of the line, the lowest
 *
 * then come the numbers whose sizes the codes tell (symbolizer/index-packed.h):
 *
 *	scope   1: none; else 2 and the signed distance from the last scope that there was, or 0 at first
 *	file    1 and INDEX_FILE_OF_FUNCTION, or 1 and its number and 1
 *	line    signed; from the line before where the scope is the same, else from the function's first line
 *
 * The first piece begins where the leaf does, with a length of 0. 16 bits of 0 end the leaf before its 64th byte. Where
 *there is no scope, lines count from 0 and INDEX_FILE_OF_FUNCTION is no file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/index-format.h"
#include "symbolizer/index-scope.h"

struct index_piece {
	uint64_t start;
	uint32_t scope; /* an offset in INDEX_SCOPES; 0: none */
	struct index_place place;
};

/* The leaf that is being filled: all zeros at first. */
struct index_leaf {
	uint8_t bytes[INDEX_LEAF_BYTES];
	size_t n;
	uint64_t start;
	struct index_piece last;
	uint32_t last_scope; /* that was one */
};

/* Adds a piece behind those that it has; false: there is no room, the next leaf begins with it. */
bool index_leaf_add(struct index_leaf *leaf, const struct index_piece *piece);

/*
 * The piece at so many bytes behind the leaf's start. The bytes are foreign, and so is what they say; up to
 * INDEX_SLACK_BYTES behind the leaf are read.
 */
void index_leaf_find(const uint8_t *leaf, uint64_t offset, struct index_piece *ret);
