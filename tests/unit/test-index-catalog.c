// SPDX-License-Identifier: Apache-2.0
/* What is told of a cache directory: of index files that are written here, and of what else may lie there. */
#include "tests/unit/tool.h"

#include <sys/stat.h>

#include "symbolizer/index-catalog.h"
#include "symbolizer/index-writer.h"

static const struct build_id ids[] = { { 3, { 0xde, 0xad, 0x01 } }, { 3, { 0xde, 0xad, 0x02 } }, { 0 } };

/* An index file to be: which binary, and what is in it. */
struct made {
	const char *name;
	size_t id;
	size_t n_functions;
	const struct index_origin *origin; /* NULL: of names only */
	bool has_lines;
	int64_t used_s;
};

static void set_lines(struct index_writer *w)
{
	static const uint32_t files[] = { 0 };
	static const struct index_function functions[] = { {} };
	static const struct index_scope scopes[] = { { .parent = INDEX_NO_SCOPE } };
	static const struct index_span spans[] = { { 0x1000, 16, 0 } };
	static const struct index_line lines[] = { { 0x1000, 0, 3 } };
	static const struct index_debug debug = { files, functions, scopes, spans, lines, 1, 1, 1, 1, 1 };

	index_writer_set_debug(w, &debug);
}

static void make(const char *dir, const struct made *made)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	const struct timespec times[2] = { { .tv_sec = made->used_s }, { .tv_sec = made->used_s } };
	_cleanup_close_ int fd = -1;
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", dir, made->name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(index_writer_new(62, &ids[made->id], &w), 0);
	assert_int_equal(index_writer_add_segment(w, &(struct index_segment){ 0x1000, 0x800, 0x400, 0x700 }), 0);
	for (size_t i = 0; i < made->n_functions; i++)
		assert_int_equal(index_writer_add_function(w, 0x1000 + 16 * i, 16, "f", NULL), 0);
	if (made->has_lines)
		set_lines(w);
	if (made->origin)
		assert_int_equal(index_writer_set_origin(w, made->origin), 0);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(futimens(fd, times), 0);
}

static const struct index_origin found = { .path = "/b/app", .debug_source = "/usr/lib/debug/x.debug" };
static const struct index_origin names_path = { .path = "/c/app" };
static const struct index_origin ended = { .path = "/d/app", .failure = "took too long" };
static const struct index_origin not_found = { .path = "/b/app", .failure = "none found" };
static const struct index_origin first_path = { .path = "/a/lib.so", .debug_source = "pclntab" };

static void assert_entry(const struct index_catalog_entry *e, const char *key, const char *path, const char *source,
			 const char *failure)
{
	assert_string_equal(e->key, key);
	assert_string_equal(e->path ? e->path : "-", path);
	assert_string_equal(e->debug_source ? e->debug_source : "-", source);
	assert_string_equal(e->debug_failure ? e->debug_failure : "-", failure);
}

