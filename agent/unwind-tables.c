// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-tables.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

#include "agent/sampler.h"
#include "agent/unwind-maps.h"
#include "agent/unwind-memory.h"
#include "common/clock.h"
#include "symbolizer/index.h"

#define RUN_BYTES 32768 /* aimed at: the end of each is wasted, half a unit on average */
#define MAX_RUN_BYTES (UNWIND_CHUNK_BYTES - 512)
#define KEEP_NS (30 * NS_PER_S) /* since its last sample nobody takes a table's memory for another table */
#define PIECE_ALIGN 16          /* no rule crosses a cache line */

/* A table is copied piece by piece: the directory, the rules, then each page's rows. */
enum {
	PIECE_DIRECTORY = 0,
	PIECE_RULES,
	PIECE_FIRST_PAGE,
};

enum entry_state {
	ENTRY_WITHOUT_ROWS,
	ENTRY_WAITING, /* in the queue, perhaps copied in part */
	ENTRY_LOADED,
	ENTRY_UNLOADED, /* evicted, or there was no room */
	ENTRY_TOO_LARGE,
};

struct entry {
	uint32_t module;
	enum entry_state state;
	struct index_unwind rows;
	size_t n_bytes;
	uint64_t wanted_ns;     /* when it was added or asked for last */
	uint64_t sampled_ns;    /* 0: never */
	uint64_t evicted_epoch; /* programs of before may still read the table's fields */

	struct unwind_run *runs;
	size_t n_runs;
	size_t n_copied; /* pieces */
	size_t copied_bytes;
	uint32_t directory, rules; /* references */
	struct entry *prev, *next; /* in the queue, or among the loaded */
};

struct unwind_tables {
	struct sampler *sampler;
	struct unwind_memory *memory;
	struct unwind_table *shared; /* what the walker reads */
	size_t limit_bytes;
	struct entry **by_module;
	struct entry *queue;  /* the smallest first */
	size_t waiting_bytes; /* of those in it, not copied yet */
	struct entry *loaded;
	struct unwind_tables_stats stats;
};

int unwind_tables_new(struct sampler *sampler, struct unwind_memory *memory, size_t limit_bytes,
		      struct unwind_tables **ret)
{
	_cleanup_(unwind_tables_freep) struct unwind_tables *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->sampler = sampler;
	t->memory = memory;
	t->shared = sampler_unwind_maps(sampler)->tables;
	t->limit_bytes = limit_bytes;
	t->by_module = calloc(UNWIND_MAX_TABLES, sizeof(*t->by_module));
	if (!t->by_module)
		return -ENOMEM;
	*ret = take_ptr(t);
	return 0;
}

/* The memory goes with its owner. */
struct unwind_tables *unwind_tables_free(struct unwind_tables *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; t->by_module && i < UNWIND_MAX_TABLES; i++) {
		if (t->by_module[i])
			free(t->by_module[i]->runs);
		free(t->by_module[i]);
	}
	free(t->by_module);
	free(t);
	return NULL;
}

static size_t n_pieces(const struct entry *e)
{
	return PIECE_FIRST_PAGE + e->rows.n_pages;
}

static size_t page_words(const struct unwind_page *page)
{
	return page->n_rows ? UNWIND_SUBINDEX_WORDS(page->block_shift) + page->n_rows : 0;
}

static size_t piece_bytes(const struct entry *e, size_t piece)
{
	size_t n;

	if (piece == PIECE_DIRECTORY)
		n = e->rows.n_pages * sizeof(struct unwind_page);
	else if (piece == PIECE_RULES)
		n = e->rows.n_rules * sizeof(struct unwind_rule);
	else
		n = page_words(&e->rows.pages[piece - PIECE_FIRST_PAGE]) * sizeof(uint32_t);
	return (n + PIECE_ALIGN - 1) & ~(size_t)(PIECE_ALIGN - 1);
}

static void set_state(struct unwind_tables *t, const struct entry *e, enum unwind_table_state state)
{
	__atomic_store_n(&t->shared[e->module].state, state, __ATOMIC_RELEASE);
}

