// SPDX-License-Identifier: Apache-2.0
/* gopclntab, go binary and go frame: bytes written by hand, in every version, and damaged one by one. */
#include "tests/unit/tool.h"

#include "symbolizer/go-frame.h"
#include "symbolizer/gopclntab.h"
#include "tests/unit/elf-bytes.h"
#include "tests/unit/pclntab-bytes.h"

#define TEXT offsetof(struct elf_bytes, text)

static const uint32_t magics[] = { 0xfffffffa, 0xfffffff0, 0xfffffff1 };

/* -- the table -- */

static void check_function(const struct gopclntab *t, size_t i, uint64_t start, uint64_t end, const char *name,
			   uint8_t flags)
{
	struct gopclntab_function f;
	struct gopclntab_name found;

	assert_true(gopclntab_function(t, i, &f));
	assert_int_equal(f.start, start);
	assert_int_equal(f.end, end);
	found = gopclntab_name(t, &f);
	assert_int_equal(found.n_bytes, strlen(name));
	assert_memory_equal(found.data, name, found.n_bytes);
	assert_int_equal(f.flags, flags);
}

static void check_span(struct gopclntab_pcsp *p, uint64_t start, uint64_t end, int32_t delta)
{
	struct gopclntab_span s;

	assert_true(gopclntab_pcsp_next(p, &s));
	assert_int_equal(s.start, start);
	assert_int_equal(s.end, end);
	assert_int_equal(s.delta, delta);
}

static void check_spans(const struct gopclntab *t)
{
	struct gopclntab_function f;
	struct gopclntab_pcsp p;
	struct gopclntab_span s;

	assert_true(gopclntab_function(t, 0, &f));
	gopclntab_pcsp_init(&p, t, &f);
	check_span(&p, 0, 4, 0);
	check_span(&p, 4, 12, 24);
	check_span(&p, 12, 16, 0);
	assert_false(gopclntab_pcsp_next(&p, &s));
	assert_true(gopclntab_function(t, 2, &f));
	gopclntab_pcsp_init(&p, t, &f);
	check_span(&p, 0, 16, 0);
	assert_false(gopclntab_pcsp_next(&p, &s));
	assert_true(gopclntab_function(t, 3, &f));
	assert_int_equal(f.pcsp, 0);
	gopclntab_pcsp_init(&p, t, &f);
	assert_false(gopclntab_pcsp_next(&p, &s));
}

static void test_versions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		uint64_t base = i == GOPCLNTAB_1_16 ? 0x1000 : 0;
		struct pclntab_bytes b;
		struct gopclntab t;

		pclntab_bytes_init(&b, magics[i], 0x1000);
		assert_int_equal(gopclntab_parse(&b, sizeof(b), &t), 0);
		assert_int_equal(t.version, i);
		assert_int_equal(t.n_functions, 4);
		assert_int_equal(t.text_start, i == GOPCLNTAB_1_16 ? 0 : 0x1000);
		check_function(&t, 0, base, base + 16, "main.f", 0);
		check_function(&t, 1, base + 16, base + 32, "runtime.goexit1", 0);
		check_function(&t, 2, base + 32, base + 48, "runtime.goexit", GOPCLNTAB_TOP_FRAME);
		check_function(&t, 3, base + 48, base + 64, "", 0);
		check_spans(&t);
	}
}

static void check_refused(size_t at, uint8_t byte)
{
	struct gopclntab t;
	struct pclntab_bytes b;

	pclntab_bytes_init(&b, 0xfffffff1, 0);
	b.all[at] = byte;
	if (gopclntab_parse(&b, sizeof(b), &t) != GOPCLNTAB_NONE)
		fail_msg("byte %zu", at);
}

