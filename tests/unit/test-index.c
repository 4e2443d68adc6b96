// SPDX-License-Identifier: Apache-2.0
/* index: written by hand here, byte by byte, so that the reader is not tested against the writer; then the writer. */
#include "tests/unit/tool.h"

#include "symbolizer/index-format.h"
#include "symbolizer/index-writer.h"
#include "symbolizer/symbols.h"

#define N 3

/* What a piece of a leaf begins with. */
#define HEAD(length, scope, file, rest, line) (length) | ((scope)&3) << 6, (file) | (rest) << 2 | (line) << 4

#define SECTION __attribute__((aligned(64)))

/* All sections in one struct, in an order that the writer does not use, with one of an unknown kind. */
struct index_bytes {
	struct index_header head;
	struct index_section toc[12];
	SECTION char strings[64];
	SECTION struct {
		struct index_starts_head head;
		uint32_t level0[16];
	} starts;
	SECTION struct index_symbol functions[N];
	SECTION struct index_segment segments[2];
	SECTION char unknown[8];
	SECTION struct {
		struct index_unwind_head head;
		struct unwind_page pages[3]; /* two blocks; a gap; one block */
		uint16_t subindex0[4];
		struct unwind_row rows0[3];
		uint16_t subindex2[2];
		struct unwind_row rows2[1];
		struct unwind_rule rules[2];
	} unwind;
	SECTION struct index_origin_strings origin;
	SECTION struct {
		struct index_starts_head head;
		uint64_t level0[16];
	} leaf_starts;
	SECTION uint8_t leaves[3][64];
	SECTION uint8_t scopes[12 + 64];
	SECTION struct index_scope_function scope_functions[3];
	SECTION uint32_t files[3];
};

#define UNWIND_BYTES (24 + 24 + 7 * 4 + 32)

/* CRC-32 (IEEE 802.3) as its definition says, bit by bit. */
static uint32_t crc_by_bits(const unsigned char *p, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void mend_crc(struct index_bytes *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(b->toc); i++) {
		const struct index_section *s = &b->toc[i];

		if (s->offset <= sizeof(*b) && s->size <= sizeof(*b) - s->offset)
			b->toc[i].crc = crc_by_bits((const unsigned char *)b + s->offset, s->size);
	}
	b->head.crc = crc_by_bits((const unsigned char *)b + 16, sizeof(*b) - 16);
}

