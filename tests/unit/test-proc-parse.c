// SPDX-License-Identifier: Apache-2.0
/* proc parse: lines as the kernel writes them, and as attackers would like it to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "workload/proc-parse.h"

#define TICK_NS 10000000ULL
#define TAIL                                                                                                           \
	" S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 12345 169799680 3328 18446744073709551615 94210000 "    \
	"94220000 140730000 0\n"

static int parse_stat(const char *text, struct proc_stat *ret)
{
	return proc_parse_stat(text, strlen(text), TICK_NS, ret);
}

static void test_stat(void **state)
{
	struct proc_stat s;

	assert_int_equal(parse_stat("4711 (nginx)" TAIL, &s), 0);
	assert_string_equal(s.comm, "nginx");
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.flags, 4194560);
	assert_int_equal(s.n_threads, 3);
	assert_int_equal(s.start_ns, 123450000000);
	assert_int_equal(s.start_max_ns, 123459999999);
	assert_int_equal(s.parent, 1);
	assert_int_equal(s.start_code, 94210000);
	assert_int_equal(s.start_stack, 140730000);
	assert_false(proc_stat_is_kernel_thread(&s));
	assert_false(proc_stat_is_over(&s));
}

static void test_hostile_comms(void **state)
{
	static const char *const comms[] = { "", ")", "(", ") R 1 2 3", "a b", "a\nb", "((a))", ") ) ) (", "\xff\x01" };

	for (size_t i = 0; i < ARRAY_SIZE(comms); i++) {
		char text[300];
		struct proc_stat s;

		snprintf(text, sizeof(text), "1 (%s)%s", comms[i], TAIL);
		assert_int_equal(parse_stat(text, &s), 0);
		assert_string_equal(s.comm, comms[i]);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.start_ns, 123450000000);
	}
}

static void test_stat_of_others(void **state)
{
	struct proc_stat s;

	assert_int_equal(parse_stat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 5 0 0 20 0 1 0 0 0 0", &s), 0);
	assert_true(proc_stat_is_kernel_thread(&s));
	assert_int_equal(parse_stat("9 (kworker/u8:2-events_unbound) I 2 0 0 0 -1 69238880 0 0 0 0 0 5 0 0 20 0 1 0 7",
				    &s),
			 0);
	assert_string_equal(s.comm, "kworker/u8:2-ev");
	assert_true(proc_stat_is_kernel_thread(&s));
	assert_int_equal(parse_stat("5 (x) Z 1 5 5 0 -1 4227084 0 0 0 0 0 5 0 0 20 0 1 0 7 ", &s), 0);
	assert_true(proc_stat_is_over(&s));
	assert_int_equal(parse_stat("5 (x) Z 1 5 5 0 -1 4227084 0 0 0 0 0 5 0 0 20 0 2 0 7 ", &s), 0);
	assert_false(proc_stat_is_over(&s)); /* the leader is gone, another thread is not */
}

static void test_stat_cut_and_damaged(void **state)
{
	static const char whole[] = "4711 (nginx) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 12345";
	struct proc_stat s;

	for (size_t size = 0; size < sizeof(whole) - 1 - strlen("12345"); size++)
		assert_int_equal(proc_parse_stat(whole, size, TICK_NS, &s), -EBADMSG);
	assert_int_equal(parse_stat("1 (a) S 1 1 1 0 -1 -3 1 2 3 4 5 6 7 8 20 -5 3 0 12345", &s), -EBADMSG);
	assert_int_equal(parse_stat("1 (a) S 1 1 1 0 -1 3 1 2 3 4 5 6 7 8 20 -5 3 0 99999999999999999999", &s),
			 -EBADMSG);
	assert_int_equal(parse_stat("1 (a) S 1 1 1 0 -1 3 1 2 3 4 5 6 7 8 20 -5 3 0 18446744073709551615", &s),
			 -EBADMSG);
	assert_int_equal(parse_stat("1 )a( S 1 1 1 0 -1 3 1 2 3 4 5 6 7 8 20 -5 3 0 1", &s), -EBADMSG);
}

static int parse_mapping(const char *line, struct proc_mapping *ret)
{
	return proc_parse_mapping(line, strlen(line), ret);
}

static void test_mapping(void **state)
{
	struct proc_mapping m;

	assert_int_equal(parse_mapping("55f928c92000-55f928c97000 r-xp 00002000 fe:13 247026                     "
				       "/usr/bin/cat\n",
				       &m),
			 0);
	assert_int_equal(m.start, 0x55f928c92000);
	assert_int_equal(m.end, 0x55f928c97000);
	assert_int_equal(m.file_offset, 0x2000);
	assert_int_equal(m.dev, 0xfe13);
	assert_int_equal(m.ino, 247026);
	assert_true(m.is_executable);
	assert_int_equal(m.name_size, strlen("/usr/bin/cat"));
	assert_memory_equal(m.name, "/usr/bin/cat", m.name_size);

	assert_int_equal(parse_mapping("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  "
				       "[vsyscall]",
				       &m),
			 0);
	assert_int_equal(m.start, 0xffffffffff600000);
	assert_true(m.is_executable);
	assert_int_equal(parse_mapping("7f0000000000-7f0000001000 rw-s 00000000 00:00 0 ", &m), 0);
	assert_false(m.is_executable);
	assert_int_equal(m.name_size, 0);
	assert_int_equal(parse_mapping("7f0000000000-7f0000001000 r-xp 00000000 103:5 9 /a b  c ", &m), 0);
	assert_int_equal(m.dev, makedev(0x103, 5));
	assert_memory_equal(m.name, "/a b  c ", 8);
	assert_int_equal(m.name_size, 8);
}

