// SPDX-License-Identifier: Apache-2.0
/* kernel modules: a directory plays /proc; modules come, go and take turns while samples are taken. */
#include "tests/unit/tool.h"

#include <inttypes.h>
#include <time.h>

#include "common/clock.h"
#include "symbolizer/kernel-modules.h"

#define AT 0xffffffffc0a00000ULL

struct fixture {
	char *dir;
	int proc_fd;
	struct kernel_modules *modules;
	struct kallsyms *names;
};

static void tell(const struct fixture *f, const char *modules, const char *kallsyms)
{
	tool_write(f->dir, "modules", modules);
	tool_write(f->dir, "kallsyms", kallsyms);
}

static void begin(struct fixture *f)
{
	f->proc_fd = tool_open_in(f->dir, ".");
	assert_int_equal(kernel_modules_new(f->proc_fd, &f->modules), 0);
	assert_int_equal(kallsyms_read(f->proc_fd, &f->names), 0);
	kernel_modules_set_names(f->modules, f->names);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return f ? tool_dir_new((void **)&f->dir) : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int r = tool_dir_free((void **)&f->dir);

	kernel_modules_free(f->modules);
	kallsyms_free(f->names);
	close_fd(f->proc_fd);
	free(f);
	return r;
}

/* The times just before and just after. */
static uint64_t look(struct fixture *f)
{
	uint64_t before_ns = clock_now_ns(CLOCK_BOOTTIME);

	kernel_modules_look_again(f->modules);
	assert_int_equal(kernel_modules_look(f->modules), 0);
	return before_ns;
}

static const char *name_of(const struct kernel_module *m, uint64_t addr)
{
	struct kallsyms_symbol s;

	return m && m->names && kallsyms_find(m->names, addr, &s) ? s.name : "";
}

/* By way of a pin. */
static const char *name_at(struct fixture *f, uint64_t addr, uint64_t time_ns)
{
	struct kernel_module *m;
	uint64_t pin, back;

	m = kernel_modules_pin(f->modules, addr, time_ns, &pin);
	if (!m)
		return "none";
	assert_true(kernel_modules_is_pin(pin));
	assert_ptr_equal(kernel_modules_get(f->modules, pin, &back), m);
	assert_int_equal(back, addr);
	return name_of(m, addr);
}

static uint64_t now(void)
{
	return clock_now_ns(CLOCK_BOOTTIME);
}

static void test_turns(void **state)
{
	struct fixture *f = *state;
	uint64_t first_ns, second_ns, between_ns, last_ns, pin, second_pin, addr;
	const struct kernel_module *first, *second;

	tell(f, "one 8192 0 - Live 0xffffffffc0a00000\nstays 4096 1 one, Live 0xffffffffc0b00000\n",
	     "ffffffffc0a00010 t one_poll\t[one]\nffffffffc0b00000 t stay\t[stays]\n");
	begin(f);
	assert_string_equal(name_at(f, AT + 0x10, 1), "one_poll"); /* there from the first */
	first_ns = look(f);
	assert_string_equal(name_at(f, AT + 0x20, first_ns), "one_poll");
	assert_non_null(kernel_modules_pin(f->modules, AT + 0x20, first_ns, &pin));

	between_ns = now();
	tell(f, "stays 4096 0 - Live 0xffffffffc0b00000\ntwo 4096 0 - Loading 0xffffffffc0a00000\n",
	     "ffffffffc0b00000 t renamed\t[stays]\nffffffffc0a00000 t two_poll\t[two]\nffffffffc0a00080 d x\t[two]\n");
	look(f);
	second_ns = now();
	assert_string_equal(name_at(f, AT + 0x20, first_ns), "one_poll");
	assert_string_equal(name_at(f, AT + 0x20, second_ns), "two_poll");
	assert_string_equal(name_at(f, AT + 0x20, between_ns), "none"); /* either of them */
	assert_string_equal(name_at(f, AT + 0x1800, first_ns), "one_poll");
	assert_string_equal(name_at(f, AT + 0x1800, between_ns), "one_poll"); /* the second does not reach it */
	assert_string_equal(name_at(f, AT + 0x1800, second_ns), "none");
	assert_string_equal(name_at(f, AT + 0x80, second_ns), ""); /* data */
	assert_string_equal(name_at(f, AT - 1, second_ns), "none");
	second = kernel_modules_pin(f->modules, AT + 0x20, second_ns, &second_pin);
	/* What did not change is not read again, and pins stay. */
	assert_string_equal(name_at(f, AT + 0x100000, second_ns), "stay");
	first = kernel_modules_get(f->modules, pin, &addr);
	assert_string_equal(name_of(first, addr), "one_poll");

	tell(f, "stays 4096 0 - Live 0xffffffffc0b00000\n", "");
	look(f);
	last_ns = now();
	assert_string_equal(name_at(f, AT + 0x20, second_ns), "two_poll");
	assert_string_equal(name_at(f, AT + 0x20, last_ns), "none");
	kernel_modules_expire(f->modules, second_ns); /* the first has gone before */
	assert_string_equal(name_at(f, AT + 0x20, first_ns), "none");
	assert_string_equal(name_at(f, AT + 0x20, second_ns), "two_poll");
	assert_string_equal(name_at(f, AT + 0x100000, last_ns), "stay");
	/* A window that is not yet written has pins of what was there then: they mean what they did. */
	assert_ptr_equal(kernel_modules_get(f->modules, second_pin, &addr), second);
	assert_string_equal(name_of(second, addr), "two_poll");
}

