// SPDX-License-Identifier: Apache-2.0
/* dwarf line: tables written out by hand, in every version: forms, opcodes, sequences, damage. */
#include "tests/unit/tool.h"

#include "tests/unit/line-bytes.h"
#include "tests/unit/line-table.h"

static const uint8_t str[] = "\0str_dir\0str.c";
static const uint8_t line_str[] = "/comp\0sub\0a.c\0b.h";
static const uint8_t str_offsets[] = { 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 9, 0, 0, 0 };

/* What a table is read with. */
struct reading {
	struct index_writer *writer;
	struct dwarf_files *files;
	struct dwarf_sections sections;
	struct dwarf_line_unit unit;
	struct dwarf_line_table table;
};

static void reading_begin(struct reading *r, const void *data, size_t size)
{
	*r = (struct reading){};
	assert_int_equal(index_writer_new(EM_X86_64, &(struct build_id){}, &r->writer), 0);
	assert_int_equal(dwarf_files_new(r->writer, &r->files), 0);
	r->sections.all[DWARF_LINE] = (struct dwarf_bytes){ .data = data, .size = size };
	r->sections.all[DWARF_STR] = (struct dwarf_bytes){ .data = str, .size = sizeof(str) };
	r->sections.all[DWARF_LINE_STR] = (struct dwarf_bytes){ .data = line_str, .size = sizeof(line_str) };
	r->sections.all[DWARF_STR_OFFSETS] = (struct dwarf_bytes){ .data = str_offsets, .size = sizeof(str_offsets) };
	r->unit = (struct dwarf_line_unit){
		.sections = &r->sections,
		.comp_dir = "/build",
		.address_bytes = 8,
		.str_offsets = 4,
	};
}

static int reading_try(struct reading *r)
{
	return dwarf_line_table_read(&r->unit, r->files, &r->table);
}

static void reading_of(struct reading *r, struct line_bytes *b)
{
	line_bytes_end(b);
	reading_begin(r, b->all, b->n);
	assert_int_equal(reading_try(r), 0);
}

static void reading_end(struct reading *r)
{
	dwarf_line_table_done(&r->table);
	dwarf_files_free(r->files);
	index_writer_free(r->writer);
}

static void check_path(struct reading *r, uint32_t file, const char *path)
{
	struct line_paths paths;

	line_paths_read(r->writer, r->files, &paths);
	assert_string_equal(line_path(&paths, file), path);
	line_paths_done(&paths);
}

static void check_file(struct reading *r, uint64_t number, const char *path)
{
	uint32_t file;

	assert_int_equal(dwarf_line_table_file(&r->table, number, &file), 0);
	check_path(r, file, path);
}

static void check_row(struct reading *r, size_t i, uint64_t address, uint32_t line, const char *path)
{
	assert_true(i < r->table.n_rows);
	assert_int_equal(r->table.rows[i].address, address);
	assert_int_equal(r->table.rows[i].line, line);
	check_path(r, r->table.rows[i].file, path);
}

static void begin(struct line_bytes *b, uint8_t version, bool is_64)
{
	line_bytes_begin(b, version, is_64);
	line_bytes_lists(b);
	line_bytes_program(b);
}

/* -- headers -- */

static void check_version(uint8_t version, bool is_64)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, version, is_64);
	line_bytes_sequence(&b, 0x1000, 4, 2);
	reading_of(&r, &b);
	assert_int_equal(r.table.n_rows, 3);
	check_row(&r, 0, 0x1000, 5, "/build/one.c");
	check_row(&r, 1, 0x1010, 6, "/build/one.c");
	check_row(&r, 2, 0x1020, 0, "");
	check_file(&r, 0, "");
	check_file(&r, 1, "/build/one.c");
	check_file(&r, 2, "/build/inc/two.h");
	check_file(&r, 3, "/abs/three.h");
	check_file(&r, 4, "/four.h");
	check_file(&r, 5, "");
	check_file(&r, UINT64_MAX, "");
	check_file(&r, 2, "/build/inc/two.h"); /* again */
	reading_end(&r);
}

static void test_versions(void **state)
{
	for (uint8_t version = 2; version <= 4; version++) {
		check_version(version, false);
		check_version(version, version > 2);
	}
}

