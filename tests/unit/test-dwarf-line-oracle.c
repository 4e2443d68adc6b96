// SPDX-License-Identifier: Apache-2.0
/*
 * dwarf line: the tables of programs compiled here, row by row against libdw and address by address against
 * llvm-symbolizer.
 */
#include "tests/unit/tool.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <limits.h>

#include "symbolizer/dwarf-line.h"
#include "tests/unit/line-table.h"

/* -- a file, as libdw and as we see it -- */

struct program {
	int fd;
	struct elffile file;
	struct dwarf_sections sections;
	Dwarf *dwarf;
	struct index_writer *writer;
	struct dwarf_files *files;
	size_t n_rows, n_units;
};

static void program_open(const char *path, struct program *ret)
{
	*ret = (struct program){ .fd = tool_open(path) };
	assert_int_equal(elffile_open(ret->fd, &ret->file), 0);
	assert_int_equal(dwarf_sections_open(&ret->file, false, &ret->sections), 0);
	ret->dwarf = dwarf_begin(ret->fd, DWARF_C_READ);
	assert_non_null(ret->dwarf);
	assert_int_equal(index_writer_new(EM_X86_64, &(struct build_id){}, &ret->writer), 0);
	assert_int_equal(dwarf_files_new(ret->writer, &ret->files), 0);
}

static void program_close(struct program *p)
{
	dwarf_files_free(p->files);
	index_writer_free(p->writer);
	dwarf_end(p->dwarf);
	dwarf_sections_done(&p->sections);
	elffile_done(&p->file);
	close(p->fd);
}

/* The table of a unit; false: it has none. */
static bool read_unit(struct program *p, Dwarf_Die *cu, struct dwarf_line_table *ret)
{
	struct dwarf_line_unit unit = { .sections = &p->sections };
	Dwarf_Attribute a;
	uint8_t offset_bytes;

	if (!dwarf_attr(cu, DW_AT_stmt_list, &a) || dwarf_formudata(&a, &unit.offset) != 0)
		return false;
	unit.comp_dir = dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &a));
	assert_non_null(dwarf_diecu(cu, &(Dwarf_Die){}, &unit.address_bytes, &offset_bytes));
	unit.is_64 = offset_bytes == 8;
	assert_int_equal(dwarf_line_table_read(&unit, p->files, ret), 0);
	return true;
}

/* -- libdw -- */

static bool is_code(const struct program *p, uint64_t address)
{
	return elffile_segment_at(&p->file, address) || elffile_segment_at(&p->file, address - 1);
}

/* libdw leaves out the directory of the compilation before DWARF 5. */
static void check_row(const struct line_paths *paths, const struct dwarf_line_row *row, Dwarf_Line *line, uint64_t at,
		      const char *comp_dir)
{
	const char *src = dwarf_linesrc(line, NULL, NULL);
	char expected[PATH_MAX];
	int n;

	assert_int_equal(dwarf_lineno(line, &n), 0);
	snprintf(expected, sizeof(expected), "%s%s%s", src[0] == '/' ? "" : comp_dir, src[0] == '/' ? "" : "/", src);
	if (!row || row->line != (uint32_t)n || strcmp(line_path(paths, row->file), expected) != 0)
		fail_msg("%#lx: %s:%u, and libdw has %s:%d", at, row ? line_path(paths, row->file) : "none",
			 row ? row->line : 0, expected, n);
}

/* The end of a sequence, or the start of the next one. */
static bool is_at_end(Dwarf_Lines *lines, size_t i)
{
	uint64_t at, before;
	bool is_end;

	do {
		assert_int_equal(dwarf_lineendsequence(dwarf_onesrcline(lines, i), &is_end), 0);
		assert_int_equal(dwarf_lineaddr(dwarf_onesrcline(lines, i), &at), 0);
		if (is_end || i == 0)
			return is_end;
		assert_int_equal(dwarf_lineaddr(dwarf_onesrcline(lines, --i), &before), 0);
	} while (before == at);
	return false;
}

/* libdw has the lines by address, the ends first of those at one; the last one counts. */
static size_t compare_unit(const struct program *p, const struct line_paths *paths, const struct dwarf_line_table *t,
			   Dwarf_Die *cu)
{
	Dwarf_Attribute a;
	const char *comp_dir = dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &a));
	Dwarf_Lines *lines;
	size_t n, n_checked = 0;

	assert_int_equal(dwarf_getsrclines(cu, &lines, &n), 0);
	for (size_t i = 0; i < n; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
		const struct dwarf_line_row *row;
		uint64_t at, next_at = 0;

		assert_int_equal(dwarf_lineaddr(line, &at), 0);
		if (next)
			assert_int_equal(dwarf_lineaddr(next, &next_at), 0);
		if (!is_code(p, at) || next_at == at)
			continue;
		row = line_row_at(t, at);
		assert_non_null(row);
		if (!is_at_end(lines, i) || row->file)
			check_row(paths, row, line, at, comp_dir);
		n_checked++;
	}
	assert_true(t->n_rows <= n_checked);
	return n_checked;
}