static int by_size(const struct entry *a, const struct entry *b)
{
	return a->n_bytes < b->n_bytes ? -1 : a->n_bytes > b->n_bytes;
}

static void enqueue(struct unwind_tables *t, struct entry *e)
{
	e->state = ENTRY_WAITING;
	DL_INSERT_INORDER(t->queue, e, by_size);
	t->stats.n_waiting++;
	t->waiting_bytes += e->n_bytes;
}

static int new_entry(struct unwind_tables *t, uint32_t module, struct entry **ret)
{
	struct entry *e;

	assert(module < UNWIND_MAX_TABLES);
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->module = module;
	e->evicted_epoch = sampler_epoch(t->sampler); /* the number may have been another's a moment ago */
	t->by_module[module] = e;
	*ret = e;
	return 0;
}

bool unwind_tables_has(const struct unwind_tables *t, uint32_t module)
{
	return t->by_module[module] != NULL;
}

int unwind_tables_add_without_rows(struct unwind_tables *t, uint32_t module, enum unwind_table_state state)
{
	struct entry *e = t->by_module[module];
	int r;

	if (e)
		return 0;
	r = new_entry(t, module, &e);
	if (r < 0)
		return r;
	e->state = ENTRY_WITHOUT_ROWS;
	set_state(t, e, state);
	return 0;
}

static bool is_too_large(struct unwind_tables *t, struct entry *e)
{
	for (size_t i = 0; i < n_pieces(e); i++) {
		size_t n = piece_bytes(e, i);

		e->n_bytes += n;
		if (n > MAX_RUN_BYTES || e->n_bytes > t->limit_bytes / 2)
			return true;
	}
	return false;
}

int unwind_tables_add(struct unwind_tables *t, uint32_t module, const struct index_unwind *rows, uint64_t now_ns)
{
	struct entry *e = t->by_module[module];
	int r;

	if (e)
		return 0;
	r = new_entry(t, module, &e);
	if (r < 0)
		return r;
	e->rows = *rows;
	e->wanted_ns = now_ns;
	if (is_too_large(t, e)) {
		e->state = ENTRY_TOO_LARGE;
		t->stats.n_too_large++;
	} else {
		enqueue(t, e);
	}
	return 0;
}

void unwind_tables_note_sample(struct unwind_tables *t, uint32_t module, uint64_t time_ns, bool lacked_rows)
{
	struct entry *e = t->by_module[module];

	if (!e)
		return;
	if (time_ns > e->sampled_ns)
		e->sampled_ns = time_ns;
	if (!lacked_rows || e->state != ENTRY_UNLOADED)
		return;
	e->wanted_ns = time_ns;
	enqueue(t, e);
}

static void dequeue(struct unwind_tables *t, struct entry *e)
{
	DL_DELETE(t->queue, e);
	t->stats.n_waiting--;
	t->waiting_bytes -= e->n_bytes - e->copied_bytes;
}

static int release_runs(struct unwind_tables *t, struct entry *e)
{
	int first_error = 0;

	for (size_t i = 0; i < e->n_runs; i++) {
		int r = unwind_memory_release(t->memory, e->runs[i]);

		if (r < 0 && first_error == 0)
			first_error = r;
	}
	free(take_ptr(e->runs));
	e->n_runs = e->n_copied = e->copied_bytes = 0;
	return first_error;
}

static int unload(struct unwind_tables *t, struct entry *e)
{
	set_state(t, e, UNWIND_TABLE_NOT_LOADED);
	e->evicted_epoch = sampler_epoch(t->sampler);
	e->state = ENTRY_UNLOADED;
	DL_DELETE(t->loaded, e);
	t->stats.n_loaded--;
	t->stats.n_rows -= e->rows.n_rows;
	t->stats.n_bytes -= e->n_bytes;
	return release_runs(t, e);
}

