// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/symbols.h"

#include <string.h>

#include "symbolizer/demangle.h"

#define MAX_DEMANGLED 500000 /* about a second of the two that a file has; names beyond stay as they are */

void symbols_done(struct symbols *s)
{
	free(s->all);
	free(s->places);
	*s = (struct symbols){};
}

int symbols_add(struct symbols *s, const struct symbol *symbol)
{
	if (s->n >= SYMBOLS_MAX)
		return -EFBIG;
	if (s->n == s->capacity) {
		size_t capacity = s->capacity + s->capacity / 2 + 1024;
		struct symbol *all;

		all = reallocarray(s->all, capacity, sizeof(*all));
		if (!all)
			return -ENOMEM;
		s->all = all;
		s->capacity = capacity;
	}
	s->all[s->n++] = *symbol;
	return 0;
}

static size_t n_underscores(const struct symbol *s)
{
	size_t n = 0;

	while (n < s->name_bytes && s->name[n] == '_')
		n++;
	return n;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Where only exported names are known: the one that people know. */
static int compare_spelling(const struct symbol *a, const struct symbol *b)
{
	int r = compare_u64(n_underscores(a), n_underscores(b));

	if (r != 0)
		return r;
	if (a->name_bytes != b->name_bytes)
		return a->name_bytes < b->name_bytes ? -1 : 1;
	return memcmp(a->name, b->name, a->name_bytes);
}

/* Which of two names for one address is the better one: negative for a, 0: the one that the table has last. */
static int compare_names(const struct symbol *a, const struct symbol *b)
{
	if (a->untyped != b->untyped)
		return a->untyped ? 1 : -1;
	if (a->binding != b->binding)
		return a->binding < b->binding ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->source != SYMBOL_SYMTAB)
		return compare_spelling(a, b);
	if (a->sized != b->sized)
		return a->sized ? -1 : 1;
	return a->sized ? compare_u64(b->end, a->end) : 0;
}

/* The better name may be the one without a size: it takes the size of its aliases. They come in the table's order. */
static void merge_alias(struct symbol *kept, const struct symbol *alias)
{
	struct symbol other = *alias;

	if (compare_names(alias, kept) <= 0) {
		other = *kept;
		*kept = *alias;
	}
	if (other.sized && !kept->sized) {
		kept->sized = true;
		kept->end = other.end;
	}
}

/* What is sorted in place of the symbols: half their size, and no comparison is called. */
struct key {
	uint64_t start;
	size_t symbol;
};

#define AHEAD 8
#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)

/* Moves the keys from `from` to `to` in the order of one digit of their start; false: all have the same one. */
static bool sort_by_digit(const struct key *from, struct key *to, size_t n, unsigned int shift)
{
	size_t places[DIGITS] = {}, place = 0;

	for (size_t i = 0; i < n; i++)
		places[from[i].start >> shift & (DIGITS - 1)]++;
	if (places[from[0].start >> shift & (DIGITS - 1)] == n)
		return false;
	for (size_t i = 0; i < DIGITS; i++) {
		size_t count = places[i];

		places[i] = place;
		place += count;
	}
	for (size_t i = 0; i < n; i++)
		to[places[from[i].start >> shift & (DIGITS - 1)]++] = from[i];
	return true;
}

/* Radix sort: a third of qsort()'s time, which was the largest part of the whole pass. */
static int sort_keys(struct key **keys, size_t n)
{
	_cleanup_free_ struct key *other = reallocarray(NULL, n, sizeof(*other));

	if (!other)
		return -ENOMEM;
	for (unsigned int shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (sort_by_digit(*keys, other, n, shift)) {
			struct key *sorted = other;

			other = *keys;
			*keys = sorted;
		}
	}
	return 0;
}

static struct key *make_keys(const struct symbols *s)
{
	const size_t n = s->n - s->n_settled;
	struct key *keys = reallocarray(NULL, n, sizeof(*keys));

	for (size_t i = 0; keys && i < n; i++)
		keys[i] = (struct key){ .start = s->all[s->n_settled + i].start, .symbol = s->n_settled + i };
	return keys;
}

/* A copy of those that are new, in the order of the keys. */
static struct symbol *sort_new(const struct symbols *s, const struct key *keys)
{
	const size_t n = s->n - s->n_settled;
	struct symbol *sorted = reallocarray(NULL, n, sizeof(*sorted));

