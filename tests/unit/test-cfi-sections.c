// SPDX-License-Identifier: Apache-2.0
/* cfi sections: where CFI lies in files compiled here, and in the vdso; the rows as libdw has them. */
#include "tests/unit/tool.h"

#include <elf.h>
#include <inttypes.h>

#include "symbolizer/mapped-file.h"
#include "tests/unit/rows-oracle.h"

static const char source[] =
	"struct big { long a[64]; };\n"
	"long g(struct big *);\n"
	"__attribute__((visibility(\"hidden\"))) long leaf(long x) { return x * 3; }\n"
	"long calls(long x) { struct big b = { { x } }; return g(&b) + leaf(x) + b.a[x]; }\n"
	"long varies(long n) { struct big b[2]; char *p = __builtin_alloca(n); p[0] = n; b[1].a[0] = (long)p;\n"
	"  return g(&b[1]) + calls(n); }\n"
	"long many(long a, long b, long c, long d) { long r = 0; for (long i = a; i < b; i++) {\n"
	"  r += calls(i) * c + varies(d) * a; if (r > 100) r -= calls(r) + varies(r) + b; } return r; }\n"
	"long g(struct big *b) { return b->a[3] ? many(b->a[0], b->a[1], 1, 2) : 7; }\n";

static void make_path(char path[400], const char *dir, const char *name)
{
	snprintf(path, 400, "%s/%s", dir, name);
}

static void write_source(const char *dir)
{
	char path[400];
	FILE *f;

	make_path(path, dir, "s.c");
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(source, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void assert_same_rows(const struct index *a, const struct index *b)
{
	struct index_unwind u = {}, v = {};

	assert_true(index_unwind(a, &u));
	assert_true(index_unwind(b, &v));
	assert_int_equal(u.base, v.base);
	assert_int_equal(u.n_words, v.n_words);
	assert_int_equal(u.n_rules, v.n_rules);
	assert_memory_equal(u.words, v.words, u.n_words * sizeof(*u.words));
	assert_memory_equal(u.rules, v.rules, u.n_rules * sizeof(*u.rules));
}

static struct index *index_in(const char *dir, const char *name)
{
	char path[400];

	make_path(path, dir, name);
	return tool_index_path(path);
}

static void drop_section_headers(const char *dir, const char *name)
{
	_cleanup_close_ int fd = -1;
	char path[400];
	Elf64_Ehdr h;

	make_path(path, dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &h, sizeof(h), 0), sizeof(h));
	h.e_shoff = h.e_shnum = h.e_shstrndx = 0;
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
}

static void test_no_section_headers(void **state)
{
	_cleanup_(index_freep) struct index *whole = NULL, *bare = NULL;
	const char *dir = *state;

	write_source(dir);
	tool_run("cd '%s' && cc -O2 -shared -fPIC -o whole.so s.c && cp whole.so bare.so", dir);
	drop_section_headers(dir, "bare.so");
	whole = index_in(dir, "whole.so");
	bare = index_in(dir, "bare.so");
	assert_same_rows(whole, bare);
}

/* The functions of a file against .debug_frame as libdw reads it. */
static size_t check_debug_frame(const char *dir, const char *name, const struct index *index)
{
	_cleanup_close_ int fd = tool_open_in(dir, name);
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
	_cleanup_(buf_done) struct buf text = {};
	Dwarf_CFI *cfi = dwarf_getcfi(dwarf);
	struct rows_counts counts = {};
	struct flat_rows flat;
	uint64_t addr, size;

	assert_non_null(cfi);
	flat_rows_of(index, &flat);
	tool_read(&text, "nm -S --defined-only '%s/%s' | grep -i ' t '", dir, name);
	for (const char *p = text.data; *p; p += strcspn(p, "\n") + 1) {
		if (sscanf(p, "%" SCNx64 " %" SCNx64, &addr, &size) == 2 && size > 0)
			rows_oracle_range(&flat, cfi, EM_X86_64, addr, addr + size, &counts);
	}
	flat_rows_done(&flat);
	dwarf_end(dwarf);
	assert_int_equal(counts.n_wrong, 0);
	return counts.n_libdw_rows;
}

static void test_debug_frame(void **state)
{
	_cleanup_(index_freep) struct index *plain = NULL, *compressed = NULL, *both = NULL, *eh = NULL;
	const char *dir = *state;

	write_source(dir);
	tool_run("cd '%s' && cc -O2 -g -shared -fPIC -nostdlib -Wl,--no-ld-generated-unwind-info "
		 "-fno-asynchronous-unwind-tables -gz=none -o plain.so "
		 "s.c && "
		 "! readelf -SW plain.so | grep -q eh_frame && "
		 "objcopy --compress-debug-sections=zlib plain.so compressed.so",
		 dir);
	plain = index_in(dir, "plain.so");
	assert_true(check_debug_frame(dir, "plain.so", plain) >= 20);
	compressed = index_in(dir, "compressed.so");
	assert_same_rows(plain, compressed);
	/* Where .eh_frame covers the same code nothing is added. */
	tool_run("cd '%s' && { echo '.cfi_sections .eh_frame, .debug_frame'; cc -O2 -S -fPIC -o - s.c; } >both.s && "
		 "cc -shared -nostdlib -o both.so both.s && objcopy -R .debug_frame both.so eh.so",
		 dir);
	both = index_in(dir, "both.so");
	eh = index_in(dir, "eh.so");
	assert_same_rows(both, eh);
}

static void check_aarch64(const char *dir, const char *options)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int fd = -1;
	struct rows_counts counts = {};

	tool_run("cd '%s' && clang-14 --target=aarch64-linux-gnu -O2 -fPIC %s -c -o a.o s.c && "
		 "ld.lld-14 -shared --eh-frame-hdr -o a.so a.o",
		 dir, options);
	index = index_in(dir, "a.so");
	fd = tool_open_in(dir, "a.so");
	assert_true(rows_oracle_file(fd, index, &counts));
	assert_true(counts.n_fdes >= 5);
	assert_true(counts.n_libdw_rows > counts.n_fdes); /* clang 14 tells of prologues only */
	assert_int_equal(counts.n_unencodable, 0);
	assert_int_equal(counts.n_wrong, 0);
}

static void test_aarch64(void **state)
{
	const char *dir = *state;

	if (tool_status("command -v ld.lld-14 >/dev/null && command -v clang-14 >/dev/null") != 0) {
		print_message("skipped: no ld.lld-14\n");
		skip();
	}
	write_source(dir);
	check_aarch64(dir, "-fasynchronous-unwind-tables");
	check_aarch64(dir, "-fasynchronous-unwind-tables -fno-omit-frame-pointer -mbranch-protection=standard");
}

static void test_vdso(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct rows_counts counts = {};
	_cleanup_close_ int fd = -1;

	assert_int_equal(mapped_file_open_vdso(&fd), 0);
	index = tool_index(fd);
	assert_true(rows_oracle_file(fd, index, &counts));
	assert_true(counts.n_fdes >= 3);
	assert_int_equal(counts.n_wrong, 0);
}

static void test_none(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	const char *dir = *state;
	struct index_unwind u;

	write_source(dir);
	tool_run("cd '%s' && cc -O2 -shared -fPIC -o d.so s.c && objcopy -R .eh_frame -R .eh_frame_hdr d.so", dir);
	index = index_in(dir, "d.so");
	assert_false(index_unwind(index, &u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_section_headers),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_aarch64),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
