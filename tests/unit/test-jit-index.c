// SPDX-License-Identifier: Apache-2.0
/* jit index: perf maps and jitdumps made by hand, indexed and looked up again. */
#include "tests/unit/cmocka-all.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/fsutil.h"
#include "symbolizer/index.h"
#include "symbolizer/jit-code.h"
#include "symbolizer/jit-index.h"
#include "tests/unit/jit-bytes.h"

struct built {
	int answer;
	char note[JIT_INDEX_NOTE_BYTES];
	struct index *index; /* NULL: none was made */
};

static void built_done(struct built *b)
{
	index_free(b->index);
}

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("jit", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, size), 0);
	return fd;
}

static struct built build_fd(enum jit_file_kind kind, int fd)
{
	_cleanup_close_ int in = fd, out = memfd_create("index", MFD_CLOEXEC);
	struct built b = {};

	assert_true(out >= 0);
	b.answer = jit_index_build(kind, in, out, b.note);
	if (b.answer == 0)
		assert_int_equal(index_open(out, &b.index), 0);
	return b;
}

static struct built build(enum jit_file_kind kind, const void *data, size_t size)
{
	return build_fd(kind, file_of(data, size));
}

static struct built build_map(const char *text)
{
	return build(JIT_PERF_MAP, text, strlen(text));
}

static const char *name_at(const struct built *b, uint64_t addr)
{
	struct index_frame frame[4];
	size_t n = index_lookup(b->index, addr, frame, 4);

	assert_true(n <= 1);
	return n ? frame[0].function : "";
}

static void assert_name(const struct built *b, uint64_t addr, const char *name)
{
	assert_string_equal(name_at(b, addr), name);
}

/* -- perf maps -- */

static void test_lines(void **state)
{
	_cleanup_(built_done) struct built b = build_map("7f0000001000 40 one\n"
							 "0x7f0000001040 0x10 JS:*two words /a b.js:1:2\r\n"
							 "  7f0000002000\t8\tint Three.x(int)\n"
							 "ABCDEF 1 upper\n"
							 "7fffffffe000 10 the last");

	assert_int_equal(b.answer, 0);
	assert_string_equal(b.note, "");
	assert_int_equal(index_n_functions(b.index), 5);
	assert_name(&b, 0x7f0000000fff, "");
	assert_name(&b, 0x7f0000001000, "one");
	assert_name(&b, 0x7f000000103f, "one");
	assert_name(&b, 0x7f0000001040, "JS:*two words /a b.js:1:2");
	assert_name(&b, 0x7f000000104f, "JS:*two words /a b.js:1:2");
	assert_name(&b, 0x7f0000001050, "");
	assert_name(&b, 0x7f0000002007, "int Three.x(int)");
	assert_name(&b, 0xabcdef, "upper");
	assert_name(&b, 0xabcdf0, "");
	assert_name(&b, 0x7fffffffe00f, "the last");
}

static void test_demangled(void **state)
{
	_cleanup_(built_done) struct built b = build_map("1000 10 _ZN3abc3defEv\n");
	struct index_frame frame;

	assert_int_equal(index_lookup(b.index, 0x1000, &frame, 1), 1);
	assert_string_equal(frame.function, "abc::def()");
	assert_string_equal(frame.linkage_name, "_ZN3abc3defEv");
	assert_null(frame.file);
}

