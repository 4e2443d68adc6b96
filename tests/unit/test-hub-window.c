// SPDX-License-Identifier: Apache-2.0
/* What a hub takes of the windows that others push, what it makes of them, and what is refused with which answer. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>

#include "agent/hub-series.h"
#include "agent/hub-window.h"
#include "common/compress.h"
#include "tests/unit/store-fixture.h"

#define BATCH "0123456789abcdef0123456789abcdef"

static struct hub_rules rules;
static struct hub_answer answer;

static int setup(void **state)
{
	rules = (struct hub_rules){
		.max_raw_bytes = 1 << 20,
		.max_age_ns = 3600 * (int64_t)NS_PER_S,
		.max_labels = 3,
		.max_series = 10,
	};
	answer = (struct hub_answer){ .body_fd = -1 };
	return state_set_up(state);
}

static void pack(const char *services, struct buf *ret)
{
	const struct made m = { .start_ns = BASE_NS, .services = services };
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {};
	struct window_info info;

	make_profile(&m, &info, &labels, &raw);
	assert_int_equal(compress_add(COMPRESSION_GZIP, raw.data, raw.size, ret), 0);
}

static struct profile *window(const char *services)
{
	_cleanup_(buf_done) struct buf packed = {};
	struct profile *p = NULL;

	pack(services, &packed);
	assert_int_equal(hub_window_decode(packed.data, packed.size, &rules, &p, &answer), 0);
	return p;
}

static void test_decode(void **state)
{
	_cleanup_(buf_done) struct buf bomb = {}, zeros = {}, once = {}, twice = {};
	struct profile *p = NULL;

	assert_int_equal(buf_reserve(&zeros, 2 << 20), 0);
	memset(zeros.data, 0, 2 << 20);
	assert_int_equal(compress_add(COMPRESSION_GZIP, zeros.data, 2 << 20, &bomb), 0);
	assert_int_equal(hub_window_decode(bomb.data, bomb.size, &rules, &p, &answer), HUB_ANSWERED);
	assert_int_equal(answer.outcome, HUB_REFUSED_RAW);
	pack("api", &once);
	assert_int_equal(compress_add(COMPRESSION_GZIP, once.data, once.size, &twice), 0);
	assert_int_equal(hub_window_decode(twice.data, twice.size, &rules, &p, &answer), HUB_ANSWERED);
	assert_int_equal(answer.outcome, HUB_REFUSED_WINDOW);
	assert_int_equal(hub_window_decode(bomb.data, bomb.size / 2, &rules, &p, &answer), HUB_ANSWERED);
	assert_int_equal(hub_window_decode("", 0, &rules, &p, &answer), HUB_ANSWERED);
	assert_null(p);
}

static void assert_checked(const struct profile *p, int64_t now_ns, int r, enum hub_outcome outcome)
{
	const struct hub_rules_token *token = rules.n_tokens ? &rules.tokens[0] : NULL;

	answer.outcome = HUB_N_OUTCOMES;
	assert_int_equal(hub_window_check(p, &rules, token, now_ns, &answer), r);
	if (r != 0)
		assert_int_equal(answer.outcome, outcome);
}

static void test_times(void **state)
{
	_cleanup_(profile_freep) struct profile *p = window("api");

	assert_checked(p, BASE_NS, 0, 0);
	assert_checked(p, BASE_NS + rules.max_age_ns, 0, 0);
	assert_checked(p, BASE_NS + rules.max_age_ns + 1, HUB_ANSWERED, HUB_REFUSED_OLD);
	assert_checked(p, BASE_NS - HUB_WINDOW_AHEAD_NS, 0, 0);
	assert_checked(p, BASE_NS - HUB_WINDOW_AHEAD_NS - 1, HUB_ANSWERED, HUB_REFUSED_FUTURE);
	p->duration_ns = INT64_MAX;
	assert_checked(p, BASE_NS, HUB_ANSWERED, HUB_REFUSED_WINDOW);
	p->duration_ns = 1;
	p->n_comments = 0; /* and so no ledger */
	assert_checked(p, BASE_NS, HUB_ANSWERED, HUB_REFUSED_WINDOW);
}

static void test_labels(void **state)
{
	_cleanup_(profile_freep) struct profile *p = window("api,db");

	assert_int_equal(profile_set_missing_label(p, "host", "web-1"), 0);
	assert_int_equal(p->samples[1].n_labels, 3);
	assert_string_equal(profile_find_label(&p->samples[1], "host")->str, "web-1");
	assert_checked(p, BASE_NS, 0, 0);
	rules.max_labels = 2;
	assert_checked(p, BASE_NS, HUB_ANSWERED, HUB_REFUSED_LABELS);
	rules.max_labels = 3;
	rules.n_tokens = rules.tokens[0].n_hosts = 1;
	strcpy(rules.tokens[0].name, "t");
	strcpy(rules.hosts[0], "web-?");
	assert_checked(p, BASE_NS, 0, 0);
	strcpy(rules.hosts[0], "db-*");
	assert_checked(p, BASE_NS, HUB_ANSWERED, HUB_REFUSED_HOST);
	assert_non_null(strstr(answer.text, "host=web-1"));
	assert_true(hub_rules_allow(&rules, NULL, "any"));
	assert_false(hub_rules_allow(&rules, &rules.tokens[0], "any"));
	assert_ptr_equal(hub_rules_find(&rules, "t"), &rules.tokens[0]);
	assert_null(hub_rules_find(&rules, ""));
}