int unwind_tables_remove(struct unwind_tables *t, uint32_t module)
{
	struct entry *e = t->by_module[module];
	int r = 0;

	if (!e)
		return 0;
	if (e->state == ENTRY_WAITING) {
		dequeue(t, e);
		r = release_runs(t, e);
	} else if (e->state == ENTRY_LOADED) {
		r = unload(t, e);
	}
	set_state(t, e, UNWIND_TABLE_NOT_LOADED);
	t->by_module[module] = NULL;
	free(e);
	return r;
}

/* The walker misses a before b. */
static bool is_missed_less(const struct entry *a, const struct entry *b)
{
	return a->sampled_ns != b->sampled_ns ? a->sampled_ns < b->sampled_ns : a->wanted_ns < b->wanted_ns;
}

/* Samples ask for what they miss, whatever nobody has sampled yet; a guess makes nobody give way in a hurry. */
static bool makes_way(const struct entry *e, const struct entry *newcomer)
{
	uint64_t last_ns = e->sampled_ns;

	if (!newcomer)
		return true;
	if (newcomer->sampled_ns == 0 && e->wanted_ns > last_ns)
		last_ns = e->wanted_ns;
	return last_ns == 0 || last_ns + KEEP_NS <= newcomer->wanted_ns;
}

/* newcomer NULL: somebody to whom every table makes way. */
static int evict_for(struct unwind_tables *t, const struct entry *newcomer, bool *ret)
{
	struct entry *e, *victim = NULL;
	int r = 0;

	DL_FOREACH (t->loaded, e)
		if (makes_way(e, newcomer) && (!victim || is_missed_less(e, victim)))
			victim = e;
	if (victim) {
		t->stats.n_evicted++;
		r = unload(t, victim);
	}
	if (r == 0)
		*ret = victim != NULL;
	return r;
}

int unwind_tables_evict(struct unwind_tables *t, bool *ret)
{
	return evict_for(t, NULL, ret);
}

/* 0, or an answer of unwind_memory_take(). */
static int take_memory(struct unwind_tables *t, const struct entry *e, size_t n_bytes, struct unwind_run *ret)
{
	bool evicted = true;
	int r;

	for (;;) {
		r = unwind_memory_take(t->memory, n_bytes, ret);
		if (r != UNWIND_MEMORY_FULL)
			return r;
		r = evict_for(t, e, &evicted);
		if (r < 0)
			return r;
		if (!evicted)
			return UNWIND_MEMORY_FULL;
	}
}

static int add_run(struct unwind_tables *t, struct entry *e, size_t n_bytes, struct unwind_run *ret)
{
	struct unwind_run *runs = reallocarray(e->runs, e->n_runs + 1, sizeof(*runs));
	int r;

	if (!runs)
		return -ENOMEM;
	e->runs = runs;
	r = take_memory(t, e, n_bytes, ret);
	if (r == 0)
		e->runs[e->n_runs++] = *ret;
	return r;
}

static void copy_page(struct unwind_tables *t, const struct entry *e, size_t i, uint32_t ref)
{
	struct unwind_page *directory = unwind_memory_at(t->memory, e->directory);
	const struct unwind_page *page = &e->rows.pages[i];

	directory[i] = *page;
	directory[i].words = page->n_rows ? ref : 0;
	if (page->n_rows)
		memcpy(unwind_memory_at(t->memory, ref), &e->rows.words[page->words],
		       page_words(page) * sizeof(uint32_t));
}

static void copy_piece(struct unwind_tables *t, struct entry *e, size_t piece, uint32_t ref)
{
	if (piece == PIECE_DIRECTORY) {
		e->directory = ref;
	} else if (piece == PIECE_RULES) {
		e->rules = ref;
		memcpy(unwind_memory_at(t->memory, ref), e->rows.rules, e->rows.n_rules * sizeof(struct unwind_rule));
	} else {
		copy_page(t, e, piece - PIECE_FIRST_PAGE, ref);
	}
}