static void put_formats(struct line_bytes *b, const uint64_t (*formats)[2], size_t n)
{
	line_bytes_put(b, n, 1);
	for (size_t i = 0; i < n; i++) {
		line_bytes_uleb(b, formats[i][0]);
		line_bytes_uleb(b, formats[i][1]);
	}
}

#define FORMATS(b, ...)                                                                                                \
	put_formats(b, (const uint64_t[][2]){ __VA_ARGS__ }, sizeof((const uint64_t[][2]){ __VA_ARGS__ }) / 16)

/* As gcc and clang write it: directory 0 is that of the compilation; and what else may be told of a file. */
static void check_v5(bool is_64)
{
	struct line_bytes b;
	struct reading r;

	line_bytes_begin(&b, 5, is_64);
	FORMATS(&b, { DW_LNCT_path, DW_FORM_line_strp });
	line_bytes_uleb(&b, 2);
	line_bytes_put(&b, 0, b.offset_bytes);
	line_bytes_put(&b, 6, b.offset_bytes);
	FORMATS(&b, { DW_LNCT_path, DW_FORM_line_strp }, { DW_LNCT_directory_index, DW_FORM_udata },
		{ DW_LNCT_MD5, DW_FORM_data16 }, { DW_LNCT_size, DW_FORM_data8 }, { DW_LNCT_timestamp, DW_FORM_block },
		{ 0x2001, DW_FORM_string });
	line_bytes_uleb(&b, 2);
	for (uint64_t i = 0; i < 2; i++) {
		line_bytes_put(&b, i ? 14 : 10, b.offset_bytes);
		line_bytes_uleb(&b, i);
		b.n += 16 + 8;
		line_bytes_uleb(&b, 3);
		b.n += 3;
		line_bytes_string(&b, "source");
	}
	line_bytes_program(&b);
	line_bytes_address(&b, 0x1000);
	line_bytes_put(&b, DW_LNS_set_file, 1);
	line_bytes_uleb(&b, 0);
	line_bytes_row(&b, 6, 16);
	line_bytes_end_sequence(&b);
	line_bytes_sequence(&b, 0x1010, 7, 1);
	reading_of(&r, &b);
	check_row(&r, 0, 0x1000, 7, "/comp/a.c");
	check_row(&r, 1, 0x1010, 8, "/build/sub/b.h"); /* file 1 */
	check_file(&r, 0, "/comp/a.c");
	check_file(&r, 1, "/build/sub/b.h");
	check_file(&r, 2, "");
	reading_end(&r);
}

static void test_version_5(void **state)
{
	check_v5(false);
	check_v5(true);
}

/* One directory and one file, whose name and whose directory come in the given forms. */
static void check_forms(uint64_t name_form, uint64_t name, size_t name_bytes, uint64_t dir_form, size_t dir_bytes,
			const char *expected)
{
	struct line_bytes b;
	struct reading r;

	line_bytes_begin(&b, 5, false);
	FORMATS(&b, { DW_LNCT_path, DW_FORM_string });
	line_bytes_uleb(&b, 2);
	line_bytes_string(&b, "/comp");
	line_bytes_string(&b, "/d");
	FORMATS(&b, { DW_LNCT_directory_index, dir_form }, { DW_LNCT_path, name_form });
	line_bytes_uleb(&b, 1);
	line_bytes_put(&b, 1, dir_bytes);
	line_bytes_put(&b, name, name_bytes);
	line_bytes_program(&b);
	reading_of(&r, &b);
	check_file(&r, 0, expected);
	reading_end(&r);
}

