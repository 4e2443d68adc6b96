// SPDX-License-Identifier: Apache-2.0
/* elf entry: programs compiled here and stripped; what nm told of them before is what they must be called. */
#include "tests/unit/tool.h"

#include <inttypes.h>

#include "symbolizer/elffile.h"

static const char source[] = "#include <stdio.h>\n"
			     "__attribute__((noinline)) static int before(int a) { return a * 3 + getchar(); }\n"
			     "int main(int argc, char **argv) { printf(\"%d\\n\", before(argc)); return before(2); }\n"
			     "__attribute__((noinline, used)) static int after(int a) { return a * 5; }\n";

static struct index *build(const char *path)
{
	_cleanup_close_ int out = memfd_create("index", MFD_CLOEXEC), fd = open(path, O_RDONLY | O_CLOEXEC);
	struct index *index;
	struct build_id id;

	assert_int_equal(elf_index_build(fd, out, NULL, &id), 0);
	assert_int_equal(index_open(out, &index), 0);
	return index;
}

static const char *name_at(const struct index *index, uint64_t addr)
{
	struct index_frame frame;

	return index_lookup(index, addr, &frame, 1) ? frame.linkage_name : "";
}

/* From the unstripped twin. */
static void find(const char *dir, const char *name, uint64_t *ret_start, uint64_t *ret_size)
{
	_cleanup_(buf_done) struct buf text = {};

	tool_read(&text, "nm -S %s/p.full | awk '$NF == \"%s\" && NF == 4 {print $1, $2}'", dir, name);
	assert_int_equal(sscanf(text.data, "%" SCNx64 " %" SCNx64, ret_start, ret_size), 2);
}

static void check_program(const char *dir, const char *flags)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_free_ char *path = NULL;
	uint64_t start, size;
	FILE *f;

	assert_true(asprintf(&path, "%s/p.c", dir) > 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(source, f) >= 0);
	assert_int_equal(fclose(f), 0);
	tool_run("cd %s && gcc -O2 %s p.c -o p.full && strip -o p p.full", dir, flags);
	path[strlen(path) - 2] = 0;
	index = build(path);
	find(dir, "main", &start, &size);
	assert_string_equal(name_at(index, start), "main");
	assert_string_equal(name_at(index, start + size - 1), "main");
	assert_string_not_equal(name_at(index, start - 1), "main");
	assert_string_not_equal(name_at(index, start + size), "main");
	find(dir, "_start", &start, &size);
	assert_string_equal(name_at(index, start), "_start");
	assert_string_equal(name_at(index, start + size - 1), "_start");
	assert_string_equal(name_at(index, start + size), "");
	find(dir, "before", &start, &size);
	assert_string_equal(name_at(index, start), ""); /* nothing tells of it */
}

static void test_pie(void **state)
{
	check_program(*state, "-pie -fPIE");
}

static void test_fixed(void **state)
{
	check_program(*state, "-no-pie -fno-pic");
}

static void test_init_fini(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_(buf_done) struct buf text = {};
	_cleanup_free_ char *path = NULL;
	uint64_t init, init_size, fini, fini_size;

	check_program(*state, "");
	assert_true(asprintf(&path, "%s/p", (char *)*state) > 0);
	index = build(path);
	tool_read(&text,
		  "readelf -SW %s | sed 's/^ *\\[ *[0-9]*\\]//' | awk '$1 == \".init\" || $1 == \".fini\" {print $3, "
		  "$5}'",
		  path);
	assert_int_equal(sscanf(text.data, "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &init, &init_size, &fini,
				&fini_size),
			 4);
	assert_string_equal(name_at(index, init), "_init");
	assert_string_equal(name_at(index, init + init_size - 1), "_init");
	assert_string_equal(name_at(index, init + init_size), "");
	assert_string_equal(name_at(index, fini), "_fini");
	assert_string_equal(name_at(index, fini + fini_size - 1), "_fini");
	assert_string_equal(name_at(index, fini - 1), "");
}

/* Another C library's start, and a Go program's: nothing is guessed. */
static void test_other_start(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_free_ char *path = NULL;
	struct index_frame frame;

	assert_true(asprintf(&path, "%s/q", (char *)*state) > 0);
	tool_run("printf 'int main_(void); void enter(void) { main_(); for (;;) ; } "
		 "__attribute__((noinline)) int main_(void) { return 1; }' > %s.c && "
		 "gcc -O2 -nostdlib -static -Wl,-e,enter -o %s %s.c && strip %s",
		 path, path, path, path);
	index = build(path);
	for (size_t i = 0; i < index_n_segments(index); i++) {
		const struct index_segment *s = &index_segments(index)[i];

		for (uint64_t addr = s->vaddr; addr < s->vaddr + s->mem_bytes; addr++)
			assert_int_equal(index_lookup(index, addr, &frame, 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pie, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_fixed, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_init_fini, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_other_start, tool_dir_new, tool_dir_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
