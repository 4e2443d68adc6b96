// SPDX-License-Identifier: Apache-2.0
/* ksymbols: code that takes turns at one place, looked up at the times of samples; then against a naive model. */
#include "tests/unit/tool.h"

#include <inttypes.h>

#include "common/clock.h"
#include "symbolizer/ksymbols.h"

#define AT 0xffffffffc0d00000ULL

static const char *name_at(struct ksymbols *k, uint64_t addr, uint64_t time_ns)
{
	struct kallsyms_symbol s;
	uint64_t pin;

	if (!ksymbols_pin(k, addr, time_ns, &pin))
		return "";
	assert_true(ksymbols_is_pin(pin));
	assert_true(ksymbols_get(k, pin, &s));
	assert_true(s.is_apart);
	return s.linkage_name;
}

static void add(struct ksymbols *k, uint64_t start, uint64_t size, const char *name, uint64_t born_ns)
{
	assert_int_equal(ksymbols_add(k, start, size, name, born_ns), 0);
}

static void test_turns(void **state)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;

	assert_int_equal(ksymbols_new(&k), 0);
	add(k, AT, 0x100, "bpf_prog_a", 100);
	add(k, AT, 0x80, "bpf_prog_b", 200);
	add(k, AT + 0x40, 0x100, "bpf_prog_c", 300);
	assert_string_equal(name_at(k, AT, 99), ""); /* nobody had come yet */
	assert_string_equal(name_at(k, AT, 100), "bpf_prog_a");
	assert_string_equal(name_at(k, AT + 0xff, 199), "bpf_prog_a");
	assert_string_equal(name_at(k, AT + 0x100, 199), "");
	assert_string_equal(name_at(k, AT + 0x7f, 200), "bpf_prog_b");
	assert_string_equal(name_at(k, AT + 0x7f, 299), "bpf_prog_b");
	assert_string_equal(name_at(k, AT + 0x7f, 300), "bpf_prog_c");
	assert_string_equal(name_at(k, AT + 0x13f, 300), "bpf_prog_c");
	assert_string_equal(name_at(k, AT + 0x140, 300), "");
	assert_string_equal(name_at(k, AT, 300), "bpf_prog_b"); /* it may still run: only its end was taken */
	assert_string_equal(name_at(k, AT - 1, 300), "");
}

/* Pins stay what they are while others come. */
static void test_pins_stay(void **state)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	struct kallsyms_symbol s;
	uint64_t pin;

	assert_int_equal(ksymbols_new(&k), 0);
	add(k, AT, 0x100, "bpf_prog_6deef7357e7b4530_old", 1);
	assert_true(ksymbols_pin(k, AT + 0x23, 5, &pin));
	for (uint64_t i = 0; i < 1000; i++)
		add(k, AT, 0x100, "bpf_prog_6deef7357e7b4530_new", 10 + i);
	assert_true(ksymbols_get(k, pin, &s));
	assert_string_equal(s.name, "old [bpf]");
	assert_string_equal(s.linkage_name, "bpf_prog_6deef7357e7b4530_old");
	assert_string_equal(s.module, "bpf");
	assert_int_equal(pin - s.start, 0x23);
	assert_int_equal(pin - s.module_start, 0x23);
}

static void test_modules(void **state)
{
	static const char *const expected[][2] = {
		{ "bpf_trampoline_6442534999", "bpf" },          { "bpf_dispatcher_xdp", "bpf" },
		{ "ftrace_trampoline", "__builtin__ftrace" },    { "kprobe_insn_page", "__builtin__kprobes" },
		{ "kprobe_optinsn_page", "__builtin__kprobes" },
	};
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	struct kallsyms_symbol s;
	uint64_t pin;

	assert_int_equal(ksymbols_new(&k), 0);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		add(k, AT + i * 0x1000, 0x1000, expected[i][0], i);
		assert_true(ksymbols_pin(k, AT + i * 0x1000 + 8, i, &pin));
		assert_true(ksymbols_get(k, pin, &s));
		assert_string_equal(s.name, expected[i][0]);
		assert_string_equal(s.module, expected[i][1]);
	}
}