/* Since Linux 6.4 sizes tell of more than what lies at the start. */
static void test_sizes_that_reach_too_far(void **state)
{
	struct fixture *f = *state;

	tell(f, "one 65536 0 - Live 0xffffffffc0a00000\n", "ffffffffc0a00010 t one_poll\t[one]\n");
	begin(f);
	tell(f, "one 65536 0 - Live 0xffffffffc0a00000\ntwo 65536 0 - Live 0xffffffffc0a02000\n",
	     "ffffffffc0a00010 t one_poll\t[one]\nffffffffc0a02000 t two_poll\t[two]\n");
	look(f);
	assert_string_equal(name_at(f, AT + 0x20, now()), "one_poll");
	assert_string_equal(name_at(f, AT + 0x2020, now()), "two_poll");
}

/* Not twice in a second; that it was there in between shows at the next look. */
static void test_pace(void **state)
{
	struct fixture *f = *state;
	uint64_t time_ns, until_ns = now() + 30 * NS_PER_S;

	tell(f, "", "ffffffff81000000 T _text\n");
	begin(f);
	tell(f, "one 4096 0 - Live 0xffffffffc0a00000\n", "ffffffffc0a00000 t one_poll\t[one]\n");
	time_ns = now();
	assert_int_equal(kernel_modules_look(f->modules), 0);
	assert_string_equal(name_at(f, AT, time_ns), "none");
	assert_int_equal(kernel_modules_look_early(f->modules, 1), 0); /* the first look knows */
	assert_string_equal(name_at(f, AT, time_ns), "none");
	do {
		nanosleep(&(struct timespec){ .tv_nsec = 10 * NS_PER_MS }, NULL);
		assert_int_equal(kernel_modules_look(f->modules), 0);
	} while (strcmp(name_at(f, AT, time_ns), "none") == 0 && now() < until_ns);
	assert_in_range(now() - time_ns, NS_PER_S - 100 * NS_PER_MS, 30 * NS_PER_S);
	assert_string_equal(name_at(f, AT, time_ns), "one_poll");
}

/* Where something was at a time of which nothing is known, it is looked sooner, but not each time. */
static void test_early(void **state)
{
	struct fixture *f = *state;
	bool is_late = false; /* on a busy machine the last of the first looks may already be the next that counts */
	uint64_t time_ns;

	tell(f, "", "ffffffff81000000 T _text\n");
	begin(f);
	time_ns = now();
	assert_int_equal(kernel_modules_look_early(f->modules, time_ns), 0);
	tell(f, "one 4096 0 - Live 0xffffffffc0a00000\n", "ffffffffc0a00000 t one_poll\t[one]\n");
	for (uint64_t after_ns = now(); now() < time_ns + 100 * NS_PER_MS;) {
		const char *name;

		assert_int_equal(kernel_modules_look_early(f->modules, after_ns), 0);
		is_late = now() >= time_ns + 100 * NS_PER_MS;
		name = name_at(f, AT, after_ns);
		if (!is_late)
			assert_string_equal(name, "none");
	}
	nanosleep(&(struct timespec){ .tv_nsec = 50 * NS_PER_MS }, NULL);
	assert_int_equal(kernel_modules_look_early(f->modules, 1), 0); /* the first look knew */
	if (!is_late)
		assert_string_equal(name_at(f, AT, now()), "none");
	assert_int_equal(kernel_modules_look_early(f->modules, now()), 0);
	assert_string_equal(name_at(f, AT, now()), "one_poll");
}