/* What was told later lies on top; the rest of the older one still counts. */
static void test_newest_wins(void **state)
{
	_cleanup_(built_done) struct built b = build_map("1000 100 old\n"
							 "1040 20 inner\n"
							 "2000 100 gone\n"
							 "2000 100 same place\n"
							 "2f80 100 over the end\n"
							 "3000 100 behind\n"
							 "1050 8 innermost\n"
							 "900 10 alone\n");

	assert_name(&b, 0x1000, "old");
	assert_name(&b, 0x103f, "old");
	assert_name(&b, 0x1040, "inner");
	assert_name(&b, 0x1050, "innermost");
	assert_name(&b, 0x1057, "innermost");
	assert_name(&b, 0x1058, "inner");
	assert_name(&b, 0x1060, "old");
	assert_name(&b, 0x10ff, "old");
	assert_name(&b, 0x1100, "");
	assert_name(&b, 0x2000, "same place");
	assert_name(&b, 0x20ff, "same place");
	assert_name(&b, 0x2fff, "over the end");
	assert_name(&b, 0x3000, "behind");
	assert_name(&b, 0x307f, "behind");
	assert_name(&b, 0x90f, "alone");
	assert_name(&b, 0x910, "");
}

#define MODEL_BYTES 2000

/* The same against an array of bytes, each of which belongs to who claimed it last. */
static void test_like_a_model(void **state)
{
	for (unsigned int round = 0; round < 200; round++) {
		unsigned int owner[MODEL_BYTES] = {}; /* its number + 1 */
		_cleanup_(buf_done) struct buf text = {};
		_cleanup_(built_done) struct built b = {};

		srand(round);
		for (unsigned int i = 0; i < 60; i++) {
			unsigned int start = (unsigned int)rand() % MODEL_BYTES;
			unsigned int size = 1 + (unsigned int)rand() % (i % 5 ? 50 : 900);

			assert_int_equal(buf_printf(&text, "%x %x f%u\n", 0x10000 + start, size, i), 0);
			for (unsigned int at = start; at < start + size && at < MODEL_BYTES; at++)
				owner[at] = i + 1;
		}
		b = build(JIT_PERF_MAP, text.data, text.size);
		for (unsigned int at = 0; at < MODEL_BYTES; at++) {
			char name[16] = "";

			if (owner[at])
				snprintf(name, sizeof(name), "f%u", owner[at] - 1);
			assert_name(&b, 0x10000 + at, name);
		}
	}
}

static void test_nonsense_is_counted(void **state)
{
	_cleanup_(built_done) struct built b = build_map("1000 10 good\n"
							 "1010 10\n"
							 "1020 10 \n"
							 "zz 10 no number\n"
							 "1030 0 no bytes\n"
							 "ffffffff81000000 10 kernel\n"
							 "fffffffffffffff0 20 around the end\n"
							 "11112222333344445 10 too long\n"
							 "2000 100000000 too large\n"
							 "\n"
							 "1040 10 good too\n");

	assert_int_equal(b.answer, 0);
	assert_string_equal(b.note, "9 of 11 lines make no sense");
	assert_int_equal(index_n_functions(b.index), 2);
	assert_name(&b, 0x1000, "good");
	assert_name(&b, 0x1040, "good too");
	assert_name(&b, 0x1010, "");
}

static void test_refused(void **state)
{
	static const char *const texts[] = { "\n", "hello\n", "root:x:0:0:root:/root:/bin/bash\n",
					     "\x7f"
					     "ELF\x02\x01" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct built b = build_map(texts[i]);

		assert_int_equal(b.answer, JIT_INDEX_REFUSED);
		assert_string_equal(b.note, "no perf map");
	}
}

static void test_empty(void **state)
{
	_cleanup_(built_done) struct built b = build_map("");

	assert_int_equal(b.answer, 0);
	assert_string_equal(b.note, "");
	assert_int_equal(index_n_functions(b.index), 0);
	assert_name(&b, 0x1000, "");
}

