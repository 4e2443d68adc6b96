// SPDX-License-Identifier: Apache-2.0
/* unwind memory: in the real maps, while the real program runs. */
#include "tests/unit/unwind-live.h"

#include "agent/unwind-chunks.h"

#define LIMIT ((size_t)8 << 20)
#define N_CHUNKS (LIMIT / UNWIND_CHUNK_BYTES)
#define MOST 20000
#define UNIT 512

struct fixture {
	struct sampler *sampler;
	struct unwind_memory *memory;
	struct unwind_run taken[MOST];
	uint8_t marks[MOST]; /* every byte of a run that is taken is its mark */
	size_t n_taken;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->sampler = live_sampler();
	assert_int_equal(sampler_start(f->sampler), 0);
	assert_int_equal(unwind_memory_new(f->sampler, LIMIT, &f->memory), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unwind_memory_free(f->memory);
	sampler_free(f->sampler);
	free(f);
	return 0;
}

static struct unwind_memory_stats stats_of(const struct fixture *f)
{
	struct unwind_memory_stats stats;

	unwind_memory_stats(f->memory, &stats);
	return stats;
}

static bool take(struct fixture *f, size_t n_bytes, uint8_t mark)
{
	struct unwind_run run;

	if (!live_take(f->memory, n_bytes, &run))
		return false;
	assert_int_equal(run.n_units, (n_bytes + UNIT - 1) / UNIT);
	assert_true(run.ref != 0);
	assert_int_equal(run.ref / UNWIND_CHUNK_WORDS,
			 (run.ref + run.n_units * (UNIT / 4) - 1) / UNWIND_CHUNK_WORDS); /* within one chunk */
	assert_true(run.ref / UNWIND_CHUNK_WORDS < N_CHUNKS);
	memset(unwind_memory_at(f->memory, run.ref), mark, run.n_units * UNIT);
	f->taken[f->n_taken] = run;
	f->marks[f->n_taken++] = mark;
	return true;
}

/* Nobody else has written to it. */
static void check_mark(const struct fixture *f, size_t i)
{
	const uint8_t *bytes = unwind_memory_at(f->memory, f->taken[i].ref);

	for (size_t k = 0; k < f->taken[i].n_units * UNIT; k++)
		assert_int_equal(bytes[k], f->marks[i]);
}

static void release(struct fixture *f, size_t i)
{
	check_mark(f, i);
	assert_int_equal(unwind_memory_release(f->memory, f->taken[i]), 0);
	f->n_taken--;
	f->taken[i] = f->taken[f->n_taken];
	f->marks[i] = f->marks[f->n_taken];
}

static void release_all(struct fixture *f)
{
	while (f->n_taken > 0)
		release(f, f->n_taken - 1);
}

static void assert_all_free(struct fixture *f)
{
	struct unwind_memory_stats stats;

	live_settle(f->sampler, f->memory);
	stats = stats_of(f);
	assert_int_equal(stats.n_runs, 0);
	assert_int_equal(stats.used_bytes, 0);
	assert_int_equal(stats.quarantine_bytes, 0);
	assert_int_equal(stats.free_bytes, stats.chunk_bytes - UNIT); /* reference 0 is none */
	assert_true(stats.chunk_bytes <= 2 * UNWIND_CHUNK_BYTES);
}

static void test_random_runs_do_not_overlap(void **state)
{
	struct fixture *f = *state;

	srand(1);
	for (int i = 0; i < 6000; i++) {
		size_t n_bytes = rand() % 20 == 0 ? 1 + (size_t)rand() % 100000 : 1 + (size_t)rand() % 3000;
		bool filling = i / 1000 % 2 == 0;

		if (f->n_taken == 0 || rand() % 4 > (filling ? 0 : 2))
			take(f, n_bytes, (uint8_t)(1 + rand() % 255));
		else
			release(f, (size_t)rand() % f->n_taken);
		if (i % 100 == 0)
			unwind_memory_dispatch(f->memory);
	}
	release_all(f);
	assert_all_free(f);
}

/* All of the limit can be had, but for what is too small to be of use, and no byte more. */
static void test_limit(void **state)
{
	struct fixture *f = *state;
	size_t n = 0;

	while (take(f, 65536, 7))
		n++;
	assert_int_equal(n, N_CHUNKS * (UNWIND_CHUNK_BYTES / 65536) - 1); /* the first unit is lost, and its run */
	assert_int_equal(stats_of(f).chunk_bytes, LIMIT);
	assert_true(take(f, 65536 - UNIT, 8));
	assert_false(take(f, 1, 9));
	release(f, 0);
	assert_true(take(f, 65536, 10)); /* what was released is had again, after a barrier */
	release_all(f);
	assert_all_free(f);
}

static void spin(uint64_t ns)
{
	uint64_t end_ns = clock_now_ns(CLOCK_MONOTONIC) + ns;

	while (clock_now_ns(CLOCK_MONOTONIC) < end_ns)
		;
}

/* What was released comes back only after every CPU has been seen without the programs of before. */
static void test_quarantine(void **state)
{
	struct fixture *f = *state;
	struct unwind_run first, second, third;
	struct sample_batch batch;

	assert_true(live_take(f->memory, 2000, &first));
	assert_int_equal(unwind_memory_release(f->memory, first), 0);
	assert_true(live_take(f->memory, 2000, &second));
	assert_int_not_equal(second.ref, first.ref);
	for (size_t i = 0; i < sampler_n_cpus(f->sampler); i++) {
		unwind_memory_dispatch(f->memory);
		assert_int_equal(stats_of(f).quarantine_bytes, 2048); /* a CPU is still unseen */
		assert_int_equal(sampler_flip(f->sampler, i, &batch), 0);
		sampler_release(f->sampler, &batch);
	}
	unwind_memory_dispatch(f->memory);
	assert_int_equal(stats_of(f).quarantine_bytes, 0);
	assert_true(live_take(f->memory, 2000, &third));
	assert_int_equal(third.ref, first.ref);
	assert_int_equal(stats_of(f).n_barriers, 0);
}

/* The quarantine is bounded, in runs and in bytes. */
static void test_quarantine_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct unwind_memory_stats stats;
	uint64_t most = 0;
	struct unwind_run run;