static void test_forms(void **state)
{
	check_forms(DW_FORM_string, 'x', 2, DW_FORM_udata, 1, "/d/x");
	check_forms(DW_FORM_strp, 9, 4, DW_FORM_data1, 1, "/d/str.c");
	check_forms(DW_FORM_line_strp, 10, 4, DW_FORM_data2, 2, "/d/a.c");
	check_forms(DW_FORM_line_strp, 18, 4, DW_FORM_data2, 2, ""); /* behind the section */
	check_forms(DW_FORM_strx, 1, 1, DW_FORM_data4, 4, "/d/str.c");
	check_forms(DW_FORM_strx1, 0, 1, DW_FORM_data8, 8, "/d/str_dir");
	check_forms(DW_FORM_strx2, 1, 2, DW_FORM_sdata, 1, "/d/str.c");
	check_forms(DW_FORM_strx3, 1, 3, DW_FORM_udata, 1, "/d/str.c");
	check_forms(DW_FORM_strx4, 1, 4, DW_FORM_udata, 1, "/d/str.c");
	check_forms(DW_FORM_strx4, 2, 4, DW_FORM_udata, 1, "");
	check_forms(DW_FORM_strx4, UINT32_MAX, 4, DW_FORM_udata, 1, "");
	check_forms(DW_FORM_strp_sup, 9, 4, DW_FORM_udata, 1, "");
	check_forms(DW_FORM_exprloc, 1, 1, DW_FORM_udata, 1, ""); /* no string, and no length that is known */
}

/* Directory 0 is what the unit was compiled in: it stands in for what the unit itself says. */
static void test_relative_directory(void **state)
{
	struct line_bytes b;
	struct reading r;

	line_bytes_begin(&b, 5, false);
	FORMATS(&b, { DW_LNCT_path, DW_FORM_string });
	line_bytes_uleb(&b, 1);
	line_bytes_string(&b, "comp");
	FORMATS(&b, { DW_LNCT_path, DW_FORM_string }, { DW_LNCT_directory_index, DW_FORM_udata });
	line_bytes_uleb(&b, 2);
	line_bytes_string(&b, "x");
	line_bytes_uleb(&b, 0);
	line_bytes_string(&b, "y");
	line_bytes_uleb(&b, 1); /* there is none */
	line_bytes_program(&b);
	reading_of(&r, &b);
	check_file(&r, 0, "comp/x");
	check_file(&r, 1, "/build/y");
	reading_end(&r);
}

/* Of a million files there are as many as bytes have them. */
static void test_short_lists(void **state)
{
	struct line_bytes b;
	struct reading r;

	line_bytes_begin(&b, 5, false);
	FORMATS(&b, { DW_LNCT_path, DW_FORM_string });
	line_bytes_uleb(&b, 1);
	line_bytes_string(&b, "/comp");
	line_bytes_put(&b, 0, 1); /* formats of a file: none */
	line_bytes_uleb(&b, 1 << 20);
	line_bytes_program(&b);
	line_bytes_sequence(&b, 0x1000, 7, 1);
	reading_of(&r, &b);
	assert_int_equal(r.table.n_rows, 1); /* a row without a file has no line either */
	check_row(&r, 0, 0x1000, 0, "");
	check_file(&r, 0, "");
	reading_end(&r);
}

static void check_refused(uint8_t version, size_t at, uint8_t byte, size_t size)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, version, false);
	line_bytes_end(&b);
	b.all[at] = byte;
	reading_begin(&r, b.all, size);
	assert_int_equal(reading_try(&r), -EBADMSG);
	reading_end(&r);
}

static void test_refused(void **state)
{
	struct line_bytes b;
	struct reading r;

	check_refused(4, 4, 1, 200);
	check_refused(4, 4, 6, 200);
	check_refused(4, 5, 1, 200);
	check_refused(4, 7, 1, 200);  /* the header is longer than the table */
	check_refused(4, 6, 16, 200); /* shorter than its opcodes */
	check_refused(4, 0, 5, 200);
	check_refused(4, 0, 4, 5);
	check_refused(4, 0, 4, 0);
	begin(&b, 4, false);
	line_bytes_end(&b);
	reading_begin(&r, b.all, b.n);
	r.unit.offset = b.n + 1;
	assert_int_equal(reading_try(&r), -EBADMSG);
	r.unit.offset = UINT64_MAX;
	assert_int_equal(reading_try(&r), -EBADMSG);
	reading_end(&r);
}