static void init(struct index_bytes *b)
{
	*b = (struct index_bytes){
		.head = { .magic = { 'c', 'p', 'u', 'h', '.', 'i', 'd', 'x' },
			  .version = 5,
			  .file_bytes = sizeof(*b),
			  .n_sections = 12,
			  .machine = 62,
			  .build_id_bytes = 3,
			  .build_id = { 0xab, 0xcd, 0xef } },
		.toc = { { .kind = 77, .offset = offsetof(struct index_bytes, unknown), .size = 8 },
			 { .kind = 3, .offset = offsetof(struct index_bytes, strings), .size = 64 },
			 { .kind = 2, .offset = offsetof(struct index_bytes, functions), .size = N * 12 },
			 { .kind = 4, .offset = offsetof(struct index_bytes, unwind), .size = UNWIND_BYTES },
			 { .kind = 1, .offset = offsetof(struct index_bytes, segments), .size = 64 },
			 { .kind = 5, .offset = offsetof(struct index_bytes, starts), .size = 64 + 64 },
			 { .kind = 6, .offset = offsetof(struct index_bytes, origin), .size = 16 },
			 { .kind = 7, .offset = offsetof(struct index_bytes, leaf_starts), .size = 64 + 128 },
			 { .kind = 8, .offset = offsetof(struct index_bytes, leaves), .size = 192 },
			 { .kind = 9, .offset = offsetof(struct index_bytes, scopes), .size = 12 + 64 },
			 { .kind = 10, .offset = offsetof(struct index_bytes, scope_functions), .size = 48 },
			 { .kind = 11, .offset = offsetof(struct index_bytes, files), .size = 12 } },
		.strings = "\0alpha\0beta()\0_Z4betav\0gamma\0/a.c\0/b.h\0in()\0_Z2inv",
		.starts = { { .base = 0x1000, .n = N, .start_bytes = 4 }, { 0, 0x10, 0x40, [N... 15] = UINT32_MAX } },
		.functions = { { 0x10, 1, 1 }, { 0x20, 7, 14 }, { 0x41, 23, 23 } },
		.segments = { { .vaddr = 0x1000, .mem_bytes = 0x100, .file_offset = 0x800, .file_bytes = 0x80 },
			      { .vaddr = 0x3000, .mem_bytes = 0x100, .file_offset = 0x900, .file_bytes = 0x100 } },
		.unwind = { .head = { .base = 0x10000, .n_pages = 3, .n_rules = 2, .n_words = 7, .n_rows = 4 },
			    .pages = { { .words = 0, .n_rows = 3, .block_shift = 15 },
				       {},
				       { .words = 5, .n_rows = 1, .block_shift = 16 } },
			    .subindex0 = { 0, 2, 3 },
			    .rows0 = { { 0, 1 }, { 0x10, 0 }, { 0x9000, 1 } },
			    .subindex2 = { 0, 1 },
			    .rows2 = { { 0, 1 } },
			    .rules = { {}, { .cfa = 2, .reg = 7, .cfa_offset = 16, .ra_offset = -8 } } },
		.origin = { .path = 29, .failure = 1, .maker = 7 },
		/* A leaf at 0x1004 and one at 0x1020; the text seems to span 2^40 bytes. */
		.leaf_starts = { { .base = 0x1004, .n = 2, .start_bytes = 8 }, { 0, 0x1c, [2 ... 15] = UINT64_MAX } },
		.leaves = { { HEAD(0, 1, 0, 0, 4), 4, /* 0x1004: scope 1, 10 + 2 */
			      HEAD(4, 1, 0, 0, 0), 8, /* 0x1008: scope 4, 3 + 0 */
			      HEAD(4, 0, 1, 0, 3), 3 /* 0x100c: file 1, 3 - 2 */ },
			    { HEAD(0, 1, 0, 0, 0), 20,        /* 0x1020: scope 9 */
			      HEAD(16, 1, 1, 1, 8), 1, 3, 12, /* 0x1030: none, file 1, 12 * 16 + 8 is 100 twice */
			      HEAD(62, 1, 0, 0, 0), 18, 0, 1 /* 0x1080: none */ } },
		.scopes = { 0, 0x10, 0, 1,     /* 1: function 0; symbols must be asked */
			    0x51, 3, 1, 3, 10, /* 4: function 1, in the one 3 back; called in file 2, 10 + 5 */
			    0x10, 2, 1 /* 9: function 2; symbols must be asked */ },
		.scope_functions = { { 7, 14, 10, 1 }, { 39, 44, 3, 2 }, { 23, 23, 0, 0 } },
		.files = { 0, 29, 34 },
	};
	mend_crc(b);
}

static int open_bytes(const void *data, size_t size, struct index **ret)
{
	_cleanup_close_ int fd = tool_memory_file(data, size);

	return index_open(fd, ret);
}

static void check_name(const struct index *index, uint64_t addr, const char *function, const char *linkage)
{
	struct index_frame frame;

	assert_int_equal(index_lookup(index, addr, &frame, 1), function ? 1 : 0);
	if (!function)
		return;
	assert_string_equal(frame.function, function);
	assert_string_equal(frame.linkage_name, linkage);
	assert_null(frame.file);
	assert_int_equal(frame.line, 0);
	assert_int_equal(frame.start_line, 0);
	assert_false(frame.inlined);
}

/* Opens it without what debug info says. */
static struct index *open_bare(struct index_bytes *b)
{
	struct index *index;

