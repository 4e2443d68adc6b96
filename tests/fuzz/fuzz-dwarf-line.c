// SPDX-License-Identifier: Apache-2.0
/* dwarf line: any bytes as a line table; they are the sections with its strings, too. */
#include <stdlib.h>

#include "symbolizer/dwarf-line.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/line-bytes.h"

#define MAX_BYTES (1 << 16)
#define N_NUMBERS 300

static void check_files(const struct dwarf_line_table *t, size_t n_files)
{
	uint32_t file;

	for (uint64_t i = 0; i < N_NUMBERS; i++) {
		if (dwarf_line_table_file(t, i, &file) < 0)
			abort();
	}
	if (dwarf_line_table_file(t, UINT64_MAX, &file) != 0 || file != 0 || n_files == 0)
		abort();
}

/* Ascending, of files that there are, and with an end. */
static void check_rows(const struct dwarf_line_table *t, size_t n_files)
{
	for (size_t i = 0; i < t->n_rows; i++) {
		if (t->rows[i].file >= n_files || (t->rows[i].file == 0 && t->rows[i].line != 0) ||
		    (i > 0 && t->rows[i].address <= t->rows[i - 1].address))
			abort();
	}
	if (t->n_rows > 0 && t->rows[t->n_rows - 1].file != 0)
		abort();
}

static void check(const struct dwarf_line_unit *unit, struct index_writer *w)
{
	_cleanup_(dwarf_files_freep) struct dwarf_files *files = NULL;
	struct dwarf_line_table t;
	size_t n_files;
	int r;

	if (dwarf_files_new(w, &files) < 0)
		abort();
	r = dwarf_line_table_read(unit, files, &t);
	if (r == -EBADMSG)
		return;
	if (r < 0)
		abort();
	dwarf_files_get(files, &n_files);
	check_rows(&t, n_files);
	check_files(&t, n_files);
	dwarf_line_table_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	struct dwarf_sections sections = {};
	struct dwarf_line_unit unit = { .sections = &sections, .comp_dir = "/comp", .address_bytes = 8 };

	if (size > MAX_BYTES)
		return 0;
	if (index_writer_new(62, &(struct build_id){}, &w) < 0)
		abort();
	for (size_t i = 0; i < DWARF_N_SECTIONS; i++)
		sections.all[i] = (struct dwarf_bytes){ .data = data, .size = size };
	check(&unit, w);
	unit.is_64 = unit.is_dwo = true;
	unit.offset = size % 8;
	check(&unit, w);
	return 0;
}

static void put_lists_5(struct line_bytes *b)
{
	static const uint8_t lists[] = { 1,
					 DW_LNCT_path,
					 DW_FORM_line_strp,
					 1,
					 0x40,
					 0,
					 0,
					 0, /* one directory */
					 3,
					 DW_LNCT_path,
					 DW_FORM_string,
					 DW_LNCT_directory_index,
					 DW_FORM_udata,
					 DW_LNCT_MD5,
					 DW_FORM_data16,
					 2, /* two files */
					 'a',
					 0,
					 0,
					 1,
					 2,
					 3,
					 4,
					 5,
					 6,
					 7,
					 8,
					 9,
					 10,
					 11,
					 12,
					 13,
					 14,
					 15,
					 16,
					 'b',
					 0,
					 1,
					 1,
					 2,
					 3,
					 4,
					 5,
					 6,
					 7,
					 8,
					 9,
					 10,
					 11,
					 12,
					 13,
					 14,
					 15,
					 16 };

	memcpy(b->all + b->n, lists, sizeof(lists));
	b->n += sizeof(lists);
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const uint8_t versions[] = { 2, 4, 5, 5 };
	static struct line_bytes seeds[sizeof(versions)];
	struct line_bytes *b;

	if (i >= sizeof(versions))
		return NULL;
	b = &seeds[i];
	line_bytes_begin(b, versions[i], i == 3);
	if (versions[i] == 5)
		put_lists_5(b);
	else
		line_bytes_lists(b);
	line_bytes_program(b);
	line_bytes_sequence(b, 0x2000, 100, 4);
	line_bytes_sequence(b, 0x1000, 3, 4);
	line_bytes_sequence(b, 0x1008, 3, 9);
	line_bytes_end(b);
	*ret_size = b->n;
	return b->all;
}