	for (int i = 0; i < 5000; i++) {
		assert_true(live_take(f->memory, i % 7 == 0 ? 50000 : 100, &run));
		assert_int_equal(unwind_memory_release(f->memory, run), 0);
		stats = stats_of(f);
		if (stats.quarantine_bytes > most)
			most = stats.quarantine_bytes;
	}
	assert_in_range(most, 100000, 600000);
	assert_true(stats.n_barriers > 0);
	assert_all_free(f);
}

static void wait_for_chunks(const struct fixture *f, size_t n)
{
	while (stats_of(f).chunk_bytes < n * UNWIND_CHUNK_BYTES)
		live_wait(f->memory);
	assert_int_equal(stats_of(f).chunk_bytes, n * UNWIND_CHUNK_BYTES);
}

/* The kernel's wait is for what was there before: nobody waits for the end of it. */
static void test_new_chunks_can_be_used_at_once(void **state)
{
	_cleanup_(unwind_chunks_freep) struct unwind_chunks *chunks = NULL;
	const struct fixture *f = *state;
	size_t n_early = 0;

	assert_int_equal(unwind_chunks_new(sampler_unwind_maps(f->sampler), &chunks), 0);
	for (uint32_t i = UNWIND_MAX_CHUNKS - 10; i < UNWIND_MAX_CHUNKS; i++) {
		enum unwind_chunk_state s;

		unwind_chunks_want(chunks, i);
		unwind_chunks_make_wanted(chunks);
		while ((s = unwind_chunks_state(chunks, i)) == UNWIND_CHUNK_WANTED)
			;
		assert_true(unwind_maps_shows(sampler_unwind_maps(f->sampler), i));
		memset(unwind_chunks_get(chunks, i), (int)i, UNWIND_CHUNK_BYTES);
		n_early += s == UNWIND_CHUNK_SHOWN;
		while ((s = unwind_chunks_state(chunks, i)) == UNWIND_CHUNK_SHOWN)
			usleep(100);
		assert_int_equal(s, UNWIND_CHUNK_THERE);
	}
	assert_in_range(n_early, 5, 10);
	assert_false(unwind_chunks_are_coming(chunks));
}

/* A spare is there before it is needed. */
static void test_nobody_waits_for_a_chunk(void **state)
{
	struct fixture *f = *state;
	struct unwind_run run;
	size_t n = 0;

	assert_true(live_take(f->memory, 1000, &run));
	wait_for_chunks(f, 2);
	while (unwind_memory_take(f->memory, 65536, &run) == 0)
		n++;
	assert_true(n >= 31 + 32); /* all of this chunk and the spare, which was there */
}

/* The kernel's wait is one for all of them, and nobody comes too soon. */
static void test_expected_chunks_come_at_once(void **state)
{
	struct fixture *f = *state;
	struct unwind_run run;
	size_t n = 0;

	assert_true(live_take(f->memory, 1000, &run));
	wait_for_chunks(f, 2);
	unwind_memory_expect(f->memory, 2 * UNWIND_CHUNK_BYTES);
	wait_for_chunks(f, 4);
	while (unwind_memory_take(f->memory, 65536, &run) == 0)
		n++;
	assert_int_equal(n, 31 + 3 * 32);
}

/* What finds room where others are needs no chunk of its own. */
static void test_little_is_expected(void **state)
{
	struct fixture *f = *state;
	struct pollfd fd = { .fd = unwind_memory_fd(f->memory), .events = POLLIN };
	struct unwind_run run;

	assert_true(live_take(f->memory, 1000, &run));
	wait_for_chunks(f, 2);
	while (poll(&fd, 1, 100) == 1) /* the kernel's wait for the second one */
		unwind_memory_dispatch(f->memory);
	unwind_memory_expect(f->memory, UNWIND_CHUNK_BYTES / 2);
	assert_int_equal(poll(&fd, 1, 100), 0);
	assert_int_equal(unwind_memory_take(f->memory, UNWIND_CHUNK_BYTES / 2, &run), 0);
	unwind_memory_expect(f->memory, UNWIND_CHUNK_BYTES);
	wait_for_chunks(f, 3);
}