	for (size_t i = 7; i < ARRAY_SIZE(b->toc); i++)
		b->toc[i].kind = 90;
	mend_crc(b);
	assert_int_equal(open_bytes(b, sizeof(*b), &index), 0);
	return index;
}

static void test_lookup(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_frame frame;
	struct index_bytes b;

	init(&b);
	index = open_bare(&b);
	assert_false(index_has_debug(index));
	assert_int_equal(index_n_functions(index), 3);
	assert_int_equal(index_mapped_bytes(index), sizeof(b));
	assert_int_equal(index_build_id(index)->n_bytes, 3);
	assert_memory_equal(index_build_id(index)->bytes, "\xab\xcd\xef", 3);
	check_name(index, 0xfff, NULL, NULL);
	check_name(index, 0x1000, "alpha", "alpha");
	check_name(index, 0x100f, "alpha", "alpha");
	check_name(index, 0x1010, "beta()", "_Z4betav");
	check_name(index, 0x102f, "beta()", "_Z4betav");
	check_name(index, 0x1030, NULL, NULL);
	check_name(index, 0x103f, NULL, NULL);
	check_name(index, 0x1040, "gamma", "gamma");
	check_name(index, 0x1080, "gamma", "gamma");
	check_name(index, 0x1081, NULL, NULL);
	check_name(index, 0, NULL, NULL);
	check_name(index, UINT64_MAX, NULL, NULL);
	assert_int_equal(index_lookup(index, 0x1000, &frame, 0), 0);
}

static void check_frame(const struct index_frame *f, const struct index_frame *expected)
{
	assert_string_equal(f->function, expected->function);
	assert_string_equal(f->linkage_name, expected->linkage_name);
	assert_int_equal(f->file != NULL, expected->file != NULL);
	if (f->file)
		assert_string_equal(f->file, expected->file);
	assert_int_equal(f->line, expected->line);
	assert_int_equal(f->start_line, expected->start_line);
	assert_int_equal(f->inlined, expected->inlined);
}

/* The symbols' names win over those of debug info, which has beta before alpha ends and gamma in beta. */
static void test_debug_lookup(void **state)
{
	static const struct {
		uint64_t addr;
		size_t n;
		struct index_frame frames[2];
	} expected[] = {
		{ 0xfff, 0, {} },
		{ 0x1003, 1, { { "alpha", "alpha", NULL, 0, 0, false } } },
		{ 0x1004, 1, { { "alpha", "alpha", "/a.c", 12, 10, false } } },
		{ 0x1007, 1, { { "alpha", "alpha", "/a.c", 12, 10, false } } },
		{ 0x1008,
		  2,
		  { { "in()", "_Z2inv", "/b.h", 3, 3, true }, { "alpha", "alpha", "/b.h", 15, 10, false } } },
		{ 0x100c,
		  2,
		  { { "in()", "_Z2inv", "/a.c", 1, 3, true }, { "alpha", "alpha", "/b.h", 15, 10, false } } },
		{ 0x101f,
		  2,
		  { { "in()", "_Z2inv", "/a.c", 1, 3, true }, { "beta()", "_Z4betav", "/b.h", 15, 10, false } } },
		{ 0x1020, 1, { { "beta()", "_Z4betav", NULL, 0, 0, false } } },
		{ 0x1030, 0, {} }, /* a line, but no function */
		{ 0x1040, 1, { { "gamma", "gamma", "/a.c", 100, 0, false } } },
		{ 0x107f, 1, { { "gamma", "gamma", "/a.c", 100, 0, false } } },
		{ 0x1080, 1, { { "gamma", "gamma", NULL, 0, 0, false } } },
		{ 0x1081, 0, {} },
		{ UINT64_MAX, 0, {} },
	};
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_frame frames[2];
	struct index_bytes b;

	init(&b);
	assert_int_equal(open_bytes(&b, sizeof(b), &index), 0);
	assert_true(index_has_debug(index));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(index_lookup(index, expected[i].addr, frames, 2), expected[i].n);
		for (size_t k = 0; k < expected[i].n; k++)
			check_frame(&frames[k], &expected[i].frames[k]);
	}
	/* No room for the function that it is inlined into. */
	assert_int_equal(index_lookup(index, 0x1008, frames, 1), 1);
	check_frame(&frames[0], &expected[4].frames[0]);
	/* The root says that symbols need not be asked. */
	b.scopes[11] = 0;
	mend_crc(&b);
	index = index_free(index);
	assert_int_equal(open_bytes(&b, sizeof(b), &index), 0);
	assert_int_equal(index_lookup(index, 0x1020, frames, 2), 1);
	check_frame(&frames[0], &(struct index_frame){ "gamma", "gamma", NULL, 0, 0, false });
	/* Without the symbol, as debug info has it. */
	b.functions[0].n_bytes = 4;
	mend_crc(&b);
	index = index_free(index);
	assert_int_equal(open_bytes(&b, sizeof(b), &index), 0);
	assert_int_equal(index_lookup(index, 0x1008, frames, 2), 2);
	check_frame(&frames[1], &(struct index_frame){ "beta()", "_Z4betav", "/b.h", 15, 10, false });
}

