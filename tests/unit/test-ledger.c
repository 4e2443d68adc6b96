// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "pprof/ledger-json.h"
#include "pprof/ledger.h"
#include "tests/unit/cmocka-all.h"

static const char line[] =
	"ledger w1 due=100 taken=60 idle=10 filtered=5 in_profile=40 idle_cpu=30 throttled=7 other=3"
	" lost.exited=2 lost.no_room=3 truncated.depth=4"
	" frames.named=300 frames.module_only=20 frames.unreadable=1 windows=2 reduced_windows=1 down_ns=5000";

static const struct ledger balanced = {
	.due = 100,
	.taken = 60,
	.idle = 10,
	.filtered = 5,
	.in_profile = 40,
	.not_delivered = { .idle_cpu = 30, .throttled = 7, .other = 3 },
	.n_lost = 2,
	.lost = { { "exited", 2 }, { "no_room", 3 } },
	.n_truncated = 1,
	.truncated = { { "depth", 4 } },
	.frames = { .named = 300, .module_only = 20, .unreadable = 1 },
	.windows = 2,
	.reduced_windows = 1,
	.down_ns = 5000,
};

static void test_format(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(buf_add_str(&b, "> "), 0);
	assert_int_equal(ledger_format(&balanced, "w1", &b), 0);
	assert_memory_equal(b.data, "> ", 2);
	assert_string_equal(b.data + 2, line);
	assert_int_equal(ledger_format(&balanced, "", &b), -EINVAL);
	assert_int_equal(ledger_format(&balanced, "two words", &b), -EINVAL);
	assert_int_equal(ledger_format(&balanced, "caf\xc3\xa9", &b), -EINVAL);
	assert_string_equal(b.data + 2, line);
}

static void test_parse(void **state)
{
	struct ledger l;

	memset(&l, 0xff, sizeof(l));
	assert_int_equal(ledger_parse(line, &l), 0);
	assert_memory_equal(&l, &balanced, sizeof(l));
	assert_int_equal(ledger_parse("ledger - due=0 taken=0 idle=0 filtered=0 in_profile=0 idle_cpu=0 throttled=0 "
				      "other=18446744073709551615",
				      &l),
			 0);
	assert_int_equal(l.not_delivered.other, UINT64_MAX);
	assert_int_equal(l.n_lost + l.n_truncated, 0);
}

/* A line of before frames and windows were counted is one window of unknown frames. */
static void test_parse_older(void **state)
{
	struct ledger l, expected = balanced;
	char older[sizeof(line)];

	memcpy(older, line, sizeof(line));
	*strstr(older, " frames.") = 0;
	assert_int_equal(ledger_parse(older, &l), 0);
	memset(&expected.frames, 0, sizeof(expected.frames));
	expected.windows = 1;
	expected.reduced_windows = 0;
	expected.down_ns = 0;
	assert_memory_equal(&l, &expected, sizeof(l));
}

