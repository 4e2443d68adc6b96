// SPDX-License-Identifier: Apache-2.0
/* The ledgers and the label keys of a profile: what a merged one sums, what another tool's has none of. */
#include <string.h>

#include "pprof/profile.h"
#include "report/label-keys.h"
#include "report/ledgers.h"
#include "tests/unit/cmocka-all.h"

static const char one[] = "ledger w1 due=10 taken=6 idle=1 filtered=0 in_profile=4 idle_cpu=3 throttled=1 other=0 "
			  "lost.log_full=1 truncated.depth=2";
static const char two[] = "ledger w2 due=100 taken=60 idle=10 filtered=5 in_profile=40 idle_cpu=30 throttled=7 "
			  "other=3 lost.aborted=2 lost.log_full=3";
static const char damaged[] = "ledger w3 due=10 taken=6";

static void test_summed(void **state)
{
	static const char *const comments[] = { "cpuhound 0.1.0", one, "host a", two };
	const struct profile p = { .comments = comments, .n_comments = 4 };
	struct ledgers l;

	ledgers_of(&p, &l);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.n_damaged, 0);
	assert_int_equal(l.sum.due, 110);
	assert_int_equal(l.sum.in_profile, 44);
	assert_int_equal(l.sum.not_delivered.throttled, 8);
	assert_int_equal(l.sum.n_lost, 2);
	assert_string_equal(l.sum.lost[1].name, "log_full");
	assert_int_equal(l.sum.lost[1].n, 4);
	assert_int_equal(l.sum.truncated[0].n, 2);
	assert_true(ledger_balances(&l.sum));
}

static void test_none(void **state)
{
	static const char *const comments[] = { "ledger", "a ledger w1 due=1", "" };
	const struct profile p = { .comments = comments, .n_comments = 3 }, bare = {};
	struct ledgers l = { .n = 42 };

	ledgers_of(&p, &l);
	assert_int_equal(l.n + l.n_damaged, 0);
	ledgers_of(&bare, &l);
	assert_int_equal(l.n + l.n_damaged, 0);
}

static void test_damaged(void **state)
{
	static const char huge[] = "ledger w4 due=18446744073709551615 taken=0 idle=0 filtered=0 in_profile=0 "
				   "idle_cpu=18446744073709551615 throttled=0 other=0";
	static const char *const comments[] = { damaged, one, huge };
	const struct profile p = { .comments = comments, .n_comments = 3 };
	struct ledgers l;

	ledgers_of(&p, &l);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.n_damaged, 2);
	assert_int_equal(l.sum.due, 10);
}

static void test_label_keys(void **state)
{
	static const struct profile_label first[] = { { .key = "pod", .str = "x" }, { .key = "comm", .str = "y" } };
	static const struct profile_label second[] = { { .key = "pod", .str = "x" }, { .key = "pod", .num = 3 } };
	static const struct profile_sample samples[] = { { .labels = first, .n_labels = 2 },
							 { .labels = second, .n_labels = 2 },
							 {} };
	const struct profile p = { .samples = samples, .n_samples = 3 }, bare = {};
	struct label_keys k;

	assert_int_equal(label_keys_of(&p, &k), 0);
	assert_int_equal(k.n, 2);
	assert_string_equal(k.keys[0].name, "comm");
	assert_int_equal(k.keys[0].n_samples, 1);
	assert_string_equal(k.keys[1].name, "pod");
	assert_int_equal(k.keys[1].n_samples, 2);
	label_keys_done(&k);
	assert_int_equal(label_keys_of(&bare, &k), 0);
	assert_int_equal(k.n, 0);
	label_keys_done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_summed),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_label_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