static void test_origin(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL, *none = NULL;
	struct index_origin origin;
	struct index_bytes b;

	init(&b);
	assert_int_equal(open_bytes(&b, sizeof(b), &index), 0);
	index_origin(index, &origin);
	assert_string_equal(origin.path, "/a.c");
	assert_null(origin.debug_source);
	assert_string_equal(origin.failure, "alpha");
	assert_string_equal(origin.maker, "beta()");
	b.toc[6].kind = 90;
	mend_crc(&b);
	assert_int_equal(open_bytes(&b, sizeof(b), &none), 0);
	index_origin(none, &origin);
	assert_null(origin.path);
	assert_null(origin.debug_source);
	assert_null(origin.failure);
	assert_null(origin.maker);
}

static void test_segments(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	const struct index_segment *s;
	struct index_bytes b;

	init(&b);
	assert_int_equal(open_bytes(&b, sizeof(b), &index), 0);
	assert_int_equal(index_n_segments(index), 2);
	s = index_segments(index);
	assert_int_equal(s[1].vaddr, 0x3000);
	assert_null(index_find_segment(index, 0x7ff));
	assert_ptr_equal(index_find_segment(index, 0x800), &s[0]);
	assert_ptr_equal(index_find_segment(index, 0x87f), &s[0]);
	assert_null(index_find_segment(index, 0x880)); /* in memory, but no byte of the file */
	assert_ptr_equal(index_find_segment(index, 0x900), &s[1]);
	assert_null(index_find_segment(index, 0xa00));
}

static void test_unwind(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL, *bare = NULL;
	struct index_unwind u;
	struct index_bytes b;

	init(&b);
	assert_int_equal(open_bytes(&b, sizeof(b), &index), 0);
	assert_true(index_unwind(index, &u));
	assert_int_equal(u.base, 0x10000);
	assert_int_equal(u.n_pages, 3);
	assert_int_equal(u.n_rules, 2);
	assert_int_equal(u.n_words, 7);
	assert_int_equal(u.n_rows, 4);
	assert_memory_equal(u.pages, b.unwind.pages, sizeof(b.unwind.pages));
	assert_memory_equal(u.words, b.unwind.subindex0, 28);
	assert_memory_equal(u.rules, b.unwind.rules, sizeof(b.unwind.rules));
	/* A register that only aarch64 has. */
	b.head.machine = 183;
	b.unwind.rules[1].reg = 31;
	mend_crc(&b);
	assert_int_equal(open_bytes(&b, sizeof(b), &bare), 0);
	bare = index_free(bare);
	b.toc[3].kind = 99;
	mend_crc(&b);
	assert_int_equal(open_bytes(&b, sizeof(b), &bare), 0);
	assert_false(index_unwind(bare, &u));
}