static void test_entries(void **state)
{
	static const struct made files[] = {
		{ "dead01-1234-0102030405060708.idx", 0, 4, NULL, false, 1000 },
		{ "dead01-1234-0102030405060708-1111111111111111.idx", 0, 6, &found, true, 3000 },
		{ "dead01-1234-0102030405060708-2222222222222222.idx", 0, 0, &not_found, false,
		  2000 }, /* older: not what is known */
		{ "dead02-1234-0102030405060708-1111111111111111.idx", 1, 2, &first_path, false, 4000 },
		{ "dead02-99-0102030405060708.idx", 1, 3, NULL, false, 5000 }, /* another size is another binary */
		{ "0-99-0102030405060708.idx", 2, 1, NULL, false, 6000 },
		{ "0-99-0102030405060709.idx", 2, 7, NULL, false, 7000 }, /* without a build id nothing joins them */
		{ "0-99-0102030405060709-1111111111111111.idx", 2, 7, &not_found, false, 7000 }, /* but of one file */
		{ "0-98-0102030405060708.idx", 2, 7, &names_path, false, 7000 },
		{ "0-97-0102030405060708.idx", 2, 0, &ended, false, 7000 },
	};
	_cleanup_(index_catalog_done) struct index_catalog c = {};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		make(*state, &files[i]);
	assert_int_equal(index_catalog_read(*state, &c), 0);
	assert_int_equal(c.n, 7);
	assert_int_equal(c.n_unusable, 0);
	assert_entry(&c.entries[0], "dead02-1234", "/a/lib.so", "pclntab", "-");
	assert_entry(&c.entries[1], "0-99-0102030405060709", "/b/app", "-", "none found");
	assert_int_equal(c.entries[1].n_files, 2);
	assert_entry(&c.entries[2], "dead01-1234", "/b/app", "/usr/lib/debug/x.debug", "-");
	assert_null(c.entries[2].failure);
	assert_entry(&c.entries[3], "0-98-0102030405060708", "/c/app", "-", "-");
	assert_false(c.entries[3].debug.is_there);
	assert_entry(&c.entries[4], "0-97-0102030405060708", "/d/app", "-", "-");
	assert_string_equal(c.entries[4].failure, "took too long");
	assert_entry(&c.entries[5], "0-99-0102030405060708", "-", "-", "-");
	assert_entry(&c.entries[6], "dead02-99", "-", "-", "-");
}

static void test_facts(void **state)
{
	static const struct made files[] = {
		{ "dead01-1234-0102030405060708.idx", 0, 4, NULL, false, 1000 },
		{ "dead01-1234-0102030405060708-1111111111111111.idx", 0, 6, &found, true, 3000 },
		{ "dead02-77-0102030405060708.idx", 1, 2, NULL, false, 4000 },
		{ "dead02-77-0102030405060708-1111111111111111.idx", 1, 0, &not_found, false, 3000 },
	};
	_cleanup_(index_catalog_done) struct index_catalog c = {};
	const struct index_catalog_entry *e;
	uint64_t n_bytes;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		make(*state, &files[i]);
	assert_int_equal(index_catalog_read(*state, &c), 0);
	assert_int_equal(c.n, 2);
	e = &c.entries[0];
	assert_true(build_id_equal(&e->build_id, &ids[0]));
	assert_int_equal(e->n_bytes, 0x1234);
	assert_int_equal(e->n_files, 2);
	assert_true(e->names.is_there && e->debug.is_there && e->has_lines);
	assert_int_equal(e->names.n_functions, 4);
	assert_int_equal(e->debug.n_functions, 6);
	n_bytes = e->names.n_bytes + e->debug.n_bytes;
	assert_true(e->names.n_bytes > sizeof(struct index_segment));
	assert_int_equal(e->n_index_bytes, n_bytes);
	assert_int_equal(index_catalog_n_functions(e), 6);
	assert_int_equal(index_catalog_used_s(e), 3000);
	assert_int_equal(e->n_segments, 1);
	assert_int_equal(e->segments[0].vaddr, 0x1000);
	assert_int_equal(e->segments[0].file_offset, 0x400);
	/* In vain: the names are those of the binary. */
	e = &c.entries[1];
	assert_true(e->debug.is_there && !e->has_lines);
	assert_string_equal(e->debug_failure, "none found");
	assert_int_equal(index_catalog_n_functions(e), 2);
	assert_int_equal(index_catalog_used_s(e), 4000);
}

static void test_newer_wins(void **state)
{
	/* The package with debug info came, then went: whatever the order of the names. */
	static const struct made files[] = {
		{ "dead01-1234-0102030405060708-1111111111111111.idx", 0, 6, &not_found, false, 3000 },
		{ "dead01-1234-0102030405060708-2222222222222222.idx", 0, 6, &found, true, 2000 },
		{ "dead02-1234-0102030405060708-1111111111111111.idx", 1, 6, &not_found, false, 2000 },
		{ "dead02-1234-0102030405060708-2222222222222222.idx", 1, 6, &found, true, 3000 },
	};
	_cleanup_(index_catalog_done) struct index_catalog c = {};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		make(*state, &files[i]);
	assert_int_equal(index_catalog_read(*state, &c), 0);
	assert_int_equal(c.n, 2);
	assert_entry(&c.entries[0], "dead01-1234", "/b/app", "-", "none found");
	assert_false(c.entries[0].has_lines);
	assert_entry(&c.entries[1], "dead02-1234", "/b/app", "/usr/lib/debug/x.debug", "-");
	assert_true(c.entries[1].has_lines);
}

