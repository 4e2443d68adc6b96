// SPDX-License-Identifier: Apache-2.0
#include "cli/top-view.h"

#include <string.h>

#define FNV_OFFSET 0xcbf29ce484222325
#define FNV_PRIME 0x100000001b3

/* What a row has, beside what is its own. */
enum mark {
	IS_FOUND = 1 << 0,  /* it, or a row above it */
	HAS_FOUND = 1 << 1, /* a row below it */
};

void top_view_init(struct top_view *v, size_t depth)
{
	*v = (struct top_view){ .depth = depth };
}

void top_view_done(struct top_view *v)
{
	buf_done(&v->rows);
}

static uint64_t hash(uint64_t h, const char *s)
{
	do
		h = (h ^ (unsigned char)*s) * FNV_PRIME;
	while (*s++);
	return h;
}

/* A process may change its name, and is the same: the name of a row is enough. */
static uint64_t key_of(const struct activity *a, uint32_t row)
{
	uint64_t h = FNV_OFFSET;
	size_t n;
	const struct activity_row *rows = activity_rows(a, &n);

	for (; row != ACTIVITY_NONE; row = rows[row].parent)
		h = hash(h, rows[row].name);
	return h;
}

static size_t find_toggled(const struct top_view *v, uint64_t key)
{
	size_t i = 0;

	while (i < v->n_toggled && v->toggled[i] != key)
		i++;
	return i;
}

static bool is_open(const struct top_view *v, const struct activity *a, uint32_t row)
{
	size_t n;
	bool is_level_open = activity_rows(a, &n)[row].depth + 1 < v->depth;

	return is_level_open != (find_toggled(v, key_of(a, row)) < v->n_toggled);
}

static bool is_match(const struct top_view *v, const struct activity_row *row)
{
	return strcasestr(row->name, v->search) || strcasestr(row->more, v->search);
}

static void mark(const struct top_view *v, const struct activity *a, unsigned char *marks)
{
	size_t n;
	const struct activity_row *rows = activity_rows(a, &n);

	for (uint32_t row = activity_first(a); row != ACTIVITY_NONE; row = activity_next(a, row, true)) {
		uint32_t parent = rows[row].parent;

		if (is_match(v, &rows[row]))
			for (uint32_t up = parent; up != ACTIVITY_NONE && !(marks[up] & HAS_FOUND);
			     up = rows[up].parent)
				marks[up] |= HAS_FOUND;
		if (is_match(v, &rows[row]) || (parent != ACTIVITY_NONE && marks[parent] & IS_FOUND))
			marks[row] |= IS_FOUND;
	}
}

/* What is searched for is shown, however far the tree is open. */
static int list(struct top_view *v, const struct activity *a, const unsigned char *marks)
{
	uint32_t next;
	int r = 0;

	for (uint32_t row = activity_first(a); r == 0 && row != ACTIVITY_NONE; row = next) {
		if (v->search[0] && !marks[row]) {
			next = activity_next(a, row, false);
			continue;
		}
		r = buf_add(&v->rows, &row, sizeof(row));
		next = activity_next(a, row, is_open(v, a, row) || (v->search[0] && marks[row] & HAS_FOUND));
	}
	return r;
}

static void find_cursor(struct top_view *v, const struct activity *a)
{
	size_t n = top_view_n(v);

	for (size_t i = 0; v->key && i < n; i++) {
		if (key_of(a, top_view_row(v, i)) != v->key)
			continue;
		v->cursor = i;
		return;
	}
	top_view_move(v, a, 0);
}

int top_view_update(struct top_view *v, struct activity *a)
{
	size_t n;
	_cleanup_free_ unsigned char *marks = NULL;
	int r = activity_sort(a, v->order);

	activity_rows(a, &n);
	marks = calloc(n + 1, 1);
	if (!marks)
		return -ENOMEM;
	if (v->search[0])
		mark(v, a, marks);
	buf_clear(&v->rows);
	if (r == 0)
		r = list(v, a, marks);
	if (r == 0)
		find_cursor(v, a);
	return r;
}

size_t top_view_n(const struct top_view *v)
{
	return v->rows.size / sizeof(uint32_t);
}

uint32_t top_view_row(const struct top_view *v, size_t i)
{
	return ((const uint32_t *)(const void *)v->rows.data)[i];
}

void top_view_move(struct top_view *v, const struct activity *a, long by)
{
	size_t n = top_view_n(v);

	if (by < 0 && (size_t)-by > v->cursor)
		v->cursor = 0;
	else
		v->cursor += (size_t)by; /* by its two's complement where it is negative */
	if (v->cursor >= n)
		v->cursor = n ? n - 1 : 0;
	/* At the top the cursor is the top's, whoever comes there. */
	v->key = n && v->cursor > 0 ? key_of(a, top_view_row(v, v->cursor)) : 0;
}

static void forget_toggled(struct top_view *v, size_t i)
{
	memmove(&v->toggled[i], &v->toggled[i + 1], (--v->n_toggled - i) * sizeof(v->toggled[0]));
}

void top_view_toggle(struct top_view *v, const struct activity *a)
{
	uint64_t key;
	size_t i;

	if (v->cursor >= top_view_n(v))
		return;
	key = key_of(a, top_view_row(v, v->cursor));
	i = find_toggled(v, key);
	if (i < v->n_toggled) {
		forget_toggled(v, i);
		return;
	}
	if (v->n_toggled == TOP_VIEW_MAX_TOGGLED)
		forget_toggled(v, 0);
	v->toggled[v->n_toggled++] = key;
	v->key = key;
}

void top_view_open(struct top_view *v, const struct activity *a, bool opens)
{
	if (v->cursor < top_view_n(v) && is_open(v, a, top_view_row(v, v->cursor)) != opens)
		top_view_toggle(v, a);
}

void top_view_set_depth(struct top_view *v, size_t depth)
{
	v->depth = depth;
	v->n_toggled = 0;
}

void top_view_next_order(struct top_view *v)
{
	v->order = (v->order + 1) % ACTIVITY_N_ORDERS;
}

void top_view_search(struct top_view *v, const char *text)
{
	size_t size = strnlen(text, TOP_VIEW_MAX_SEARCH);

	memmove(v->search, text, size);
	v->search[size] = 0;
}

void top_view_scroll(struct top_view *v, size_t n_lines)
{
	size_t n = top_view_n(v), last = n > n_lines ? n - n_lines : 0;

	v->n_lines = n_lines;
	if (v->first > v->cursor)
		v->first = v->cursor;
	if (n_lines && v->cursor >= v->first + n_lines)
		v->first = v->cursor - n_lines + 1;
	if (v->first > last)
		v->first = last;
}

const char *top_view_order_to_string(enum activity_order order)
{
	static const char *const names[ACTIVITY_N_ORDERS] = {
		[ACTIVITY_BY_CPU] = "CPU",
		[ACTIVITY_BY_KERNEL] = "kernel",
		[ACTIVITY_BY_NAME] = "name",
	};

	return names[order];
}