/* As many pieces as make a run. 0, or an answer of unwind_memory_take(). */
static int copy_run(struct unwind_tables *t, struct entry *e)
{
	size_t n_bytes = piece_bytes(e, e->n_copied), end = e->n_copied + 1;
	struct unwind_run run = {};
	uint32_t ref;
	int r;

	for (; end < n_pieces(e) && n_bytes + piece_bytes(e, end) <= RUN_BYTES; end++)
		n_bytes += piece_bytes(e, end);
	if (n_bytes > 0) {
		r = add_run(t, e, n_bytes, &run);
		if (r != 0)
			return r;
	}
	for (ref = run.ref; e->n_copied < end; e->n_copied++) {
		size_t n_words = piece_bytes(e, e->n_copied) / sizeof(uint32_t);

		copy_piece(t, e, e->n_copied, ref);
		ref += (uint32_t)n_words;
	}
	e->copied_bytes += n_bytes;
	t->waiting_bytes -= n_bytes;
	return 0;
}

/* Programs that found the table loaded before must have ended before its fields change. */
static int publish(struct unwind_tables *t, struct entry *e)
{
	struct unwind_table *shared = &t->shared[e->module];
	int r;

	if (shared->n_pages > 0 && !sampler_has_passed(t->sampler, e->evicted_epoch)) {
		r = sampler_barrier(t->sampler);
		if (r < 0)
			return r;
	}
	shared->base = e->rows.base;
	shared->pages = e->directory;
	shared->n_pages = (uint32_t)e->rows.n_pages;
	shared->rules = e->rules;
	shared->n_rules = (uint32_t)e->rows.n_rules;
	set_state(t, e, UNWIND_TABLE_LOADED);
	e->state = ENTRY_LOADED;
	DL_APPEND(t->loaded, e);
	t->stats.n_loaded++;
	t->stats.n_rows += e->rows.n_rows;
	t->stats.n_bytes += e->n_bytes;
	return 0;
}

/* Copies a part of the first in the queue, and ends its waiting when it is complete or has no room. */
static int step(struct unwind_tables *t, struct entry *e)
{
	int r = copy_run(t, e);

	if (r == UNWIND_MEMORY_FULL) {
		dequeue(t, e);
		e->state = ENTRY_UNLOADED;
		t->stats.n_no_room++;
		return release_runs(t, e);
	}
	if (r != 0)
		return r;
	if (e->n_copied < n_pieces(e))
		return 0;
	dequeue(t, e);
	return publish(t, e);
}

static int copy_some(struct unwind_tables *t, uint64_t max_ns)
{
	uint64_t until_ns = clock_now_ns(CLOCK_MONOTONIC) + max_ns;

	while (t->queue) {
		int r = step(t, t->queue);

		if (r < 0)
			return r;
		if (r == UNWIND_MEMORY_LATER)
			return UNWIND_TABLES_WAIT;
		if (t->queue && clock_now_ns(CLOCK_MONOTONIC) >= until_ns)
			return UNWIND_TABLES_MORE;
	}
	return 0;
}

int unwind_tables_dispatch(struct unwind_tables *t, uint64_t max_ns)
{
	int r;

	unwind_memory_expect(t->memory, t->waiting_bytes);
	r = copy_some(t, max_ns);
	unwind_memory_expect(t->memory, t->waiting_bytes);
	return r;
}

static bool has_run_in(const struct entry *e, uint32_t chunk)
{
	for (size_t i = 0; i < e->n_runs; i++)
		if (unwind_run_chunk(e->runs[i]) == chunk)
			return true;
	return false;
}

int unwind_tables_leave_chunk(struct unwind_tables *t, uint32_t chunk)
{
	struct entry *e, *next;
	int r = 0;

	DL_FOREACH_SAFE (t->loaded, e, next) {
		if (!has_run_in(e, chunk))
			continue;
		r = unload(t, e);
		if (r < 0)
			break;
		enqueue(t, e);
	}
	return r;
}

void unwind_tables_stats(const struct unwind_tables *t, struct unwind_tables_stats *ret)
{
	*ret = t->stats;
}
