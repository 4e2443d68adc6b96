// SPDX-License-Identifier: Apache-2.0
/* kallsyms: written text with known answers, then the kernel of this machine. */
#include "tests/unit/tool.h"

#include <inttypes.h>
#include <time.h>

#include "common/clock.h"
#include "symbolizer/kallsyms.h"

#define DEFINE_TEXT(name, ...) static const char name[] = __VA_ARGS__

DEFINE_TEXT(text, "0000000000000000 A fixed_percpu_data\n"
		  "0000000000001000 A cpu_tss_rw\n"
		  "ffffffffa5000000 t local_first\n"
		  "ffffffffa5000000 T _stext\n"
		  "ffffffffa5000000 T _text\n"
		  "ffffffffa5000100 t quiet\n"
		  "ffffffffa5000200 W weak_one\n"
		  "ffffffffa5000300 D data_in_text\n"
		  "ffffffffa5000400 T last\n"
		  "ffffffffa5002000 T _etext\n"
		  "ffffffffa5003000 T stray\n"
		  "ffffffffa5004000 R rodata\n"
		  "ffffffffa6000000 T _sinittext\n"
		  "ffffffffa6000010 t start_kernel_init\n"
		  "ffffffffa6000100 T _einittext\n"
		  "ffffffffc0a01000 t e1000_open\t[e1000]\n"
		  "ffffffffc0a00000 t e1000_init\t[e1000]\n"
		  "ffffffffc0a02000 d e1000_table\t[e1000]\n"
		  "ffffffffc0b00000 t nf_init\t[nf_tables]\n"
		  "ffffffffc0c00000 t bpf_prog_6deef7357e7b4530_sd_devices\t[bpf]\n"
		  "ffffffffc0c00080 t bpf_prog_1234567890abcdef_egress\t[bpf]\n");

static struct kallsyms *parse(const char *lines)
{
	struct kallsyms *k;

	assert_int_equal(kallsyms_parse(lines, strlen(lines), &k), 0);
	return k;
}

static void check(const struct kallsyms *k, uint64_t addr, const char *name, const char *module, uint64_t start,
		  uint64_t module_start)
{
	struct kallsyms_symbol s;

	if (!kallsyms_find(k, addr, &s))
		fail_msg("%" PRIx64 " has no name", addr);
	assert_string_equal(s.linkage_name, name);
	assert_string_equal(s.module, module);
	assert_int_equal(s.start, start);
	assert_int_equal(s.module_start, module_start);
}

static void check_unnamed(const struct kallsyms *k, uint64_t addr)
{
	struct kallsyms_symbol s;

	if (kallsyms_find(k, addr, &s))
		fail_msg("%" PRIx64 " is called %s", addr, s.name);
}

static void test_kernel(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = parse(text);
	const uint64_t stext = 0xffffffffa5000000;

	check_unnamed(k, 0);
	check_unnamed(k, 0x1008);
	check_unnamed(k, stext - 1);
	check(k, stext, "_stext", "", stext, stext); /* T before t, then the first */
	check(k, stext + 0xff, "_stext", "", stext, stext);
	check(k, stext + 0x100, "quiet", "", stext + 0x100, stext);
	check(k, stext + 0x2ff, "weak_one", "", stext + 0x200, stext);
	check_unnamed(k, stext + 0x300); /* data ends text */
	check(k, stext + 0x400, "last", "", stext + 0x400, stext);
	check(k, stext + 0x1fff, "last", "", stext + 0x400, stext);
	check_unnamed(k, stext + 0x2000); /* _etext: the end, not a function */
	check_unnamed(k, stext + 0x3000);
	check(k, 0xffffffffa6000010, "start_kernel_init", "", 0xffffffffa6000010, stext);
	check_unnamed(k, 0xffffffffa6000100);
}

