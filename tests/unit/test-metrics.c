// SPDX-License-Identifier: Apache-2.0
#include "agent/status.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/utf8.h"
#include "tests/unit/status-fixture.h"

static void make(const struct status *s, struct buf *ret)
{
	buf_clear(ret);
	assert_int_equal(metrics_add(s, ret), 0);
}

/* The value of a series by its whole name; the test fails where it is missing or there twice. */
static double value_of(const struct buf *text, const char *series)
{
	char start[160];
	const char *found;

	snprintf(start, sizeof(start), "\n%s ", series);
	found = strstr(text->data, start);
	if (!found || strstr(found + 1, start))
		fail_msg("%s is missing, or there twice", series);
	return strtod(found + strlen(start), NULL);
}

/* All values of a name, whatever the labels. */
static double sum_of(const struct buf *text, const char *name)
{
	char start[160];
	double sum = 0;
	const char *p = text->data;

	snprintf(start, sizeof(start), "\n%s{", name);
	while ((p = strstr(p, start))) {
		p = strstr(p, "} ") + 1;
		sum += strtod(p, NULL);
	}
	return sum;
}

/* In seconds, in parts of a whole, or as it is. */
static bool has_number(const struct buf *text, uint64_t n)
{
	char forms[3][48];

	snprintf(forms[0], sizeof(forms[0]), " %" PRIu64 "\n", n);
	snprintf(forms[1], sizeof(forms[1]), " %" PRIu64 ".%09" PRIu64 "\n", n / (uint64_t)NS_PER_S,
		 n % (uint64_t)NS_PER_S);
	snprintf(forms[2], sizeof(forms[2]), " %" PRIu64 ".%04" PRIu64 "\n", n / 10000, n % 10000);
	return strstr(text->data, forms[0]) || strstr(text->data, forms[1]) || strstr(text->data, forms[2]);
}

static void test_every_number(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status_field fields[STATUS_MAX_FIELDS];
	struct status s;
	size_t n;

	status_fill(&s);
	make(&s, &text);
	n = status_fields(&s, fields);
	for (size_t i = 0; i < n; i++)
		if (fields[i].in_metrics && !has_number(&text, *fields[i].n))
			fail_msg("%s is not told", fields[i].name);
}

static void test_every_truth(void **state)
{
	status_check_truths(metrics_add, true);
}

static void test_units(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status s;

	status_fill(&s);
	s.period_ns = 52631578;
	s.budget.cpu_permyriad = 182;
	s.recorder.self.cpu_ns = 1500000000;
	s.reload_failed = true;
	make(&s, &text);
	assert_true(value_of(&text, "cpuhound_sampling_hz") == 19);
	assert_true(value_of(&text, "cpuhound_budget_cpu_ratio") == 0.0182);
	assert_true(value_of(&text, "cpuhound_self_cpu_seconds_total{process=\"agent\"}") == 1.5);
	assert_true(value_of(&text, "cpuhound_budget_step") == 2);
	assert_true(value_of(&text, "cpuhound_budget_over{resource=\"rss\"}") == 1);
	assert_true(value_of(&text, "cpuhound_budget_over{resource=\"cpu\"}") == 0);
	assert_true(value_of(&text, "cpuhound_config_reload_success") == 0);
	assert_true(value_of(&text, "cpuhound_state{state=\"sampling\"}") == 1);
	assert_true(sum_of(&text, "cpuhound_state") == 1);
}

static void test_not_sampling(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status s;

	status_fill(&s);
	s.idle = STATUS_KILL_SWITCH;
	s.limits.map_bytes = UINT64_MAX;
	strcpy(s.recorder.cache_fault, "it is read-only");
	make(&s, &text);
	assert_true(value_of(&text, "cpuhound_sampling_hz") == 0);
	assert_true(value_of(&text, "cpuhound_state{state=\"kill_switch\"}") == 1);
	assert_true(value_of(&text, "cpuhound_state{state=\"sampling\"}") == 0);
	assert_true(value_of(&text, "cpuhound_fault{part=\"cache\"}") == 1);
	assert_true(value_of(&text, "cpuhound_fault{part=\"indexer\"}") == 0);
	assert_null(strstr(text.data, "cpuhound_bpf_map_limit_bytes"));
}