static void test_parse_refuses(void **state)
{
#define COUNTS "due=1 taken=1 idle=0 filtered=0 in_profile=1 idle_cpu=0 throttled=0 other=0"
	static const char *const damaged[] = {
		"ledger ",
		"ledger w1",
		"ledger w1 ",
		"ledger  " COUNTS,
		"ledger w1 due=1",
		"ledger w1  " COUNTS,
		"ledger w1 " COUNTS " ",
		"ledger w1 " COUNTS "\n",
		"ledger w1 " COUNTS " x",
		"ledger w1 " COUNTS " lost.",
		"ledger w1 " COUNTS " lost.=1",
		"ledger w1 " COUNTS " lost.a",
		"ledger w1 " COUNTS " lost.a=",
		"ledger w1 " COUNTS " lost.a=0",
		"ledger w1 " COUNTS " lost.a=01",
		"ledger w1 " COUNTS " lost.a=-1",
		"ledger w1 " COUNTS " lost.a=18446744073709551616",
		"ledger w1 " COUNTS " lost.A=1",
		"ledger w1 " COUNTS " lost.a=1 lost.a=1",
		"ledger w1 " COUNTS " lost.b=1 lost.a=1",
		"ledger w1 " COUNTS " truncated.a=1 lost.a=1",
		"ledger w1 " COUNTS " lost.aaaaaaaaaaaaaaaaaaaaaaaa=1", /* 24 bytes: one too many */
		"ledger w1 " COUNTS " frames.named=1",
		"ledger w1 " COUNTS " frames.named=1 frames.module_only=0 frames.unreadable=0 windows=1",
		"ledger w1 " COUNTS
		" frames.named=1 frames.module_only=0 frames.unreadable=0 windows=1 reduced_windows=0 down_ns=0 x",
		"ledger w1 " COUNTS " windows=1 reduced_windows=0 down_ns=0",
		"ledger w1 due=1 idle=0 taken=1 filtered=0 in_profile=1 idle_cpu=0 throttled=0 other=0",
		"ledger w1 due=1 taken=1 idle=0 filtered=0 in_profile=1 idle_cpu=0 throttled=0",
		"ledger w1 due=+1 taken=1 idle=0 filtered=0 in_profile=1 idle_cpu=0 throttled=0 other=0",
	};
	struct ledger l = { .due = 42 };

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++)
		if (ledger_parse(damaged[i], &l) != -EBADMSG)
			fail_msg("accepted: '%s'", damaged[i]);
	assert_int_equal(ledger_parse("", &l), LEDGER_NOT_ONE);
	assert_int_equal(ledger_parse("ledger", &l), LEDGER_NOT_ONE);
	assert_int_equal(ledger_parse("ledgers w1 " COUNTS, &l), LEDGER_NOT_ONE);
	assert_int_equal(ledger_parse("host=a", &l), LEDGER_NOT_ONE);
	assert_int_equal(l.due, 42);
	assert_int_equal(ledger_parse("ledger w1 " COUNTS " lost.aaaaaaaaaaaaaaaaaaaaaaa=1", &l), 0);
}

static void test_balance(void **state)
{
	struct ledger l = balanced;

	assert_true(ledger_balances(&l));
	assert_int_equal(ledger_sum_lost(&l), 5);
	l.truncated[0].n++;
	assert_true(ledger_balances(&l));
	l.lost[1].n++;
	assert_false(ledger_balances(&l));
	l.taken++;
	assert_false(ledger_balances(&l));
	l.due++;
	assert_true(ledger_balances(&l));

	/* Sums that wrap around to the right number are still wrong. */
	l = (struct ledger){ .due = 1, .taken = 2, .idle = 2, .not_delivered.other = UINT64_MAX };
	assert_false(ledger_balances(&l));
	l = (struct ledger){ .n_lost = 2, .lost = { { "a", UINT64_MAX }, { "b", 1 } } };
	assert_false(ledger_balances(&l));
	assert_true(ledger_sum_lost(&l) == UINT64_MAX);
}

static void test_reasons(void **state)
{
	struct ledger l = {};

	assert_int_equal(ledger_add_lost(&l, "m", 1), 0);
	assert_int_equal(ledger_add_lost(&l, "z", 2), 0);
	assert_int_equal(ledger_add_lost(&l, "a", 3), 0);
	assert_int_equal(ledger_add_lost(&l, "m", 4), 0);
	assert_int_equal(ledger_add_lost(&l, "nothing", 0), 0);
	assert_int_equal(ledger_add_lost(&l, "Bad", 1), -EINVAL);
	assert_int_equal(ledger_add_lost(&l, "", 1), -EINVAL);
	assert_int_equal(ledger_add_lost(&l, "m", UINT64_MAX), -ERANGE);
	assert_int_equal(l.n_lost, 3);
	assert_string_equal(l.lost[0].name, "a");
	assert_string_equal(l.lost[1].name, "m");
	assert_int_equal(l.lost[1].n, 5);
	assert_string_equal(l.lost[2].name, "z");
	assert_int_equal(ledger_add_truncated(&l, "depth", 9), 0);
	assert_int_equal(l.n_truncated, 1);
	assert_int_equal(l.truncated[0].n, 9);
}

static void fill(struct ledger *l)
{
	char name[LEDGER_REASON_SIZE];

	memset(l, 0xff, offsetof(struct ledger, n_lost));
	l->n_lost = l->n_truncated = 0;
	for (unsigned int i = 0; i < LEDGER_MAX_REASONS; i++) {
		snprintf(name, sizeof(name), "a_reason_of_23_bytes_%02u", i);
		assert_int_equal(strlen(name), 23);
		assert_int_equal(ledger_add_lost(l, name, UINT64_MAX), 0);
		assert_int_equal(ledger_add_truncated(l, name, UINT64_MAX), 0);
	}
}

