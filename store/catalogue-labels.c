// SPDX-License-Identifier: Apache-2.0
/*
 * catalogue labels: which sets of labels may have a sample that matchers take, how many windows have a label, and which
 * labels nobody has any more.
 */
#include <string.h>

#include "common/buf.h"
#include "store/catalogue-inside.h"
#include "store/matcher.h"

#define MAX_NUMBER ((int64_t)1 << 31) /* rows are numbered from 1; a million labels a day are none of ours */

#define MAX_COUNTS_BYTES ((size_t)64 << 20) /* of 8 million labels */

/* Numbers of rows, as bits. */
struct bits {
	struct buf bytes;
};

static bool has_bit(const struct bits *b, int64_t n)
{
	return n >= 0 && (uint64_t)n / 8 < b->bytes.size && (b->bytes.data[n / 8] >> (n % 8) & 1);
}

static int set_bit(struct bits *b, int64_t n)
{
	size_t size = (size_t)n / 8 + 1, had = b->bytes.size;
	int r;

	if (n < 0 || n > MAX_NUMBER)
		return -EBADMSG;
	if (size > had) {
		r = buf_reserve(&b->bytes, size - had);
		if (r < 0)
			return r;
		memset(b->bytes.data + had, 0, size - had);
		b->bytes.size = size;
	}
	b->bytes.data[n / 8] |= (char)(1 << (n % 8)); /* NOLINT(clang-analyzer-core.NullDereference): it has room now */
	return 0;
}

static void bits_done(struct bits *b)
{
	buf_done(&b->bytes);
}

/* A set of labels as catalogue-rows.c packs it. */
struct packed {
	const uint8_t *p, *end;
	int64_t number;
};

static int take_varint(struct packed *s, uint64_t *ret)
{
	uint64_t n = 0;

	for (unsigned int shift = 0; s->p < s->end && shift < 64; shift += 7) {
		uint8_t byte = *s->p++;

		n |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = n;
			return 0;
		}
	}
	return -EBADMSG;
}

static int packed_open(sqlite3_stmt *s, int column, struct packed *ret, bool *ret_is_partial)
{
	uint64_t is_partial;
	int r;

	ret->p = sqlite3_column_blob(s, column);
	ret->end = ret->p + sqlite3_column_bytes(s, column);
	ret->number = 0;
	if (!ret->p)
		return -EBADMSG;
	r = take_varint(ret, &is_partial);
	*ret_is_partial = r == 0 && is_partial;
	return r;
}

/* The next label; 0: there is none. */
static int packed_next(struct packed *s, int64_t *ret)
{
	uint64_t more;
	int r;

	*ret = 0;
	if (s->p == s->end)
		return 0;
	r = take_varint(s, &more);
	if (r < 0 || more > (uint64_t)MAX_NUMBER)
		return -EBADMSG;
	s->number += (int64_t)more;
	*ret = s->number;
	return 0;
}

/* The labels that a matcher takes. Of a number nobody knows before the sample is seen. */
static int find_labels(struct catalogue *c, struct matcher *m, struct bits *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_LABELS_OF_KEY, &s);

	if (r < 0)
		return r;
	sqlite3_bind_text(s, 1, matcher_key(m), -1, SQLITE_STATIC);
	while ((r = catalogue_step(s)) > 0) {
		const char *value = (const char *)sqlite3_column_text(s, 1);

		r = !value                                 ? -ENOMEM
		    : !value[0] || matcher_takes(m, value) ? set_bit(ret, sqlite3_column_int64(s, 0))
							   : 0;
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

/* Marks the sets that have one of the labels, or of which not all are known. */
static int find_sets(struct catalogue *c, const struct bits *labels, struct bits *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_LABEL_SETS, &s);

	if (r < 0)
		return r;
	while ((r = catalogue_step(s)) > 0) {
		struct packed set;
		bool is_taken;
		int64_t label = 1;

		r = packed_open(s, 1, &set, &is_taken);
		while (r == 0 && !is_taken && label) {
			r = packed_next(&set, &label);
			is_taken = r == 0 && has_bit(labels, label);
		}
		if (r == 0 && is_taken)
			r = set_bit(ret, sqlite3_column_int64(s, 0));
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

/* A matcher that takes samples without the label leaves no window out. */
int catalogue_filter(struct catalogue *c, struct matcher *const *matchers, size_t n, struct catalogue_rows *rows)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_(bits_done) struct bits labels = {}, sets = {};
		size_t n_kept = 0;

		if (matcher_takes(matchers[i], ""))
			continue;
		r = find_labels(c, matchers[i], &labels);
		if (r == 0)
			r = find_sets(c, &labels, &sets);
		if (r < 0)
			return r;
		for (size_t j = 0; j < rows->n; j++)
			if (has_bit(&sets, rows->rows[j].labels))
				rows->rows[n_kept++] = rows->rows[j];
		rows->n = n_kept;
	}
	return r;
}

/* How many windows have a set, or a label. */
struct set_count {
	int64_t set;
	uint64_t n_windows;
};

static int by_set(const void *a, const void *b)
{
	const struct set_count *x = a, *y = b;

	return (x->set > y->set) - (x->set < y->set);
}

