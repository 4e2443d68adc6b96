// SPDX-License-Identifier: Apache-2.0
/*
 * go lines: programs compiled here tell of addresses in themselves what runtime.CallersFrames has for them, which is
 * what Go prints in a stack trace; what we read out of the same file, stripped too, must be the same.
 */
#include "tests/unit/tool.h"

#include "tests/unit/go-program.h"
#include "tests/unit/go-reading.h"

/* Reads file addresses; writes "FUNCTION FILE:LINE START;" for each frame, innermost first. */
static const char source[] =
	"package main\n\n"
	"import (\n\t\"bufio\"\n\t\"fmt\"\n\t\"os\"\n\t\"reflect\"\n\t\"runtime\"\n\t_ \"runtime/pprof\"\n"
	"\t\"sort\"\n\t\"strconv\"\n\t\"strings\"\n\t_ \"unsafe\"\n)\n\n"
	"//go:linkname expand runtime/pprof.runtime_expandFinalInlineFrame\n"
	"func expand(stk []uintptr) []uintptr\n\n"
	"%s" /* func start */
	"func add(a, b int) int { return a + b }\n"
	"func twice(a int) int {\n\treturn add(a, a) +\n\t\tadd(a, 1)\n}\n"
	"func quad(a int) int { return twice(twice(a)) }\n"
	"type shape struct{ n int }\n"
	"func (s shape) area() int { return quad(s.n) }\n"
	"type measured interface{ area() int }\n"
	"var shapes []measured\n\n"
	"func main() {\n"
	"\tbase, _ := strconv.ParseUint(os.Args[1], 0, 64)\n"
	"\tbias := uintptr(reflect.ValueOf(main).Pointer()) - uintptr(base)\n"
	"\tshapes = append(shapes, shape{len(os.Args)}, &shape{3})\n"
	"\tsort.Slice(shapes, func(i, k int) bool { return shapes[i].area() < shapes[k].area() })\n"
	"\tin, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)\n"
	"\tdefer out.Flush()\n"
	"\tfor in.Scan() {\n"
	"\t\tpc, _ := strconv.ParseUint(strings.TrimSpace(in.Text()), 0, 64)\n"
	"\t\tframes := runtime.CallersFrames(expand([]uintptr{uintptr(pc) + bias + 1}))\n"
	"\t\tfor {\n\t\t\tf, more := frames.Next()\n"
	"\t\t\tfmt.Fprintf(out, \"%%s %%s:%%d %%d;\", f.Function, f.File, f.Line, start(&f))\n"
	"\t\t\tif !more {\n\t\t\t\tbreak\n\t\t\t}\n\t\t}\n\t\tfmt.Fprintln(out)\n\t}\n}\n";

static const char start_known[] = "//go:linkname start runtime/pprof.runtime_FrameStartLine\n"
				  "func start(f *runtime.Frame) int\n\n";
static const char start_unknown[] = "func start(f *runtime.Frame) int { return 0 }\n\n";

/* -- a file as we read it -- */

/* From Go 1.21 on type parameters are in the table, and not printed. */
static void add_name(struct buf *b, const char *name, bool is_cut)
{
	const char *open = strchr(name, '['), *close = strrchr(name, ']');

	if (is_cut && open && close > open)
		assert_int_equal(buf_printf(b, "%.*s[...]%s", (int)(open - name), name, close + 1), 0);
	else
		assert_int_equal(buf_add_str(b, name), 0);
}

/* The frames at an address, as the program writes them. */
static void print_frames(const struct reading *r, uint64_t address, bool is_cut, struct buf *ret)
{
	const struct index_debug *d = &r->debug;
	const struct index_span *span = span_at(d, address);
	const struct index_line *line = line_at(d, address);
	uint32_t file = line ? line->file : 0, n = line ? line->line : 0;

	assert_non_null(span);
	buf_clear(ret);
	for (uint32_t i = span->scope; i != INDEX_NO_SCOPE; i = d->scopes[i].parent) {
		const struct index_function *f = &d->functions[d->scopes[i].function];
		const char *name = r->text.strings + f->name.name;
		const char *path = file ? r->text.strings + d->files[file] : "?";

		add_name(ret, name, is_cut);
		assert_int_equal(buf_printf(ret, " %s:%u %u;", path, n, f->start_line), 0);
		file = d->scopes[i].call_file;
		n = d->scopes[i].call_line;
	}
}

/* -- the comparison -- */

static bool is_inlined(const struct reading *r, uint64_t address)
{
	return r->debug.scopes[span_at(&r->debug, address)->scope].parent != INDEX_NO_SCOPE;
}

static uint32_t root_at(const struct reading *r, uint64_t address)
{
	const struct index_span *s = span_at(&r->debug, address);
	uint32_t i = s ? s->scope : INDEX_NO_SCOPE;

	while (i != INDEX_NO_SCOPE && r->debug.scopes[i].parent != INDEX_NO_SCOPE)
		i = r->debug.scopes[i].parent;
	return i;
}