	for (size_t i = 0; sorted && i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(&s->all[keys[i + AHEAD].symbol]);
		sorted[i] = s->all[keys[i].symbol];
	}
	return sorted;
}

/*
 * Those that are settled and the sorted rest become one row, from its end: there is room where the rest was. Of equals
 * the settled one comes first. Returns how many have stayed where they were.
 */
static size_t merge(struct symbols *s, const struct symbol *sorted)
{
	size_t n_old = s->n_settled, n_new = s->n - s->n_settled;

	while (n_new > 0) {
		const bool is_old = n_old > 0 && s->all[n_old - 1].start > sorted[n_new - 1].start;

		s->all[n_old + n_new - 1] = is_old ? s->all[n_old - 1] : sorted[n_new - 1];
		n_old -= is_old;
		n_new -= !is_old;
	}
	return n_old;
}

/* One name for each address; of the first ones that is so already. */
static void merge_aliases(struct symbols *s, size_t n_first)
{
	size_t n = n_first;

	for (size_t i = n_first; i < s->n; i++) {
		if (n > 0 && s->all[n - 1].start == s->all[i].start)
			merge_alias(&s->all[n - 1], &s->all[i]);
		else
			s->all[n++] = s->all[i];
	}
	s->n = s->n_settled = n;
}

/* As many equal pieces of the address space as there are symbols, or up to twice that: where each begins. */
static int set_places(struct symbols *s)
{
	const uint64_t base = s->all[0].start, span = s->all[s->n - 1].start - base;
	size_t place = 0;

	s->place_shift = 0;
	while (span >> s->place_shift > 2 * s->n)
		s->place_shift++;
	free(s->places);
	s->places = reallocarray(NULL, (span >> s->place_shift) + 2, sizeof(*s->places));
	if (!s->places)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		for (; place <= (s->all[i].start - base) >> s->place_shift; place++)
			s->places[place] = (uint32_t)i;
	}
	s->places[place] = (uint32_t)s->n;
	return 0;
}

int symbols_settle(struct symbols *s)
{
	_cleanup_free_ struct symbol *sorted = NULL;
	_cleanup_free_ struct key *keys = NULL;
	int r;

	if (s->n == s->n_settled)
		return 0;
	keys = make_keys(s);
	if (!keys)
		return -ENOMEM;
	r = sort_keys(&keys, s->n - s->n_settled);
	if (r < 0)
		return r;
	sorted = sort_new(s, keys);
	if (!sorted)
		return -ENOMEM;
	merge_aliases(s, merge(s, sorted));
	return set_places(s);
}