static void test_modules(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = parse(text);
	const uint64_t e1000 = 0xffffffffc0a00000;

	check(k, e1000, "e1000_init", "e1000", e1000, e1000);
	check(k, e1000 + 0x1010, "e1000_open", "e1000", e1000 + 0x1000, e1000);
	check_unnamed(k, e1000 + 0x2000);
	check_unnamed(k, 0xffffffffc0afffff);
	check(k, 0xffffffffc0b00000, "nf_init", "nf_tables", 0xffffffffc0b00000, 0xffffffffc0b00000);
	check(k, 0xffffffffc0c00010, "bpf_prog_6deef7357e7b4530_sd_devices", "bpf", 0xffffffffc0c00000,
	      0xffffffffc0c00000);
	check(k, 0xffffffffc0c00090, "bpf_prog_1234567890abcdef_egress", "bpf", 0xffffffffc0c00080, 0xffffffffc0c00080);
	check(k, 0xffffffffc0c1007f, "bpf_prog_1234567890abcdef_egress", "bpf", 0xffffffffc0c00080, 0xffffffffc0c00080);
	check_unnamed(k, 0xffffffffc0c10080); /* too far to be its code */
	/* _stext and _text are one, _etext, _einittext and stray are none; 5 in the kernel's text, 2 init, 3 + 2. */
	assert_int_equal(kallsyms_n_symbols(k), 4 + 2 + 3 + 2);
}

/* One body, two names: it is mostly called by the 64-bit one. */
static void test_32_bit_name_gives_way(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = parse("ffffffff81000000 T __ia32_sys_getppid\n"
							     "ffffffff81000000 T __x64_sys_getppid\n"
							     "ffffffff81000100 T __ia32_compat_sys_ioctl\n");

	check(k, 0xffffffff81000000, "__x64_sys_getppid", "", 0xffffffff81000000, 0xffffffff81000000);
	check(k, 0xffffffff81000100, "__ia32_compat_sys_ioctl", "", 0xffffffff81000100, 0xffffffff81000000);
}

static void test_no_limits_told(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = parse("ffffffff81000000 T one\nffffffff81000100 t two");

	check(k, 0xffffffff81000000, "one", "", 0xffffffff81000000, 0xffffffff81000000);
	check(k, 0xffffffff81000180, "two", "", 0xffffffff81000100, 0xffffffff81000000);
}

/* /proc/modules says where a module begins and ends. */
static void test_module_ranges(void **state)
{
	static const char modules[] = "nf_tables 4096 1 - Live 0xffffffffc0aff000 (E)\n"
				      "e1000 12288 0 - Live 0xffffffffc09ff000\n"
				      "unheard_of 4096 0 - Live 0xffffffffc0e00000\n"
				      "hidden 4096 0 - Live 0x0000000000000000\n"
				      "e10 4096 0\n\nnf_tables\n";
	_cleanup_(kallsyms_freep) struct kallsyms *k = parse(text);
	const uint64_t e1000 = 0xffffffffc09ff000, nf_init = 0xffffffffc0b00000;
	struct kallsyms_symbol s;

	kallsyms_set_modules(k, modules, strlen(modules));
	check(k, e1000 + 0x1010, "e1000_init", "e1000", e1000 + 0x1000, e1000);
	check(k, e1000 + 0x2fff, "e1000_open", "e1000", e1000 + 0x2000, e1000);
	check_unnamed(k, e1000 + 0x3000); /* behind its end, though its table would only come now */
	/* Its code lies outside: what is run once, and then thrown away. */
	check(k, nf_init + 0x10, "nf_init", "nf_tables", nf_init, nf_init);
	assert_true(kallsyms_find(k, nf_init + 0x10, &s));
	assert_true(s.is_apart);
	assert_true(kallsyms_find(k, e1000 + 0x1010, &s));
	assert_false(s.is_apart);
}