static void test_long_names(void **state)
{
	static char text[800000], name[JIT_CODE_NAME_BYTES + 1];
	_cleanup_(built_done) struct built b = {};
	size_t n = 0;

	/* Longer than a piece that is read at once, and not: what follows is found again. */
	n += (size_t)sprintf(text + n, "1000 10 ");
	memset(text + n, 'x', 600000);
	n += 600000;
	n += (size_t)sprintf(text + n, "\n2000 10 short\n3000 10 ");
	memset(text + n, 'x', JIT_CODE_NAME_BYTES + 1);
	n += JIT_CODE_NAME_BYTES + 1;
	n += (size_t)sprintf(text + n, "\n4000 10 short too\n");
	b = build(JIT_PERF_MAP, text, n);
	memset(name, 'x', JIT_CODE_NAME_BYTES);
	assert_string_equal(b.note, "");
	assert_int_equal(index_n_functions(b.index), 4);
	assert_name(&b, 0x1000, name);
	assert_name(&b, 0x2000, "short");
	assert_name(&b, 0x3000, name);
	assert_name(&b, 0x4000, "short too");
}

/* A file that is all hole, but for its first line. */
static void test_sparse(void **state)
{
	int fd = file_of("1000 10 first\n", 14);
	_cleanup_(built_done) struct built b = {};

	assert_int_equal(ftruncate(fd, (off_t)10 << 30), 0);
	b = build_fd(JIT_PERF_MAP, fd);
	assert_int_equal(b.answer, 0);
	assert_string_equal(b.note, "cut at 64 MiB");
	assert_name(&b, 0x1000, "first");

	fd = memfd_create("hole", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)10 << 30), 0);
	assert_int_equal(build_fd(JIT_PERF_MAP, fd).answer, JIT_INDEX_REFUSED);
}

static void test_too_many(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	_cleanup_(built_done) struct built b = {};

	for (uint64_t i = 0; i < JIT_CODE_MAX_FUNCTIONS + 5; i++)
		assert_int_equal(buf_printf(&text, "%" PRIx64 " 10 f%" PRIu64 "\n", 0x100000 + i * 16, i), 0);
	b = build(JIT_PERF_MAP, text.data, text.size);
	assert_int_equal(b.answer, 0);
	assert_string_equal(b.note, "cut at 1000000 functions");
	assert_int_equal(index_n_functions(b.index), JIT_CODE_MAX_FUNCTIONS);
	assert_name(&b, 0x100000 + 999999 * 16, "f999999");
	assert_name(&b, 0x100000 + 1000000 * 16, "");
}

/* -- jitdumps -- */

static struct built build_dump(const struct buf *dump)
{
	return build(JIT_JITDUMP, dump->data, dump->size);
}

static void assert_line(const struct built *b, uint64_t addr, const char *function, const char *file, uint32_t line,
			uint32_t start_line)
{
	struct index_frame frame[4];

	assert_int_equal(index_lookup(b->index, addr, frame, 4), 1);
	assert_string_equal(frame[0].function, function);
	if (file)
		assert_string_equal(frame[0].file, file);
	else
		assert_null(frame[0].file);
	assert_int_equal(frame[0].line, line);
	assert_int_equal(frame[0].start_line, start_line);
}

static void test_loads(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};

	jit_put_header(&dump);
	jit_put_load(&dump, 0x7f0000001000, 0x40, 0, "JS:*one");
	jit_put_load(&dump, 0x7f0000001020, 0x40, 1, "two");
	jit_end_record(&dump, jit_begin_record(&dump, 4)); /* how to unwind it: not for us */
	jit_put_load(&dump, 0x7f0000002000, 100000, 2, "three");
	b = build_dump(&dump);
	assert_int_equal(b.answer, 0);
	assert_string_equal(b.note, "");
	assert_name(&b, 0x7f000000101f, "JS:*one");
	assert_name(&b, 0x7f0000001020, "two");
	assert_name(&b, 0x7f000000105f, "two");
	assert_name(&b, 0x7f0000001060, "");
	assert_name(&b, 0x7f0000002000 + 99999, "three");
	assert_false(index_has_debug(b.index));
}

