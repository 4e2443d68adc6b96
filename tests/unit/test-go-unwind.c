// SPDX-License-Identifier: Apache-2.0
/*
 * go unwind against the DWARF that Go itself puts into a binary which is not stripped: the same CFA at every address
 * of every function, but for the functions that leave their stack, of which that DWARF knows nothing.
 */
#include "tests/unit/go-program.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "tests/unit/rows-oracle.h"

static const char source[] = "package main\n"
			     "import (\"crypto/sha256\"; \"fmt\"; \"os\"; \"sort\"; \"strings\"; \"time\")\n"
			     "type big struct { a [9000]byte }\n"
			     "//go:noinline\nfunc wide(n int) int { var b big; if n > 0 { b.a[n] = 1; return wide(n-1) "
			     "+ int(b.a[n]) }; return 0 }\n"
			     "//go:noinline\nfunc leaf(n int) int { return n*n + 1 }\n"
			     "type shape interface { area() int }\n"
			     "type square struct { side int }\n"
			     "//go:noinline\nfunc (s square) area() int { return leaf(s.side) }\n"
			     "func main() {\n"
			     "  var s shape = &square{len(os.Args)}\n"
			     "  c := make(chan int)\n"
			     "  go func() { defer close(c); c <- wide(3) + s.area() }()\n"
			     "  v := []string{\"b\", \"a\", fmt.Sprint(<-c, time.Now())}\n"
			     "  sort.Strings(v)\n"
			     "  fmt.Println(sha256.Sum256([]byte(strings.Join(v, \"\"))))\n"
			     "}\n";

/* -- the oracle -- */

struct debug_frame {
	int fd, machine;
	Dwarf *dwarf;
	Dwarf_CFI *cfi;
	Elf_Data data;
	unsigned char ident[EI_NIDENT];
};

static void debug_frame_open(const char *path, struct debug_frame *ret)
{
	Elf_Scn *scn = NULL;
	size_t names;
	GElf_Ehdr eh;
	GElf_Shdr h;
	Elf *elf;

	ret->fd = tool_open(path);
	ret->dwarf = dwarf_begin(ret->fd, DWARF_C_READ);
	assert_non_null(ret->dwarf);
	ret->cfi = dwarf_getcfi(ret->dwarf);
	assert_non_null(ret->cfi);
	elf = dwarf_getelf(ret->dwarf);
	assert_non_null(gelf_getehdr(elf, &eh));
	ret->machine = eh.e_machine;
	memcpy(ret->ident, eh.e_ident, EI_NIDENT);
	assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
	while ((scn = elf_nextscn(elf, scn))) {
		if (gelf_getshdr(scn, &h) && strcmp(elf_strptr(elf, names, h.sh_name), ".debug_frame") == 0)
			ret->data = *elf_getdata(scn, NULL);
	}
	assert_non_null(ret->data.d_buf);
}

static void debug_frame_close(struct debug_frame *d)
{
	dwarf_end(d->dwarf);
	close_fd(d->fd);
}

/* -- the comparison -- */

struct comparison {
	const struct index *index, *names; /* names: of the file that was not stripped */
	const struct flat_rows *rows;
	const struct debug_frame *dwarf;
	size_t n_rows, n_functions, n_special;
};

/* Without the name of a calling convention. */
static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	const char *abi = strstr(name, ".abi0");
	size_t n_bytes = abi ? (size_t)(abi - name) : strlen(name);

	for (size_t i = 0; i < n; i++) {
		if (strlen(names[i]) == n_bytes && memcmp(names[i], name, n_bytes) == 0)
			return true;
	}
	return false;
}

/* Those that leave their stack, that nobody called, or whose DWARF is wrong: what it says of them is not the oracle. */
static bool is_special(const char *name)
{
	static const char *const names[] = {
		"_rt0_amd64",
		"_rt0_amd64_linux",
		"_rt0_arm64_linux",
		"gogo",
		"runtime.asmcgocall",
		"runtime.asmcgocall_no_g",
		"runtime.callCgoMmap",
		"runtime.callCgoMunmap",
		"runtime.callCgoSigaction",
		"runtime.cgocallback",
		"runtime.clone",
		"runtime.goexit",
		"runtime.gogo",
		"runtime.mcall",
		"runtime.morestack",
		"runtime.mstart",
		"runtime.nanotime1",
		"runtime.rt0_go",
		"runtime.sigfwd",
		"runtime.sigreturn",
		"runtime.sigreturn__sigaction",
		"runtime.switchToCrashStack0",
		"runtime.systemstack",
		"runtime.vgetrandom1",
		"runtime.walltime",
		"runtime.walltime1",
		"syscall.rawVforkSyscall",
		"time.now",
	};

	return is_one_of(name, names, ARRAY_SIZE(names));
}

static bool is_as_dwarf(const struct unwind_rule *ours, const struct unwind_rule *dwarf)
{
	return ours->cfa == dwarf->cfa && ours->reg == dwarf->reg && ours->cfa_offset == dwarf->cfa_offset &&
	       ours->ra == dwarf->ra && ours->ra_offset == dwarf->ra_offset;
}