/* Each change of one field makes a file that must be refused although its CRC is right. */
static void test_refused(void **state)
{
	struct index_bytes good, b;
	const struct {
		void *field;
		size_t size;
		uint64_t value;
	} changes[] = {
		{ b.head.magic, 1, 'C' },
		{ &b.head.version, 4, 1 },
		{ &b.head.version, 4, 2 },
		{ &b.head.version, 4, 3 },
		{ &b.head.version, 4, 4 },
		{ &b.head.version, 4, 6 },
		{ &b.head.version, 4, 0 },
		{ &b.head.file_bytes, 8, sizeof(b) + 8 },
		{ &b.head.file_bytes, 8, 0 },
		{ &b.head.n_sections, 4, 4 }, /* the segments are gone */
		{ &b.head.n_sections, 4, 0xffffffff },
		{ &b.head.build_id_bytes, 1, 21 },
		{ &b.toc[1].kind, 4, 78 },
		{ &b.toc[0].kind, 4, 3 }, /* twice */
		{ &b.toc[0].offset, 8, sizeof(b) + 8 },
		{ &b.toc[0].offset, 8, UINT64_MAX & ~7ULL },
		{ &b.toc[0].offset, 8, offsetof(struct index_bytes, unknown) + 8 }, /* no cache line begins there */
		{ &b.toc[0].size, 8, UINT64_MAX },
		{ &b.toc[0].size, 8, sizeof(b) },
		{ &b.toc[1].size, 8, 0 },
		{ &b.toc[1].size, 8, 3 },  /* does not end with NUL */
		{ &b.toc[1].size, 8, 44 }, /* cuts what is named last */
		{ &b.toc[2].size, 8, 12 },
		{ &b.toc[2].size, 8, N * 12 - 4 },
		{ &b.toc[4].size, 8, 63 },
		{ &b.strings[0], 1, 'x' },
		{ &b.starts.head.n, 4, N + 1 },
		{ &b.starts.head.n, 4, N - 1 },
		{ &b.starts.head.n, 4, 0xffffffff },
		{ &b.starts.head.n, 4, 17 },
		{ &b.starts.head.start_bytes, 4, 8 },
		{ &b.starts.head.start_bytes, 4, 0 },
		{ &b.starts.head.base, 8, UINT64_MAX - 0x3f },
		{ &b.starts.head.base, 8, UINT64_MAX - 0x80 }, /* gamma would end at 2^64 */
		{ &b.starts.level0[1], 4, 0xf },               /* overlaps alpha */
		{ &b.starts.level0[1], 4, 0 },
		{ &b.starts.level0[2], 4, 0x2f },
		{ &b.starts.level0[0], 4, 0xffffffff },
		{ &b.starts.level0[3], 4, 0xfffffffe }, /* filled with something else */
		{ &b.toc[5].size, 8, 63 },
		{ &b.toc[5].size, 8, 124 },
		{ &b.toc[5].size, 8, 192 },
		{ &b.toc[5].kind, 4, 90 },
		{ &b.functions[0].n_bytes, 4, 0x11 },
		{ &b.functions[1].n_bytes, 4, 0 },
		{ &b.functions[2].name, 4, 64 },
		{ &b.functions[0].linkage_name, 4, 0xffffffff },
		{ &b.toc[6].size, 8, 8 },
		{ &b.origin.path, 4, 64 },
		{ &b.origin.debug_source, 4, 0xffffffff },
		{ &b.origin.failure, 4, 64 },
		{ &b.origin.maker, 4, 64 },
		{ &b.toc[7].kind, 4, 90 }, /* one of five is missing */
		{ &b.toc[8].kind, 4, 90 },
		{ &b.toc[9].kind, 4, 90 },
		{ &b.toc[10].kind, 4, 90 },
		{ &b.toc[11].kind, 4, 90 },
		{ &b.toc[0].kind, 4, 7 }, /* twice */
		{ &b.toc[0].kind, 4, 8 },
		{ &b.toc[0].kind, 4, 9 },
		{ &b.toc[0].kind, 4, 10 },
		{ &b.toc[0].kind, 4, 11 },
		{ &b.toc[8].size, 8, 128 },
		{ &b.toc[8].size, 8, 191 },
		{ &b.leaf_starts.head.n, 4, 1 },
		{ &b.leaf_starts.level0[1], 8, 0 },
		{ &b.leaf_starts.level0[1], 8, UINT64_MAX - 0x1003 }, /* at 2^64 */
		{ &b.toc[10].size, 8, 47 },
		{ &b.scope_functions[0].name, 4, 64 },
		{ &b.scope_functions[2].linkage_name, 4, 0xffffffff },
		{ &b.scope_functions[1].file, 4, 3 },
		{ &b.toc[11].size, 8, 0 },
		{ &b.toc[11].size, 8, 8 }, /* cuts a function's file */
		{ &b.files[0], 4, 1 },
		{ &b.files[2], 4, 64 },
		{ &b.segments[0].vaddr, 8, UINT64_MAX - 1 },
		{ &b.segments[1].file_offset, 8, UINT64_MAX - 1 },
		{ &b.segments[1].file_bytes, 8, 0x101 }, /* more than its memory */
		{ &b.toc[0].kind, 4, 4 },                /* twice */
		{ &b.toc[3].size, 8, UNWIND_BYTES - 1 },
		{ &b.toc[3].size, 8, UNWIND_BYTES + 4 },
		{ &b.toc[3].size, 8, 23 },
		{ &b.unwind.head.base, 8, 0x10008 },
		{ &b.unwind.head.base, 8, 0xfffffffffffe0000 }, /* the third page would begin at 0 */
		{ &b.unwind.head.n_pages, 4, 4 },
		{ &b.unwind.head.n_pages, 4, 0xffffffff },
		{ &b.unwind.head.n_rules, 4, 1 },
		{ &b.unwind.head.n_rules, 4, 0 },
		{ &b.unwind.head.n_words, 4, 8 },
		{ &b.unwind.head.n_words, 4, 0xffffffff },
		{ &b.unwind.head.n_rows, 4, 3 },
		{ &b.unwind.pages[0].words, 4, 1 },
		{ &b.unwind.pages[2].words, 4, 0 }, /* shares with the first */
		{ &b.unwind.pages[2].words, 4, 0xffffffff },
		{ &b.unwind.pages[0].n_rows, 2, 4 },
		{ &b.unwind.pages[0].n_rows, 2, 2 },
		{ &b.unwind.pages[2].n_rows, 2, 0 },
		{ &b.unwind.pages[1].n_rows, 2, 1 },
		{ &b.unwind.pages[2].n_rows, 2, 0xffff },
		{ &b.unwind.pages[0].block_shift, 1, 14 },
		{ &b.unwind.pages[0].block_shift, 1, 3 },
		{ &b.unwind.pages[2].block_shift, 1, 17 },
		{ &b.unwind.pages[2].block_shift, 1, 255 },
		{ &b.unwind.pages[1].zero, 1, 1 },
		{ &b.unwind.subindex0[0], 2, 1 },
		{ &b.unwind.subindex0[1], 2, 1 },
		{ &b.unwind.subindex0[1], 2, 3 },
		{ &b.unwind.subindex0[2], 2, 2 },
		{ &b.unwind.subindex0[2], 2, 4 },
		{ &b.unwind.subindex2[1], 2, 0xffff },
		{ &b.unwind.rows0[0].pc_low, 2, 1 },
		{ &b.unwind.rows2[0].pc_low, 2, 1 },
		{ &b.unwind.rows0[1].pc_low, 2, 0 },
		{ &b.unwind.rows0[2].pc_low, 2, 0x10 },
		{ &b.unwind.rows0[1].pc_low, 2, 0x8000 }, /* not in the block that the sub-index has it in */
		{ &b.unwind.rows0[0].rule, 2, 2 },
		{ &b.unwind.rows0[2].rule, 2, 2 },
		{ &b.unwind.rows2[0].rule, 2, 0xffff },
		{ &b.unwind.rules[0].cfa_add, 4, 1 },
		{ &b.unwind.rules[1].cfa, 1, UNWIND_CFA_N },
		{ &b.unwind.rules[1].reg, 1, 16 },
		{ &b.unwind.rules[1].ra, 1, 3 },
		{ &b.unwind.rules[1].fp, 1, 4 },
		{ &b.unwind.rules[1].ra, 1, 1 }, /* register -8 */
	};
	struct index *index;

	init(&good);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		b = good;
		memcpy(changes[i].field, &changes[i].value, changes[i].size);
		mend_crc(&b);
		if (open_bytes(&b, sizeof(b), &index) != -EBADMSG)
			fail_msg("change %zu is accepted", i);
	}
}