/* arm64 has a head before _stext: its link address is that of _text. */
static void test_image_start(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = parse("ffffffff81000000 T _text\n"
							     "ffffffff81010000 T _stext\n"
							     "ffffffff81010100 T one\n"
							     "ffffffff81020000 T _etext\n");
	_cleanup_(kallsyms_freep) struct kallsyms *far = parse("ffffffff80000000 T _text\n"
							       "ffffffff81010000 T _stext\n"
							       "ffffffff81020000 T _etext\n");

	check(k, 0xffffffff81010180, "one", "", 0xffffffff81010100, 0xffffffff81000000);
	check(far, 0xffffffff81010180, "_stext", "", 0xffffffff81010000, 0xffffffff81010000);
}

static void test_next(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = parse(text);
	struct kallsyms_symbol s = {};
	uint64_t last = 0;
	size_t i = 0, n = 0;

	for (; kallsyms_next(k, &i, &s); n++, last = s.start)
		assert_true(s.start > last);
	assert_int_equal(n, kallsyms_n_symbols(k));
	assert_string_equal(s.linkage_name, "bpf_prog_1234567890abcdef_egress");
}

static void test_bpf_names(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k =
		parse("ffffffffc0c00000 t bpf_prog_6deef7357e7b4530_sd_devices\t[bpf]\n"
		      "ffffffffc0c00100 t bpf_prog_6deef7357e7b4530\t[bpf]\n"
		      "ffffffffc0c00200 t bpf_prog_6deef7357e7b4530_F\t[bpf]\n"
		      "ffffffffc0c00300 t bpf_trampoline_6442534999\t[bpf]\n"
		      "ffffffffc0c00400 t bpf_prog_6deef7357e7b453x_odd\t[bpf]\n"
		      "ffffffffc0c00500 t bpf_prog_6deef7357e7b4530_f\t[bpf]\n"
		      "ffffffffc0d00000 t bpf_prog_6deef7357e7b4530_sd_devices\t[imposter]\n");
	static const struct {
		uint64_t addr;
		const char *name, *linkage_name;
	} expected[] = {
		{ 0xffffffffc0c00000, "sd_devices [bpf]", "bpf_prog_6deef7357e7b4530_sd_devices" },
		{ 0xffffffffc0c00100, "bpf_prog_6deef7357e7b4530", "bpf_prog_6deef7357e7b4530" },
		{ 0xffffffffc0c00200, "bpf_prog_6deef7357e7b4530_F", "bpf_prog_6deef7357e7b4530_F" },
		{ 0xffffffffc0c00300, "bpf_trampoline_6442534999", "bpf_trampoline_6442534999" },
		{ 0xffffffffc0c00400, "bpf_prog_6deef7357e7b453x_odd", "bpf_prog_6deef7357e7b453x_odd" },
		{ 0xffffffffc0c00500, "f [bpf]", "bpf_prog_6deef7357e7b4530_f" },
		{ 0xffffffffc0d00000, "bpf_prog_6deef7357e7b4530_sd_devices", "bpf_prog_6deef7357e7b4530_sd_devices" },
	};
	struct kallsyms_symbol s;

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_true(kallsyms_find(k, expected[i].addr + 1, &s));
		assert_string_equal(s.name, expected[i].name);
		assert_string_equal(s.linkage_name, expected[i].linkage_name);
	}
}