const struct symbol *symbols_find(const struct symbols *s, uint64_t start)
{
	size_t place, low, high;

	if (s->n_settled == 0 || start < s->all[0].start || start > s->all[s->n_settled - 1].start)
		return NULL;
	place = (start - s->all[0].start) >> s->place_shift;
	low = s->places[place];
	high = s->places[place + 1];
	while (low < high) { /* a file may have all of its symbols in one place */
		size_t mid = low + (high - low) / 2;

		if (s->all[mid].start < start)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n_settled && s->all[low].start == start ? &s->all[low] : NULL;
}

/* Of a symbol that comes later. */
struct prepared {
	size_t symbol;
	struct index_prepared_name name;
};

/* The ranges that are open at one point of the address space, innermost last. */
struct sweep {
	const struct symbols *symbols;
	struct index_writer *writer;
	uint64_t pos; /* everything below is written */
	struct open_range {
		uint64_t end;
		uint32_t symbol;
		struct index_name name;
		bool is_named; /* a piece of it is written */
	} * open;
	size_t n_open;
	size_t n_demangled;
	struct prepared prepared[2 * AHEAD]; /* by the symbol's number */
};

/* Of a stub both names say what it is. */
static int add_stub_name(struct sweep *w, const struct symbol *s, struct index_name *ret)
{
	char linkage[SYMBOL_NAME_BYTES + sizeof("@plt")], name[DEMANGLE_MAX_BYTES + sizeof("@plt")];
	bool demangled;

	memcpy(linkage, s->name, s->name_bytes);
	linkage[s->name_bytes] = 0;
	demangled = s->name_bytes < SYMBOL_NAME_BYTES && demangle(linkage, name);
	strcat(linkage, "@plt");
	if (demangled)
		strcat(name, "@plt");
	return index_writer_add_known_name(w->writer, demangled ? name : linkage, linkage, ret);
}

static int add_name(struct sweep *w, size_t symbol, struct index_name *ret)
{
	const struct symbol *s = &w->symbols->all[symbol];
	const struct prepared *prepared = &w->prepared[symbol % ARRAY_SIZE(w->prepared)];
	int r;

	if (w->n_demangled == MAX_DEMANGLED) {
		r = index_writer_add_string(w->writer, s->name, s->name_bytes, &ret->linkage_name);
		ret->name = ret->linkage_name;
		return r;
	}
	if (s->source == SYMBOL_PLT)
		r = add_stub_name(w, s, ret);
	else if (prepared->symbol == symbol)
		r = index_writer_add_prepared_name(w->writer, s->name, s->name_bytes, &prepared->name, ret);
	else
		r = index_writer_add_name(w->writer, s->name, s->name_bytes, ret);
	w->n_demangled += r == 0 && ret->name != ret->linkage_name;
	return r;
}

static int write_range(struct sweep *w, struct open_range *range, uint64_t start, uint64_t end)
{
	int r;

	if (!range->is_named) {
		r = add_name(w, range->symbol, &range->name);
		if (r < 0)
			return r;
		range->is_named = true;
	}
	return index_writer_add_named_function(w->writer, start, end - start, &range->name);
}

/* Writes what is left of the innermost range, up to `end` at most. */
static int write_open(struct sweep *w, uint64_t end)
{
	struct open_range *top = &w->open[w->n_open - 1];
	uint64_t start = w->pos;

	if (top->end < end)
		end = top->end;
	if (start >= end)
		return 0;
	w->pos = end;
	return write_range(w, top, start, end);
}

/* Writes and forgets the ranges that end at or below an address. */
static int close_until(struct sweep *w, uint64_t addr)
{
	int r;

	while (w->n_open > 0 && w->open[w->n_open - 1].end <= addr) {
		r = write_open(w, addr);
		if (r < 0)
			return r;
		w->n_open--;
	}
	return 0;
}

static uint64_t end_of(const struct symbols *s, size_t i)
{
	const struct symbol *symbol = &s->all[i];

	if (!symbol->sized && i + 1 < s->n && s->all[i + 1].start < symbol->end)
		return s->all[i + 1].start;
	return symbol->end;
}

static int sweep_symbol(struct sweep *w, size_t i)
{
	const struct symbol *s = &w->symbols->all[i];
	int r;

	r = close_until(w, s->start);
	if (r < 0)
		return r;
	if (w->n_open > 0) {
		if (!s->sized)
			return 0; /* a label inside of a function */
		r = write_open(w, s->start);
		if (r < 0)
			return r;
	}
	w->pos = s->start;
	w->open[w->n_open++] = (struct open_range){ .end = end_of(w->symbols, i), .symbol = (uint32_t)i };
	return 0;
}

/* One with a size starts a range, which has its name; of the others many are dropped. */
static void prepare(struct sweep *w, size_t symbol)
{
	struct prepared *prepared = &w->prepared[symbol % ARRAY_SIZE(w->prepared)];
	const struct symbol *s = &w->symbols->all[symbol];

	prepared->symbol = symbol;
	prepared->name.is_ready = false;
	if (s->sized && s->source != SYMBOL_PLT && w->n_demangled < MAX_DEMANGLED)
		index_writer_prepare_name(w->writer, s->name, s->name_bytes, &prepared->name);
}

int symbols_write(const struct symbols *s, struct index_writer *writer)
{
	_cleanup_free_ struct open_range *open = NULL;
	struct sweep w = { .symbols = s, .writer = writer };
	int r;

	if (s->n == 0)
		return 0;
	open = calloc(s->n, sizeof(*open));
	if (!open)
		return -ENOMEM;
	w.open = open;
	r = index_writer_reserve(writer, s->n);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n; i++) {
		if (i + 2 * AHEAD < s->n) /* names lie anywhere */
			__builtin_prefetch(s->all[i + 2 * AHEAD].name);
		if (i + AHEAD < s->n)
			prepare(&w, i + AHEAD);
		r = sweep_symbol(&w, i);
		if (r < 0)
			return r;
	}
	return close_until(&w, UINT64_MAX);
}