static void test_damaged_mappings(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"1000",
		"1000-",
		"1000-2000",
		"1000-2000 ",
		"1000-2000 r-x",
		"1000-2000 r-xp",
		"1000-2000 r-xpp 0 00:00 0",
		"1000-2000 r-xp 0",
		"1000-2000 r-xp 0 00",
		"1000-2000 r-xp 0 00:00",
		"1000-2000 r-xp 0 00:00 ",
		"2000-1000 r-xp 0 00:00 0",
		"1000-1000 r-xp 0 00:00 0",
		"10000000000000000-2000 r-xp 0 00:00 0",
		"1000-2000 r-xp 0 1ffffffff:00 0",
		"x000-2000 r-xp 0 00:00 0",
		"1000-2000 r-xp 0 00:00 99999999999999999999",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct proc_mapping m;

		if (parse_mapping(lines[i], &m) != -EBADMSG)
			fail_msg("accepted '%s'", lines[i]);
	}
}

static void test_unescape(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "/a\\012b", "/a\nb" },  { "\\012", "\n" }, { "/a\\\\012", "/a\\\n" }, { "/a\\01", "/a\\01" },
		{ "/a\\040", "/a\\040" }, { "", "" },        { "\\012\\012", "\n\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[32];
		size_t size;

		strcpy(text, cases[i].from);
		size = proc_unescape(text, strlen(text));
		assert_int_equal(size, strlen(cases[i].to));
		assert_memory_equal(text, cases[i].to, size);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		enum mapping_name kind;
		const char *path;
	} cases[] = {
		{ "/usr/bin/cat", MAPPING_NAME_FILE, "/usr/bin/cat" },
		{ "/usr/bin/cat (deleted)", MAPPING_NAME_DELETED, "/usr/bin/cat" },
		{ "/memfd:jit (deleted)", MAPPING_NAME_DELETED, "/memfd:jit" },
		{ "", MAPPING_NAME_ANONYMOUS, "" },
		{ "//anon", MAPPING_NAME_ANONYMOUS, "//anon" },
		{ "//toolong", MAPPING_NAME_FILE, "//toolong" },
		{ "[heap]", MAPPING_NAME_ANONYMOUS, "[heap]" },
		{ "[stack]", MAPPING_NAME_ANONYMOUS, "[stack]" },
		{ "[anon:v8]", MAPPING_NAME_ANONYMOUS, "[anon:v8]" },
		{ "[anon_shmem:x]", MAPPING_NAME_ANONYMOUS, "[anon_shmem:x]" },
		{ "[vdso]", MAPPING_NAME_KERNEL, "[vdso]" },
		{ "[vsyscall]", MAPPING_NAME_KERNEL, "[vsyscall]" },
		{ "[uprobes]", MAPPING_NAME_KERNEL, "[uprobes]" },
		{ "/dev/zero (deleted)", MAPPING_NAME_ANONYMOUS, "/dev/zero" },
		{ "/dev/zero", MAPPING_NAME_ANONYMOUS, "/dev/zero" },
		{ "/dev/zero2", MAPPING_NAME_FILE, "/dev/zero2" },
		{ "/SYSV00000000 (deleted)", MAPPING_NAME_ANONYMOUS, "/SYSV00000000" },
		{ "/SYSV", MAPPING_NAME_FILE, "/SYSV" },
		{ "/anon_hugepage (deleted)", MAPPING_NAME_ANONYMOUS, "/anon_hugepage" },
		{ " (deleted)", MAPPING_NAME_ANONYMOUS, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t size = strlen(cases[i].name);

		assert_int_equal(mapping_name_classify(cases[i].name, &size), cases[i].kind);
		assert_int_equal(size, strlen(cases[i].path));
	}
}

#define STATUS                                                                                                         \
	"Name:\tUid:\\n\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4711\nPid:\t4711\nUid:\t1000\t1001\t1002\t1003\n"  \
	"Gid:\t2000\t2001\t2002\t2003\nFDSize:\t64\nGroups:\t0 1 \nNStgid:\t4711\t8\nNSpid:\t4711\t12\t1\n"            \
	"NSpgid:\t4711\t1\nSigIgn:\t0000000000000004\nSigCgt:\t8000000180000204\nCapInh:\t0\n"

static void test_status(void **state)
{
	static const char whole[] = STATUS;
	static const char *const damaged[] = {
		"",
		"\nUid:\t1\t2\t3\t4\n",
		"\nUid:\tx\nGid:\t1\nNSpid:\t1\nSigCgt:\t0\n",
		"\nUid:\t1\nGid:\t1\nNSpid:\t0\nSigCgt:\t0\n",
		"\nUid:\t1\nGid:\t1\nNSpid:\t\nSigCgt:\t0\n",
		"\nUid:\t4294967296\nGid:\t1\nNSpid:\t1\nSigCgt:\t0\n",
	};
	struct proc_status s;

	assert_int_equal(proc_parse_status(whole, strlen(whole), &s), 0);
	assert_int_equal(s.uid, 1003);
	assert_int_equal(s.gid, 2003);
	assert_int_equal(s.ns_pid, 1);
	assert_int_equal(s.caught_signals, 0x8000000180000204);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		assert_int_equal(proc_parse_status(damaged[i], strlen(damaged[i]), &s), -EBADMSG);
	for (size_t size = 0; size < strlen(whole); size++) /* to be read by the sanitizer */
		(void)!proc_parse_status(whole, size, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),           cmocka_unit_test(test_hostile_comms),
		cmocka_unit_test(test_stat_of_others), cmocka_unit_test(test_stat_cut_and_damaged),
		cmocka_unit_test(test_mapping),        cmocka_unit_test(test_damaged_mappings),
		cmocka_unit_test(test_unescape),       cmocka_unit_test(test_names),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