static void test_moves(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};
	const struct jit_bytes_line lines[] = { { 0x1000, 10, "/a.js" }, { 0x1008, 12, "\xff" } };

	jit_put_header(&dump);
	jit_put_lines(&dump, 0x1000, lines, 2);
	jit_put_load(&dump, 0x1000, 0x10, 70, "moved");
	jit_put_load(&dump, 0x2000, 0x10, 71, "stays");
	jit_put_load(&dump, 0x3000, 0x10, 70, "has its index again"); /* the last one counts */
	jit_put_move(&dump, 0x2000, 0x4000, 0x10, 71);
	jit_put_move(&dump, 0x3000, 0x2008, 0x10, 70);
	jit_put_move(&dump, 0x9000, 0x9100, 0x10, 99); /* of nothing */
	jit_put_move(&dump, 0x1000, 0x5000, 0, 70);
	b = build_dump(&dump);
	assert_string_equal(b.note, "2 of 8 records make no sense");
	assert_line(&b, 0x1000, "moved", "/a.js", 10, 10);
	assert_name(&b, 0x2000, "stays");
	assert_name(&b, 0x4000, "stays");
	assert_name(&b, 0x400f, "stays");
	assert_name(&b, 0x2008, "has its index again");
	assert_name(&b, 0x2017, "has its index again");
	assert_name(&b, 0x3000, "has its index again");
	assert_name(&b, 0x9100, "");
}

static void test_moved_lines(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};
	const struct jit_bytes_line lines[] = { { 0x1000, 10, "/a.js" }, { 0x1008, 12, "\xff" } };

	jit_put_header(&dump);
	for (uint64_t i = 0; i < 3000; i++) /* enough for the table of indexes to grow */
		jit_put_load(&dump, 0x100000 + i * 16, 16, 1000000 - i, i % 2 ? "odd" : "even");
	jit_put_move(&dump, 0x100000, 0x900000, 16, 1000000);
	jit_put_lines(&dump, 0x1000, lines, 2);
	jit_put_load(&dump, 0x1000, 0x10, 5, "moved");
	jit_put_move(&dump, 0x1000, 0x8000, 0x10, 5);
	jit_put_move(&dump, 0x101010, 0x900010, 16, 1000000 - 0x101);
	b = build_dump(&dump);
	assert_string_equal(b.note, "");
	assert_line(&b, 0x8000, "moved", "/a.js", 10, 10);
	assert_line(&b, 0x800f, "moved", "/a.js", 12, 10);
	assert_name(&b, 0x900000, "even");
	assert_name(&b, 0x900010, "odd");
}

static void test_lines_of_code(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};
	const struct jit_bytes_line one[] = {
		{ 0x1000, 10, "/src/a.js" }, { 0x1004, 11, "\xff" },
		{ 0x1004, 12, "\xff" }, /* the last one counts */
		{ 0x1008, 3, "/src/b.js" },  { 0x100c, 13, "/src/a.js" },
	};
	const struct jit_bytes_line two[] = { { 0x2000, 70, "/src/c.js" } };

	jit_put_header(&dump);
	jit_put_lines(&dump, 0x1000, one, ARRAY_SIZE(one));
	jit_put_load(&dump, 0x1000, 0x20, 0, "one");
	jit_put_load(&dump, 0x1020, 0x10, 1, "without lines");
	jit_put_lines(&dump, 0x2000, two, 1);
	jit_put_load(&dump, 0x7777, 0x10, 2, "other code"); /* the lines are for what comes next at 0x2000 */
	jit_put_load(&dump, 0x2000, 0x10, 3, "two");
	jit_put_load(&dump, 0x2000, 0x8, 4, "two again"); /* without lines */
	b = build_dump(&dump);
	assert_string_equal(b.note, "");
	assert_true(index_has_debug(b.index));
	assert_line(&b, 0x1000, "one", "/src/a.js", 10, 10);
	assert_line(&b, 0x1003, "one", "/src/a.js", 10, 10);
	assert_line(&b, 0x1004, "one", "/src/a.js", 12, 10);
	assert_line(&b, 0x1008, "one", "/src/b.js", 3, 10);
	assert_line(&b, 0x101f, "one", "/src/a.js", 13, 10);
	assert_line(&b, 0x1020, "without lines", NULL, 0, 0);
	assert_line(&b, 0x102f, "without lines", NULL, 0, 0);
	assert_line(&b, 0x7777, "other code", NULL, 0, 0);
	assert_line(&b, 0x2000, "two again", NULL, 0, 0);
	assert_line(&b, 0x2008, "two", "/src/c.js", 70, 70);
}