/* A table behind another one; a .dwo has only names. */
static void test_offset_and_dwo(void **state)
{
	uint8_t two[2048] = {};
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_sequence(&b, 0x1000, 4, 1);
	line_bytes_end(&b);
	memset(two, 0xff, 100);
	memcpy(two + 100, b.all, b.n);
	reading_begin(&r, two, 100 + b.n);
	r.unit.offset = 100;
	assert_int_equal(reading_try(&r), 0);
	check_row(&r, 0, 0x1000, 5, "/build/one.c");
	dwarf_line_table_done(&r.table);
	r.unit.is_dwo = true;
	assert_int_equal(reading_try(&r), 0);
	assert_int_equal(r.table.n_rows, 0);
	check_file(&r, 1, "/build/one.c");
	reading_end(&r);
}

/* -- opcodes -- */

static void test_opcodes(void **state)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	b.all[b.header_at + 6 + DW_LNS_set_isa - 1] = 0; /* it has an operand, whatever the header says */
	line_bytes_address(&b, 0x1000);
	line_bytes_put(&b, 13 + 12 * 0 + 3 + 4, 1); /* 0x1000, line 5 */
	line_bytes_put(&b, 13 + 12 * 5 + 3 - 3, 1); /* 0x1005, line 2 */
	line_bytes_put(&b, DW_LNS_const_add_pc, 1); /* (255 - 13) / 12 = 20 */
	line_bytes_put(&b, DW_LNS_copy, 1);         /* 0x1019, line 2: nothing new */
	line_bytes_put(&b, DW_LNS_fixed_advance_pc, 1);
	line_bytes_put(&b, 0x8001, 2);
	line_bytes_put(&b, DW_LNS_set_file, 1);
	line_bytes_uleb(&b, 3);
	line_bytes_put(&b, DW_LNS_set_column, 1);
	line_bytes_uleb(&b, 300);
	line_bytes_put(&b, DW_LNS_negate_stmt, 1);
	line_bytes_put(&b, DW_LNS_set_basic_block, 1);
	line_bytes_put(&b, DW_LNS_set_prologue_end, 1);
	line_bytes_put(&b, DW_LNS_set_epilogue_begin, 1);
	line_bytes_put(&b, DW_LNS_set_isa, 1);
	line_bytes_uleb(&b, 200);
	line_bytes_put(&b, DW_LNS_advance_line, 1);
	line_bytes_sleb(&b, 100000);
	line_bytes_put(&b, DW_LNS_copy, 1); /* 0x901a, line 100002 */
	line_bytes_extended(&b, DW_LNE_set_discriminator, 2);
	line_bytes_uleb(&b, 200);
	line_bytes_extended(&b, DW_LNE_lo_user, 4); /* nobody knows it */
	line_bytes_put(&b, DW_LNS_copy * 0x01010101u, 4);
	line_bytes_put(&b, 0, 2); /* an extended one without a byte */
	line_bytes_extended(&b, DW_LNE_define_file, 9);
	line_bytes_string(&b, "new.c");
	line_bytes_put(&b, 1, 2); /* directory, time */
	line_bytes_put(&b, 0, 1); /* length */
	line_bytes_put(&b, DW_LNS_set_file, 1);
	line_bytes_uleb(&b, 5);
	line_bytes_put(&b, 13 + 12 * 1 + 3, 1); /* 0x901b, line 100002 */
	line_bytes_put(&b, DW_LNS_advance_pc, 1);
	line_bytes_uleb(&b, 0x1000);
	line_bytes_end_sequence(&b);
	reading_of(&r, &b);
	check_row(&r, 0, 0x1000, 5, "/build/one.c");
	check_row(&r, 1, 0x1005, 2, "/build/one.c");
	check_row(&r, 2, 0x901a, 100002, "/abs/three.h");
	check_row(&r, 3, 0x901b, 100002, "/build/inc/new.c");
	check_row(&r, 4, 0xa01b, 0, "");
	assert_int_equal(r.table.n_rows, 5);
	check_file(&r, 5, "/build/inc/new.c");
	check_file(&r, 6, "");
	reading_end(&r);
}