/*
 * What a rule cannot hold on aarch64, where the return address lies at the lower end of the frame; or where pcsp, and
 * DWARF with it, counts what was popped twice.
 */
static bool is_beyond(const struct unwind_rule *ours, const struct unwind_rule *dwarf)
{
	return ours->cfa == UNWIND_CFA_UNENCODABLE && (dwarf->cfa_offset < 0 || dwarf->cfa_offset > INT16_MAX - 8);
}

/* Where DWARF says that nobody called a function which the kernel did. */
static bool is_handler(const char *name, const struct unwind_rule *dwarf)
{
	return dwarf->ra == UNWIND_RA_UNDEFINED && strncmp(name, "runtime.sigtramp", 16) == 0;
}

static void tell(const struct comparison *c, uint64_t pc, const struct unwind_rule *ours,
		 const struct unwind_rule *dwarf)
{
	fail_msg("%s at %#lx: cfa %u r%u%+d, ra %u %+d, in DWARF cfa %u r%u%+d, ra %u %+d", tool_name_at(c->names, pc),
		 pc, ours->cfa, ours->reg, ours->cfa_offset, ours->ra, ours->ra_offset, dwarf->cfa, dwarf->reg,
		 dwarf->cfa_offset, dwarf->ra, dwarf->ra_offset);
}

/* A Go binary's own table leaves out the calling convention, and what a generic function was made for. */
static void check_name(const struct comparison *c, uint64_t pc, const char *name)
{
	const char *ours = tool_name_at(c->index, pc), *abi = strstr(name, ".abi");
	size_t n = strcspn(name, "[");

	if (strcmp(name, "runtime.text") == 0 ||
	    strstr(name, ".untracedG.")) /* no function; a name with a dot that is none */
		return;
	if (abi && (size_t)(abi - name) < n)
		n = (size_t)(abi - name);
	if (!ours || strncmp(ours, name, n) != 0 || (ours[n] && !strchr("[.", ours[n])))
		fail_msg("%s is called %s", name, ours ? ours : "nothing");
}

static bool has_rule(const struct comparison *c, uint64_t start, uint64_t end, enum unwind_cfa cfa, enum unwind_ra ra)
{
	for (uint64_t pc = start; pc < end; pc++) {
		const struct unwind_rule *rule = flat_rows_at(c->rows, pc);

		if (rule->cfa == cfa && rule->ra == ra)
			return true;
	}
	return false;
}

/* What these rows must say where DWARF does not; test-go-steps looks closer. */
static void check_special(const struct comparison *c, const char *name, uint64_t start, uint64_t end)
{
	static const struct {
		const char *name;
		enum unwind_cfa cfa;
		enum unwind_ra ra;
	} musts[] = {
		{ "gogo", UNWIND_CFA_REGISTER, UNWIND_RA_UNDEFINED },
		{ "runtime.goexit", UNWIND_CFA_REGISTER, UNWIND_RA_UNDEFINED },
		{ "runtime.mcall", UNWIND_CFA_REGISTER, UNWIND_RA_UNDEFINED },
		{ "runtime.morestack", UNWIND_CFA_REGISTER, UNWIND_RA_UNDEFINED },
		{ "runtime.mstart", UNWIND_CFA_REGISTER, UNWIND_RA_UNDEFINED },
		{ "runtime.nanotime1", UNWIND_CFA_SWITCH, UNWIND_RA_AT_CFA },
		{ "runtime.rt0_go", UNWIND_CFA_REGISTER, UNWIND_RA_UNDEFINED },
		{ "runtime.sigreturn", UNWIND_CFA_SIGNAL, UNWIND_RA_AT_CFA },
		{ "runtime.sigreturn__sigaction", UNWIND_CFA_SIGNAL, UNWIND_RA_AT_CFA },
		{ "runtime.systemstack", UNWIND_CFA_SWITCH, UNWIND_RA_AT_CFA },
	};

	for (size_t i = 0; i < ARRAY_SIZE(musts); i++) {
		if (is_one_of(name, &musts[i].name, 1) && !has_rule(c, start, end, musts[i].cfa, musts[i].ra))
			fail_msg("%s has no row that it needs", name);
	}
	if (strncmp(name, "runtime.sigreturn", 17) != 0)
		return;
	/* Return addresses are looked up by the byte before. */
	assert_true(has_rule(c, start - 1, start, UNWIND_CFA_SIGNAL, UNWIND_RA_AT_CFA));
	assert_false(has_rule(c, start - 2, start - 1, UNWIND_CFA_SIGNAL, UNWIND_RA_AT_CFA));
}

static void compare_function(struct comparison *c, uint64_t start, uint64_t end)
{
	const char *name = tool_name_at(c->names, start);

	assert_non_null(name);
	check_name(c, start, name);
	check_name(c, end - 1, name);
	c->n_functions++;
	if (is_special(name)) {
		c->n_special++;
		check_special(c, name, start, end);
		return;
	}
	for (uint64_t pc = start, next; pc < end;) {
		struct unwind_rule dwarf;

		assert_true(rows_oracle_at(c->dwarf->cfi, c->dwarf->machine, pc, &dwarf, &next));
		for (; pc < next && pc < end; pc++) {
			const struct unwind_rule *ours = flat_rows_at(c->rows, pc);

			if (!is_as_dwarf(ours, &dwarf) && !is_beyond(ours, &dwarf) && !is_handler(name, &dwarf))
				tell(c, pc, ours, &dwarf);
		}
		c->n_rows++;
	}
}