static void compare_with_libdw(struct program *p)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die cu;
	uint8_t type;

	while (dwarf_get_units(p->dwarf, unit, &unit, NULL, &type, &cu, NULL) == 0) {
		struct dwarf_line_table t;
		struct line_paths paths;

		if (dwarf_tag(&cu) != DW_TAG_compile_unit || !read_unit(p, &cu, &t))
			continue;
		line_paths_read(p->writer, p->files, &paths);
		p->n_rows += compare_unit(p, &paths, &t, &cu);
		p->n_units++;
		line_paths_done(&paths);
		dwarf_line_table_done(&t);
	}
}

/* -- llvm-symbolizer -- */

/* It asks a unit only for what the unit says to have: no padding between functions. */
static void print_addresses(FILE *f, const struct dwarf_line_table *t, Dwarf_Die *cu)
{
	for (size_t i = 0; i + 1 < t->n_rows; i++) {
		const struct dwarf_line_row *row = &t->rows[i];

		if (dwarf_haspc(cu, row->address) == 1)
			fprintf(f, "%#lx\n", row->address);
		if (dwarf_haspc(cu, row[1].address - 1) == 1)
			fprintf(f, "%#lx\n", row[1].address - 1);
	}
}

/* PATH:LINE:COLUMN of the next answer; an empty line is behind each. */
static void check_answer(FILE *f, const struct line_paths *paths, const struct dwarf_line_row *row, uint64_t at)
{
	char answer[PATH_MAX], expected[PATH_MAX], empty[8];
	char *column;

	assert_non_null(fgets(answer, sizeof(answer), f));
	assert_non_null(fgets(empty, sizeof(empty), f));
	column = strrchr(answer, ':');
	assert_non_null(column);
	*column = 0;
	snprintf(expected, sizeof(expected), "%s:%u", row->file ? line_path(paths, row->file) : "??", row->line);
	if (strcmp(answer, expected) != 0)
		fail_msg("%#lx: %s, and llvm-symbolizer has %s", at, expected, answer);
}

static void check_answers(FILE *f, const struct line_paths *paths, const struct dwarf_line_table *t, Dwarf_Die *cu)
{
	for (size_t i = 0; i + 1 < t->n_rows; i++) {
		const struct dwarf_line_row *row = &t->rows[i];

		if (dwarf_haspc(cu, row->address) == 1)
			check_answer(f, paths, row, row->address);
		if (dwarf_haspc(cu, row[1].address - 1) == 1)
			check_answer(f, paths, row, row[1].address - 1);
	}
}

static void each_table(struct program *p, FILE *f, const struct line_paths *paths)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die cu;

	while (dwarf_get_units(p->dwarf, unit, &unit, NULL, NULL, &cu, NULL) == 0) {
		struct dwarf_line_table t;

		if (dwarf_tag(&cu) != DW_TAG_compile_unit || !read_unit(p, &cu, &t))
			continue;
		if (paths)
			check_answers(f, paths, &t, &cu);
		else
			print_addresses(f, &t, &cu);
		dwarf_line_table_done(&t);
	}
}

static void compare_with_llvm(struct program *p, const char *dir, const char *name)
{
	struct line_paths paths;
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/addresses", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	each_table(p, f, NULL);
	assert_int_equal(fclose(f), 0);
	tool_run("cd '%s' && llvm-symbolizer-14 -e '%s' --no-inlines --functions=none <addresses >answers", dir, name);
	snprintf(path, sizeof(path), "%s/answers", dir);
	f = fopen(path, "r");
	assert_non_null(f);
	line_paths_read(p->writer, p->files, &paths);
	each_table(p, f, &paths);
	assert_int_equal(fgetc(f), EOF);
	line_paths_done(&paths);
	assert_int_equal(fclose(f), 0);
}

/* -- programs -- */

static const char header[] = "#pragma once\n"
			     "#include <algorithm>\n#include <map>\n#include <string>\n#include <vector>\n"
			     "template <class T> static inline T twice(T v)\n{\n\treturn v + v;\n}\n"
			     "struct shape {\n\tint n;\n\tvirtual int area()\n\t{\n\t\treturn twice(n);\n\t}\n};\n"
			     "int other(std::map<std::string, int> &m);\n";