static void test_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} damages[] = {
		{ 0, 0xfb },                                               /* Go 1.2 */
		{ 4, 1 },    { 5, 1 },  { 6, 2 },  { 7, 4 },     { 8, 0 }, /* no functions */
		{ 9, 1 },    { 15, 1 },                                    /* more of them than bytes */
		{ 33, 1 },   { 57, 1 }, { 65, 2 }, { 71, 0x80 },
	};
	struct pclntab_bytes b;
	struct gopclntab t;

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++)
		check_refused(damages[i].at, damages[i].byte);
	pclntab_bytes_init(&b, 0xfffffff1, 0);
	assert_int_equal(gopclntab_parse(&b, PCLNTAB_FUNCTIONS + 36, &t), 0); /* the function table is there */
	assert_int_equal(gopclntab_parse(&b, PCLNTAB_FUNCTIONS + 35, &t), GOPCLNTAB_NONE);
	assert_int_equal(gopclntab_parse(&b, GOPCLNTAB_HEADER_BYTES - 1, &t), GOPCLNTAB_NONE);
	assert_int_equal(gopclntab_parse(&b, 0, &t), GOPCLNTAB_NONE);
}

static void test_damaged_functions(void **state)
{
	struct gopclntab_function f;
	struct pclntab_bytes b;
	struct gopclntab t;

	pclntab_bytes_init(&b, 0xfffffff1, 0);
	assert_int_equal(gopclntab_parse(&b, PCLNTAB_FIRST_FUNC + 44 * 3 + 43, &t), 0);
	assert_true(gopclntab_function(&t, 2, &f));
	assert_false(gopclntab_function(&t, 3, &f)); /* its last byte is missing */
	pclntab_put_entry(&b, 0xfffffff1, 1, 8, 0xfffffff0);
	assert_int_equal(gopclntab_parse(&b, sizeof(b), &t), 0);
	assert_false(gopclntab_function(&t, 1, &f));
	pclntab_put_entry(&b, 0xfffffff1, 0, 9, PCLNTAB_FIRST_FUNC - PCLNTAB_FUNCTIONS);
	assert_false(gopclntab_function(&t, 0, &f)); /* ends before it starts */
	pclntab_put32(&b, PCLNTAB_FIRST_FUNC + 44 * 2 + 4, 0x7fffffff);
	assert_true(gopclntab_function(&t, 2, &f));
	assert_int_equal(gopclntab_name(&t, &f).n_bytes, 0);
}

/* Of a byte string as the pcsp of a function: the number of spans, and the last one. */
static size_t spans_of(const uint8_t *bytes, size_t n, struct gopclntab_span *ret)
{
	const struct gopclntab_function f = { .pcsp = 1 };
	const struct gopclntab t = { .data = bytes, .n_bytes = n, .quantum = 4 };
	struct gopclntab_pcsp p;
	size_t n_spans = 0;

	gopclntab_pcsp_init(&p, &t, &f);
	while (gopclntab_pcsp_next(&p, ret))
		n_spans++;
	return n_spans;
}

static void test_pcsp(void **state)
{
	static const uint8_t wide[] = { 0, 0x82, 0x02, 0x81, 0x01, 0x03, 1, 0 };
	static const uint8_t endless[] = { 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1, 0 };
	static const uint8_t first_zero[] = { 0, 0, 5, 0 };
	static const uint8_t cut_off[] = { 0, 2, 0x85 };
	struct gopclntab_span s;

	assert_int_equal(spans_of(wide, sizeof(wide), &s), 2); /* -1 + 129 for 129 words, 2 less for one */
	assert_int_equal(s.start, 4 * 129);
	assert_int_equal(s.end, 4 * 130);
	assert_int_equal(s.delta, 126);
	assert_int_equal(spans_of(first_zero, sizeof(first_zero), &s), 1); /* only a later 0 is the end */
	assert_int_equal(s.delta, -1);
	assert_int_equal(s.end, 20);
	assert_int_equal(spans_of(endless, sizeof(endless), &s), 0);
	assert_int_equal(spans_of(cut_off, sizeof(cut_off), &s), 0);
}

/* -- kinds of functions -- */