static int count_sets(const struct catalogue_rows *rows, struct set_count **ret, size_t *ret_n)
{
	struct set_count *sets = calloc(rows->n + 1, sizeof(*sets));
	size_t n = 0;

	if (!sets)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n; i++)
		sets[i] = (struct set_count){ .set = rows->rows[i].labels, .n_windows = rows->rows[i].n_windows };
	qsort(sets, rows->n, sizeof(*sets), by_set);
	for (size_t i = 0; i < rows->n; i++) {
		if (n > 0 && sets[n - 1].set == sets[i].set)
			sets[n - 1].n_windows += sets[i].n_windows;
		else
			sets[n++] = sets[i];
	}
	*ret = sets;
	*ret_n = n;
	return 0;
}

/* counts: a uint64_t for each label's number. */
static int add_to_label(struct buf *counts, int64_t label, uint64_t n)
{
	size_t size = ((size_t)label + 1) * sizeof(n), more = size > counts->size ? size - counts->size : 0;
	int r = buf_reserve(counts, more);
	uint64_t *numbers = (uint64_t *)(void *)counts->data;

	if (r < 0 || !numbers) /* there is room for one at least */
		return r;
	memset((char *)numbers + counts->size, 0, more);
	counts->size += more;
	numbers[label] += n;
	return 0;
}

static int add_set(struct buf *counts, sqlite3_stmt *s, uint64_t n_windows, bool *is_partial)
{
	struct packed set;
	bool is_set_partial;
	int64_t label = 1;
	int r = packed_open(s, 1, &set, &is_set_partial);

	*is_partial |= r == 0 && is_set_partial;
	while (r == 0 && label) {
		r = packed_next(&set, &label);
		if (r == 0 && label)
			r = add_to_label(counts, label, n_windows);
	}
	return r;
}

static int count_labels(struct catalogue *c, const struct set_count *sets, size_t n, struct buf *counts,
			bool *is_partial)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_LABEL_SETS, &s);

	if (r < 0)
		return r;
	while ((r = catalogue_step(s)) > 0) {
		const struct set_count key = { .set = sqlite3_column_int64(s, 0) };
		const struct set_count *set = bsearch(&key, sets, n, sizeof(*sets), by_set);

		r = set ? add_set(counts, s, set->n_windows, is_partial) : 0;
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

static int tell_labels(struct catalogue *c, const struct buf *counts, struct label_counting *counting)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_LABELS, &s);

	if (r < 0)
		return r;
	while ((r = catalogue_step(s)) > 0) {
		uint64_t label = (uint64_t)sqlite3_column_int64(s, 0), n = 0;
		const char *key = (const char *)sqlite3_column_text(s, 1);
		const char *value = (const char *)sqlite3_column_text(s, 2);

		if (label < counts->size / sizeof(n))
			n = ((const uint64_t *)(const void *)counts->data)[label];
		r = !key || !value ? -ENOMEM : n > 0 ? label_counting_add(counting, key, value, n) : 0;
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

int catalogue_count_labels(struct catalogue *c, const struct catalogue_rows *rows, struct label_counting *counting,
			   bool *ret_is_partial)
{
	_cleanup_free_ struct set_count *sets = NULL;
	_cleanup_(buf_done) struct buf counts = { .limit_bytes = MAX_COUNTS_BYTES };
	size_t n = 0;
	int r = count_sets(rows, &sets, &n);

	*ret_is_partial = false;
	if (r == 0)
		r = count_labels(c, sets, n, &counts, ret_is_partial);
	return r == 0 ? tell_labels(c, &counts, counting) : r;
}

static int note_used(struct catalogue *c, struct bits *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_LABEL_SETS, &s);

	if (r < 0)
		return r;
	while ((r = catalogue_step(s)) > 0) {
		struct packed set;
		bool is_partial;
		int64_t label = 1;

		r = packed_open(s, 1, &set, &is_partial);
		while (r == 0 && label) {
			r = packed_next(&set, &label);
			if (r == 0 && label)
				r = set_bit(ret, label);
		}
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

static int forget_unused(struct catalogue *c, const struct bits *used)
{
	sqlite3_stmt *s = NULL, *forget = NULL;
	int r = catalogue_statement(c, STATEMENT_LABELS, &s);

	if (r == 0)
		r = catalogue_statement(c, STATEMENT_FORGET_LABEL, &forget);
	if (r < 0)
		return r;
	while ((r = catalogue_step(s)) > 0) {
		int64_t label = sqlite3_column_int64(s, 0);

		if (has_bit(used, label))
			continue;
		sqlite3_bind_int64(forget, 1, label);
		r = catalogue_run(forget);
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

static int forget(struct catalogue *c)
{
	_cleanup_(bits_done) struct bits used = {};
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_FORGET_LABEL_SETS, &s);

	if (r == 0)
		r = catalogue_run(s);
	if (r == 0)
		r = note_used(c, &used);
	return r == 0 ? forget_unused(c, &used) : r;
}

int catalogue_forget_labels(struct catalogue *c)
{
	int r = catalogue_begin(c);

	return r == 0 ? catalogue_end(c, forget(c)) : r;
}