/* What lies on a function with lines takes its part only. */
static void test_lines_under_other_code(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};
	const struct jit_bytes_line one[] = { { 0x1000, 10, "/a" }, { 0x1010, 11, "/a" }, { 0x1030, 12, "/a" } };

	jit_put_header(&dump);
	jit_put_lines(&dump, 0x1000, one, ARRAY_SIZE(one));
	jit_put_load(&dump, 0x1000, 0x40, 0, "under");
	jit_put_load(&dump, 0x1014, 0x10, 1, "on top");
	b = build_dump(&dump);
	assert_line(&b, 0x100f, "under", "/a", 10, 10);
	assert_line(&b, 0x1013, "under", "/a", 11, 10);
	assert_line(&b, 0x1014, "on top", NULL, 0, 0);
	assert_line(&b, 0x1023, "on top", NULL, 0, 0);
	assert_line(&b, 0x1024, "under", "/a", 11, 10);
	assert_line(&b, 0x1030, "under", "/a", 12, 10);
}

/* V8 tells addresses as if an ELF header lay before the code. */
static void test_shifted_lines(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};
	const struct jit_bytes_line one[] = { { 0x1040, 10, "/a.js" }, { 0x1048, 11, "/a.js" } };
	const struct jit_bytes_line two[] = { { 0x2044, 20, "/a.js" } };

	jit_put_header(&dump);
	jit_put_lines(&dump, 0x1000, one, 2);
	jit_put_load(&dump, 0x1000, 0x20, 0, "one");
	jit_put_lines(&dump, 0x2000, two, 1);
	jit_put_load(&dump, 0x2000, 0x20, 1, "two");
	b = build_dump(&dump);
	assert_line(&b, 0x1007, "one", "/a.js", 10, 10);
	assert_line(&b, 0x1008, "one", "/a.js", 11, 10);
	assert_line(&b, 0x2004, "two", "/a.js", 20, 20);
}

/* As node 20 writes it: the name is memory that was freed. The function keeps its name. */
static void test_bad_lines(void **state)
{
	static const struct jit_bytes_line bad[][2] = {
		{ { 0x1000, 10, "\x96\x35\x04" }, { 0x1001, 1, "/a" } }, { { 0x1000, 10, "/a" }, { 0xfff, 1, "/a" } },
		{ { 0x1000, 10, "/a" }, { 0x200001000, 1, "/a" } },      { { 0x1000, 10, "" }, { 0x1001, 1, "/a" } },
		{ { 0x1000, 10, "\xff" }, { 0x1001, 1, "/a" } }, /* the same as none */
		{ { 0x1004, 10, "/a" }, { 0x1002, 1, "/a" } },   /* descending */
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(buf_done) struct buf dump = {};
		_cleanup_(built_done) struct built b = {};
		const struct jit_bytes_line good[] = { { 0x2000, 20, "/b" } };
		size_t at;

		jit_put_header(&dump);
		jit_put_lines(&dump, 0x1000, bad[i], 2);
		jit_put_load(&dump, 0x1000, 0x20, 0, "one");
		at = jit_begin_record(&dump, 2); /* more entries than bytes */
		jit_put(&dump, 0x1000, 8);
		jit_put(&dump, UINT64_MAX, 8);
		jit_end_record(&dump, at);
		jit_put_lines(&dump, 0x2000, good, 1);
		jit_put_load(&dump, 0x2000, 0x20, 1, "two");
		b = build_dump(&dump);
		assert_string_equal(b.note, "2 of 5 records make no sense");
		assert_line(&b, 0x1000, "one", NULL, 0, 0);
		assert_line(&b, 0x2000, "two", "/b", 20, 20);
	}
}

