// SPDX-License-Identifier: Apache-2.0
/* gopclntab, go module, go inline, go lines: bytes written by hand, in every version, and damaged one by one. */
#include "tests/unit/tool.h"

#include "symbolizer/go-inline.h"
#include "tests/unit/go-bytes.h"
#include "tests/unit/go-reading.h"

#define TEXT EB_AT(text)
#define TABLE EB_AT(debugdata)

static const uint32_t magics[] = { 0xfffffffa, 0xfffffff0, 0xfffffff1 };

static void read_bytes(const struct go_bytes *b, struct reading *ret)
{
	reading_open(tool_memory_file(&b->elf, sizeof(b->elf)), ret);
}

struct expected {
	uint64_t from, to; /* offsets in the text */
	const char *frames;
};

/* FUNCTION:START_LINE FILE:LINE, innermost first. */
static void print_at(const struct reading *r, uint64_t address, struct buf *ret)
{
	const struct index_span *span = span_at(&r->debug, address);
	const struct index_line *line = line_at(&r->debug, address);
	uint32_t file = line ? line->file : 0, n = line ? line->line : 0;

	buf_clear(ret);
	for (uint32_t i = span ? span->scope : INDEX_NO_SCOPE; i != INDEX_NO_SCOPE; i = r->debug.scopes[i].parent) {
		const struct index_scope *s = &r->debug.scopes[i];
		const struct index_function *f = &r->debug.functions[s->function];

		assert_int_equal(buf_printf(ret, "%s:%u %s:%u;", r->text.strings + f->name.name, f->start_line,
					    r->text.strings + r->debug.files[file], n),
				 0);
		file = s->call_file;
		n = s->call_line;
	}
}

static void check_frames(const struct go_bytes *b, const struct expected *expected, size_t n)
{
	_cleanup_(buf_done) struct buf frames = {};
	struct reading r;

	read_bytes(b, &r);
	for (size_t i = 0; i < n; i++) {
		for (uint64_t at = expected[i].from; at < expected[i].to; at++) {
			print_at(&r, TEXT + at, &frames);
			assert_string_equal(frames.data ? frames.data : "", expected[i].frames);
		}
	}
	reading_close(&r);
}

static void test_versions(void **state)
{
	static const struct expected old[] = {
		{ 0, 4, "main.f:0 a.go:10;" },
		{ 4, 8, "runtime.goexit:0 a.go:11;main.f:0 a.go:10;" },
		{ 8, 12, "runtime.goexit1:0 b.go:11;runtime.goexit:0 a.go:11;main.f:0 a.go:10;" },
		{ 12, 16, "main.f:0 b.go:11;" },
		{ 16, 32, "runtime.goexit1:0 :0;" }, /* of which no line is known */
		{ 32, 48, "runtime.goexit:0 :0;" },
		{ 48, 64, "" }, /* of C */
	};
	static const struct expected new[] = {
		{ 0, 4, "main.f:9 a.go:10;" },
		{ 4, 8, "runtime.goexit:70 a.go:11;main.f:9 a.go:10;" },
		{ 8, 12, "runtime.goexit1:80 b.go:11;runtime.goexit:70 a.go:11;main.f:9 a.go:10;" },
		{ 12, 16, "main.f:9 b.go:11;" },
		{ 16, 32, "runtime.goexit1:0 :0;" },
	};
	struct go_bytes b;

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		go_bytes_init(&b, magics[i]);
		if (magics[i] == 0xfffffff1)
			check_frames(&b, new, ARRAY_SIZE(new));
		else
			check_frames(&b, old, ARRAY_SIZE(old));
	}
}

/* -- damage: lines remain -- */

static const struct expected without_calls[] = {
	{ 0, 4, "main.f:9 a.go:10;" },
	{ 4, 8, "main.f:9 a.go:11;" },
	{ 8, 16, "main.f:9 b.go:11;" },
};

static void check_module_word(size_t i, uint64_t value)
{
	struct go_bytes b;

	go_bytes_init(&b, 0xfffffff1);
	b.program->module[i] = value;
	check_frames(&b, without_calls, ARRAY_SIZE(without_calls));
}

static void test_no_module(void **state)
{
	check_module_word(0, 0);
	check_module_word(1, TABLE);
	check_module_word(10, TABLE);
	check_module_word(13, TABLE);
	check_module_word(17, PCLNTAB_N_FUNCTIONS);
	check_module_word(40, 0);
	check_module_word(40, UINT64_MAX);
}

/* The segment with the data cannot be written to: it is not data. */
static void test_no_data(void **state)
{
	struct go_bytes b;

	go_bytes_init(&b, 0xfffffff1);
	b.elf.load.p_flags = PF_R | PF_X;
	check_frames(&b, without_calls, ARRAY_SIZE(without_calls));
}

static void check_call(size_t i, uint32_t name, uint32_t pc)
{
	struct go_bytes b;

	go_bytes_init(&b, 0xfffffff1);
	pclntab_put_call(b.program, 0xfffffff1, i, name, pc, 0);
	check_frames(&b, without_calls, ARRAY_SIZE(without_calls));
}

/* A base under which a tree makes no sense is none. */
static void test_bad_calls(void **state)
{
	check_call(0, 9, 2); /* within a name */
	check_call(0, 0, 2); /* an empty one */
	check_call(0, UINT32_MAX, 2);
	check_call(1, 23, 16); /* behind the function */
	check_call(1, 23, UINT32_MAX);
}