static void test_full(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct ledger l = {}, back, sum = { .lost = { { "b", 1 } }, .n_lost = 1 }, untouched = sum;
	_cleanup_(buf_done) struct buf b = {};

	fill(&l);
	assert_int_equal(ledger_add_lost(&l, "one_more", 1), -ENOSPC);
	assert_int_equal(ledger_add_truncated(&l, "one_more", 1), -ENOSPC);
	assert_int_equal(ledger_format(&l, id, &b), 0);
	assert_true(b.size <= 4096); /* a comment of a profile is cut there */
	assert_int_equal(ledger_parse(b.data, &back), 0);
	assert_memory_equal(&back, &l, sizeof(l));
	assert_int_equal(buf_add_str(&b, " truncated.z=1"), 0);
	assert_int_equal(ledger_parse(b.data, &back), -EBADMSG);

	assert_int_equal(ledger_add(&sum, &l), -ENOSPC);
	assert_memory_equal(&sum, &untouched, sizeof(sum));
}

static void test_add(void **state)
{
	struct ledger sum = balanced, big = { .due = UINT64_MAX };
	const struct ledger other = {
		.due = 3,
		.taken = 3,
		.in_profile = 1,
		.n_lost = 2,
		.lost = { { "aborted", 1 }, { "no_room", 1 } },
		.frames.named = 1,
		.windows = 1,
		.reduced_windows = 1,
		.down_ns = 7,
	};

	assert_int_equal(ledger_add(&sum, &other), 0);
	assert_int_equal(sum.due, 103);
	assert_int_equal(sum.in_profile, 41);
	assert_int_equal(sum.n_lost, 3);
	assert_string_equal(sum.lost[0].name, "aborted");
	assert_int_equal(sum.lost[2].n, 4);
	assert_int_equal(sum.frames.named, 301);
	assert_int_equal(sum.windows, 3);
	assert_int_equal(sum.reduced_windows, 2);
	assert_int_equal(sum.down_ns, 5007);
	assert_true(ledger_balances(&sum));
	assert_int_equal(ledger_add(&sum, &big), -ERANGE);
	assert_int_equal(sum.due, 103);
}

static void test_json(void **state)
{
	_cleanup_(json_putp) struct json_object *top = json_object_new_object();
	struct ledger back;

	assert_int_equal(ledger_json_add(top, "ledger", &balanced), 0);
	assert_int_equal(json_find_number(top, "ledger.lost.no_room"), 3);
	assert_int_equal(ledger_json_read(json_find(top, "ledger"), &back), 0);
	assert_memory_equal(&back, &balanced, sizeof(back));
}

/* Of an older or newer agent, or of somebody else. */
static void test_json_foreign(void **state)
{
	_cleanup_(json_putp) struct json_object *few = json_tokener_parse("{\"due\":7,\"new\":1,\"lost\":[]}");
	_cleanup_(json_putp) struct json_object *bad = json_tokener_parse("{\"lost\":{\"a b\":1}}");
	struct ledger l = { .taken = 1 };

	assert_int_equal(ledger_json_read(bad, &l), -EINVAL);
	assert_int_equal(l.taken, 1);
	assert_int_equal(ledger_json_read(few, &l), 0);
	assert_int_equal(l.due, 7);
	assert_int_equal(l.taken, 0);
	assert_int_equal(ledger_json_read(NULL, &l), 0);
	assert_int_equal(l.due, 0);
}

static void test_filter(void **state)
{
	struct ledger l = balanced;
	uint64_t in_profile = l.in_profile, filtered = l.filtered, truncated = l.truncated[0].n;
	char name[LEDGER_REASON_SIZE];
	size_t n = l.n_truncated;

	ledger_filter(&l, 7);
	assert_int_equal(l.in_profile, in_profile - 7);
	assert_int_equal(l.filtered, filtered + 7);
	assert_true(ledger_balances(&l));

	strcpy(name, l.truncated[0].name);
	ledger_sub_truncated(&l, name, truncated - 1);
	assert_int_equal(l.truncated[0].n, 1);
	ledger_sub_truncated(&l, name, 1);
	assert_int_equal(l.n_truncated, n - 1);
	ledger_sub_truncated(&l, "of_none", 0);
	assert_int_equal(l.n_truncated, n - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),      cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_older), cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_balance),     cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_full),        cmocka_unit_test(test_add),
		cmocka_unit_test(test_json),        cmocka_unit_test(test_json_foreign),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