/* It grows while it is read: what is whole counts, at every length. */
static void test_every_cut(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	size_t first, second;

	jit_put_header(&dump);
	jit_put_load(&dump, 0x1000, 0x20, 0, "one");
	first = dump.size;
	jit_put_load(&dump, 0x2000, 0x20, 1, "two");
	second = dump.size;
	for (size_t size = 0; size <= second; size++) {
		_cleanup_(built_done) struct built b = build(JIT_JITDUMP, dump.data, size);

		assert_int_equal(b.answer, size < 12 ? JIT_INDEX_REFUSED : 0);
		if (b.answer != 0)
			continue;
		assert_string_equal(b.note, "");
		assert_name(&b, 0x1000, size >= first ? "one" : "");
		assert_name(&b, 0x2000, size >= second ? "two" : "");
	}
}

static void test_close_ends_it(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};

	jit_put_header(&dump);
	jit_put_load(&dump, 0x1000, 0x20, 0, "one");
	jit_put_close(&dump);
	jit_put_load(&dump, 0x2000, 0x20, 1, "behind");
	b = build_dump(&dump);
	assert_name(&b, 0x1000, "one");
	assert_name(&b, 0x2000, "");
}

static void test_other_files(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *note;
	} cases[] = {
		{ 0, 0x4454694a, "jitdump of the other byte order" },
		{ 0, 0x464c457f, "no jitdump" },
		{ 4, 2, "no jitdump" },
		{ 8, 39, "no jitdump" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_done) struct buf dump = {};
		struct built b;

		jit_put_header(&dump);
		memcpy(dump.data + cases[i].at, &cases[i].value, 4);
		b = build_dump(&dump);
		assert_int_equal(b.answer, JIT_INDEX_REFUSED);
		assert_string_equal(b.note, cases[i].note);
	}
}

/* Records of no length, or of more than there is, end it. */
static void test_bad_sizes(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 15, 1 << 20, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(buf_done) struct buf dump = {};
		_cleanup_(built_done) struct built b = {};
		size_t at;

		jit_put_header(&dump);
		jit_put_load(&dump, 0x1000, 0x20, 0, "one");
		at = dump.size;
		jit_put_load(&dump, 0x2000, 0x20, 1, "two");
		memcpy(dump.data + at + 4, &sizes[i], 4);
		b = build_dump(&dump);
		assert_name(&b, 0x1000, "one");
		assert_name(&b, 0x2000, "");
	}
}

/* Larger than what is read at once, with records across the seams. */
static void test_large_dump(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	_cleanup_(built_done) struct built b = {};

	jit_put_header(&dump);
	for (uint64_t i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "f%" PRIu64, i);
		jit_put_load(&dump, 0x100000 + i * 4096, 100 + i % 4000, i, name);
	}
	assert_true(dump.size > 4 << 20);
	b = build_dump(&dump);
	assert_string_equal(b.note, "");
	for (uint64_t i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "f%" PRIu64, i);
		assert_name(&b, 0x100000 + i * 4096 + 99, name);
		assert_name(&b, 0x100000 + i * 4096 + 100 + i % 4000, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_demangled),
		cmocka_unit_test(test_newest_wins),
		cmocka_unit_test(test_like_a_model),
		cmocka_unit_test(test_nonsense_is_counted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_moved_lines),
		cmocka_unit_test(test_lines_of_code),
		cmocka_unit_test(test_lines_under_other_code),
		cmocka_unit_test(test_shifted_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_close_ends_it),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_large_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