/* What is run once lies elsewhere, and is gone when the module is loaded. */
static void test_init(void **state)
{
	struct fixture *f = *state;
	uint64_t init = AT + 0x200000, first_ns, between_ns;

	tell(f, "", "ffffffff81000000 T _text\n");
	begin(f);
	tell(f, "one 4096 0 - Loading 0xffffffffc0a00000\n",
	     "ffffffffc0a00000 t one_poll\t[one]\nffffffffc0c00000 t one_init\t[one]\n");
	look(f);
	first_ns = now();
	look(f);
	between_ns = now();
	look(f); /* it is still at it */
	assert_string_equal(name_at(f, AT, first_ns), "one_poll");
	assert_string_equal(name_at(f, init + 0x10, first_ns), "one_init");
	assert_string_equal(name_at(f, init + 0x10, between_ns), "one_init");
	assert_string_equal(name_at(f, init - 1, between_ns), "none");
	tell(f, "one 4096 0 - Live 0xffffffffc0a00000\n", "ffffffffc0a00000 t one_poll\t[one]\n");
	look(f);
	assert_string_equal(name_at(f, init + 0x10, between_ns), "one_init");
	assert_string_equal(name_at(f, init + 0x10, now()), "none");
	assert_string_equal(name_at(f, AT, now()), "one_poll");
	kernel_modules_expire(f->modules, now());
	assert_string_equal(name_at(f, init + 0x10, between_ns), "none");
	assert_string_equal(name_at(f, AT, now()), "one_poll");
}

static void test_no_modules(void **state)
{
	struct fixture *f = *state;

	tool_write(f->dir, "kallsyms", "ffffffff81000000 T _text\n");
	begin(f);
	assert_false(kernel_modules_are_told(f->modules));
	look(f);
	assert_string_equal(name_at(f, AT, now()), "none");
}

/* Nothing that is no line of a module becomes one; one whose names have gone is known without. */
static void test_odd_lines(void **state)
{
	struct fixture *f = *state;

	tell(f, "", "ffffffff81000000 T _text\n");
	begin(f);
	tell(f,
	     "\n \nhidden 4096 0 - Live 0x0000000000000000\nnot_a_size x 0 - Live 0xffffffffc0a10000\n"
	     "empty 0 0 - Live 0xffffffffc0a10000\nhuge 1073741824 0 - Live 0xffffffffc0a10000\n"
	     "wraps 4096 0 - Live 0xfffffffffffff800\n"
	     "a_name_that_is_longer_than_any_module_of_linux_may_have_because_of_its_length 4096 0 - Live "
	     "0xffffffffc0a10000\nnameless 4096 0 - Live 0xffffffffc0a00000\ncut 4096 0 - Live 0xffffffffc0",
	     "ffffffffc0a00000 t other\t[nameless_too]\n");
	look(f);
	assert_string_equal(name_at(f, AT, now()), "");
	assert_string_equal(name_at(f, AT + 0x10000, now()), "none");
	assert_string_equal(name_at(f, 0xfffffffffffff801, now()), "none");
}

/* Modules of a round, each with one function, at places of their own. */
static void tell_round(const struct fixture *f, size_t round, size_t n)
{
	_cleanup_(buf_done) struct buf modules = {}, kallsyms = {};

	for (size_t i = 0; i < n; i++) {
		uint64_t at = AT + (round % 3 * n + i) * 0x1000;

		assert_int_equal(buf_printf(&modules, "m%zu_%zu 4096 0 - Live 0x%" PRIx64 "\n", round, i, at), 0);
		assert_int_equal(buf_printf(&kallsyms, "%" PRIx64 " t f%zu_%zu\t[m%zu_%zu]\n", at, round, i, round, i),
				 0);
	}
	tell(f, modules.data, kallsyms.data);
}

/* For ever new ones come: those that have gone make room, and where they cannot it is told. */
static void test_churn(void **state)
{
	struct fixture *f = *state;
	char name[80];

	tell(f, "", "ffffffff81000000 T _text\n");
	begin(f);
	for (size_t round = 0; round < 20; round++) {
		tell_round(f, round, 1000);
		look(f);
		for (size_t i = 0; i < 1000; i += 111) {
			snprintf(name, sizeof(name), "f%zu_%zu", round, i);
			assert_string_equal(name_at(f, AT + (round % 3 * 1000 + i) * 0x1000, now()), name);
		}
		if (round % 3 == 2)
			kernel_modules_expire(f->modules, now());
	}
	assert_int_equal(kernel_modules_n_refused(f->modules), 0);
	tell_round(f, 20, 4200); /* beside the 3000 of the last three rounds */
	look(f);
	assert_int_equal(kernel_modules_n_refused(f->modules), 3000 + 4200 - 4096);
	kernel_modules_expire(f->modules, now());
	assert_int_equal(kernel_modules_n_refused(f->modules), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_turns),     TEST(test_sizes_that_reach_too_far),
		TEST(test_pace),      TEST(test_early),
		TEST(test_init),      TEST(test_no_modules),
		TEST(test_odd_lines), TEST(test_churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