/* The runtime is asked for return addresses: what lies behind is in the same function. */
static void print_address(const struct reading *r, FILE *f, uint64_t address)
{
	if (span_at(&r->debug, address) && root_at(r, address) == root_at(r, address + 1))
		fprintf(f, "%#lx\n", address);
}

/* Where anything changes, and the last byte before. */
static void print_addresses(const struct reading *r, FILE *f)
{
	for (size_t i = 0; i < r->debug.n_lines; i++)
		print_address(r, f, r->debug.lines[i].start);
	for (size_t i = 0; i < r->debug.n_spans; i++) {
		const struct index_span *s = &r->debug.spans[i];

		print_address(r, f, s->start);
		print_address(r, f, s->start + s->n_bytes - 1);
	}
}

static uint64_t address_of(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->debug.n_spans; i++) {
		const struct index_scope *s = &r->debug.scopes[r->debug.spans[i].scope];

		if (s->parent == INDEX_NO_SCOPE &&
		    strcmp(r->text.strings + r->debug.functions[s->function].name.name, name) == 0)
			return r->debug.spans[i].start;
	}
	fail_msg("no %s", name);
	return 0;
}

/* What the compiler makes to call something: some versions show only what is called. */
static bool is_wrapper(const char *frame, size_t size)
{
	static const char *const marks[] = { " <autogenerated>:", ".deferwrap", ".gowrap", "reflect.callMethod ",
					     "reflect.callReflect " };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (memmem(frame, size, marks[i], strlen(marks[i])))
			return true;
	}
	return false;
}

/* The runtime takes the first name of the table for none. */
static bool is_same(const char *frames, const char *answer)
{
	if (answer[0] == ' ')
		frames = strchr(frames, ' ');
	for (bool is_first = true; *frames; is_first = false) {
		size_t n = strcspn(frames, ";") + 1;

		if (strncmp(frames, answer, n) == 0)
			answer += n;
		else if (is_first || !is_wrapper(frames, n))
			return false;
		frames += n;
	}
	return answer[0] == 0;
}

static void check_answer(const struct reading *r, uint64_t address, const char *answer)
{
	_cleanup_(buf_done) struct buf frames = {}, cut = {};

	print_frames(r, address, false, &frames);
	print_frames(r, address, true, &cut);
	if (!is_same(frames.data, answer) && !is_same(cut.data, answer))
		fail_msg("%#lx: %s\nand Go has %s", address, frames.data, answer);
}

static void compare_answers(const struct reading *r, FILE *addresses, FILE *answers)
{
	size_t n = 0, n_inlined = 0;
	char line[64], answer[8192];

	while (fgets(line, sizeof(line), addresses)) {
		uint64_t address = strtoull(line, NULL, 0);

		assert_non_null(fgets(answer, sizeof(answer), answers));
		answer[strcspn(answer, "\n")] = 0;
		check_answer(r, address, answer);
		n_inlined += is_inlined(r, address);
		n++;
	}
	assert_null(fgets(answer, sizeof(answer), answers));
	print_message("%zu addresses, %zu inlined; %zu functions, %zu scopes\n", n, n_inlined, r->debug.n_functions,
		      r->debug.n_scopes);
	assert_true(n > 20000);
	assert_true(n_inlined > 2000);
}

/* DIR/NAME as we read it, and as DIR/PROGRAM, which has the same code, tells of itself. */
static void compare(const char *dir, const char *name, const char *program)
{
	char path[PATH_MAX], answers_path[PATH_MAX];
	struct reading r;
	FILE *addresses, *answers;

	reading_open(tool_open_in(dir, name), &r);
	snprintf(path, sizeof(path), "%s/addresses", dir);
	snprintf(answers_path, sizeof(answers_path), "%s/answers", dir);
	addresses = fopen(path, "w+");
	assert_non_null(addresses);
	print_addresses(&r, addresses);
	assert_int_equal(fflush(addresses), 0);
	tool_run("'%s/%s' %#lx <'%s' >'%s'", dir, program, address_of(&r, "main.main"), path, answers_path);
	answers = fopen(answers_path, "r");
	assert_non_null(answers);
	rewind(addresses);
	compare_answers(&r, addresses, answers);
	fclose(addresses);
	fclose(answers);
	reading_close(&r);
}

/* -- the programs -- */

static bool build(const char *dir, const char *version, const char *environment, const char *options)
{
	const bool has_start = version[0] == 0 || strcmp(version, "1.20") > 0;
	const char *tool = go_program_tool(version);
	char text[8192];

	if (!tool) {
		print_message("skipped: Go %s cannot be had here\n", version);
		return false;
	}
	snprintf(text, sizeof(text), source, has_start ? start_known : start_unknown);
	tool_write(dir, "p.go", text);
	go_program_build(dir, "p", "p", tool, environment, options);
	print_message("Go %s %s %s\n", version, environment, options);
	return true;
}

