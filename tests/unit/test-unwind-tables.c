// SPDX-License-Identifier: Apache-2.0
/* unwind tables: hand-made rows into the real maps; what the walker would find there is compared word for word. */
#include "tests/unit/unwind-live.h"

#include "agent/unwind-tables.h"
#include "symbolizer/index.h"

#define LIMIT ((size_t)8 << 20)
#define S NS_PER_S
#define SLICE (10 * NS_PER_MS)

struct rows {
	struct index_unwind unwind;
	struct unwind_page *pages;
	struct unwind_rule *rules;
	uint32_t *words;
};

struct fixture {
	struct sampler *sampler;
	struct unwind_memory *memory;
	struct unwind_tables *tables;
	const struct unwind_maps *maps;
	struct rows rows[64];
	size_t n_rows;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->sampler = live_sampler();
	assert_int_equal(sampler_start(f->sampler), 0);
	f->maps = sampler_unwind_maps(f->sampler);
	assert_int_equal(unwind_memory_new(f->sampler, LIMIT, &f->memory), 0);
	assert_int_equal(unwind_tables_new(f->sampler, f->memory, LIMIT, &f->tables), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unwind_tables_free(f->tables);
	unwind_memory_free(f->memory);
	sampler_free(f->sampler);
	for (size_t i = 0; i < f->n_rows; i++) {
		free(f->rows[i].pages);
		free(f->rows[i].rules);
		free(f->rows[i].words);
	}
	free(f);
	return 0;
}

/* Random rows: every third page is a gap; what lies where is of no concern to tables. */
static const struct index_unwind *make_rows(struct fixture *f, size_t n_pages, size_t rows_a_page, size_t n_rules)
{
	struct rows *r = &f->rows[f->n_rows++];
	size_t n_words = 0;

	assert_true(f->n_rows < ARRAY_SIZE(f->rows));
	r->pages = calloc(n_pages, sizeof(*r->pages));
	r->rules = calloc(n_rules, sizeof(*r->rules));
	for (size_t i = 0; i < n_pages; i++) {
		uint8_t shift = (uint8_t)(8 + rand() % 3);

		if (i % 3 == 2)
			continue;
		r->pages[i] = (struct unwind_page){
			.words = (uint32_t)n_words,
			.n_rows = (uint16_t)(1 + (size_t)rand() % (2 * rows_a_page)),
			.block_shift = shift,
		};
		n_words += UNWIND_SUBINDEX_WORDS(shift) + r->pages[i].n_rows;
		r->unwind.n_rows += r->pages[i].n_rows;
	}
	r->words = calloc(n_words, sizeof(*r->words));
	for (size_t i = 0; i < n_words; i++)
		r->words[i] = (uint32_t)rand();
	for (size_t i = 0; i < n_rules; i++)
		r->rules[i].cfa_offset = rand();
	r->unwind.base = 0x400000;
	r->unwind.pages = r->pages;
	r->unwind.rules = r->rules;
	r->unwind.words = r->words;
	r->unwind.n_pages = n_pages;
	r->unwind.n_rules = n_rules;
	r->unwind.n_words = n_words;
	return &r->unwind;
}

static uint32_t state_of(const struct fixture *f, uint32_t module)
{
	return f->maps->tables[module].state;
}

/* As a reference is followed by the walker: n_words behind it must lie in its chunk. */
static const void *follow(const struct fixture *f, uint32_t ref, size_t n_words)
{
	assert_int_equal(ref / UNWIND_CHUNK_WORDS, (ref + n_words - 1) / UNWIND_CHUNK_WORDS);
	assert_true(ref != 0);
	return unwind_memory_at(f->memory, ref);
}

static void check_page(const struct fixture *f, const struct index_unwind *rows, const struct unwind_page *page,
		       size_t i)
{
	const struct unwind_page *expected = &rows->pages[i];
	size_t n_words = UNWIND_SUBINDEX_WORDS(expected->block_shift) + expected->n_rows;

	assert_int_equal(page->n_rows, expected->n_rows);
	if (expected->n_rows == 0)
		return;
	assert_int_equal(page->block_shift, expected->block_shift);
	assert_memory_equal(follow(f, page->words, n_words), &rows->words[expected->words], n_words * 4);
}

static void check_loaded(const struct fixture *f, uint32_t module, const struct index_unwind *rows)
{
	const struct unwind_table *table = &f->maps->tables[module];
	const struct unwind_page *pages;

	assert_int_equal(table->state, UNWIND_TABLE_LOADED);
	assert_int_equal(table->base, rows->base);
	assert_int_equal(table->n_pages, rows->n_pages);
	assert_int_equal(table->n_rules, rows->n_rules);
	assert_memory_equal(follow(f, table->rules, rows->n_rules * 4), rows->rules,
			    rows->n_rules * sizeof(*rows->rules));
	pages = follow(f, table->pages, rows->n_pages * 2);
	for (size_t i = 0; i < rows->n_pages; i++)
		check_page(f, rows, &pages[i], i);
}

static void load_all(struct fixture *f)
{
	int r;

	while ((r = unwind_tables_dispatch(f->tables, SLICE)) != 0) {
		assert_true(r > 0);
		if (r == UNWIND_TABLES_WAIT)
			live_wait(f->memory);
	}
}

static struct unwind_tables_stats stats_of(const struct fixture *f)
{
	struct unwind_tables_stats stats;