static void test_other_things(void **state)
{
	static const struct made good = { "dead01-1234-0102030405060708.idx", 0, 4, NULL, false, 1000 };
	_cleanup_(index_catalog_done) struct index_catalog c = {};
	const char *dir = *state;

	make(dir, &good);
	tool_run("cd '%s' && touch dead01 x.idx dead01-1234.idx dead01-1234-01x.idx dead01-zz-01.idx .a.tmp -- "
		 "-1234-01.idx dead01-1234-01.idx.x dead01-1234-01.idx.idx "
		 "dead01-1234-01-.idx dead01-1234-01-02-03.idx",
		 dir);
	tool_run("cd '%s' && mkdir dead02-1-01.idx && mkfifo dead03-1-01.idx && ln -s dead01-1234-0102030405060708.idx "
		 "dead04-1-01.idx && head -c 300 /dev/zero >dead05-1-01.idx && : >dead06-1-01.idx",
		 dir);
	tool_run("cd '%s' && cp dead01-1234-0102030405060708.idx dead07-1-01.idx && "
		 "printf '\\177' | dd of=dead07-1-01.idx bs=1 seek=8 conv=notrunc status=none",
		 dir);
	assert_int_equal(index_catalog_read(dir, &c), 0);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.n_unusable, 6); /* by their names index files, and none that can be used */
}

static void test_find(void **state)
{
	static const struct made files[] = {
		{ "dead01-1234-0102030405060708.idx", 0, 1, NULL, false, 1000 },
		{ "dead01-5678-0102030405060708.idx", 0, 1, NULL, false, 1000 },
		{ "dead02-1234-0102030405060708.idx", 1, 1, NULL, false, 1000 },
	};
	_cleanup_(index_catalog_done) struct index_catalog c = {};
	const struct index_catalog_entry *e = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		make(*state, &files[i]);
	assert_int_equal(index_catalog_read(*state, &c), 0);
	assert_int_equal(index_catalog_find(&c, "dead02", &e), 1);
	assert_string_equal(e->key, "dead02-1234");
	assert_int_equal(index_catalog_find(&c, "dead01", &e), 2);
	assert_string_equal(e->key, "dead01-1234");
	assert_int_equal(index_catalog_find(&c, "dead01-5", &e), 1);
	assert_string_equal(e->key, "dead01-5678");
	assert_int_equal(index_catalog_find(&c, "de", &e), 3);
	assert_int_equal(index_catalog_find(&c, "ead01", &e), 0);
	assert_int_equal(index_catalog_find(&c, "dead01-12345", &e), 0);
}

static void test_directory(void **state)
{
	_cleanup_(index_catalog_done) struct index_catalog c = {};
	char path[300];

	assert_int_equal(index_catalog_read(*state, &c), 0);
	assert_int_equal(c.n + c.n_unusable, 0);
	snprintf(path, sizeof(path), "%s/none", (char *)*state);
	assert_int_equal(index_catalog_read(path, &c), -ENOENT);
	assert_int_equal(access(path, F_OK), -1); /* looking makes nothing */
	tool_run("chmod 777 '%s'", (char *)*state);
	assert_int_equal(index_catalog_read(*state, &c), INDEX_CACHE_UNSAFE);
	tool_run("chmod 700 '%s'", (char *)*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_entries, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_facts, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_newer_wins, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_other_things, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_find, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_directory, tool_dir_new, tool_dir_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