/* Nobody knows opcodes 13 and 14: they have two operands and none, as the header says. Instructions have four bytes. */
static void test_unknown_opcodes(void **state)
{
	struct line_bytes b;
	struct reading r;

	line_bytes_begin(&b, 4, false);
	b.all[b.header_at] = 4;
	b.all[b.header_at + 5] = LINE_BYTES_OPCODE_BASE + 2;
	line_bytes_put(&b, 2, 1);
	line_bytes_put(&b, 0, 1);
	line_bytes_lists(&b);
	line_bytes_program(&b);
	line_bytes_address(&b, 0x1000);
	line_bytes_put(&b, 13, 1);
	line_bytes_uleb(&b, 200);
	line_bytes_uleb(&b, DW_LNS_copy);
	line_bytes_put(&b, 14, 1);
	line_bytes_row(&b, 4, 5);
	line_bytes_put(&b, 15 + 12 * 2 + 3, 1);
	line_bytes_row(&b, 6, 1);
	line_bytes_put(&b, DW_LNS_const_add_pc, 1); /* (255 - 15) / 12 = 20 */
	line_bytes_row(&b, 7, 0);
	line_bytes_put(&b, DW_LNS_fixed_advance_pc, 1); /* bytes */
	line_bytes_put(&b, 3, 2);
	line_bytes_end_sequence(&b);
	reading_of(&r, &b);
	check_row(&r, 0, 0x1000, 5, "/build/one.c");
	check_row(&r, 1, 0x101c, 7, "/build/one.c"); /* 5 and 2 instructions on */
	check_row(&r, 2, 0x1070, 8, "/build/one.c"); /* 1 and 20 */
	check_row(&r, 3, 0x1073, 0, "");
	reading_end(&r);
}

/* Fewer opcodes than are known today: 10 is the first special one, as in DWARF 2. */
static void check_opcode_base(uint8_t base, uint8_t opcode, uint64_t address, uint32_t line)
{
	struct line_bytes b;
	struct reading r;

	line_bytes_begin(&b, 2, false);
	b.n = b.header_at + 5;
	b.all[b.header_at + 4] = base;
	b.n += base ? base - 1 : 0;
	line_bytes_lists(&b);
	line_bytes_program(&b);
	line_bytes_address(&b, 0x1000);
	line_bytes_put(&b, opcode, 1);
	line_bytes_address(&b, 0x2000);
	line_bytes_end_sequence(&b);
	reading_of(&r, &b);
	check_row(&r, 0, address, line, "/build/one.c");
	reading_end(&r);
}

static void test_opcode_bases(void **state)
{
	check_opcode_base(10, 10 + 12 * 2 + 3 + 1, 0x1002, 2);
	check_opcode_base(10, 10 + 3, 0x1000, 1);
	check_opcode_base(1, 1 + 12 + 3, 0x1001, 1);
	check_opcode_base(0, 12 + 3, 0x1001, 1);
}

/* A special opcode of a line range of 0 moves the line by line_base only. */
static void test_no_line_range(void **state)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	b.all[b.header_at + 4] = 0;
	line_bytes_address(&b, 0x1000);
	line_bytes_put(&b, DW_LNS_advance_line, 1);
	line_bytes_sleb(&b, 9);
	line_bytes_put(&b, 200, 1);
	line_bytes_put(&b, DW_LNS_const_add_pc, 1);
	line_bytes_put(&b, DW_LNS_advance_pc, 1);
	line_bytes_uleb(&b, 4);
	line_bytes_end_sequence(&b);
	reading_of(&r, &b);
	check_row(&r, 0, 0x1000, 7, "/build/one.c");
	check_row(&r, 1, 0x1004, 0, "");
	reading_end(&r);
}

/* Operands of 1, 2 and 4 bytes are addresses too; others are skipped. */
static void test_address_sizes(void **state)
{
	static const struct {
		size_t size;
		uint64_t address;
	} cases[] = { { 1, 0x56 }, { 2, 0x3456 }, { 4, 0x90123456 }, { 3, 0 }, { 8, 0x1234567890123456 } };
	struct line_bytes b;
	struct reading r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(&b, 4, false);
		line_bytes_extended(&b, DW_LNE_set_address, cases[i].size);
		line_bytes_put(&b, 0x1234567890123456, cases[i].size);
		line_bytes_row(&b, 1, 8);
		line_bytes_end_sequence(&b);
		reading_of(&r, &b);
		assert_int_equal(r.table.n_rows, cases[i].address ? 2 : 0); /* at 0: of dropped code */
		if (cases[i].address)
			check_row(&r, 0, cases[i].address, 2, "/build/one.c");
		reading_end(&r);
	}
}

