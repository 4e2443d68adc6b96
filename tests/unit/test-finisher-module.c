// SPDX-License-Identifier: Apache-2.0
/* finisher module: FDEs against what readelf prints, of files with and without section headers. */
#include "tests/unit/tool.h"

#include "symbolizer/finisher-module.h"
#include "symbolizer/finisher-modules.h"

static struct finisher_module *read_module(const char *path)
{
	_cleanup_close_ int fd = tool_open(path);
	struct finisher_module *m;

	assert_int_equal(finisher_module_read(fd, &m), 0);
	return m;
}

/* Every line of readelf's: "OFFSET SIZE CIE-POINTER FDE cie=... pc=START..END". */
static size_t check_fdes(const struct finisher_module *m, const char *path)
{
	_cleanup_(buf_done) struct buf text = {};
	char *save = NULL;
	size_t n = 0;

	tool_read(&text, "readelf -W --debug-dump=frames '%s' | grep ' FDE '", path);
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const struct finisher_fde *fde;
		unsigned long offset, start, end;

		assert_int_equal(sscanf(line, "%lx %*s %*s FDE %*s pc=%lx..%lx", &offset, &start, &end), 3);
		n++;
		fde = finisher_module_find(m, start);
		assert_non_null(fde);
		assert_int_equal(fde->start, start);
		assert_int_equal(fde->n_bytes, end - start);
		assert_int_equal(fde->offset, offset);
		assert_ptr_equal(finisher_module_find(m, end - 1), fde);
	}
	assert_int_equal(m->n_fdes, n);
	return n;
}

static void test_libraries(void **state)
{
	static const struct {
		const char *path;
		size_t at_least;
	} files[] = {
		{ "/lib/x86_64-linux-gnu/libc.so.6", 3000 },
		{ "/lib64/ld-linux-x86-64.so.2", 100 },
		{ "/usr/bin/python3", 100 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(finisher_module_freep) struct finisher_module *m = read_module(files[i].path);

		assert_true(check_fdes(m, files[i].path) >= files[i].at_least);
		assert_true(finisher_module_bytes(m) > m->eh_frame_bytes);
	}
}

/* Signal frames are told apart: libc has exactly one function that is one. */
static void test_signal_frame(void **state)
{
	_cleanup_(finisher_module_freep) struct finisher_module *m = read_module("/lib/x86_64-linux-gnu/libc.so.6");
	size_t n = 0;

	for (size_t i = 0; i < m->n_fdes; i++)
		n += m->fdes[i].is_signal;
	assert_int_equal(n, 1);
}

/* Without section headers the program header leads there. */
static void test_no_sections(void **state)
{
	_cleanup_(finisher_module_freep) struct finisher_module *m = NULL, *with = NULL;
	const char *dir = *state;
	char path[400], plain[400];

	snprintf(path, sizeof(path), "%s/none", dir);
	snprintf(plain, sizeof(plain), "%s/plain", dir);
	tool_run("printf 'int f(int x){return x;}\\nint main(void){return f(3);}\\n' | gcc -x c - -o %s", plain);
	tool_run("cp %s %s && printf '\\0\\0\\0\\0\\0\\0\\0\\0' | dd of=%s bs=1 seek=40 conv=notrunc status=none && "
		 "printf '\\0\\0\\0\\0' | dd of=%s bs=1 seek=60 conv=notrunc status=none",
		 plain, path, path, path);
	with = read_module(plain);
	check_fdes(with, plain);
	m = read_module(path);
	assert_true(m->n_fdes > 0);
	assert_int_equal(m->eh_frame_vaddr, with->eh_frame_vaddr);
	for (size_t i = 0; i < with->n_fdes;
	     i++) /* behind the section's end lie other bytes, which may look like more */
		assert_ptr_not_equal(finisher_module_find(m, with->fdes[i].start), NULL);
}

static void test_no_elf(void **state)
{
	_cleanup_close_ int text = tool_memory_file("no ELF file", 11);
	struct finisher_module *m;

	assert_int_equal(finisher_module_read(text, &m), -EBADMSG);
}

/* File offsets become addresses by the executable segments only. */
static void test_vaddr(void **state)
{
	_cleanup_(finisher_module_freep) struct finisher_module *m = read_module("/lib/x86_64-linux-gnu/libc.so.6");
	const struct index_segment *s = &m->segments[0];
	uint64_t vaddr;

	assert_true(m->n_segments > 0);
	assert_true(finisher_module_vaddr(m, s->file_offset + 5, &vaddr));
	assert_int_equal(vaddr, s->vaddr + 5);
	assert_false(finisher_module_vaddr(m, s->file_offset - 1, &vaddr));
	assert_false(finisher_module_vaddr(m, s->file_offset + s->file_bytes, &vaddr));
}

static struct finisher_module *module_of_bytes(size_t n)
{
	struct finisher_module *m = calloc(1, sizeof(*m));

	m->eh_frame = calloc(1, n);
	m->eh_frame_bytes = n;
	return m;
}

static void test_least_recently_used(void **state)
{
	const size_t kib = 1024, n = sizeof(struct finisher_module) + 100 * kib;
	_cleanup_(finisher_modules_freep) struct finisher_modules *s = NULL;
	const struct finisher_module *m;

	assert_int_equal(finisher_modules_new(3 * n + 10 * kib, &s), 0);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(finisher_modules_put(s, i, module_of_bytes(100 * kib)), 0);
	assert_int_equal(finisher_modules_put(s, 9, NULL), 0);
	assert_int_equal(finisher_modules_get(s, 9, &m), FINISHER_MODULES_NONE);
	assert_int_equal(finisher_modules_get(s, 4, &m), FINISHER_MODULES_MISSING);
	assert_int_equal(finisher_modules_get(s, 1, &m), 0); /* so 2 has waited longest */
	assert_int_equal(finisher_modules_put(s, 4, module_of_bytes(100 * kib)), 0);
	assert_int_equal(finisher_modules_get(s, 2, &m), FINISHER_MODULES_MISSING);
	assert_int_equal(finisher_modules_get(s, 1, &m), 0);
	assert_int_equal(finisher_modules_get(s, 3, &m), 0);
	assert_int_equal(finisher_modules_get(s, 4, &m), 0);
	assert_int_equal(finisher_modules_put(s, 4, module_of_bytes(50 * kib)), 0); /* in place of the other */
	assert_int_equal(finisher_modules_get(s, 4, &m), 0);
	assert_int_equal(m->eh_frame_bytes, 50 * kib);
	assert_int_equal(finisher_modules_put(s, 5, module_of_bytes(50 * kib)), 0);
	assert_int_equal(finisher_modules_get(s, 1, &m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libraries),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test_setup_teardown(test_no_sections, tool_dir_new, tool_dir_free),
		cmocka_unit_test(test_no_elf),
		cmocka_unit_test(test_vaddr),
		cmocka_unit_test(test_least_recently_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