static void assert_made(unsigned int part, bool is_first, uint64_t duration_ns, uint64_t in_profile, const char *id)
{
	struct web_hub_request request = { .batch = BATCH, .part = part, .host = "web-1" };
	_cleanup_(profile_freep) struct profile *p = window("api,db"), *made = NULL;
	_cleanup_(hub_window_done) struct hub_window w = {};

	assert_int_equal(hub_window_make(p, &request, is_first, &w, &answer), 0);
	assert_string_equal(w.info.id, id);
	assert_int_equal(w.info.duration_ns, duration_ns);
	assert_int_equal(w.info.ledger.in_profile, in_profile);
	assert_int_equal(w.info.ledger.windows, 1);
	assert_int_equal(w.n_samples, 6);
	assert_int_equal(profile_decode(w.raw.data, w.raw.size, &made), 0);
	assert_int_equal(made->n_samples, 2);
	assert_string_equal(profile_find_label(&made->samples[0], "host")->str, "web-1");
}

/* The first part that comes has the time and the ledger, and no other. */
static void test_parts(void **state)
{
	assert_made(0, true, (uint64_t)WINDOW_NS, 6, BATCH);
	assert_made(2, true, (uint64_t)WINDOW_NS, 6, "0123456789abcdef0123456700000002");
	assert_made(0, false, 0, 0, BATCH);
}

static void test_series(void **state)
{
	_cleanup_(hub_series_done) struct hub_series s = {};
	_cleanup_(profile_freep) struct profile *two = window("a,b"), *same = window("b,a"), *third = window("c");
	const int64_t hour_ns = 3600 * (int64_t)NS_PER_S, now_ns = 1000 * hour_ns + 600 * (int64_t)NS_PER_S;
	uint32_t retry_s = 0;

	assert_int_equal(hub_series_add(&s, "t", two, 1, now_ns, &retry_s), HUB_SERIES_TOO_MANY);
	assert_int_equal(hub_series_add(&s, "t", two, 2, now_ns, &retry_s), 0);
	assert_int_equal(hub_series_add(&s, "t", same, 2, now_ns, &retry_s), 0);
	assert_int_equal(hub_series_add(&s, "t", third, 2, now_ns, &retry_s), HUB_SERIES_MANY);
	assert_int_equal(retry_s, 3001);
	assert_int_equal(hub_series_add(&s, "u", third, 2, now_ns, &retry_s), 0); /* another token's */
	assert_int_equal(hub_series_add(&s, "t", third, 3, now_ns, &retry_s), 0);
	assert_int_equal(hub_series_add(&s, "t", third, 1, now_ns + hour_ns, &retry_s), 0); /* another hour */
}

/* Many tokens after one another, more than there is room for; and many sets. */
static void test_many_series(void **state)
{
	_cleanup_(hub_series_done) struct hub_series s = {};
	_cleanup_(profile_freep) struct profile *p = window("a");
	uint32_t retry_s;

	for (int i = 0; i < 3 * WEB_MAX_TOKENS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		assert_int_equal(hub_series_add(&s, name, p, 1, BASE_NS + i * 4000 * (int64_t)NS_PER_S, &retry_s), 0);
	}
	for (unsigned int i = 0; i < 1000; i++) {
		struct profile_label label = { .key = "k", .num = 0 };
		struct profile_sample sample = { .labels = &label, .n_labels = 1 };
		const struct profile one = { .samples = &sample, .n_samples = 1 };
		char value[16];

		snprintf(value, sizeof(value), "v%u", i);
		label.str = value;
		assert_int_equal(hub_series_add(&s, "many", &one, 1000, BASE_NS, &retry_s), 0);
	}
	assert_int_equal(hub_series_add(&s, "many", p, 1000, BASE_NS, &retry_s), HUB_SERIES_MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_decode, setup, state_tear_down),
		cmocka_unit_test_setup_teardown(test_times, setup, state_tear_down),
		cmocka_unit_test_setup_teardown(test_labels, setup, state_tear_down),
		cmocka_unit_test_setup_teardown(test_parts, setup, state_tear_down),
		cmocka_unit_test_setup_teardown(test_series, setup, state_tear_down),
		cmocka_unit_test_setup_teardown(test_many_series, setup, state_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