/* The rows of a file, with the DWARF of one that has the same text. */
static void compare(const char *path, const char *dwarf_path)
{
	_cleanup_(index_freep) struct index *index = tool_index_path(path), *names = tool_index_path(dwarf_path);
	_cleanup_(flat_rows_done) struct flat_rows rows = {};
	struct debug_frame dwarf = {};
	struct comparison c = { .index = index, .names = names, .rows = &rows, .dwarf = &dwarf };
	Dwarf_Off at = 0, next;
	Dwarf_CFI_Entry entry;
	int r;

	flat_rows_of(index, &rows);
	assert_true(rows.n > 1000);
	debug_frame_open(dwarf_path, &dwarf);
	for (; (r = dwarf_next_cfi(dwarf.ident, &dwarf.data, false, at, &next, &entry)) == 0; at = next) {
		uint64_t range[2];

		if (entry.CIE_id == DW_CIE_ID_64)
			continue;
		memcpy(range, entry.fde.start, sizeof(range));
		compare_function(&c, range[0], range[0] + range[1]);
	}
	assert_int_equal(r, 1);
	debug_frame_close(&dwarf);
	print_message("%zu rows of %zu functions as in DWARF; %zu others\n", c.n_rows, c.n_functions, c.n_special);
	assert_true(c.n_functions > 1000);
	assert_in_range(c.n_special, 10, 30);
}

/* -- the files -- */

#define SHOWN "-ldflags=-compressdwarf=false"
#define SHOWN_EXTERNAL "-ldflags='-compressdwarf=false -linkmode=external'"

static const char cgo_source[] =
	"package main\n"
	"/*\n#include <stdlib.h>\nextern int back(int);\n"
	"static int compare(const void *a, const void *b) { return back(*(const int *)a - *(const int *)b); }\n"
	"static void sort(int *v, int n) { qsort(v, n, sizeof(*v), compare); }\n*/\n"
	"import \"C\"\n"
	"import \"fmt\"\n"
	"//export back\nfunc back(n C.int) C.int { return n }\n"
	"func main() { v := []C.int{3, 1, 2}; C.sort(&v[0], 3); fmt.Println(v) }\n";

/* Built as DIR/p; false: that Go cannot be had here. */
static bool build(const char *dir, const char *program, const char *version, const char *environment,
		  const char *options)
{
	const char *tool = go_program_tool(version);

	if (!tool) {
		print_message("skipped: Go %s cannot be had here\n", version);
		return false;
	}
	tool_write(dir, "p.go", program);
	go_program_build(dir, "p", "p", tool, environment, options);
	return true;
}

static void check(const char *dir, const char *name, const char *dwarf_name)
{
	char path[PATH_MAX], dwarf_path[PATH_MAX];

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path));
	assert_true(snprintf(dwarf_path, sizeof(dwarf_path), "%s/%s", dir, dwarf_name) < (int)sizeof(dwarf_path));
	compare(path, dwarf_path);
}

/* Three more times: stripped by strip, and of all section headers. */
static void check_stripped(const char *dir)
{
	check(dir, "p", "p");
	tool_run("cd '%s' && strip -o p.stripped p", dir);
	check(dir, "p.stripped", "p");
	go_program_drop_sections(dir, "p.stripped", "p.bare");
	check(dir, "p.bare", "p");
}

static void test_this_go(void **state)
{
	if (!build(*state, source, "", "", SHOWN))
		skip();
	check_stripped(*state);
	assert_true(build(*state, source, "", "", "-trimpath -buildmode=pie " SHOWN));
	check_stripped(*state);
}

static void test_aarch64(void **state)
{
	if (!build(*state, source, "", "GOARCH=arm64", SHOWN))
		skip();
	check(*state, "p", "p");
}

static void test_other_versions(void **state)
{
	static const char *const versions[] = { "1.16.15", "1.18.10", "1.20.14", "1.22.12" };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		if (build(*state, source, versions[i], "", SHOWN))
			check_stripped(*state);
	}
}

/* The linker of C puts its own code first, and the tables where it likes. */
static void test_cgo(void **state)
{
	static const char *const versions[] = { "", "1.18.10", "1.22.12" };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		if (!build(*state, cgo_source, versions[i], "CGO_ENABLED=1", SHOWN_EXTERNAL))
			continue;
		check_stripped(*state);
		assert_true(build(*state, cgo_source, versions[i], "CGO_ENABLED=1", "-buildmode=pie " SHOWN_EXTERNAL));
		check_stripped(*state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_go),
		cmocka_unit_test(test_aarch64),
		cmocka_unit_test(test_other_versions),
		cmocka_unit_test(test_cgo),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