static void check_kind(enum gopclntab_version version, const char *name, uint8_t flags, enum go_frame_kind kind)
{
	const struct gopclntab t = { .data = (const void *)name, .n_bytes = strlen(name), .version = version };
	const struct gopclntab_function f = { .flags = flags };

	if (go_frame_kind_of(&t, &f) != kind)
		fail_msg("%s is taken for %u", name, go_frame_kind_of(&t, &f));
}

static void test_kinds(void **state)
{
	check_kind(GOPCLNTAB_1_20, "main.f", 0, GO_FRAME_COMPILED);
	check_kind(GOPCLNTAB_1_20, "main.f", GOPCLNTAB_SP_WRITE, GO_FRAME_MOVES_SP);
	check_kind(GOPCLNTAB_1_20, "main.f", GOPCLNTAB_TOP_FRAME, GO_FRAME_OUTERMOST);
	check_kind(GOPCLNTAB_1_20, "runtime.f", GOPCLNTAB_SP_WRITE, GO_FRAME_MOVES_STACK);
	check_kind(GOPCLNTAB_1_20, "runtime.goexit", GOPCLNTAB_TOP_FRAME, GO_FRAME_OUTERMOST);
	check_kind(GOPCLNTAB_1_20, "runtime.goexit1", GOPCLNTAB_ASSEMBLY, GO_FRAME_COMPILED);
	check_kind(GOPCLNTAB_1_20, "runtime.goexi", GOPCLNTAB_ASSEMBLY, GO_FRAME_COMPILED);
	check_kind(GOPCLNTAB_1_20, "runtime.sigtramp", GOPCLNTAB_TOP_FRAME, GO_FRAME_COMPILED);
	check_kind(GOPCLNTAB_1_20, "runtime.sigreturn__sigaction", GOPCLNTAB_ASSEMBLY, GO_FRAME_SIGRETURN);
	check_kind(GOPCLNTAB_1_20, "runtime.asmcgocall", GOPCLNTAB_SP_WRITE, GO_FRAME_ASMCGOCALL);
	check_kind(GOPCLNTAB_1_20, "runtime.asmcgocall", GOPCLNTAB_ASSEMBLY,
		   GO_FRAME_COMPILED); /* a wrapper of that name */
	check_kind(GOPCLNTAB_1_20, "time.now", GOPCLNTAB_SP_WRITE, GO_FRAME_MOVES_STACK);
	check_kind(GOPCLNTAB_1_20, "gogo", GOPCLNTAB_SP_WRITE, GO_FRAME_LEAVES);
	check_kind(GOPCLNTAB_1_20, "_rt0_amd64_linux", GOPCLNTAB_ASSEMBLY, GO_FRAME_OUTERMOST);
	check_kind(GOPCLNTAB_1_16, "runtime.systemstack", 0, GO_FRAME_MOVES_STACK);
	check_kind(GOPCLNTAB_1_16, "runtime.walltime1", 0, GO_FRAME_MOVES_STACK);
}

/* -- all of it in an ELF file -- */

static void put_elf(struct elf_bytes *b, uint32_t magic, uint64_t text_start, bool sections)
{
	struct pclntab_bytes table;

	elf_bytes_init(b);
	pclntab_bytes_init(&table, magic, text_start);
	pclntab_bytes_text(b->text);
	memcpy(b->debugdata, &table, sizeof(table));
	b->shdrs[EB_SYMTAB].sh_type = SHT_PROGBITS; /* stripped */
	b->shdrs[EB_DEBUGDATA].sh_name = elf_bytes_string(b->names, sizeof(b->names), ".gopclntab");
	if (!sections)
		b->ehdr.e_shoff = b->ehdr.e_shnum = b->ehdr.e_shstrndx = 0;
}

static struct index *index_of(const struct elf_bytes *b)
{
	_cleanup_close_ int fd = tool_memory_file(b, sizeof(*b));

	return tool_index(fd);
}