static const char main_source[] =
	"#include \"inc/part.hpp\"\n"
	"static int unused(int a) { return a * 3; }\n"
	"int dropped(int a)\n{\n\tint n = 0;\n\tfor (int i = 0; i < a; i++)\n\t\tn += twice(i);\n\treturn n;\n}\n"
	"int main(int argc, char **argv)\n{\n"
	"\tstd::map<std::string, int> m;\n\tstd::vector<int> v;\n\tshape s;\n\ts.n = argc;\n"
	"\tfor (int i = 0; i < argc; i++)\n\t\tm[argv[i]] = i, v.push_back(i);\n"
	"\tstd::sort(v.begin(), v.end());\n\tif (argc > 100)\n\t\t__builtin_abort();\n"
	"#line 7 \"/abs/made.up\"\n\tv[0] += s.area();\n#line 9 \"rel/made.up\"\n\tv[0] += other(m);\n"
	"\treturn v[0];\n}\n";

static const char other_source[] = "#include \"../dir/inc/part.hpp\"\n"
				   "int other(std::map<std::string, int> &m)\n{\n\tint n = 0;\n"
				   "\tfor (auto &i : m)\n\t\tn += twice(i.second);\n\treturn n;\n}\n";

static const char assembly[] = "\t.text\n\t.globl hand_made\n\t.type hand_made, @function\nhand_made:\n\tnop\n"
			       "\t.rept 300\n\tnop\n\t.endr\n\tret\n\t.section .text.far, \"ax\"\n\tnop\n\tret\n"
			       "\t.section .note.GNU-stack, \"\", @progbits\n";

static void write_sources(const char *dir)
{
	tool_run("mkdir -p '%s/dir/inc'", dir);
	tool_write(dir, "dir/inc/part.hpp", header);
	tool_write(dir, "dir/main.cc", main_source);
	tool_write(dir, "dir/other.cc", other_source);
	tool_write(dir, "dir/hand.S", assembly);
}

/* C++ in two units and assembly in a third one, as DIR/p. */
static void build(const char *dir, const char *compiler, const char *options)
{
	char path[PATH_MAX];
	struct program p;

	tool_run("cd '%s/dir' && %s %s -I. -o ../p main.cc ../dir/other.cc hand.S", dir, compiler, options);
	snprintf(path, sizeof(path), "%s/p", dir);
	program_open(path, &p);
	compare_with_libdw(&p);
	compare_with_llvm(&p, dir, "p");
	print_message("%s %s: %zu units, %zu rows\n", compiler, options, p.n_units, p.n_rows);
	assert_true(p.n_units >= 2);
	assert_true(p.n_rows > 400);
	program_close(&p);
}

static void test_gcc(void **state)
{
	write_sources(*state);
	build(*state, "g++", "-gdwarf-2 -gstrict-dwarf -O1");
	build(*state, "g++", "-gdwarf-3 -O2");
	build(*state, "g++", "-gdwarf-4 -O2");
	build(*state, "g++", "-gdwarf-5 -O2");
	build(*state, "g++", "-gdwarf-5 -O0");
	build(*state, "g++", "-gdwarf-5 -gdwarf64 -O2");
	build(*state, "g++", "-gdwarf-4 -O2 -gno-as-loc-support");
	build(*state, "g++", "-gdwarf-5 -O2 -ffunction-sections -Wl,--gc-sections -fuse-ld=bfd");
	build(*state, "g++", "-gdwarf-4 -O3 -ffunction-sections -Wl,--gc-sections -B/usr/lib/llvm-14/bin -fuse-ld=lld");
	build(*state, "g++", "-gdwarf-5 -O2 -flto -fdebug-prefix-map=/tmp=/x/./../tmp");
}

static void test_clang(void **state)
{
	write_sources(*state);
	build(*state, "clang++-14", "-gdwarf-2 -O1 -no-integrated-as");
	build(*state, "clang++-14", "-gdwarf-3 -O2");
	build(*state, "clang++-14", "-gdwarf-4 -O2");
	build(*state, "clang++-14", "-gdwarf-5 -O2");
	build(*state, "clang++-14", "-gdwarf-5 -O0 -no-integrated-as");
	build(*state, "clang++-14", "-gdwarf-5 -O2 -gdwarf64");
	build(*state, "clang++-14", "-gdwarf-5 -O2 -ffunction-sections -Wl,--gc-sections -fuse-ld=lld-14");
	build(*state, "clang++-14", "-gdwarf-4 -O2 -ffunction-sections -Wl,--gc-sections");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gcc),
		cmocka_unit_test(test_clang),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