static void test_refused(void **state)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	int r = 0;

	assert_int_equal(ksymbols_new(&k), 0);
	assert_int_equal(ksymbols_add(k, AT, 0, "empty", 0), -EINVAL);
	assert_int_equal(ksymbols_add(k, UINT64_MAX, 2, "wraps", 0), -EINVAL);
	assert_int_equal(ksymbols_add(k, AT, 1ULL << 32, "huge", 0), -EINVAL);
	for (uint64_t i = 0; i < 70000 && r == 0; i++)
		r = ksymbols_add(k, AT + (i ^ 7) * 64, 64, "bpf_prog", i); /* each place once, not in order */
	assert_int_equal(r, -ENOSPC);
	assert_string_equal(name_at(k, AT + (65535 ^ 7) * 64, 70000), "bpf_prog");
	assert_string_equal(name_at(k, AT + (65536 ^ 7) * 64, 70000), "");
	assert_string_equal(name_at(k, AT + 7919 * 64 + 63, 70000), "bpf_prog");
}

/* It runs on for a while, but not for ever: its place may be a module's next. */
static void test_end(void **state)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;

	assert_int_equal(ksymbols_new(&k), 0);
	add(k, AT, 0x100, "bpf_prog_a", 100);
	add(k, AT + 0x100, 0x100, "bpf_prog_b", 100);
	ksymbols_end(k, AT + 8, 150); /* nothing begins there */
	ksymbols_end(k, AT, 200);
	ksymbols_end(k, AT, 300); /* it had ended */
	assert_string_equal(name_at(k, AT, 200 + NS_PER_S), "bpf_prog_a");
	assert_string_equal(name_at(k, AT, 201 + NS_PER_S), "");
	assert_string_equal(name_at(k, AT + 0x100, 100 * NS_PER_S), "bpf_prog_b");
}

/* Many more than fit, over time: half of them end, half have their place taken; a few stay. */
static void test_churn(void **state)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	char name[48];
	uint64_t at;

	assert_int_equal(ksymbols_new(&k), 0);
	add(k, AT - 0x1000, 0x1000, "bpf_prog_6deef7357e7b4530_stays", 1);
	for (uint64_t i = 0; i < 300000; i++) {
		uint64_t time_ns = (i + 1) * NS_PER_MS;

		at = AT + i % 30000 * 0x1000;
		if (i % 2)
			ksymbols_end(k, at - 0x1000, time_ns);
		snprintf(name, sizeof(name), "bpf_prog_6deef7357e7b4530_p%07" PRIu64, i);
		add(k, at, 0x800, name, time_ns);
		assert_string_equal(name_at(k, at + 0x7ff, time_ns), name);
		if (i % 20000 == 19999)
			assert_int_equal(ksymbols_expire(k, time_ns), 0);
	}
	assert_string_equal(name_at(k, AT - 1, UINT64_MAX), "bpf_prog_6deef7357e7b4530_stays");
	assert_string_equal(name_at(k, at, 300000 * NS_PER_MS), name);
	assert_string_equal(name_at(k, AT, 150000 * NS_PER_MS), ""); /* that one was forgotten */
}