static void test_every_bit_counts(void **state)
{
	struct index_bytes b;
	struct index *index;

	init(&b);
	for (size_t i = 0; i < sizeof(b) * 8; i += 3) {
		((unsigned char *)&b)[i / 8] ^= (unsigned char)(1u << i % 8);
		assert_int_equal(open_bytes(&b, sizeof(b), &index), -EBADMSG);
		((unsigned char *)&b)[i / 8] ^= (unsigned char)(1u << i % 8);
	}
	for (size_t size = 0; size < sizeof(b); size += 7)
		assert_int_equal(open_bytes(&b, size, &index), -EBADMSG);
}

static int open_rows(const struct index_bytes *b, struct index **ret)
{
	_cleanup_close_ int fd = tool_memory_file(b, sizeof(*b));

	return index_open_rows(fd, ret);
}

/* In parts: 0, or -EBADMSG, and in how many. */
static int check_in_parts(const struct index_bytes *b, size_t n_bytes, size_t *ret_n)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_unwind u;
	int r;

	assert_int_equal(open_rows(b, &index), 0);
	assert_int_equal(index_n_segments(index), 2);
	assert_true(index_unwind(index, &u));
	assert_int_equal(u.n_rows, 4);
	*ret_n = 0;
	do {
		r = index_check(index, n_bytes);
		(*ret_n)++;
	} while (r == INDEX_UNCHECKED);
	if (r == 0)
		check_name(index, 0x1030, NULL, NULL);
	return r;
}