static const struct unwind_rule *rule_at(const struct index *index, uint64_t addr)
{
	static const struct unwind_rule gap;
	struct index_unwind u;
	const struct unwind_row *row = NULL;
	const struct unwind_page *page;

	if (!index_unwind(index, &u))
		return &gap;
	page = &u.pages[(addr - u.base) / UNWIND_PAGE_BYTES];
	for (size_t i = 0; i < page->n_rows; i++) {
		const struct unwind_row *r =
			(const void *)(u.words + page->words + UNWIND_SUBINDEX_WORDS(page->block_shift) + i);

		if (r->pc_low <= (addr - u.base) % UNWIND_PAGE_BYTES)
			row = r;
	}
	return row ? &u.rules[row->rule] : &gap;
}

static void check_rule(const struct index *index, uint64_t offset, int32_t cfa_offset, enum unwind_fp fp,
		       enum unwind_ra ra)
{
	const struct unwind_rule *rule = rule_at(index, TEXT + offset);

	if (rule->cfa != UNWIND_CFA_REGISTER || rule->reg != UNWIND_X86_64_RSP || rule->cfa_offset != cfa_offset ||
	    rule->fp != fp || rule->ra != ra)
		fail_msg("at %lu: cfa %u r%u%+d, fp %u, ra %u", offset, rule->cfa, rule->reg, rule->cfa_offset,
			 rule->fp, rule->ra);
	assert_int_equal(rule->ra_offset, ra == UNWIND_RA_AT_CFA ? -8 : 0);
	assert_int_equal(rule->fp_offset, fp == UNWIND_FP_AT_CFA ? -16 : 0);
}

static void check_elf(uint32_t magic, uint64_t text_start, bool sections)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct elf_bytes b;

	put_elf(&b, magic, text_start, sections);
	index = index_of(&b);
	assert_string_equal(tool_name_at(index, TEXT), "main.f");
	assert_string_equal(tool_name_at(index, TEXT + 15), "main.f");
	assert_string_equal(tool_name_at(index, TEXT + 16), "runtime.goexit1");
	assert_string_equal(tool_name_at(index, TEXT + 32), "runtime.goexit");
	check_rule(index, 0, 8, UNWIND_FP_SAME, UNWIND_RA_AT_CFA);
	check_rule(index, 3, 8, UNWIND_FP_SAME, UNWIND_RA_AT_CFA);
	check_rule(index, 4, 32, UNWIND_FP_AT_CFA, UNWIND_RA_AT_CFA);
	check_rule(index, 11, 32, UNWIND_FP_AT_CFA, UNWIND_RA_AT_CFA);
	check_rule(index, 12, 8, UNWIND_FP_SAME, UNWIND_RA_AT_CFA);
	check_rule(index, 20, 32, UNWIND_FP_AT_CFA, UNWIND_RA_AT_CFA);
	check_rule(index, 32, 8, UNWIND_FP_SAME, UNWIND_RA_UNDEFINED);
	check_rule(index, 47, 8, UNWIND_FP_SAME, UNWIND_RA_UNDEFINED);
	assert_int_equal(rule_at(index, TEXT + 48)->cfa, UNWIND_CFA_NONE); /* not Go's */
	assert_int_equal(rule_at(index, TEXT + 64)->cfa, UNWIND_CFA_NONE);
}

static void test_elf(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		check_elf(magics[i], TEXT, true);
		check_elf(magics[i], TEXT, false);
	}
	/* Where the header does not say, or lies. */
	check_elf(0xfffffff1, 0, true);
	check_elf(0xfffffff1, 0, false);
	check_elf(0xfffffff1, TEXT + 16, false);
	check_elf(0xfffffff0, UINT64_MAX, true);
}

/* Without runtime.goexit where the table has it nobody knows what it counts from. */
static void test_no_text_start(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct elf_bytes b;

	put_elf(&b, 0xfffffff1, TEXT, true);
	b.text[33] = 0x90;
	index = index_of(&b);
	assert_null(tool_name_at(index, TEXT + 8 + 32));
	assert_int_equal(rule_at(index, TEXT + 4)->cfa, UNWIND_CFA_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged_functions),
		cmocka_unit_test(test_pcsp),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_no_text_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