/* -- rows and sequences -- */

/* Of rows at one address the last one; line 0 is a line, of its file; an unknown file has none. */
static void test_rows(void **state)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_address(&b, 0x1000);
	line_bytes_row(&b, 1, 0);
	line_bytes_row(&b, 2, 0);
	line_bytes_row(&b, 3, 8);
	line_bytes_row(&b, -1, 8);
	line_bytes_put(&b, DW_LNS_set_file, 1);
	line_bytes_uleb(&b, 9);
	line_bytes_row(&b, 1, 8);
	line_bytes_put(&b, DW_LNS_set_file, 1);
	line_bytes_uleb(&b, 2);
	line_bytes_row(&b, 1, 8);
	line_bytes_row(&b, 5, 0); /* has no byte */
	line_bytes_end_sequence(&b);
	reading_of(&r, &b);
	check_row(&r, 0, 0x1000, 4, "/build/one.c");
	check_row(&r, 1, 0x1008, 0, "/build/one.c");
	check_row(&r, 2, 0x1010, 0, "");
	check_row(&r, 3, 0x1018, 2, "/build/inc/two.h");
	check_row(&r, 4, 0x1020, 0, "");
	assert_int_equal(r.table.n_rows, 5);
	reading_end(&r);
}

/* In any order; one that begins where another ends leaves no gap. */
static void test_sequences(void **state)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_sequence(&b, 0x3000, 30, 2);
	line_bytes_sequence(&b, 0x1000, 10, 1);
	line_bytes_sequence(&b, 0x1010, 20, 1);
	reading_of(&r, &b);
	check_row(&r, 0, 0x1000, 11, "/build/one.c");
	check_row(&r, 1, 0x1010, 21, "/build/one.c");
	check_row(&r, 2, 0x1020, 0, "");
	check_row(&r, 3, 0x3000, 31, "/build/one.c");
	check_row(&r, 4, 0x3010, 32, "/build/one.c");
	check_row(&r, 5, 0x3020, 0, "");
	assert_int_equal(r.table.n_rows, 6);
	reading_end(&r);
}

/* [0x1000, 0x1040) with [0x1018, 0x1028) in it: what ends first counts up to its end, as in llvm-symbolizer. */
static void test_overlap(void **state)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_sequence(&b, 0x1000, 10, 4);
	line_bytes_sequence(&b, 0x1018, 50, 1);
	line_bytes_sequence(&b, 0x1008, 70, 2); /* ends with the one before: nothing is left for it */
	reading_of(&r, &b);
	check_row(&r, 0, 0x1018, 51, "/build/one.c");
	check_row(&r, 1, 0x1028, 13, "/build/one.c");
	check_row(&r, 2, 0x1030, 14, "/build/one.c");
	check_row(&r, 3, 0x1040, 0, "");
	assert_int_equal(r.table.n_rows, 4);
	reading_end(&r);
}

static void check_dropped(uint64_t address, bool is_dropped)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_sequence(&b, address, 10, 4);
	line_bytes_sequence(&b, 0x1000, 20, 1);
	reading_of(&r, &b);
	assert_int_equal(r.table.n_rows, is_dropped ? 2 : 7);
	reading_end(&r);
}

static void test_dropped(void **state)
{
	check_dropped(0, true);
	check_dropped(UINT64_MAX, true);
	check_dropped(UINT64_MAX - 1, true);
	check_dropped(UINT64_MAX - 0x30, true); /* ends before it starts */
	check_dropped(1, false);
	check_dropped(UINT64_MAX - 0x1000, false);
}

/* In 32 bits, whose sum we do not wrap. */
static void test_dropped_32(void **state)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_sequence(&b, UINT32_MAX, 10, 4);
	line_bytes_end(&b);
	reading_begin(&r, b.all, b.n);
	r.unit.address_bytes = 4;
	assert_int_equal(reading_try(&r), 0);
	assert_int_equal(r.table.n_rows, 0);
	reading_end(&r);
}