/* The rows of a file whose names are damaged can be had; damaged rows cannot, nor such as have another sum. */
static void test_rows_first(void **state)
{
	const size_t n_summed = sizeof(struct index_bytes) - 16;
	struct index_bytes good, b;
	struct index *index;
	size_t n;

	init(&good);
	assert_int_equal(check_in_parts(&good, 100, &n), 0);
	assert_int_equal(n, (n_summed + 99) / 100);
	assert_int_equal(check_in_parts(&good, n_summed, &n), 0);
	assert_int_equal(n, 1);
	b = good;
	b.strings[1] ^= 1;
	assert_int_equal(check_in_parts(&b, 100, &n), -EBADMSG);
	b = good;
	b.starts.head.n++;
	mend_crc(&b);
	assert_int_equal(check_in_parts(&b, 100, &n), -EBADMSG); /* the sum is right, and what it says is not */
	b = good;
	b.unwind.rows0[1].rule ^= 1;
	assert_int_equal(open_rows(&b, &index), -EBADMSG);
	b = good;
	b.segments[1].vaddr++;
	assert_int_equal(open_rows(&b, &index), -EBADMSG);
	b = good;
	b.toc[3].crc ^= 1;
	assert_int_equal(open_rows(&b, &index), -EBADMSG);
}

static void test_not_a_file(void **state)
{
	struct index *index;
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(index_open(pipe_fds[0], &index) < 0);
	close_fd(pipe_fds[0]);
	close_fd(pipe_fds[1]);
	assert_int_equal(index_open(-1, &index), -EBADF);
}