static void test_what_was_expected_in_vain_goes(void **state)
{
	struct fixture *f = *state;

	unwind_memory_expect(f->memory, 100 * LIMIT);
	while (stats_of(f).chunk_bytes < LIMIT)
		live_wait(f->memory);
	unwind_memory_expect(f->memory, 0);
	unwind_memory_dispatch(f->memory);
	assert_all_free(f);
}

/* The sparse chunk is left alone until it is empty; while somebody is to come, none is sparse. */
static void test_sparse_chunk(void **state)
{
	struct fixture *f = *state;
	struct unwind_run run;
	uint32_t chunk;

	for (int i = 0; i < 31 + 32; i++)
		assert_true(take(f, 65536, 7)); /* both chunks; then only the first and the last of them stay */
	while (f->n_taken > 2)
		release(f, f->n_taken - 2);
	assert_int_equal(sampler_barrier(f->sampler), 0);
	unwind_memory_dispatch(f->memory);
	unwind_memory_expect(f->memory, 1);
	assert_false(unwind_memory_find_sparse(f->memory, &chunk));
	unwind_memory_expect(f->memory, 0);
	assert_true(unwind_memory_find_sparse(f->memory, &chunk));
	for (size_t i = 0; i < f->n_taken; i++)
		if (unwind_run_chunk(f->taken[i]) == chunk)
			release(f, i);
	assert_int_equal(f->n_taken, 1);
	assert_true(live_take(f->memory, 65536, &run));
	assert_int_not_equal(unwind_run_chunk(run), chunk);
	while (live_take(f->memory, 65536, &run))
		;
	assert_true(stats_of(f).used_bytes > LIMIT - 2 * 65536); /* the one that is empty now is as good as any */
}

/* What finds no better place is not moved again and again: its holes are too small here. */
static void test_futile_gathering(void **state)
{
	struct fixture *f = *state;
	uint32_t chunk;

	for (int i = 0; i < 31; i++)
		assert_true(take(f, 65536, 7));
	for (int i = 0; i < 7; i++)
		assert_true(take(f, 131072, 7));
	for (size_t i = 31; i-- > 0;)
		if (i % 2)
			release(f, i);
	assert_int_equal(sampler_barrier(f->sampler), 0);
	unwind_memory_dispatch(f->memory);
	assert_true(unwind_memory_find_sparse(f->memory, &chunk));
	for (size_t i = f->n_taken; i-- > 0;)
		if (unwind_run_chunk(f->taken[i]) == chunk)
			release(f, i);
	assert_int_equal(f->n_taken, 16);
	assert_int_equal(sampler_barrier(f->sampler), 0);
	unwind_memory_dispatch(f->memory);
	for (int i = 0; i < 7; i++)
		assert_true(take(f, 131072, 7));
	assert_false(unwind_memory_find_sparse(f->memory, &chunk));
}

/* The kernel stops sampling where the sampler is stopped: nothing has to be waited for. */
static void test_stopped_sampler(void **state)
{
	struct fixture *f = *state;
	struct unwind_run run;

	spin(10 * NS_PER_MS);
	assert_int_equal(sampler_stop(f->sampler), 0);
	assert_true(live_take(f->memory, 1000, &run));
	assert_int_equal(unwind_memory_release(f->memory, run), 0);
	unwind_memory_dispatch(f->memory);
	assert_int_equal(stats_of(f).quarantine_bytes, 0);
	assert_int_equal(stats_of(f).n_barriers, 0);
}

/* Both maps that the walker reads are what unwind-table.h says, and count for what they are. */
static void test_map_bytes(void **state)
{
	struct fixture *f = *state;
	uint64_t n_bytes;

	assert_int_equal(sampler_map_bytes(f->sampler, &n_bytes), 0);
	assert_true(n_bytes >
		    UNWIND_MAX_TABLES * sizeof(struct unwind_table) + UNWIND_N_BUCKETS * sizeof(struct unwind_bucket));
	assert_true(n_bytes < (12 << 20) + (uint64_t)sysconf(_SC_NPROCESSORS_CONF) * 512 * 1024 - 4 * 1024 * 1024);
	f->memory = unwind_memory_free(f->memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_runs_do_not_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quarantine, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quarantine_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_chunks_can_be_used_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_waits_for_a_chunk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expected_chunks_come_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_little_is_expected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_was_expected_in_vain_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sparse_chunk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_futile_gathering, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopped_sampler, setup, teardown),
		cmocka_unit_test_setup_teardown(test_map_bytes, setup, teardown),
	};

	return LIVE_MAIN(tests);
}