/* A call that is its own caller belongs to the function, as one of two that call each other. */
static void test_cycles(void **state)
{
	static const struct expected one[] = { { 4, 8, "runtime.goexit:70 a.go:11;main.f:9 a.go:11;" } };
	static const struct expected two[] = {
		{ 4, 8, "runtime.goexit:70 a.go:11;runtime.goexit1:80 b.go:11;main.f:9 a.go:11;" },
		{ 8, 12, "runtime.goexit1:80 b.go:11;main.f:9 a.go:11;" },
	};
	struct go_bytes b;

	go_bytes_init(&b, 0xfffffff1);
	pclntab_put_call(b.program, 0xfffffff1, 0, 8, 4, 70);
	check_frames(&b, one, ARRAY_SIZE(one));
	pclntab_put_call(b.program, 0xfffffff1, 0, 8, 8, 70);
	check_frames(&b, two, ARRAY_SIZE(two));
}

/* Fields of the function; the offsets are those of Go 1.20. */
static void check_function(size_t word, uint32_t value, const struct expected *expected, size_t n)
{
	struct go_bytes b;

	go_bytes_init(&b, 0xfffffff1);
	b.program->func[word] = value;
	check_frames(&b, expected, n);
}

static void test_bad_functions(void **state)
{
	static const struct expected no_lines[] = { { 0, 4, "main.f:9 :0;" }, { 12, 16, "main.f:9 :0;" } };
	static const struct expected no_file[] = { { 0, 4, "main.f:9 :0;" }, { 12, 16, "main.f:9 :0;" } };

	check_function(5, 0, no_lines, 2); /* pcfile */
	check_function(5, UINT32_MAX, no_lines, 2);
	check_function(6, 0, no_lines, 2);   /* pcln */
	check_function(8, 1000, no_file, 2); /* its unit */
	check_function(8, UINT32_MAX, no_file, 2);
	check_function(7, 2, without_calls, 3); /* pcdata: no calls */
	check_function(7, UINT32_MAX, without_calls, 3);
	check_function(13, 0, without_calls, 3);
	check_function(10, 3 << 24, without_calls, 3); /* funcdata: no tree */
	check_function(17, UINT32_MAX, without_calls, 3);
	check_function(17, UINT32_MAX - 1, without_calls, 3);
}

/* With two tables of pcs there is none of calls, though what lies there could be one. */
static void test_two_tables(void **state)
{
	struct go_bytes b;

	go_bytes_init(&b, 0xfffffff1);
	b.program->func[7] = 2;
	b.program->func[16] = PCLNTAB_TREE_OFFSET; /* funcdata 3 */
	check_frames(&b, without_calls, ARRAY_SIZE(without_calls));
}

/* In Go 1.16 pointers behind an even number of tables are aligned. */
static void test_aligned_pointers(void **state)
{
	static const struct expected frames[] = { { 4, 8, "runtime.goexit:0 a.go:11;main.f:0 a.go:10;" } };
	const uint64_t tree = EB_AT(debugdata) + offsetof(struct pclntab_program, tree);
	struct go_bytes b;

	go_bytes_init(&b, 0xfffffffa);
	b.program->func[8] = 4;
	memcpy(b.program->func + 22, &tree, sizeof(tree));
	check_frames(&b, frames, ARRAY_SIZE(frames));
}

/* Where the lines end before the files do, they end; what reaches beyond the function is not its own. */
static void test_lengths(void **state)
{
	static const struct expected short_lines[] = {
		{ 0, 4, "main.f:9 a.go:10;" },
		{ 12, 14, "main.f:9 b.go:11;" },
		{ 14, 16, "main.f:9 :0;" },
	};
	static const struct expected long_lines[] = {
		{ 12, 16, "main.f:9 b.go:11;" },
		{ 16, 32, "runtime.goexit1:0 :0;" },
	};
	static const struct expected no_line[] = {
		{ 0, 4, "main.f:9 a.go:10;" },
		{ 12, 16, "main.f:9 :0;" },
	};
	struct go_bytes b;
	uint8_t *pcln;

	go_bytes_init(&b, 0xfffffff1);
	pcln = b.program->table.all + PCLNTAB_PCS + PCLNTAB_PCLN;
	pcln[3] = 10;
	check_frames(&b, short_lines, ARRAY_SIZE(short_lines));
	pcln[3] = 100;
	b.program->table.all[PCLNTAB_PCS + PCLNTAB_PCFILE + 3] = 100;
	check_frames(&b, long_lines, ARRAY_SIZE(long_lines));
	pcln[2] = 21; /* 11 less: -1 */
	check_frames(&b, no_line, ARRAY_SIZE(no_line));
}

/* Neighbours of one scope, and of one line, are one. */
static void test_merged(void **state)
{
	struct go_bytes b;
	struct reading r;

	go_bytes_init(&b, 0xfffffff1);
	b.program->module[0] = 0;
	read_bytes(&b, &r);
	assert_int_equal(r.debug.n_spans, 3); /* a function each */
	assert_int_equal(r.debug.n_lines, 4); /* 10, 11, 11 of another file, none */
	reading_close(&r);
}

static void test_no_go(void **state)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	struct go_lines *lines;
	struct elf_bytes b;
	struct elffile f;

	elf_bytes_init(&b);
	assert_int_equal(index_writer_new(EM_X86_64, &(struct build_id){}, &w), 0);
	assert_int_equal(elffile_open_memory((char *)&b, sizeof(b), &f), 0);
	assert_int_equal(go_lines_read(&f, w, &lines), GO_LINES_NONE);
	elffile_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),   cmocka_unit_test(test_no_module),
		cmocka_unit_test(test_no_data),    cmocka_unit_test(test_bad_calls),
		cmocka_unit_test(test_cycles),     cmocka_unit_test(test_bad_functions),
		cmocka_unit_test(test_two_tables), cmocka_unit_test(test_aligned_pointers),
		cmocka_unit_test(test_lengths),    cmocka_unit_test(test_merged),
		cmocka_unit_test(test_no_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
