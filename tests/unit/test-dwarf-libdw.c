// SPDX-License-Identifier: Apache-2.0
/*
 * dwarf against libdw: programs compiled here in many ways; at every address where one of the two sees another scope
 * begin or end, both have the same functions, inlined calls and lines of calls. What libdw 0.188 cannot read (.dwp,
 * zstd), or finds elsewhere (.dwo, dwz), it reads from the same program built or left in the plain way.
 */
#include "tests/unit/dwarf-program.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "tests/unit/go-program.h"

static const char header[] = "#include <map>\n"
			     "#include <string>\n"
			     "#include <vector>\n"
			     "#include <algorithm>\n"
			     "#include <numeric>\n"
			     "int other(int);\n"
			     "template <class T> struct tally {\n"
			     "  std::map<std::string, T> all;\n"
			     "  T sum() const { T t{}; for (auto &e : all) t += e.second; return t; }\n"
			     "  void add(const std::string &s, T t) { all[s] += t + (T)other((int)s.size()); }\n"
			     "  virtual ~tally() { all.clear(); }\n"
			     "};\n"
			     "namespace { struct local { int x; int twice() const { return x * 2 + other(x); } }; }\n"
			     "static inline int square(int x) { return x * x; }\n"
			     "static inline int both(int x) { return square(x) + square(x + other(x)); }\n";

static const char one[] =
	"#include \"h.h\"\n"
	"#include <cstdio>\n"
	"static __attribute__((noinline)) int cold(int x) { if (x > 1000) std::abort(); return both(x); }\n"
	"int main(int argc, char **argv) {\n"
	"  tally<long> t; std::vector<int> v(argv[0][0]);\n"
	"  std::iota(v.begin(), v.end(), argc);\n"
	"  std::sort(v.begin(), v.end(), [](int a, int b) { return other(a) < other(b); });\n"
	"  for (int i = 0; i < argc; i++) t.add(argv[i], cold(v[i]) + local{i}.twice());\n"
	"  printf(\"%ld\\n\", t.sum());\n"
	"  return both((int)t.sum());\n"
	"}\n";

static const char two[] =
	"#include \"h.h\"\n"
	"int never(int x) { tally<int> t; t.add(\"a\", x); return t.sum() + both(x); }\n"
	"int other(int x) { local l{x + 1}; std::string s(x, 'c'); return (int)s.size() + l.x + square(x); }\n"
	"double third(double x) { tally<double> t; t.add(\"b\", x); return t.sum(); }\n";

/* -- libdw -- */

/* A function or inlined call as libdw has it. */
struct entry {
	Dwarf_Die die, unit;
	uint32_t parent; /* 0: none */
};

/* The innermost entry of each byte of code. */
struct oracle {
	int fd;
	Dwarf *dwarf;
	uint64_t base, size;
	uint32_t *innermost;
	struct entry *all;
	size_t n, capacity;
};

static void find_code(struct oracle *o)
{
	Elf *elf = dwarf_getelf(o->dwarf);
	uint64_t from = UINT64_MAX, to = 0;
	GElf_Phdr p;
	size_t n;

	assert_int_equal(elf_getphdrnum(elf, &n), 0);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(gelf_getphdr(elf, (int)i, &p));
		if (p.p_type != PT_LOAD || !(p.p_flags & PF_X))
			continue;
		from = p.p_vaddr < from ? p.p_vaddr : from;
		to = p.p_vaddr + p.p_memsz > to ? p.p_vaddr + p.p_memsz : to;
	}
	o->base = from;
	o->size = to - from;
	o->innermost = calloc(o->size, sizeof(o->innermost[0]));
	assert_non_null(o->innermost);
}

/* What comes later in the file lies over what comes before. */
static void paint(struct oracle *o, Dwarf_Die *die, uint32_t entry)
{
	Dwarf_Addr base, from, to;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &from, &to)) > 0) {
		if (from < o->base || to > o->base + o->size) /* dropped */
			continue;
		for (; from < to; from++)
			o->innermost[from - o->base] = entry;
	}
}

static uint32_t add_entry(struct oracle *o, Dwarf_Die *unit, Dwarf_Die *die, uint32_t parent)
{
	if (o->n == o->capacity) {
		o->capacity = o->capacity * 2 + 16;
		o->all = reallocarray(o->all, o->capacity, sizeof(o->all[0]));
		assert_non_null(o->all);
	}
	o->all[o->n++] = (struct entry){ .die = *die, .unit = *unit, .parent = parent };
	return (uint32_t)o->n;
}