/* Three times more: stripped by strip, and of all section headers. */
static void check(const char *dir)
{
	compare(dir, "p", "p");
	tool_run("cd '%s' && strip -o p.stripped p", dir);
	compare(dir, "p.stripped", "p");
	go_program_drop_sections(dir, "p.stripped", "p.bare");
	compare(dir, "p.bare", "p");
}

#define LINKNAME "-checklinkname=0"

static void test_this_go(void **state)
{
	if (!build(*state, "", "", "-ldflags=" LINKNAME))
		skip();
	check(*state);
	assert_true(build(*state, "", "", "-trimpath -buildmode=pie -ldflags=" LINKNAME));
	check(*state);
}

/* The linker of C puts its own code first, and the tables where it likes; lld leaves addresses to the loader. */
static void test_external(void **state)
{
	static const char *const options[] = {
		"-ldflags='-linkmode=external " LINKNAME "'",
		"-buildmode=pie -ldflags='-linkmode=external " LINKNAME "'",
		"-buildmode=pie -ldflags=\"-linkmode=external '-extldflags=-B/usr/lib/llvm-14/bin "
		"-fuse-ld=lld' " LINKNAME "\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (build(*state, "", "CGO_ENABLED=1", options[i]))
			check(*state);
	}
}

/* -- what does not run here -- */

/* The function that an address is in the end in, and the line of the innermost one. */
static void print_ends(const struct reading *r, uint64_t address, struct buf *ret)
{
	const struct index_scope *root = &r->debug.scopes[root_at(r, address)];
	const struct index_line *line = line_at(&r->debug, address);
	const char *path = r->text.strings + r->debug.files[line->file];

	buf_clear(ret);
	assert_int_equal(buf_printf(ret, "%s %s:%d", r->text.strings + r->debug.functions[root->function].name.name,
				    path, line->file ? (int)line->line : -1),
			 0);
}

static void compare_addr2line(const struct reading *r, FILE *addresses, FILE *answers)
{
	_cleanup_(buf_done) struct buf ends = {};
	char line[64], function[4096], place[4096], answer[8192];
	size_t n = 0;

	for (; fgets(line, sizeof(line), addresses); n++) {
		assert_non_null(fgets(function, sizeof(function), answers));
		assert_non_null(fgets(place, sizeof(place), answers));
		snprintf(answer, sizeof(answer), "%.*s %.*s", (int)strcspn(function, "\n"), function,
			 (int)strcspn(place, "\n"), place);
		print_ends(r, strtoull(line, NULL, 0), &ends);
		assert_string_equal(ends.data, answer);
	}
	assert_true(n > 20000);
}

static void test_aarch64(void **state)
{
	const char *dir = *state;
	char path[PATH_MAX], answers_path[PATH_MAX];
	FILE *addresses, *answers;
	struct reading r;

	if (!build(dir, "", "GOARCH=arm64", "-ldflags=" LINKNAME))
		skip();
	reading_open(tool_open_in(dir, "p"), &r);
	snprintf(path, sizeof(path), "%s/addresses", dir);
	snprintf(answers_path, sizeof(answers_path), "%s/answers", dir);
	addresses = fopen(path, "w+");
	assert_non_null(addresses);
	print_addresses(&r, addresses);
	assert_int_equal(fflush(addresses), 0);
	tool_run("cd / && PATH=$PATH:/usr/local/go/bin GOFLAGS= go tool addr2line '%s/p' <'%s' >'%s'", dir, path,
		 answers_path);
	answers = fopen(answers_path, "r");
	assert_non_null(answers);
	rewind(addresses);
	compare_addr2line(&r, addresses, answers);
	assert_true(r.debug.n_scopes > 2 * r.debug.n_functions);
	fclose(addresses);
	fclose(answers);
	reading_close(&r);
}

/* -- other versions: what tests/long/test-go-lines calls -- */

static const char *const *versions;
static int n_versions;

static void test_versions(void **state)
{
	for (int i = 0; i < n_versions; i++) {
		const char *linkname = strcmp(versions[i], "1.23") < 0 ? "" : "-ldflags=" LINKNAME;
		char options[128];

		if (!build(*state, versions[i], "", linkname))
			continue;
		check(*state);
		snprintf(options, sizeof(options), "-buildmode=pie %s", linkname);
		assert_true(build(*state, versions[i], "", options));
		check(*state);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_go),
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_aarch64),
	};
	const struct CMUnitTest of_versions[] = { cmocka_unit_test(test_versions) };

	versions = (const char *const *)argv + 1;
	n_versions = argc - 1;
	if (n_versions > 0)
		return cmocka_run_group_tests(of_versions, tool_dir_new, tool_dir_free);
	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