/* What lives, and what ended a moment ago, is the same before and after. */
static void test_expire(void **state)
{
	static const uint64_t no_pins[] = { 1, UINT32_MAX, 0x563612345678, 0x7ffcb725a1e0, INT64_MAX };
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	struct kallsyms_symbol s;
	uint64_t pin, young;

	assert_int_equal(ksymbols_new(&k), 0);
	add(k, AT, 0x100, "bpf_prog_6deef7357e7b4530_old", 1);
	add(k, AT + 0x1000, 0x100, "ftrace_trampoline", 2);
	add(k, AT, 0x100, "bpf_prog_6deef7357e7b4530_young", 8 * NS_PER_S);
	add(k, AT + 0x2000, 0x100, "bpf_prog_6deef7357e7b4530_next", 10 * NS_PER_S);
	add(k, AT, 0x100, "bpf_prog_6deef7357e7b4530_now", 11 * NS_PER_S);
	assert_true(ksymbols_pin(k, AT + 0x10, 9 * NS_PER_S, &young));
	assert_true(ksymbols_pin(k, AT + 0x10, 5, &pin));
	assert_int_equal(ksymbols_expire(k, 10 * NS_PER_S), 0);
	assert_false(ksymbols_get(k, pin, &s)); /* of a window that ought to have been written */
	for (size_t i = 0; i < ARRAY_SIZE(no_pins); i++)
		assert_false(ksymbols_get(k, no_pins[i], &s));
	add(k, AT + 0x3000, 0x100, "bpf_prog_6deef7357e7b4530_new", 12 * NS_PER_S);
	assert_true(ksymbols_get(k, young, &s)); /* of a window that is not yet written */
	assert_string_equal(s.name, "young [bpf]");
	assert_string_equal(name_at(k, AT + 0x3000, 12 * NS_PER_S), "bpf_prog_6deef7357e7b4530_new");
	assert_string_equal(name_at(k, AT, 5), "");
	assert_string_equal(name_at(k, AT + 0x1000, 5), "ftrace_trampoline");
	assert_string_equal(name_at(k, AT, 9 * NS_PER_S), "bpf_prog_6deef7357e7b4530_young");
	assert_string_equal(name_at(k, AT + 0x2000, 20 * NS_PER_S), "bpf_prog_6deef7357e7b4530_next");
	assert_true(ksymbols_pin(k, AT + 0x10, 12 * NS_PER_S, &pin));
	assert_true(ksymbols_get(k, pin, &s));
	assert_string_equal(s.name, "now [bpf]");
	assert_int_equal(pin - s.start, 0x10);
}

/* News that comes late, or in no order, says that it ended before it was last seen to run: its pins stay. */
static void test_late_news(void **state)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	uint64_t ended, replaced;
	struct kallsyms_symbol s;

	assert_int_equal(ksymbols_new(&k), 0);
	add(k, AT, 0x100, "bpf_prog_6deef7357e7b4530_ended", 1);
	add(k, AT + 0x1000, 0x100, "bpf_prog_6deef7357e7b4530_replaced", 1);
	assert_true(ksymbols_pin(k, AT, 20 * NS_PER_S, &ended));
	assert_true(ksymbols_pin(k, AT + 0x1000, 20 * NS_PER_S, &replaced));
	ksymbols_end(k, AT, 10 * NS_PER_S);
	add(k, AT + 0x1000, 0x100, "bpf_prog_6deef7357e7b4530_new", 10 * NS_PER_S);
	assert_int_equal(ksymbols_expire(k, 20 * NS_PER_S), 0);
	assert_true(ksymbols_get(k, ended, &s));
	assert_string_equal(s.name, "ended [bpf]");
	assert_true(ksymbols_get(k, replaced, &s));
	assert_string_equal(s.name, "replaced [bpf]");
	assert_int_equal(ksymbols_expire(k, 20 * NS_PER_S + 1), 0);
	assert_false(ksymbols_get(k, ended, &s));
	assert_false(ksymbols_get(k, replaced, &s));
}

/* The youngest that was born and covers the address. */
static void test_model(void **state)
{
	enum {
		N = 2000,
		TIMES = 4
	};
	static struct {
		uint64_t start, end;
	} model[N];
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	char name[32];

	srandom(7);
	assert_int_equal(ksymbols_new(&k), 0);
	for (size_t n = 0; n < N; n++) {
		model[n].start = AT + (uint64_t)random() % 4096;
		model[n].end = model[n].start + 1 + (uint64_t)random() % 300;
		snprintf(name, sizeof(name), "k%zu", n);
		add(k, model[n].start, model[n].end - model[n].start, name, n);
		for (size_t i = 0; i < TIMES; i++) {
			uint64_t addr = AT + (uint64_t)random() % 4500, time_ns = n - (uint64_t)random() % (n + 1);
			const char *expected = "";

			for (size_t m = time_ns + 1; m-- > 0 && !expected[0];) {
				snprintf(name, sizeof(name), "k%zu", m);
				if (addr >= model[m].start && addr < model[m].end)
					expected = name;
			}
			assert_string_equal(name_at(k, addr, time_ns), expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),   cmocka_unit_test(test_pins_stay), cmocka_unit_test(test_modules),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_end),       cmocka_unit_test(test_churn),
		cmocka_unit_test(test_expire),  cmocka_unit_test(test_late_news), cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
