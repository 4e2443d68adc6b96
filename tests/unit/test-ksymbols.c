// SPDX-License-Identifier: Apache-2.0
/* ksymbols: code that takes turns at one place, looked up at the times of samples; then against a naive model. */
#include "tests/unit/tool.h"

#include <inttypes.h>

#include "symbolizer/ksymbols.h"

#define AT 0xffffffffc0d00000ULL

static const char *name_at(const struct ksymbols *k, uint64_t addr, uint64_t time_ns)
{
	struct kallsyms_symbol s;
	uint64_t pin;

	if (!ksymbols_pin(k, addr, time_ns, &pin))
		return "";
	assert_true(ksymbols_is_pin(pin));
	ksymbols_get(k, pin, &s);
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
	ksymbols_get(k, pin, &s);
	assert_string_equal(s.name, "old [bpf]");
	assert_string_equal(s.linkage_name, "bpf_prog_6deef7357e7b4530_old");
	assert_string_equal(s.module, "bpf");
	assert_int_equal(pin - s.start, 0x23);
	assert_int_equal(pin - s.module_start, 0x23);
	assert_int_equal(ksymbols_n(k), 1001);
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
		ksymbols_get(k, pin, &s);
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
	assert_int_equal(ksymbols_n(k), 65536);
	assert_string_equal(name_at(k, AT + 7919 * 64 + 63, 70000), "bpf_prog");
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
		cmocka_unit_test(test_refused), cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