/* Addresses that go back, and rows behind the end. */
static void test_disorder(void **state)
{
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_address(&b, 0x1000);
	line_bytes_row(&b, 1, 0x20);
	line_bytes_row(&b, 2, 0);
	line_bytes_address(&b, 0x1010);
	line_bytes_row(&b, 3, 0);
	line_bytes_address(&b, 0x2000);
	line_bytes_row(&b, 4, 0);
	line_bytes_address(&b, 0x1030);
	line_bytes_end_sequence(&b);
	reading_of(&r, &b);
	check_row(&r, 0, 0x1000, 2, "/build/one.c");
	check_row(&r, 1, 0x1020, 4, "/build/one.c");
	check_row(&r, 2, 0x1030, 0, "");
	assert_int_equal(r.table.n_rows, 3);
	reading_end(&r);
}

/* Wherever the program is cut off, the sequences that have ended by then are there, and nothing else. */
static void test_cut_off(void **state)
{
	size_t first_end, second_end;
	struct line_bytes b;
	struct reading r;

	begin(&b, 4, false);
	line_bytes_sequence(&b, 0x1000, 10, 1);
	first_end = b.n;
	line_bytes_sequence(&b, 0x2000, 20, 1);
	second_end = b.n;
	line_bytes_end(&b);
	for (size_t n = b.program_at; n <= second_end; n++) {
		size_t expected = n < first_end ? 0 : n < second_end ? 2 : 4;

		reading_begin(&r, b.all, n);
		assert_int_equal(reading_try(&r), 0);
		assert_int_equal(r.table.n_rows, expected);
		reading_end(&r);
	}
}

/* -- files -- */

static void check_joined(const char *comp_dir, const char *dir, const char *name, const char *path)
{
	struct reading r;
	uint32_t file;

	reading_begin(&r, NULL, 0);
	assert_int_equal(dwarf_files_add(r.files, comp_dir, dir, name, &file), 0);
	check_path(&r, file, path);
	reading_end(&r);
}

static void test_paths(void **state)
{
	static char a[DWARF_FILES_PATH_BYTES + 2], long_path[DWARF_FILES_PATH_BYTES + 1];

	check_joined("/a/", "b/", "c", "/a/b/c");
	check_joined("/a", "../b", "./c.c", "/a/../b/./c.c");
	check_joined("/a", "/b", "c", "/b/c");
	check_joined("/a", "/b", "/c", "/c");
	check_joined("/a", "b", "C:\\c", "C:\\c");
	check_joined("/a", "c:/b", "c", "c:/b/c");
	check_joined("/a", "c:b", "c", "/a/c:b/c");
	check_joined("/a", "\\\\host", "c", "\\\\host/c");
	check_joined("a", NULL, "c", "a/c");
	check_joined("/a", "", "c", "/a/c");
	check_joined("/", "b", "c", "/b/c");
	check_joined(NULL, NULL, "c", "c");
	check_joined(NULL, NULL, NULL, "");
	memset(a, 'x', sizeof(a) - 1);
	memcpy(long_path, "/a/", 3);
	memset(long_path + 3, 'x', sizeof(long_path) - 4);
	check_joined("/a", a, "c", long_path);
}

/* More of them than there is room for at first; each once. */
static void test_many_files(void **state)
{
	struct line_paths paths;
	struct reading r;

	reading_begin(&r, NULL, 0);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t file;
		char name[16];

		snprintf(name, sizeof(name), "%u.c", i % 10000);
		assert_int_equal(dwarf_files_add(r.files, "/a", NULL, name, &file), 0);
		assert_int_equal(file, 1 + i % 10000);
	}
	line_paths_read(r.writer, r.files, &paths);
	assert_int_equal(paths.n, 10001);
	assert_string_equal(line_path(&paths, 0), "");
	assert_string_equal(line_path(&paths, 1), "/a/0.c");
	assert_string_equal(line_path(&paths, 10000), "/a/9999.c");
	line_paths_done(&paths);
	reading_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_version_5),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_relative_directory),
		cmocka_unit_test(test_short_lists),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_offset_and_dwo),
		cmocka_unit_test(test_opcodes),
		cmocka_unit_test(test_unknown_opcodes),
		cmocka_unit_test(test_opcode_bases),
		cmocka_unit_test(test_no_line_range),
		cmocka_unit_test(test_address_sizes),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_dropped_32),
		cmocka_unit_test(test_disorder),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
