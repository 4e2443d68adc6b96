// SPDX-License-Identifier: Apache-2.0
/* policy: what follows from an answer, with a clock that is told. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "uploader/policy.h"

#define NOW (1000 * NS_PER_S)

static struct policy policy;

static int set_up(void **state)
{
	policy_init(&policy, 42);
	return 0;
}

struct end {
	enum upload_outcome outcome;
	enum send_result result;
	uint32_t retry_after_s;
	uint64_t sent_bytes;
};

static enum policy_action judge(const struct end *e, const struct policy_case *like, uint64_t now_ns)
{
	const struct upload_response response = { .outcome = e->outcome, .sent_bytes = e->sent_bytes };
	const struct send_answer answer = { .result = e->result, .retry_after_s = e->retry_after_s };
	struct policy_case c = *like;

	c.response = &response;
	c.answer = &answer;
	return policy_judge(&policy, &c, now_ns);
}

static const struct end down = { UPLOAD_NOT_SENT, SEND_RETRY, 0, 0 };
static const struct end silent = { UPLOAD_NO_ANSWER, SEND_RETRY, 0, 100 };
static const struct end done = { UPLOAD_ANSWERED, SEND_DONE, 0, 100 };

static void test_each_answer(void **state)
{
	static const struct {
		struct end end;
		struct policy_case c;
		enum policy_action action;
	} rows[] = {
		{ { UPLOAD_ANSWERED, SEND_DONE }, {}, POLICY_GO_ON },
		{ { UPLOAD_ANSWERED, SEND_RETRY }, {}, POLICY_AGAIN },
		{ { UPLOAD_ANSWERED, SEND_REJECTED }, {}, POLICY_REFUSED },
		{ { UPLOAD_ANSWERED, SEND_TOO_OLD }, {}, POLICY_TOO_OLD },
		{ { UPLOAD_ANSWERED, SEND_CONFIG }, {}, POLICY_AGAIN },
		{ { UPLOAD_ANSWERED, SEND_TOO_LARGE }, { .is_divisible = true }, POLICY_HALVE },
		{ { UPLOAD_ANSWERED, SEND_TOO_LARGE }, {}, POLICY_REFUSED },
		{ { UPLOAD_ANSWERED, SEND_BOUNDED }, { .n_tries = 99, .n_strikes = 9 }, POLICY_AGAIN },
		{ { UPLOAD_ANSWERED, SEND_BOUNDED }, { .n_tries = 3, .n_strikes = 10 }, POLICY_REFUSED },
		{ { UPLOAD_ANSWERED, SEND_BOUNDED }, { .n_tries = 100 }, POLICY_REFUSED },
		{ { UPLOAD_NOT_SENT, SEND_RETRY }, { .n_tries = 1000 }, POLICY_AGAIN },
		{ { UPLOAD_NOT_SENT, SEND_RETRY, 0, 10 }, { .n_strikes = 9 }, POLICY_AGAIN },
		{ { UPLOAD_NOT_SENT, SEND_RETRY, 0, 10 }, { .n_strikes = 10 }, POLICY_REFUSED },
		{ { UPLOAD_NO_ANSWER, SEND_RETRY }, {}, POLICY_AGAIN_AMBIGUOUS },
		{ { UPLOAD_NO_ANSWER, SEND_RETRY }, { .drops_ambiguous = true }, POLICY_LOSE_AMBIGUOUS },
		{ { UPLOAD_NO_ANSWER, SEND_RETRY }, { .is_idempotent = true }, POLICY_AGAIN },
		{ { UPLOAD_NO_ANSWER, SEND_RETRY }, { .is_idempotent = true, .drops_ambiguous = true }, POLICY_AGAIN },
		{ { UPLOAD_ANSWERED, SEND_RETRY }, { .n_limited = 4, .is_divisible = true }, POLICY_AGAIN },
		{ { UPLOAD_ANSWERED, SEND_RETRY }, { .n_limited = 5, .is_divisible = true }, POLICY_HALVE },
		{ { UPLOAD_ANSWERED, SEND_RETRY }, { .n_limited = 5 }, POLICY_AGAIN },
		{ { UPLOAD_BAD_PEER, SEND_CONFIG }, {}, POLICY_AGAIN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (judge(&rows[i].end, &rows[i].c, NOW) != rows[i].action)
			fail_msg("row %zu", i);
	}
}

/* Each wait is below twice the one before, and all values come up. */
static void test_backoff_grows_to_five_minutes(void **state)
{
	const struct policy_case c = {};
	uint64_t longest[12] = {}, shortest[12];

	memset(shortest, 0xff, sizeof(shortest));
	for (uint64_t seed = 0; seed < 2000; seed++) {
		policy_init(&policy, seed);
		for (size_t i = 0; i < ARRAY_SIZE(longest); i++) {
			uint64_t wait_ns;

			judge(&down, &c, NOW);
			wait_ns = policy.not_before_ns - NOW;
			longest[i] = wait_ns > longest[i] ? wait_ns : longest[i];
			shortest[i] = wait_ns < shortest[i] ? wait_ns : shortest[i];
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(longest); i++) {
		uint64_t most_ns = i < 9 ? NS_PER_S << i : 300 * NS_PER_S;

		if (most_ns > 300 * NS_PER_S)
			most_ns = 300 * NS_PER_S;
		assert_in_range(longest[i], most_ns / 100 * 98, most_ns);
		assert_in_range(shortest[i], 1, most_ns / 50);
	}
}

static void test_success_ends_the_backoff(void **state)
{
	const struct policy_case c = {};

	for (int i = 0; i < 9; i++)
		judge(&down, &c, NOW);
	judge(&done, &c, NOW);
	judge(&down, &c, NOW);
	assert_in_range(policy.not_before_ns - NOW, 1, NS_PER_S);
}

static void test_retry_after_is_obeyed(void **state)
{
	const struct end busy = { UPLOAD_ANSWERED, SEND_RETRY, 120, 100 };
	const struct end poisoned = { UPLOAD_ANSWERED, SEND_BOUNDED, 120, 100 };
	const struct policy_case c = {};

	judge(&busy, &c, NOW);
	assert_in_range(policy.not_before_ns - NOW, 120 * NS_PER_S, 121 * NS_PER_S);
	judge(&poisoned, &c, NOW);
	assert_in_range(policy.not_before_ns - NOW, 120 * NS_PER_S, 122 * NS_PER_S);
}

static void test_config_errors_hold_until_released(void **state)
{
	const struct end wrong = { UPLOAD_ANSWERED, SEND_CONFIG, 0, 100 };
	const struct policy_case c = {};

	judge(&wrong, &c, NOW);
	assert_true(policy.is_holding);
	assert_in_range(policy.not_before_ns - NOW, 150 * NS_PER_S, 300 * NS_PER_S);
	policy_release(&policy);
	assert_false(policy.is_holding);
	assert_int_equal(policy.not_before_ns, 0);
	judge(&wrong, &c, NOW);
	judge(&done, &c, NOW);
	assert_false(policy.is_holding);
}

static void test_strikes(void **state)
{
	static const struct {
		struct end end;
		unsigned int n;
	} rows[] = {
		{ { UPLOAD_ANSWERED, SEND_BOUNDED }, 5 },     { { UPLOAD_ANSWERED, SEND_RETRY }, 0 },
		{ { UPLOAD_ANSWERED, SEND_CONFIG }, 0 },      { { UPLOAD_NOT_SENT, SEND_RETRY, 0, 0 }, 0 },
		{ { UPLOAD_NOT_SENT, SEND_RETRY, 0, 1 }, 1 }, { { UPLOAD_NO_ANSWER, SEND_RETRY, 0, 9 }, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct upload_response response = { .outcome = rows[i].end.outcome,
							  .sent_bytes = rows[i].end.sent_bytes };
		const struct send_answer answer = { .result = rows[i].end.result };

		assert_int_equal(policy_strikes(&response, &answer), rows[i].n);
	}
	assert_int_equal(judge(&silent, &(struct policy_case){}, NOW), POLICY_AGAIN_AMBIGUOUS);
}

/* Of 10,000 hosts, each tenth of the interval gets a tenth. */
static void test_phases_are_spread(void **state)
{
	unsigned int n[10] = {};

	for (unsigned int i = 0; i < 10000; i++) {
		uint64_t phase_ns;
		char host[32];

		snprintf(host, sizeof(host), "node-%u.example", i);
		phase_ns = policy_phase_ns(host, "central", 15 * NS_PER_S);
		assert_true(phase_ns < 15 * NS_PER_S);
		assert_int_equal(phase_ns, policy_phase_ns(host, "central", 15 * NS_PER_S));
		n[phase_ns * 10 / (15 * NS_PER_S)]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(n); i++)
		assert_in_range(n[i], 850, 1150); /* 5 sd */
}

static void test_clock_of_the_server(void **state)
{
	struct upload_response r = { .outcome = UPLOAD_ANSWERED, .date_s = 5000 };

	assert_int_equal(policy_clock_offset_ns(&r, 5050 * (int64_t)NS_PER_S, 7), 0);
	assert_int_equal(policy_clock_offset_ns(&r, 6000 * (int64_t)NS_PER_S, 7), -1000 * (int64_t)NS_PER_S);
	r.date_s = 0;
	assert_int_equal(policy_clock_offset_ns(&r, 6000 * (int64_t)NS_PER_S, 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_answer, set_up),
		cmocka_unit_test_setup(test_backoff_grows_to_five_minutes, set_up),
		cmocka_unit_test_setup(test_success_ends_the_backoff, set_up),
		cmocka_unit_test_setup(test_retry_after_is_obeyed, set_up),
		cmocka_unit_test_setup(test_config_errors_hold_until_released, set_up),
		cmocka_unit_test_setup(test_strikes, set_up),
		cmocka_unit_test_setup(test_phases_are_spread, set_up),
		cmocka_unit_test(test_clock_of_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