static void walk(struct oracle *o, Dwarf_Die *unit, Dwarf_Die *die, uint32_t parent)
{
	Dwarf_Die child;

	if (dwarf_child(die, &child) != 0)
		return;
	do {
		const int tag = dwarf_tag(&child);
		uint32_t entry = parent;

		if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine) {
			entry = add_entry(o, unit, &child, tag == DW_TAG_subprogram ? 0 : parent);
			paint(o, &child, entry);
		}
		walk(o, unit, &child, entry);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void oracle_open(struct oracle *o, const char *path)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;

	*o = (struct oracle){ .fd = tool_open(path) };
	o->dwarf = dwarf_begin(o->fd, DWARF_C_READ);
	assert_non_null(o->dwarf);
	find_code(o);
	while (dwarf_get_units(o->dwarf, cu, &cu, NULL, NULL, &unit, NULL) == 0)
		walk(o, &unit, &unit, 0);
	assert_true(o->n > 0);
}

static void oracle_close(struct oracle *o)
{
	free(o->innermost);
	free(o->all);
	dwarf_end(o->dwarf);
	close_fd(o->fd);
}

static const char *name_of(Dwarf_Die *die)
{
	static const unsigned int names[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name };
	Dwarf_Attribute a;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (dwarf_attr_integrate(die, names[i], &a))
			return dwarf_formstring(&a);
	}
	return "";
}

static unsigned long number_of(Dwarf_Die *die, unsigned int name, bool integrate)
{
	Dwarf_Attribute a;
	Dwarf_Word n;

	if (!(integrate ? dwarf_attr_integrate(die, name, &a) : dwarf_attr(die, name, &a)))
		return 0;
	assert_int_equal(dwarf_formudata(&a, &n), 0);
	return n;
}

static const char *call_file(struct entry *e)
{
	Dwarf_Files *files;
	size_t n;

	assert_int_equal(dwarf_getsrcfiles(&e->unit, &files, &n), 0);
	return dwarf_filesrc(files, number_of(&e->die, DW_AT_call_file, false), NULL, NULL);
}

/* As dwarf_program_at() has it, without the line of the innermost one. */
static void oracle_at(struct oracle *o, uint64_t address, struct buf *ret)
{
	uint32_t at = o->innermost[address - o->base];

	buf_clear(ret);
	assert_int_equal(buf_reserve(ret, 0), 0);
	while (at) {
		struct entry *e = &o->all[at - 1];

		assert_int_equal(buf_printf(ret, "%s/%lu", name_of(&e->die), number_of(&e->die, DW_AT_decl_line, true)),
				 0);
		if (e->parent)
			assert_int_equal(buf_printf(ret, " %s:%lu < ", dwarf_program_base(call_file(e)),
						    number_of(&e->die, DW_AT_call_line, false)),
					 0);
		at = e->parent;
	}
}

/* -- ours -- */

static void ours_at(const struct dwarf_program *p, uint64_t address, struct buf *ret)
{
	struct index_frame frames[DWARF_PROGRAM_DEPTH];
	size_t n = index_lookup(p->index, address, frames, DWARF_PROGRAM_DEPTH);

	buf_clear(ret);
	assert_int_equal(buf_reserve(ret, 0), 0);
	if (n == 1 && !frames[0].linkage_name)
		return; /* a line without a function */
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			assert_int_equal(buf_printf(ret, " %s:%u < ", dwarf_program_base(frames[i].file),
						    frames[i].line),
					 0);
		assert_int_equal(buf_printf(ret, "%s/%u", frames[i].linkage_name ? frames[i].linkage_name : "",
					    frames[i].start_line),
				 0);
	}
}

/* -- both -- */

struct comparison {
	struct oracle oracle;
	struct dwarf_program ours;
	struct buf a, b;
	size_t n, n_inlined, n_lines;
};

static void compare_at(struct comparison *c, uint64_t address)
{
	if (address < c->oracle.base || address >= c->oracle.base + c->oracle.size)
		return;
	oracle_at(&c->oracle, address, &c->a);
	ours_at(&c->ours, address, &c->b);
	if (strcmp(c->a.data, c->b.data) != 0)
		fail_msg("0x%" PRIx64 ":\nlibdw \"%s\"\nours  \"%s\"", address, c->a.data, c->b.data);
	c->n++;
	c->n_inlined += strchr(c->a.data, '<') != NULL;
}