/* Without /proc/modules the rest is as it was; without kallsyms that is said. */
static void test_read(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = NULL;
	_cleanup_close_ int fd = -1;
	void *dir = NULL;

	assert_int_equal(tool_dir_new(&dir), 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(kallsyms_read(fd, &k), KALLSYMS_NONE);
	tool_run("printf 'ffffffffc0c00010 t f\\t[m]\\n' > %s/kallsyms", (char *)dir);
	assert_int_equal(kallsyms_read(fd, &k), 0);
	check(k, 0xffffffffc0c00010, "f", "m", 0xffffffffc0c00010, 0xffffffffc0c00010);
	k = kallsyms_free(k);
	tool_run("echo 'm 4096 0 - Live 0xffffffffc0c00000' > %s/modules", (char *)dir);
	assert_int_equal(kallsyms_read(fd, &k), 0);
	check(k, 0xffffffffc0c00fff, "f", "m", 0xffffffffc0c00010, 0xffffffffc0c00000);
	check_unnamed(k, 0xffffffffc0c01000);
	assert_int_equal(tool_dir_free(&dir), 0);
}

static void test_hidden(void **state)
{
	static const char zeros[] = "0000000000000000 T _stext\n0000000000000000 t a\n0000000000000000 t b\t[m]\n";
	struct kallsyms *k = NULL;

	assert_int_equal(kallsyms_parse(zeros, strlen(zeros), &k), KALLSYMS_HIDDEN);
	assert_null(k);
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = { "",
					       "\n\n\n",
					       "hello world\n",
					       "ffffffff81000000\n",
					       "ffffffff81000000 T",
					       "ffffffff81000000 T ",
					       "fffffffff81000000 T too_long\n",
					       "ffffffff81000000\tT\ttabs\n",
					       "-1 T minus\n" };
	char long_line[3000];

	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		_cleanup_(kallsyms_freep) struct kallsyms *k = parse(garbage[i]);

		assert_int_equal(kallsyms_n_symbols(k), 0);
		check_unnamed(k, 0xffffffff81000000);
	}
	strcpy(long_line, "ffffffff81000000 T ");
	memset(long_line + 19, 'x', sizeof(long_line) - 20);
	long_line[sizeof(long_line) - 1] = 0;
	{
		_cleanup_(kallsyms_freep) struct kallsyms *k = parse(long_line);
		struct kallsyms_symbol s;

		assert_true(kallsyms_find(k, 0xffffffff81000000, &s));
		assert_int_equal(strlen(s.name), 511);
	}
}

/* What awk makes of the same file: the number of distinct text addresses in the kernel's two ranges. */
static void test_this_kernel(void **state)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = NULL;
	_cleanup_(buf_done) struct buf lines = {}, count = {};
	uint64_t addr, start_ns, parse_ns;
	_cleanup_close_ int copy = -1;
	const char *line;
	char path[64];
	int r;

	assert_int_equal(fs_read(AT_FDCWD, "/proc/kallsyms", 64 << 20, &lines), 0);
	start_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID);
	r = kallsyms_parse(lines.data, lines.size, &k);
	parse_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
	if (r == KALLSYMS_HIDDEN) {
		print_message("skipped: the kernel hides its addresses\n");
		skip();
	}
	assert_int_equal(r, 0);
	print_message("%zu symbols in %.1f ms\n", kallsyms_n_symbols(k), (double)parse_ns / 1e6);
	/* A copy: BPF programs come and go while we look. */
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), copy = tool_memory_file(lines.data, lines.size));
	tool_read(&count,
		  "awk '$3==\"_stext\"{a=$1} $3==\"_etext\"{b=$1} $3==\"_sinittext\"{c=$1} $3==\"_einittext\"{d=$1} "
		  "{t[$1]=t[$1] $2; m[$1]=m[$1] $4} END {for (x in t) if (t[x] ~ /[tTwW]/ && "
		  "(m[x] != \"\" || x>=a && x<b || x>=c && x<d)) n++; print n}' %s",
		  path);
	assert_int_equal(kallsyms_n_symbols(k), strtoul(count.data, NULL, 10));
	line = strstr(lines.data, " T do_syscall_64\n"); /* x86_64 */
	if (line) {
		struct kallsyms_symbol s;

		assert_int_equal(sscanf(line - 16, "%" SCNx64, &addr), 1);
		assert_true(kallsyms_find(k, addr + 8, &s));
		assert_string_equal(s.name, "do_syscall_64");
		assert_int_equal(s.start, addr);
		assert_string_equal(s.module, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_32_bit_name_gives_way),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_no_limits_told),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_module_ranges),
		cmocka_unit_test(test_image_start),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_bpf_names),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