static struct index *written(uint64_t far)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_close_ int fd = tool_memory_file("", 0);
	const struct build_id id = { .n_bytes = 2, .bytes = { 1, 2 } };
	struct index *index;

	assert_int_equal(index_writer_new(62, &id, &w), 0);
	assert_int_equal(index_writer_add_function(w, 0x100, 0x10, "one", NULL), 0);
	assert_int_equal(index_writer_add_function(w, 0x10f, 0x10, "overlap", NULL), -EINVAL);
	assert_int_equal(index_writer_add_function(w, 0x110, 0, "empty", NULL), -EINVAL);
	assert_int_equal(index_writer_add_function(w, 0x110 + far, 0x10, "two", "_two"), 0);
	assert_int_equal(index_writer_add_segment(w, &(struct index_segment){ .mem_bytes = 1 }), 0);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(index_open(fd, &index), 0);
	return index;
}

static void test_writer(void **state)
{
	static const uint64_t distances[] = { 0, 0xfffffff0 - 0x10, 0xffffffff, 0x100000000, 1ULL << 46 };

	for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
		_cleanup_(index_freep) struct index *index = written(distances[i]);

		check_name(index, 0x10f, "one", "one");
		check_name(index, 0x110 + distances[i], "two", "_two");
		check_name(index, 0x11f + distances[i], "two", "_two");
		check_name(index, 0x120 + distances[i], NULL, NULL);
	}
}

static void test_writer_keeps_equal_strings_once(void **state)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int fd = tool_memory_file("", 0);
	const struct build_id none = {};
	char name[64];

	assert_int_equal(index_writer_new(62, &none, &w), 0);
	for (uint64_t i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "a function with a name %u", (unsigned int)(i % 5000));
		assert_int_equal(index_writer_add_function(w, 16 * i, 16, name, i % 2 ? name : NULL), 0);
	}
	assert_int_equal(index_writer_add_segment(w, &(struct index_segment){}), 0);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(index_open(fd, &index), 0);
	assert_in_range(index_mapped_bytes(index), 1626000 + 5000 * 24, 1628000 + 5000 * 30);
	for (uint64_t i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "a function with a name %u", (unsigned int)(i % 5000));
		check_name(index, 16 * i + 15, name, name);
	}
	assert_int_equal(index_build_id(index)->n_bytes, 0);
}

/* What they are called is shared all the same, and not even one long name for all functions fills the memory. */
static void test_writer_keeps_names_apart(void **state)
{
	static char name[] = "_ZN4demo3addEi", longest[SYMBOL_NAME_BYTES + 1];
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int fd = tool_memory_file("", 0);
	const struct build_id none = {};
	struct index_name names;

	memset(longest, 'x', SYMBOL_NAME_BYTES);
	assert_int_equal(index_writer_new(62, &none, &w), 0);
	index_writer_keep_names_apart(w);
	for (uint64_t i = 0; i < 100000; i++) {
		assert_int_equal(index_writer_add_name(w, name, strlen(name), &names), 0);
		assert_int_equal(index_writer_add_named_function(w, 16 * i, 16, &names), 0);
	}
	for (uint64_t i = 100000; i < 200000; i++) {
		assert_int_equal(index_writer_add_name(w, longest, SYMBOL_NAME_BYTES, &names), 0);
		assert_int_equal(index_writer_add_named_function(w, 16 * i, 16, &names), 0);
	}
	assert_int_equal(index_writer_add_segment(w, &(struct index_segment){}), 0);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(index_open(fd, &index), 0);
	assert_in_range(index_mapped_bytes(index), 64 << 20, (64 << 20) + 200000 * 17);
	check_name(index, 0, "demo::add(int)", "_ZN4demo3addEi");
	check_name(index, 16 * 99999, "demo::add(int)", "_ZN4demo3addEi");
	check_name(index, 16 * 100000, longest, longest);
	check_name(index, 16 * 199999, longest, longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_debug_lookup),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_unwind),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_rows_first),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_writer_keeps_equal_strings_once),
		cmocka_unit_test(test_writer_keeps_names_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