static void compare(struct comparison *c)
{
	struct index_debug debug;

	dwarf_debug_get(c->ours.debug, &debug);
	for (size_t i = 0; i < debug.n_spans; i++) {
		compare_at(c, debug.spans[i].start - 1);
		compare_at(c, debug.spans[i].start);
		compare_at(c, debug.spans[i].start + debug.spans[i].n_bytes);
	}
	for (uint64_t i = 1; i < c->oracle.size; i++) {
		if (c->oracle.innermost[i] != c->oracle.innermost[i - 1])
			compare_at(c, c->oracle.base + i);
	}
}

static unsigned int our_line(const struct dwarf_debug *d, uint64_t address)
{
	struct index_debug debug;
	size_t from = 0, to;

	dwarf_debug_get(d, &debug);
	for (to = debug.n_lines; from < to;) {
		size_t mid = from + (to - from) / 2;

		if (debug.lines[mid].start <= address)
			from = mid + 1;
		else
			to = mid;
	}
	return from > 0 ? debug.lines[from - 1].line : 0;
}

/* Whether a sequence ends there: libdw sorts that before rows of it that have no code. */
static bool is_end(Dwarf_Line *line, Dwarf_Addr address)
{
	Dwarf_Addr at;
	bool end;

	return line && dwarf_lineaddr(line, &at) == 0 && dwarf_lineendsequence(line, &end) == 0 && end && at == address;
}

/* The last row at an address counts. */
static void compare_line(struct comparison *c, Dwarf_Line *before, Dwarf_Line *line, Dwarf_Line *after)
{
	Dwarf_Addr at, next;
	int number;

	assert_int_equal(dwarf_lineaddr(line, &at), 0);
	assert_int_equal(dwarf_lineno(line, &number), 0);
	if (is_end(line, at) || is_end(before, at) || (after && dwarf_lineaddr(after, &next) == 0 && next == at))
		return;
	if (at < c->oracle.base || at >= c->oracle.base + c->oracle.size)
		return;
	if (our_line(c->ours.debug, at) != (unsigned int)number)
		fail_msg("0x%" PRIx64 ": line %u, expected %d", at, our_line(c->ours.debug, at), number);
	c->n_lines++;
}

static void compare_lines(struct comparison *c, Dwarf_Die *unit)
{
	Dwarf_Lines *lines;
	size_t n;

	if (dwarf_getsrclines(unit, &lines, &n) != 0)
		return;
	for (size_t i = 0; i < n; i++)
		compare_line(c, i > 0 ? dwarf_onesrcline(lines, i - 1) : NULL, dwarf_onesrcline(lines, i),
			     dwarf_onesrcline(lines, i + 1));
}

static void compare_all_lines(struct comparison *c)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;

	while (dwarf_get_units(c->oracle.dwarf, cu, &cu, NULL, NULL, &unit, NULL) == 0)
		compare_lines(c, &unit);
}

static void check(const char *dir, const char *oracle, const char *ours, size_t n_missing)
{
	struct dwarf_program_files files = {};
	struct comparison c = {};
	char path[PATH_MAX];

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, oracle) < (int)sizeof(path));
	oracle_open(&c.oracle, path);
	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, ours) < (int)sizeof(path));
	files.path = path;
	assert_int_equal(dwarf_program_open(&c.ours, path, &files), 0);
	assert_int_equal(dwarf_debug_stats(c.ours.debug)->n_missing_dwo, n_missing);
	assert_int_equal(dwarf_debug_stats(c.ours.debug)->n_damaged_units, 0);
	if (n_missing == 0)
		compare(&c);
	compare_all_lines(&c);
	print_message("%s: %zu addresses, %zu with inlined calls; %zu lines\n", ours, c.n, c.n_inlined, c.n_lines);
	assert_true(c.n_lines > 100 && (n_missing > 0 || (c.n > 100 && c.n_inlined > 10)));
	buf_done(&c.a);
	buf_done(&c.b);
	dwarf_program_close(&c.ours);
	oracle_close(&c.oracle);
}

/* -- programs -- */

/* Compiled once: base4 and base5, of gcc, clang4 and clang5. Each makes ours, and needs them to differ from `oracle`.
 */
#define SPLIT(compiler, options)                                                                                       \
	"for f in one two; do " compiler " -O2 -gsplit-dwarf " options " -c $f.cc -o $f.o || exit 1; done; " compiler  \
	" one.o two.o -o ours"

