// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-array.h"

#include <stdbool.h>
#include <string.h>

#define FIRST_ITEMS 64
#define N_DIGITS 16    /* bytes of a record's two numbers */
#define FEW_RECORDS 24 /* below it, insertion is faster */

void dwarf_array_done(struct dwarf_array *a)
{
	free(a->data);
	*a = (struct dwarf_array){};
}

int dwarf_array_grow(struct dwarf_array *a, size_t item_bytes, size_t limit)
{
	size_t capacity = a->capacity ? a->capacity + a->capacity / 2 : FIRST_ITEMS;
	void *more;

	if (a->capacity >= limit)
		return -EFBIG;
	if (capacity > limit)
		capacity = limit;
	more = reallocarray(a->data, capacity, item_bytes);
	if (!more)
		return -ENOMEM;
	a->data = more;
	a->capacity = capacity;
	return 0;
}

struct record {
	uint64_t high, low;
};

static bool is_less(const struct record *a, const struct record *b)
{
	return a->high != b->high ? a->high < b->high : a->low < b->low;
}

static bool is_sorted(const struct record *r, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (is_less(&r[i], &r[i - 1]))
			return false;
	}
	return true;
}

static void insert_each(struct record *r, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct record one = r[i];
		size_t at = i;

		for (; at > 0 && is_less(&one, &r[at - 1]); at--)
			r[at] = r[at - 1];
		r[at] = one;
	}
}

static unsigned int digit_of(const struct record *r, unsigned int digit)
{
	const uint64_t half = digit < 8 ? r->high : r->low;

	return (half >> (8 * (7 - digit % 8))) & 0xff;
}

/* Brings each record into the piece of its digit, by swapping it there; ends[i] is where the piece of digit i ends. */
static void distribute(struct record *r, size_t n, unsigned int digit, size_t ends[256])
{
	size_t at[256], sum = 0;

	memset(ends, 0, 256 * sizeof(ends[0]));
	for (size_t i = 0; i < n; i++)
		ends[digit_of(&r[i], digit)]++;
	for (size_t d = 0; d < 256; d++) {
		at[d] = sum;
		sum += ends[d];
		ends[d] = sum;
	}
	for (size_t d = 0; d < 256; d++) {
		while (at[d] < ends[d]) {
			const struct record one = r[at[d]];
			const unsigned int to = digit_of(&one, digit);

			if (to == d) {
				at[d]++;
				continue;
			}
			r[at[d]] = r[at[to]];
			r[at[to]++] = one;
		}
	}
}

static void sort_from(struct record *r, size_t n, unsigned int digit)
{
	size_t ends[256], from = 0;

	if (n <= FEW_RECORDS) {
		insert_each(r, n);
		return;
	}
	distribute(r, n, digit, ends);
	for (size_t d = 0; d < 256 && digit + 1 < N_DIGITS; d++) {
		if (ends[d] - from > 1)
			sort_from(r + from, ends[d] - from, digit + 1);
		from = ends[d];
	}
}

/* The first digit in which records differ. */
static unsigned int first_digit(const struct record *r, size_t n)
{
	struct record differ = {};

	for (size_t i = 1; i < n; i++) {
		differ.high |= r[i].high ^ r[0].high;
		differ.low |= r[i].low ^ r[0].low;
	}
	if (differ.high)
		return (unsigned int)__builtin_clzll(differ.high) / 8;
	return differ.low ? 8 + (unsigned int)__builtin_clzll(differ.low) / 8 : N_DIGITS - 1;
}

void dwarf_array_sort(void *records, size_t n)
{
	if (!is_sorted(records, n))
		sort_from(records, n, first_digit(records, n));
}
