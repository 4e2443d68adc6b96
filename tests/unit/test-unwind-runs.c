// SPDX-License-Identifier: Apache-2.0
/* unwind runs: random takes and returns, against a model that knows the owner of every unit. */
#include "tests/unit/cmocka-all.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/unwind-runs.h"

#define N_UNITS UNWIND_CHUNK_UNITS
#define N_STEPS 20000

struct model {
	struct unwind_runs runs;
	bool used[N_UNITS];
	struct {
		size_t first, n;
	} taken[N_UNITS];
	size_t n_taken;
};

/* Where the lowest free run of this length begins, looked for one by one. */
static int lowest_fit(const struct model *m, size_t n_units)
{
	size_t n_free = 0;

	for (size_t i = 0; i < N_UNITS; i++) {
		n_free = m->used[i] ? 0 : n_free + 1;
		if (n_free == n_units)
			return (int)(i + 1 - n_units);
	}
	return -1;
}

static size_t count_used(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < N_UNITS; i++)
		n += m->used[i];
	return n;
}

static void take(struct model *m, size_t n_units)
{
	int expected = lowest_fit(m, n_units), first = unwind_runs_take(&m->runs, n_units);

	assert_int_equal(first, expected);
	if (first < 0)
		return;
	memset(&m->used[first], true, n_units);
	m->taken[m->n_taken].first = (size_t)first;
	m->taken[m->n_taken++].n = n_units;
}

static void give_back(struct model *m, size_t i)
{
	unwind_runs_give_back(&m->runs, m->taken[i].first, m->taken[i].n);
	memset(&m->used[m->taken[i].first], false, m->taken[i].n);
	m->taken[i] = m->taken[--m->n_taken];
}

static void random_steps(unsigned int seed)
{
	static struct model m;

	memset(&m, 0, sizeof(m));
	srand(seed);
	for (int i = 0; i < N_STEPS; i++) {
		int n_takes_of_ten = i / 2000 % 2 == 0 ? 8 : 2; /* fill it up and empty it in turns */

		if (m.n_taken == 0 || rand() % 10 < n_takes_of_ten)
			take(&m, 1 + (size_t)rand() % (rand() % 50 == 0 ? 900 : 70));
		else
			give_back(&m, (size_t)rand() % m.n_taken);
		assert_int_equal(m.runs.n_used, count_used(&m));
	}
	while (m.n_taken > 0)
		give_back(&m, 0);
	assert_int_equal(m.runs.n_used, 0);
	take(&m, N_UNITS);
	assert_int_equal(unwind_runs_take(&m.runs, 1), -1);
}

static void test_like_the_model(void **state)
{
	for (unsigned int seed = 1; seed <= 5; seed++)
		random_steps(seed);
}

/* What did not fit is tried again once something came back. */
static void test_a_failed_length_fits_later(void **state)
{
	struct unwind_runs runs = {};

	assert_int_equal(unwind_runs_take(&runs, N_UNITS - 10), 0);
	assert_int_equal(unwind_runs_take(&runs, 11), -1);
	assert_int_equal(unwind_runs_take(&runs, 12), -1);
	assert_int_equal(unwind_runs_take(&runs, 10), N_UNITS - 10);
	unwind_runs_give_back(&runs, 0, 64);
	assert_int_equal(unwind_runs_take(&runs, 64), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_the_model),
		cmocka_unit_test(test_a_failed_length_fits_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