static const struct {
	const char *build, *oracle;
	size_t n_missing;
} programs[] = {
	{ .build = "g++ -O2 -gdwarf-5 one.cc two.cc -o base5 && cp base5 ours", .oracle = "base5" },
	{ .build = "g++ -O2 -gdwarf-4 one.cc two.cc -o base4 && cp base4 ours", .oracle = "base4" },
	{ .build = "clang++-14 -O2 -gdwarf-5 one.cc two.cc -o clang5 && cp clang5 ours", .oracle = "clang5" },
	{ .build = "clang++-14 -O2 -gdwarf-4 one.cc two.cc -o clang4 && cp clang4 ours", .oracle = "clang4" },
	{ .build = "g++ -O3 -gdwarf-3 one.cc two.cc -o ours" },
	{ .build = "g++ -O2 -gdwarf-2 one.cc two.cc -o ours" },
	{ .build = "clang++-14 -O3 -gdwarf-4 -gdwarf64 one.cc two.cc -o ours" },
	/* code that is dropped: to 0 by one linker, to -1 by the other */
	{ .build = "g++ -O2 -g -ffunction-sections -Wl,--gc-sections one.cc two.cc -o ours" },
	{ .build =
		  "clang++-14 --ld-path=ld.lld-14 -O2 -g -ffunction-sections -Wl,--gc-sections one.cc two.cc -o ours" },
	{ .build = "g++ -O2 -gdwarf-4 -fdebug-types-section one.cc two.cc -o ours" },
	{ .build = "g++ -O2 -gdwarf-5 -fdebug-types-section one.cc two.cc -o ours" },
	/* references between units, and between files */
	{ .build = "g++ -O2 -gdwarf-5 -flto one.cc two.cc -o ours" },
	{ .build = "g++ -O3 -gdwarf-4 -flto one.cc two.cc -o ours" },
	{ .build = "clang++-14 --ld-path=ld.lld-14 -O2 -g -flto=thin one.cc two.cc -o ours" },
	{ .build = "cp base4 ours && dwz ours", .oracle = "base4" },
	{ .build = "cp base5 ours && dwz ours", .oracle = "base5" },
	{ .build = "cp base4 ours && cp base4 next && dwz -m alt ours next", .oracle = "base4" },
	{ .build = "cp base5 ours && cp base5 next && dwz -m alt ours next", .oracle = "base5" },
	{ .build = "cp base5 ours && cp base5 next && dwz --dwarf-5 -m alt ours next", .oracle = "base5" },
	{ .build = "objcopy --compress-debug-sections=zlib base5 ours", .oracle = "base5" },
	{ .build = "objcopy --compress-debug-sections=zlib-gnu base4 ours", .oracle = "base4" },
	{ .build = "objcopy --compress-debug-sections=zstd base5 ours", .oracle = "base5" },
	{ .build = "objcopy --only-keep-debug base5 ours", .oracle = "base5" },
	/* split */
	{ .build = SPLIT("g++", "-gdwarf-4"), .oracle = "base4" },
	{ .build = SPLIT("g++", "-gdwarf-5"), .oracle = "base5" },
	{ .build = SPLIT("clang++-14", "-gdwarf-4"), .oracle = "clang4" },
	{ .build = SPLIT("clang++-14", "-gdwarf-5 -fdebug-types-section"), .oracle = "clang5" },
	/* types in sections of their own, of the same name in DWARF 5, also where that is packed */
	{ .build = SPLIT("g++", "-gdwarf-4 -fdebug-types-section"), .oracle = "base4" },
	{ .build = SPLIT("g++", "-gdwarf-5 -fdebug-types-section"), .oracle = "base5" },
	{ .build = SPLIT("g++", "-gdwarf-4 -fdebug-types-section -gz"), .oracle = "base4" },
	{ .build = SPLIT("g++", "-gdwarf-5 -fdebug-types-section -gz"), .oracle = "base5" },
	{ .build = SPLIT("g++", "-gdwarf-5 -fdebug-types-section") " && for f in *.dwo; do objcopy "
								   "--compress-debug-sections=zstd $f || exit 1; done",
	  .oracle = "base5" },
	/* packages; none of gcc's types of DWARF 5: llvm-dwp, 14 as 19, does not end over them, binutils' dwp crashes
	 */
	{ .build = SPLIT("g++", "-gdwarf-4") " && dwp -e ours -o ours.dwp && rm *.dwo", .oracle = "base4" },
	{ .build = SPLIT("g++", "-gdwarf-4 -fdebug-types-section") " && dwp -e ours -o ours.dwp && rm *.dwo",
	  .oracle = "base4" },
	{ .build = SPLIT("clang++-14", "-gdwarf-5") " && llvm-dwp-14 -e ours -o ours.dwp && rm *.dwo",
	  .oracle = "clang5" },
	/* one is gone, the other was compiled again since: of both only lines are known */
	{ .build = SPLIT("g++", "-gdwarf-5") " && rm one.dwo && g++ -O1 -gdwarf-5 -gsplit-dwarf -c two.cc -o two.o",
	  .oracle = "base5",
	  .n_missing = 2 },
};

