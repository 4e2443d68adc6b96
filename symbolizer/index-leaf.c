// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-leaf.h"

#include <string.h>

#include "symbolizer/index-packed.h"

#define LENGTH_16 62
#define LENGTH_64 63
#define NO_SCOPE 1
#define PIECE_BYTES (2 + 8 + 3 * 4) /* no piece takes more */

/* The numbers of a piece; 0: the same as before, but for the line. */
struct numbers {
	uint64_t length;
	uint32_t scope, file, line;
};

static struct numbers numbers_of(const struct index_leaf *leaf, const struct index_piece *piece)
{
	const struct index_piece *last = &leaf->last;
	struct index_place from = last->place;
	struct numbers n = {};

	if (leaf->n > 0)
		n.length = piece->start - last->start;
	if (leaf->n == 0 || piece->scope != last->scope) {
		n.scope = piece->scope ? index_packed_difference(piece->scope, leaf->last_scope) + 2 : NO_SCOPE;
		from = (struct index_place){};
	}
	if (piece->place.file != from.file)
		n.file = piece->place.file + 1;
	n.line = index_packed_difference(piece->place.line, from.line);
	return n;
}

static size_t put_head(uint8_t *at, const struct numbers *n)
{
	unsigned int length = n->length < LENGTH_16 ? (unsigned int)n->length : LENGTH_16;
	size_t n_more = n->length < LENGTH_16 ? 0 : 2;
	uint64_t more = n->length - length;
	uint16_t head;

	if (more > UINT16_MAX) {
		length = LENGTH_64;
		more = n->length;
		n_more = 8;
	}
	head = (uint16_t)(length | index_packed_code(n->scope) << 6 | index_packed_code(n->file) << 8 |
			  index_packed_code(n->line >> 4) << 10 | (n->line & 15) << 12);
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), &more, sizeof(more)); /* the low bytes come first */
	return sizeof(head) + n_more;
}

bool index_leaf_add(struct index_leaf *leaf, const struct index_piece *piece)
{
	const struct numbers numbers = numbers_of(leaf, piece);
	uint8_t bytes[PIECE_BYTES];
	size_t n;

	n = put_head(bytes, &numbers);
	n += index_packed_put(bytes + n, numbers.scope);
	n += index_packed_put(bytes + n, numbers.file);
	n += index_packed_put(bytes + n, numbers.line >> 4);
	if (n > sizeof(leaf->bytes) - leaf->n)
		return false;
	if (leaf->n == 0)
		leaf->start = piece->start;
	memcpy(leaf->bytes + leaf->n, bytes, n);
	leaf->n += n;
	leaf->last = *piece;
	if (piece->scope)
		leaf->last_scope = piece->scope;
	return true;
}

/* The rest of a length that did not fit in the head. */
static uint64_t read_length(const uint8_t **at, unsigned int length)
{
	uint16_t n16;
	uint64_t n;

	if (length == LENGTH_16) {
		memcpy(&n16, *at, sizeof(n16));
		*at += sizeof(n16);
		return (uint64_t)n16 + LENGTH_16;
	}
	memcpy(&n, *at, sizeof(n));
	*at += sizeof(n);
	return n;
}

/* Without branches that depend on what changes: they would be guessed wrong half of the time. */
static const uint8_t *read_changes(const uint8_t *at, uint16_t head, struct index_piece *piece, uint32_t *last_scope)
{
	const size_t scope_bytes = index_packed_bytes(head >> 6 & 3), file_bytes = index_packed_bytes(head >> 8 & 3);
	const size_t line_bytes = index_packed_bytes(head >> 10 & 3);
	const uint32_t scope = index_packed_get(at, scope_bytes);
	const uint32_t file = index_packed_get(at + scope_bytes, file_bytes);
	const uint32_t line = index_packed_get(at + scope_bytes + file_bytes, line_bytes) << 4 | head >> 12;

	*last_scope = scope > NO_SCOPE ? index_packed_add(*last_scope, scope - 2) : *last_scope;
	piece->scope = scope == 0 ? piece->scope : scope == NO_SCOPE ? 0 : *last_scope;
	piece->place.file = file ? file - 1 : scope ? INDEX_FILE_OF_FUNCTION : piece->place.file;
	piece->place.line = index_packed_add(scope ? 0 : piece->place.line, line);
	return at + scope_bytes + file_bytes + line_bytes;
}

void index_leaf_find(const uint8_t *leaf, uint64_t offset, struct index_piece *ret)
{
	const uint8_t *at = leaf, *end = leaf + INDEX_LEAF_BYTES;
	struct index_piece piece = {};
	uint32_t last_scope = 0;
	uint64_t start = 0;
	uint16_t head;

	while (at + sizeof(head) <= end) {
		unsigned int length;

		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		length = head & 63;
		start += length < LENGTH_16 ? length : read_length(&at, length);
		if (start > offset || head == 0)
			break;
		piece.start = start;
		at = read_changes(at, head, &piece, &last_scope);
	}
	*ret = piece;
}