	unwind_tables_stats(f->tables, &stats);
	return stats;
}

static void test_rows_are_what_the_index_says(void **state)
{
	static const struct {
		size_t n_pages, rows_a_page, n_rules;
	} shapes[] = { { 1, 1, 1 },        { 1, 30000, 884 }, { 3, 10, 2 },  { 40, 900, 300 },
		       { 200, 1100, 800 }, { 5, 1, 65536 },   { 2000, 1, 4 } };
	struct fixture *f = *state;

	srand(7);
	for (uint32_t i = 0; i < ARRAY_SIZE(shapes); i++)
		assert_int_equal(unwind_tables_add(f->tables, 10 + i,
						   make_rows(f, shapes[i].n_pages, shapes[i].rows_a_page,
							     shapes[i].n_rules),
						   S),
				 0);
	assert_int_equal(state_of(f, 10), UNWIND_TABLE_NOT_LOADED);
	load_all(f);
	for (uint32_t i = 0; i < ARRAY_SIZE(shapes); i++)
		check_loaded(f, 10 + i, &f->rows[i].unwind);
	assert_int_equal(stats_of(f).n_loaded, ARRAY_SIZE(shapes));
	assert_int_equal(stats_of(f).n_waiting, 0);
}

/* What rows cost beyond their own bytes: alignment and the ends of runs. */
static void test_memory_of_rows(void **state)
{
	struct fixture *f = *state;
	const struct index_unwind *rows = make_rows(f, 600, 900, 600);
	struct unwind_memory_stats stats;
	uint64_t n_bytes = rows->n_words * 4 + rows->n_rules * 16 + rows->n_pages * 8;

	assert_int_equal(unwind_tables_add(f->tables, 3, rows, S), 0);
	load_all(f);
	unwind_memory_stats(f->memory, &stats);
	assert_in_range(stats.used_bytes, n_bytes, n_bytes + n_bytes / 40);
}

/* While rows are copied, no more chunks are made than they need, and one to spare: each costs the kernel a wait. */
static void test_chunks_of_rows(void **state)
{
	struct fixture *f = *state;
	const struct index_unwind *rows = make_rows(f, 900, 900, 600);
	size_t n_needed = (rows->n_words * 4 + UNWIND_CHUNK_BYTES - 1) / UNWIND_CHUNK_BYTES;
	struct unwind_memory_stats stats;
	int r;

	assert_in_range(n_needed, 2, 3); /* the limit is four */
	assert_int_equal(unwind_tables_add(f->tables, 3, rows, S), 0);
	while ((r = unwind_tables_dispatch(f->tables, S)) != 0) {
		assert_int_equal(r, UNWIND_TABLES_WAIT);
		live_wait(f->memory);
	}
	usleep(100000); /* what is wanted by now shall be seen */
	unwind_memory_stats(f->memory, &stats);
	assert_in_range(stats.chunk_bytes, n_needed * UNWIND_CHUNK_BYTES, (n_needed + 1) * UNWIND_CHUNK_BYTES);
}

static void test_without_rows(void **state)
{
	struct fixture *f = *state;

	assert_false(unwind_tables_has(f->tables, 5));
	assert_int_equal(unwind_tables_add_without_rows(f->tables, 5, UNWIND_TABLE_JIT), 0);
	assert_true(unwind_tables_has(f->tables, 5));
	assert_int_equal(state_of(f, 5), UNWIND_TABLE_JIT);
	unwind_tables_note_sample(f->tables, 5, S, true);
	load_all(f);
	assert_int_equal(state_of(f, 5), UNWIND_TABLE_JIT);
}

/* A huge binary that is half copied lets the small ones pass. */
static void test_small_ones_first(void **state)
{
	struct fixture *f = *state;
	const struct index_unwind *huge = make_rows(f, 900, 900, 600), *small = make_rows(f, 2, 100, 10);
	int r;

	assert_int_equal(unwind_tables_add(f->tables, 3, huge, S), 0);
	for (int i = 0; i < 5; i++) {
		r = unwind_tables_dispatch(f->tables, 0);
		assert_true(r > 0);
		if (r == UNWIND_TABLES_WAIT)
			live_wait(f->memory);
	}
	assert_int_equal(unwind_tables_add(f->tables, 4, small, S), 0);
	do
		r = unwind_tables_dispatch(f->tables, 0);
	while (r == UNWIND_TABLES_WAIT && (live_wait(f->memory), true));
	assert_int_equal(r, UNWIND_TABLES_MORE);
	check_loaded(f, 4, small);
	assert_int_equal(state_of(f, 3), UNWIND_TABLE_NOT_LOADED);
	load_all(f);
	check_loaded(f, 3, huge);
}

/* Eight tables of which seven fit. */
#define BIG_PAGES 290
#define FIRST 20

static const struct index_unwind *add_big(struct fixture *f, uint32_t module, uint64_t now_ns)
{
	const struct index_unwind *rows = make_rows(f, BIG_PAGES, 1200, 100);

	assert_int_equal(unwind_tables_add(f->tables, module, rows, now_ns), 0);
	return rows;
}

/* Fills the memory with tables added at one second each; returns how many fit. */
static uint32_t fill(struct fixture *f)
{
	uint32_t n = 0;

	while (stats_of(f).n_no_room == 0) {
		add_big(f, FIRST + n, (1 + n) * S);
		load_all(f);
		n++;
	}
	return n - 1;
}

/* Nobody has sampled anything: those that came first stay for a while, then the first makes way. */
static void test_newcomers_wait_while_all_is_new(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fill(f);

	assert_true(n >= 4);
	for (uint32_t i = 0; i < n; i++)
		check_loaded(f, FIRST + i, &f->rows[i].unwind);
	assert_int_equal(state_of(f, FIRST + n), UNWIND_TABLE_NOT_LOADED);
	assert_int_equal(stats_of(f).n_evicted, 0);
	add_big(f, FIRST + n + 1, 32 * S); /* the first was added 31 s before */
	load_all(f);
	assert_int_equal(state_of(f, FIRST), UNWIND_TABLE_NOT_LOADED);
	check_loaded(f, FIRST + n + 1, &f->rows[n + 1].unwind);
	check_loaded(f, FIRST + 2, &f->rows[2].unwind);
}

/* A sample lacks rows: first what was never sampled makes way, then what was sampled longest ago. */
static void test_sampled_ones_stay(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fill(f), lacking = FIRST + n;

	for (uint32_t i = 0; i < n; i++)
		if (i != 1)
			unwind_tables_note_sample(f->tables, FIRST + i, (100 - i) * S, false);
	unwind_tables_note_sample(f->tables, lacking, 101 * S, false); /* sampled, but no row was lacking */
	load_all(f);
	assert_int_equal(state_of(f, lacking), UNWIND_TABLE_NOT_LOADED);
	unwind_tables_note_sample(f->tables, lacking, 101 * S, true);
	load_all(f);
	check_loaded(f, lacking, &f->rows[n].unwind);
	assert_int_equal(state_of(f, FIRST + 1), UNWIND_TABLE_NOT_LOADED);
	assert_int_equal(stats_of(f).n_evicted, 1);

	unwind_tables_note_sample(f->tables, FIRST + 1, 110 * S, true); /* all others are in use */
	load_all(f);
	assert_int_equal(state_of(f, FIRST + 1), UNWIND_TABLE_NOT_LOADED);
	unwind_tables_note_sample(f->tables, FIRST + 1, 140 * S, true); /* now it comes back */
	load_all(f);
	check_loaded(f, FIRST + 1, &f->rows[1].unwind);
	assert_int_equal(state_of(f, FIRST + n - 1), UNWIND_TABLE_NOT_LOADED); /* sampled longest ago */
	check_loaded(f, lacking, &f->rows[n].unwind);
}

/* The fields of a table that programs may still read are not changed while they run. */
static void test_reload_waits_for_programs(void **state)
{
	struct fixture *f = *state;
	const struct index_unwind *rows = make_rows(f, 3, 100, 10);
	uint64_t epoch;
	bool evicted;

	assert_int_equal(unwind_tables_add(f->tables, 9, rows, S), 0);
	load_all(f);
	epoch = sampler_epoch(f->sampler);
	assert_int_equal(unwind_tables_evict(f->tables, &evicted), 0);
	assert_true(evicted);
	assert_int_equal(state_of(f, 9), UNWIND_TABLE_NOT_LOADED);
	assert_false(sampler_has_passed(f->sampler, epoch));
	unwind_tables_note_sample(f->tables, 9, 2 * S, true);
	load_all(f);
	assert_true(sampler_has_passed(f->sampler, epoch));
	check_loaded(f, 9, rows);
}

static void test_too_large(void **state)
{
	struct fixture *f = *state;
	struct index_unwind *rows = (struct index_unwind *)make_rows(f, 10, 100, 10);

	rows->n_pages = UNWIND_CHUNK_BYTES / 8; /* a directory that no chunk holds */
	assert_int_equal(unwind_tables_add(f->tables, 3, rows, S), 0);
	assert_int_equal(unwind_tables_add(f->tables, 4, make_rows(f, 1500, 1200, 10), S), 0); /* over half of all */
	load_all(f);
	assert_int_equal(stats_of(f).n_too_large, 2);
	unwind_tables_note_sample(f->tables, 4, 2 * S, true);
	load_all(f);
	assert_int_equal(state_of(f, 3), UNWIND_TABLE_NOT_LOADED);
	assert_int_equal(state_of(f, 4), UNWIND_TABLE_NOT_LOADED);
}

static void test_everything_is_given_back(void **state)
{
	struct fixture *f = *state;
	struct unwind_memory_stats stats;
	bool evicted = true;

	fill(f);
	while (evicted)
		assert_int_equal(unwind_tables_evict(f->tables, &evicted), 0);
	live_settle(f->sampler, f->memory);
	unwind_memory_stats(f->memory, &stats);
	assert_int_equal(stats.n_runs, 0);
	assert_int_equal(stats_of(f).n_loaded, 0);
	assert_int_equal(stats_of(f).n_rows, 0);
	assert_int_equal(stats_of(f).n_bytes, 0);
}

/* Tables leave a chunk that is mostly free, and are as they were. */
static void test_free_memory_is_bounded(void **state)
{
	struct fixture *f = *state;
	uint32_t chunk, n = fill(f);
	struct unwind_memory_stats stats;
	bool evicted;

	for (uint32_t i = 0; i < n - 1; i++)
		unwind_tables_note_sample(f->tables, FIRST + i, (i == 1 ? 1000 : i + 1) * S, false);
	for (uint32_t i = 0; i < n - 2; i++)
		assert_int_equal(unwind_tables_evict(f->tables, &evicted), 0);
	assert_int_equal(sampler_barrier(f->sampler), 0);
	unwind_memory_dispatch(f->memory);
	while (unwind_memory_find_sparse(f->memory, &chunk)) {
		assert_int_equal(unwind_tables_leave_chunk(f->tables, chunk), 0);
		load_all(f);
		assert_int_equal(sampler_barrier(f->sampler), 0);
		unwind_memory_dispatch(f->memory);
	}
	live_settle(f->sampler, f->memory);
	unwind_memory_stats(f->memory, &stats);
	assert_true(stats.free_bytes <= 2 * UNWIND_CHUNK_BYTES);
	assert_int_equal(stats_of(f).n_loaded, 2);
	check_loaded(f, FIRST + 1, &f->rows[1].unwind);
	check_loaded(f, FIRST + n - 2, &f->rows[n - 2].unwind);
}

/* Modules come and go: their rows, waiting or loaded, are given back, and another takes the number. */
static void test_remove(void **state)
{
	struct fixture *f = *state;
	const struct index_unwind *first = make_rows(f, 40, 900, 300), *second = make_rows(f, 3, 10, 2);
	struct unwind_memory_stats before, after;

	assert_int_equal(unwind_tables_add_without_rows(f->tables, 5, UNWIND_TABLE_JIT), 0);
	assert_int_equal(unwind_tables_remove(f->tables, 5), 0);
	assert_int_equal(state_of(f, 5), UNWIND_TABLE_NOT_LOADED);
	unwind_memory_stats(f->memory, &before);
	for (uint32_t round = 0; round < 300; round++) {
		const struct index_unwind *rows = round % 2 ? first : second;

		assert_int_equal(unwind_tables_add(f->tables, 9, rows, S), 0);
		assert_int_equal(unwind_tables_add(f->tables, 10, first, S), 0);
		load_all(f);
		check_loaded(f, 9, rows);
		assert_int_equal(unwind_tables_remove(f->tables, 9), 0);
		assert_int_equal(state_of(f, 9), UNWIND_TABLE_NOT_LOADED);
		assert_false(unwind_tables_has(f->tables, 9));
		assert_int_equal(unwind_tables_remove(f->tables, 9), 0);
		assert_int_equal(unwind_tables_remove(f->tables, 10), 0);
		assert_int_equal(unwind_tables_add(f->tables, 10, second, S), 0);
		assert_int_equal(unwind_tables_remove(f->tables, 10), 0); /* still waiting */
	}
	live_settle(f->sampler, f->memory);
	unwind_memory_stats(f->memory, &after);
	assert_int_equal(after.used_bytes, before.used_bytes);
	assert_int_equal(stats_of(f).n_loaded, 0);
	assert_int_equal(stats_of(f).n_waiting, 0);
	assert_int_equal(stats_of(f).n_rows, 0);
	assert_int_equal(stats_of(f).n_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_are_what_the_index_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_of_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chunks_of_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_small_ones_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newcomers_wait_while_all_is_new, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sampled_ones_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload_waits_for_programs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_everything_is_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_memory_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
	};

	return LIVE_MAIN(tests);
}