/* Both sums of the ledger, from nothing but the metrics; also where nothing was lost. */
static void check_balance(const struct buf *text)
{
	assert_true(value_of(text, "cpuhound_ticks_due_total") ==
		    value_of(text, "cpuhound_ticks_taken_total") + sum_of(text, "cpuhound_ticks_not_delivered_total"));
	assert_true(value_of(text, "cpuhound_ticks_taken_total") ==
		    value_of(text, "cpuhound_ticks_idle_total") + value_of(text, "cpuhound_ticks_filtered_total") +
			    value_of(text, "cpuhound_samples_in_profile_total") +
			    sum_of(text, "cpuhound_samples_lost_total"));
}

static void test_balance(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status s;

	status_fill(&s);
	s.recorder.ledger = (struct ledger){
		.due = 1000,
		.taken = 900,
		.idle = 100,
		.filtered = 50,
		.in_profile = 750,
		.not_delivered = { 70, 20, 10 },
	};
	make(&s, &text);
	check_balance(&text);
	assert_true(value_of(&text, "cpuhound_samples_lost_total{reason=\"log_full\"}") == 0);
	s.recorder.ledger.in_profile = 700;
	assert_int_equal(ledger_add_lost(&s.recorder.ledger, "log_full", 20), 0);
	assert_int_equal(ledger_add_lost(&s.recorder.ledger, "of_another_day", 30), 0);
	make(&s, &text);
	check_balance(&text);
	assert_true(value_of(&text, "cpuhound_samples_lost_total{reason=\"log_full\"}") == 20);
	assert_true(value_of(&text, "cpuhound_samples_lost_total{reason=\"window_full\"}") == 0);
}

static void test_foreign_label(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status s;

	status_fill(&s);
	s.version = "1\"2\\3\n4\xff";
	make(&s, &text);
	assert_non_null(strstr(text.data, "\ncpuhound_build_info{version=\"1\\\"2\\\\3\xef\xbf\xbd"
					  "4\xef\xbf\xbd\"} 1\n"));
}

static bool is_name(const char *s, size_t n)
{
	if (n == 0 || strncmp(s, "cpuhound_", 9) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)s[i]) && s[i] != '_')
			return false;
	return true;
}

/* What a line of a sample says behind its name: labels, a blank, a number. */
static void check_sample(const char *rest)
{
	char *end;

	if (*rest == '{') {
		rest = strstr(rest, "\"}");
		assert_non_null(rest);
		rest += 2;
	}
	assert_int_equal(*rest++, ' ');
	assert_true(isdigit((unsigned char)*rest));
	strtod(rest, &end);
	assert_int_equal(*end, 0);
}

/* Each name once: HELP, TYPE, then its samples; what only grows is called _total. */
static void test_format(void **state)
{
	_cleanup_(buf_done) struct buf text = {}, seen = {};
	char name[96] = "", expected[128];
	struct status s;
	char *line, *rest = NULL;

	status_fill(&s);
	make(&s, &text);
	assert_int_equal(text.data[text.size - 1], '\n');
	for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_true(utf8_is_valid(line, strlen(line)));
		if (strncmp(line, "# HELP ", 7) == 0) {
			size_t n = strcspn(line + 7, " ");

			assert_true(n < sizeof(name) && is_name(line + 7, n));
			snprintf(name, sizeof(name), "%.*s", (int)n, line + 7);
			assert_true(strlen(line + 7 + n) > 5);
			snprintf(expected, sizeof(expected), " %s ", name);
			assert_true(!seen.data || !strstr(seen.data, expected));
			assert_int_equal(buf_add_str(&seen, expected), 0);
			line = strtok_r(NULL, "\n", &rest);
			snprintf(expected, sizeof(expected), "# TYPE %s %s", name,
				 strstr(name, "_total") ? "counter" : "gauge");
			assert_string_equal(line, expected);
			continue;
		}
		assert_int_equal(strncmp(line, name, strlen(name)), 0);
		check_sample(line + strlen(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_number), cmocka_unit_test(test_every_truth),
		cmocka_unit_test(test_units),        cmocka_unit_test(test_not_sampling),
		cmocka_unit_test(test_balance),      cmocka_unit_test(test_foreign_label),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