static void test_compiled(void **state)
{
	const char *dir = *state;

	tool_write(dir, "h.h", header);
	tool_write(dir, "one.cc", one);
	tool_write(dir, "two.cc", two);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		print_message("%s\n", programs[i].build);
		tool_run("cd '%s' && rm -f ours* *.o *.dwo && %s", dir, programs[i].build);
		check(dir, programs[i].oracle ? programs[i].oracle : "ours", "ours", programs[i].n_missing);
	}
}

/* How many functions nobody has a name for. */
static size_t n_nameless(const char *path)
{
	struct dwarf_program_files files = { .path = path };
	struct index_debug debug;
	struct dwarf_program p;
	size_t n = 0;

	assert_int_equal(dwarf_program_open(&p, path, &files), 0);
	assert_int_equal(files.n_asked[DEBUG_NEED_ALT] > 0, 1);
	dwarf_debug_get(p.debug, &debug);
	for (size_t i = 0; i < debug.n_functions; i++)
		n += debug.functions[i].name.linkage_name == 0;
	dwarf_program_close(&p);
	return n;
}

/* A file of the name that the binary speaks of, and of another id, is not believed. */
static void test_wrong_alt(void **state)
{
	const char *dir = *state;
	char path[PATH_MAX];

	tool_run("cd '%s' && cp base5 ours && cp base5 next && rm -f alt && dwz -m alt ours next", dir);
	assert_true(snprintf(path, sizeof(path), "%s/ours", dir) < (int)sizeof(path));
	assert_int_equal(n_nameless(path), 0);
	tool_run("cd '%s' && cp alt right && objcopy --remove-section .note.gnu.build-id right alt", dir);
	assert_true(n_nameless(path) > 100);
}

/* Split units as long as one another: what lies in one where a name lay in the one before is another name. */
static void test_alike(void **state)
{
	struct dwarf_program_files files = {};
	_cleanup_(buf_done) struct buf symbols = {};
	const char *dir = *state;
	struct index_frame frame;
	char path[PATH_MAX];
	struct dwarf_program p;
	uint64_t address;
	char name[64];
	size_t n = 0;
	int used;

	tool_run("cd '%s' && for f in aaaa bbbb cccc; do echo \"int $f(int x) { return x * 3; }\" >$f.c && "
		 "gcc -O2 -gdwarf-4 -gsplit-dwarf -fPIC -c $f.c; done && gcc -shared aaaa.o bbbb.o cccc.o -o alike",
		 dir);
	assert_true(snprintf(path, sizeof(path), "%s/alike", dir) < (int)sizeof(path));
	files.path = path;
	assert_int_equal(dwarf_program_open(&p, path, &files), 0);
	assert_int_equal(dwarf_debug_stats(p.debug)->n_missing_dwo, 0);
	assert_int_equal(files.n_asked[DEBUG_NEED_DWO], 3);
	tool_read(&symbols, "nm '%s' | grep -E ' T (aaaa|bbbb|cccc)$'", path);
	for (const char *at = symbols.data; sscanf(at, "%" SCNx64 " T %63s%n", &address, name, &used) == 2;
	     at += used) {
		assert_int_equal(index_lookup(p.index, address, &frame, 1), 1);
		assert_string_equal(frame.linkage_name, name);
		n++;
	}
	assert_int_equal(n, 3);
	dwarf_program_close(&p);
}

static void test_go(void **state)
{
	if (!go_program_has_go())
		skip();
	tool_write(*state, "g.go",
		   "package main\nimport (\"fmt\"; \"sort\"; \"strings\")\n"
		   "func sq(x int) int { return x * x }\n"
		   "func main() { v := strings.Fields(\"c b a\"); sort.Strings(v); fmt.Println(v, sq(len(v))) }\n");
	go_program_build(*state, "g", "go-program", "go", "", "");
	check(*state, "go-program", "go-program", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compiled),
		cmocka_unit_test(test_wrong_alt),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_go),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
