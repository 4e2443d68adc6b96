// SPDX-License-Identifier: Apache-2.0
/* cfi: instructions and entries written by hand, where distribution files have none or where they are damaged. */
#include "tests/unit/cmocka-all.h"

#include "symbolizer/index-unwind.h"
#include "tests/unit/cfi-bytes.h"

#define START 0x2000
#define SIZE 0x100

static const struct unwind_rule gap, unencodable = { .cfa = UNWIND_CFA_UNENCODABLE };
/* As the CIE of cfi_bytes_cie() has it. */
static const struct unwind_rule entry = { .cfa = UNWIND_CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8 };

static struct unwind_rule rule_in(const struct index_unwind *u, uint64_t addr)
{
	struct unwind_rule rule = {};
	size_t page = (addr - u->base) / UNWIND_PAGE_BYTES;
	const struct unwind_row *rows;

	if (addr < u->base || page >= u->n_pages || u->pages[page].n_rows == 0)
		return rule;
	rows = (const void *)(u->words + u->pages[page].words + UNWIND_SUBINDEX_WORDS(u->pages[page].block_shift));
	for (size_t i = 0; i < u->pages[page].n_rows && rows[i].pc_low <= (addr & 0xffff); i++)
		rule = u->rules[rows[i].rule];
	return rule;
}

/* What is said of an address by a section. */
static struct unwind_rule rule_of_section(const struct cfi_section *section, uint16_t machine, uint64_t addr)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(buf_done) struct buf out = {};
	struct elffile f = cfi_bytes_file(machine);
	struct index_unwind u;

	assert_int_equal(unwind_builder_new(&b), 0);
	assert_int_equal(cfi_add_section(&f, section, b), 0);
	assert_int_equal(unwind_builder_finish(b, &out), 0);
	if (out.size == 0)
		return gap;
	assert_int_equal(index_unwind_check(out.data, out.size, machine, &u), 0);
	return rule_in(&u, addr);
}

static struct unwind_rule rule_at(const struct cfi_bytes *b, uint64_t addr)
{
	struct cfi_section section = cfi_bytes_section(b);

	return rule_of_section(&section, EM_X86_64, addr);
}

#define assert_rule(found, ...)                                                                                        \
	do {                                                                                                           \
		const struct unwind_rule found_ = (found), expected_ = __VA_ARGS__;                                    \
                                                                                                                       \
		assert_memory_equal(&found_, &expected_, sizeof(found_));                                              \
	} while (0)

struct program {
	const char *bytes;
	size_t n;
	unsigned int at; /* from the start of the function */
	struct unwind_rule expected;
};

#define PROGRAM(bytes, at, ...)                                                                                        \
	{                                                                                                              \
		bytes, sizeof(bytes) - 1, at, __VA_ARGS__                                                              \
	}
#define UNENCODABLE                                                                                                    \
	{                                                                                                              \
		.cfa = UNWIND_CFA_UNENCODABLE                                                                          \
	}
/* cfa, reg, ra, fp, cfa_offset, cfa_add, ra_offset, fp_offset */
#define REG UNWIND_CFA_REGISTER
#define DEREF UNWIND_CFA_DEREF
#define ENTRY                                                                                                          \
	{                                                                                                              \
		REG, 7, 0, 0, 8, 0, -8, 0                                                                              \
	}

static void check_programs(const struct program *programs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct program *p = &programs[i];
		struct unwind_rule found;
		struct cfi_bytes b = {};

		cfi_bytes_cie(&b, "", NULL, 0);
		cfi_bytes_fde(&b, 0, START, SIZE, p->bytes, p->n);
		found = rule_at(&b, START + p->at);
		if (memcmp(&found, &p->expected, sizeof(found)) != 0)
			fail_msg("program %zu: {%u %u %u %u, %d %d, %d %d}", i, found.cfa, found.reg, found.ra,
				 found.fp, found.cfa_offset, found.cfa_add, found.ra_offset, found.fp_offset);
		assert_rule(rule_at(&b, START - 1), gap);
		assert_rule(rule_at(&b, START + SIZE), gap);
	}
}

static void test_cfa(void **state)
{
	static const struct program programs[] = {
		PROGRAM("", 0, ENTRY),
		PROGRAM("", SIZE - 1, ENTRY),
		PROGRAM("\x0c\x0a\x00", 0, { REG, 10, 0, 0, 0, 0, -8, 0 }),
		PROGRAM("\x0c\x0f\x80\x01", 0, { REG, 15, 0, 0, 128, 0, -8, 0 }),
		PROGRAM("\x0c\x10\x08", 0, UNENCODABLE), /* no general register */
		PROGRAM("\x0c\x07\xff\xff\xff\xff\x07", 0, { REG, 7, 0, 0, 0x7fffffff, 0, -8, 0 }),
		PROGRAM("\x0c\x07\x80\x80\x80\x80\x08", 0, UNENCODABLE),
		PROGRAM("\x12\x07\x7e", 0, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x0d\x06", 0, { REG, 6, 0, 0, 8, 0, -8, 0 }),
		PROGRAM("\x0e\x90\x01", 0, { REG, 7, 0, 0, 144, 0, -8, 0 }),
		PROGRAM("\x13\x7d", 0, { REG, 7, 0, 0, 24, 0, -8, 0 }),
		PROGRAM("\x13\x01", 0, { REG, 7, 0, 0, -8, 0, -8, 0 }),
		/* as OpenSSL and realigned stacks have it */
		PROGRAM("\x0f\x06\x77\x98\x01\x06\x23\x08", 0, { DEREF, 7, 0, 0, 152, 8, -8, 0 }),
		PROGRAM("\x0f\x03\x76\x78\x06", 0, { DEREF, 6, 0, 0, -8, 0, -8, 0 }),
		PROGRAM("\x0f\x02\x77\x10", 0, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x0f\x04\x77\x10\x23\x05", 0, { REG, 7, 0, 0, 21, 0, -8, 0 }),
		PROGRAM("\x0f\x05\x76\x78\x06\x38\x22", 0, { DEREF, 6, 0, 0, -8, 8, -8, 0 }),
		PROGRAM("\x0f\x05\x70\x08\x06\x31\x1c", 0, { DEREF, 0, 0, 0, 8, -1, -8, 0 }),
		PROGRAM("\x0f\x06\x70\x00\x06\x09\xf0\x22", 0, { DEREF, 0, 0, 0, 0, -16, -8, 0 }),
		PROGRAM("\x0f\x06\x70\x00\x06\x08\xf0\x22", 0, { DEREF, 0, 0, 0, 0, 240, -8, 0 }),
		PROGRAM("\x0f\x07\x70\x00\x06\x0b\x00\xff\x22", 0, { DEREF, 0, 0, 0, 0, -256, -8, 0 }),
		PROGRAM("\x0f\x09\x70\x00\x06\x0c\x00\x00\x01\x00\x22", 0, { DEREF, 0, 0, 0, 0, 65536, -8, 0 }),
		PROGRAM("\x0f\x0d\x70\x00\x06\x0f\xff\xff\xff\xff\xff\xff\xff\xff\x22", 0,
			{ DEREF, 0, 0, 0, 0, -1, -8, 0 }),
		PROGRAM("\x0f\x07\x70\x00\x06\x10\x81\x01\x22", 0, { DEREF, 0, 0, 0, 0, 129, -8, 0 }),
		PROGRAM("\x0f\x06\x70\x00\x06\x11\x7f\x22", 0, { DEREF, 0, 0, 0, 0, -1, -8, 0 }),
		PROGRAM("\x0f\x05\x92\x0a\x08\x96\x06", 0, { DEREF, 10, 0, 0, 8, 0, -8, 0 }),
		PROGRAM("\x0f\x04\x92\x10\x08\x06", 0, UNENCODABLE),     /* that register is the return address */
		PROGRAM("\x0f\x04\x77\x08\x06\x06", 0, UNENCODABLE),     /* twice */
		PROGRAM("\x0f\x05\x77\x08\x06\x38\x1e", 0, UNENCODABLE), /* times 8 */
		PROGRAM("\x0f\x04\x77\x08\x06\x38", 0, UNENCODABLE),     /* just 8 */
		PROGRAM("\x0f\x02\x38\x06", 0, UNENCODABLE),
		PROGRAM("\x0f\x00", 0, UNENCODABLE),
		PROGRAM("\x0f\x09\x77\x00\x23\xff\xff\xff\xff\x07\x96", 0, { REG, 7, 0, 0, 0x7fffffff, 0, -8, 0 }),
		PROGRAM("\x0f\x09\x77\x01\x23\xff\xff\xff\xff\x07\x96", 0, UNENCODABLE),
		PROGRAM("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22", 0,
			{ UNWIND_CFA_PLT, 0, 0, 0, 0, 11, -8, 0 }),
		PROGRAM("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3a\x2a\x33\x24\x22", 0,
			{ UNWIND_CFA_PLT, 0, 0, 0, 0, 10, -8, 0 }),
		PROGRAM("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x40\x2a\x33\x24\x22", 0, UNENCODABLE),
		PROGRAM("\x0f\x0b\x77\x08\x80\x01\x3f\x1a\x3b\x2a\x33\x24\x22", 0, UNENCODABLE),
		PROGRAM("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x34\x24\x22", 0, UNENCODABLE),
	};

	check_programs(programs, ARRAY_SIZE(programs));
}

static void test_registers(void **state)
{
	static const struct program programs[] = {
		PROGRAM("\x86\x02", 0, { REG, 7, 0, 1, 8, 0, -8, -16 }),
		PROGRAM("\x83\x02\x8d\x03", 0, ENTRY), /* others do not matter */
		PROGRAM("\x05\x06\x02", 0, { REG, 7, 0, 1, 8, 0, -8, -16 }),
		PROGRAM("\x05\x06\x80\x20", 0, { REG, 7, 0, 1, 8, 0, -8, -32768 }),
		PROGRAM("\x05\x06\x81\x20", 0, UNENCODABLE),
		PROGRAM("\x11\x06\x7e", 0, { REG, 7, 0, 1, 8, 0, -8, 16 }),
		PROGRAM("\x2f\x06\x02", 0, { REG, 7, 0, 1, 8, 0, -8, 16 }),
		PROGRAM("\x14\x06\x02", 0, UNENCODABLE),
		PROGRAM("\x15\x06\x02", 0, UNENCODABLE),
		PROGRAM("\x14\x07\x00", 0, ENTRY),
		PROGRAM("\x14\x07\x01", 0, UNENCODABLE), /* another stack */
		PROGRAM("\x15\x07\x7f", 0, UNENCODABLE),
		PROGRAM("\x87\x01", 0, UNENCODABLE),
		PROGRAM("\x07\x06", 0, { REG, 7, 0, 3, 8, 0, -8, 0 }),
		PROGRAM("\x86\x02\x08\x06", 0, ENTRY),
		PROGRAM("\x07\x10", 0, { REG, 7, 2, 0, 8, 0, 0, 0 }),
		PROGRAM("\x07\x10\x0f\x01\x30", 0, { REG, 7, 2, 0, 0, 0, 0, 0 }), /* a root by whatever CFA */
		PROGRAM("\x90\x03", 0, { REG, 7, 0, 0, 8, 0, -24, 0 }),
		PROGRAM("\x05\x10\x81\x20", 0, UNENCODABLE),
		PROGRAM("\x09\x10\x05", 0, { REG, 7, 1, 0, 8, 0, 5, 0 }), /* vfork */
		PROGRAM("\x09\x10\x11", 0, UNENCODABLE),
		PROGRAM("\x08\x10", 0, UNENCODABLE),
		PROGRAM("\x09\x06\x00", 0, UNENCODABLE),
		PROGRAM("\x10\x06\x02\x76\x00", 0, { REG, 7, 0, 2, 8, 0, -8, 0 }),
		PROGRAM("\x10\x06\x02\x76\x70", 0, { REG, 7, 0, 2, 8, 0, -8, -16 }),
		PROGRAM("\x10\x06\x02\x77\x00", 0, UNENCODABLE),
		PROGRAM("\x10\x06\x03\x76\x00\x06", 0, UNENCODABLE),
		PROGRAM("\x10\x06\x04\x76\x80\x80\x02", 0, UNENCODABLE), /* 32768 */
		PROGRAM("\x16\x06\x02\x76\x00", 0, UNENCODABLE),
		PROGRAM("\x10\x10\x02\x77\x00", 0, UNENCODABLE),
		PROGRAM("\x10\x03\x02\x77\x00", 0, ENTRY),
		PROGRAM("\x86\x02\xc6", 0, ENTRY),
		PROGRAM("\x86\x02\x06\x06", 0, ENTRY),
		PROGRAM("\x09\x10\x05\xd0", 0, ENTRY),
		PROGRAM("\x10\x10\x02\x77\x00\x06\x10", 0, ENTRY),
	};

	check_programs(programs, ARRAY_SIZE(programs));
}

static void test_places(void **state)
{
	static const struct program programs[] = {
		PROGRAM("\x44\x0e\x10", 3, ENTRY),
		PROGRAM("\x44\x0e\x10", 4, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x44\x0e\x10\x44\x0e\x08", 7, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x44\x0e\x10\x44\x0e\x08", 8, ENTRY),
		PROGRAM("\x44\x0e\x10\x40\x0e\x18", 4, { REG, 7, 0, 0, 24, 0, -8, 0 }),
		PROGRAM("\x02\x81\x0e\x10", 0x80, ENTRY),
		PROGRAM("\x02\x81\x0e\x10", 0x81, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x03\x81\x00\x0e\x10", 0x81, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x04\x81\x00\x00\x00\x0e\x10", 0x81, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x04\xff\xff\xff\xff\x0e\x10", SIZE - 1, ENTRY),
		PROGRAM("\x01\x10\x20\x00\x00\x00\x00\x00\x00\x0e\x10", 0xf, ENTRY),
		PROGRAM("\x01\x10\x20\x00\x00\x00\x00\x00\x00\x0e\x10", 0x10, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x48\x01\x01\x20\x00\x00\x00\x00\x00\x00\x0e\x10", 7, ENTRY), /* backwards */
		PROGRAM("\x48\x01\x01\x20\x00\x00\x00\x00\x00\x00\x0e\x10", 8, UNENCODABLE),
		PROGRAM("\x0a\x0e\x10\x41\x0b", 0, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x0a\x0e\x10\x41\x0b", 1, ENTRY),
		PROGRAM("\x0a\x0d\x06\x0a\x86\x02\x41\x0b\x41\x0b", 1, { REG, 6, 0, 0, 8, 0, -8, 0 }),
		PROGRAM("\x0a\x0d\x06\x0a\x86\x02\x41\x0b\x41\x0b", 2, ENTRY),
		PROGRAM("\x0b", 0, UNENCODABLE),
		PROGRAM("\x0a\x0b\x41\x0b", 0, ENTRY),
		PROGRAM("\x0a\x0b\x41\x0b", 1, UNENCODABLE),
		PROGRAM("\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a", 0, ENTRY),
		PROGRAM("\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a", 0, UNENCODABLE),
		PROGRAM("\x2e\x20\x00\x00", 0, ENTRY),
		PROGRAM("\x44\x3e\x44\x0e\x10", 3, ENTRY), /* unknown: the rest cannot be read */
		PROGRAM("\x44\x3e\x44\x0e\x10", 4, UNENCODABLE),
		PROGRAM("\x44\x3e\x44\x0e\x10", SIZE - 1, UNENCODABLE),
		PROGRAM("\x44\x0e\x10\x3e", 4, UNENCODABLE),
		PROGRAM("\x0e", 0, UNENCODABLE),
		PROGRAM("\x0e\x80", 0, UNENCODABLE),
		PROGRAM("\x0e\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 0, UNENCODABLE),
		PROGRAM("\x0e\x90\x80\x80\x80\x80\x80\x80\x80\x80\x00", 0, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x13\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 0, { REG, 7, 0, 0, 16, 0, -8, 0 }),
		PROGRAM("\x04\x01\x00", 0, UNENCODABLE),
		PROGRAM("\x0f\x06\x77\x98\x01\x06\x23", 0, UNENCODABLE),
		PROGRAM("\x0f\x03\x76\x78\x06\x41\x0e\x10", 0, { DEREF, 6, 0, 0, -8, 0, -8, 0 }),
		PROGRAM("\x0f\x03\x76\x78\x06\x41\x0e\x10", 1, UNENCODABLE), /* an offset to an expression */
		PROGRAM("\x2d", 0, UNENCODABLE),                             /* of aarch64 */
	};

	check_programs(programs, ARRAY_SIZE(programs));
}

/* One function of a CIE with these augmentation letters and data; its start is encoded as `start` of `size` bytes. */
static struct unwind_rule rule_of_encoding(uint8_t encoding, uint64_t start, size_t size, uint64_t datarel)
{
	struct cfi_bytes b = {};
	struct cfi_section section;

	cfi_bytes_cie(&b, "zR", &encoding, 1);
	cfi_bytes_open_fde(&b, 0);
	if ((encoding & 0x70) == 0x50)
		cfi_bytes_number(&b, 0, -b.n % 8);
	cfi_bytes_number(&b, start, size);
	if ((encoding & 0xf) == 1 || (encoding & 0xf) == 9)
		cfi_bytes_add(&b, "\x80\x01", 2);
	else
		cfi_bytes_number(&b, 0x80, size);
	cfi_bytes_add(&b, "\x00\x0e\x10", 3);
	cfi_bytes_close(&b);
	section = cfi_bytes_section(&b);
	section.datarel = datarel;
	assert_rule(rule_of_section(&section, EM_X86_64, START - 1), gap);
	assert_rule(rule_of_section(&section, EM_X86_64, START + 0x80), gap);
	return rule_of_section(&section, EM_X86_64, START + 0x7f);
}

static void test_encodings(void **state)
{
	static const struct unwind_rule expected = { REG, 7, 0, 0, 16, 0, -8, 0 };
	const uint64_t here = CFI_BYTES_VADDR + 22 + 8; /* of the start in the FDE, behind the CIE */

	assert_rule(rule_of_encoding(0x00, START, 8, 0), expected);
	assert_rule(rule_of_encoding(0x01, 0x0000c080, 2, 0), gap); /* uleb128 that goes on into the length */
	assert_rule(rule_of_encoding(0x01, 0x0040 << 8 | 0x80, 2, 0), expected);
	assert_rule(rule_of_encoding(0x09, 0x00c080, 3, 0), expected);
	assert_rule(rule_of_encoding(0x02, START, 2, 0), expected);
	assert_rule(rule_of_encoding(0x03, START, 4, 0), expected);
	assert_rule(rule_of_encoding(0x04, START, 8, 0), expected);
	assert_rule(rule_of_encoding(0x0c, START, 8, 0), expected);
	assert_rule(rule_of_encoding(0x1b, START - here, 4, 0), expected);
	assert_rule(rule_of_encoding(0x1c, START - here, 8, 0), expected);
	assert_rule(rule_of_encoding(0x10, START - here, 8, 0), expected);
	assert_rule(rule_of_encoding(0x3b, START - 0x9000, 4, 0x9000), expected);
	assert_rule(rule_of_encoding(0x3a, START - 0x9000, 2, 0x9000), expected);
	assert_rule(rule_of_encoding(0x32, 0x100, 2, START - 0x100), expected);
	assert_rule(rule_of_encoding(0x50, START, 8, 0), expected);
	assert_rule(rule_of_encoding(0x05, START, 8, 0), gap);
	assert_rule(rule_of_encoding(0x20, START, 8, 0), gap);
	assert_rule(rule_of_encoding(0x40, START, 8, 0), gap);
	assert_rule(rule_of_encoding(0xff, START, 8, 0), gap);
}

static void test_indirect(void **state)
{
	struct cfi_bytes b = {};

	cfi_bytes_cie(&b, "zR", "\x80", 1);
	cfi_bytes_open_fde(&b, 0);
	cfi_bytes_number(&b, CFI_BYTES_VADDR + b.n + 17, 8); /* behind the length and the augmentation's */
	cfi_bytes_number(&b, 0x80, 8);
	cfi_bytes_number(&b, 8, 1);
	cfi_bytes_number(&b, START, 8);
	cfi_bytes_close(&b);
	assert_rule(rule_at(&b, START), entry);
	assert_rule(rule_at(&b, START + 0x80), gap);
	b.data[b.n - 25] = 0xff; /* leads out of the section */
	assert_rule(rule_at(&b, START), gap);
}

static void check_cie(const char *augmentation, const char *data, uint8_t n_data, const struct unwind_rule *expected)
{
	struct cfi_bytes b = {};

	cfi_bytes_cie(&b, augmentation, data, n_data);
	cfi_bytes_open_fde(&b, 0);
	cfi_bytes_number(&b, START, 8);
	cfi_bytes_number(&b, SIZE, 8);
	if (augmentation[0] == 'z')
		cfi_bytes_add(&b, "\x02\x3e\x3e", 3);
	cfi_bytes_close(&b);
	assert_rule(rule_at(&b, START), *expected);
}

static void test_augmentations(void **state)
{
	check_cie("", "", 0, &entry);
	check_cie("z", "", 0, &entry);
	check_cie("zR", "\x00", 1, &entry);
	check_cie("zPLR", "\x9b\x01\x02\x03\x04\x1b\x00", 7, &entry);
	check_cie("zPR", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x00", 10, &entry);
	check_cie("zPR", "\xff\x00", 2, &entry); /* no personality */
	check_cie("zRB", "\x00", 1, &entry);
	check_cie("zR?", "\x00\x77\x77", 3, &entry); /* skipped */
	check_cie("zR", "", 0, &unencodable);        /* shorter than its letters */
	check_cie("?", "", 0, &unencodable);
}

static void test_eh_augmentation(void **state)
{
	struct cfi_bytes b = {};

	cfi_bytes_open(&b, 0);
	cfi_bytes_add(&b,
		      "\x01"
		      "eh\0"
		      "\x01\x02\x03\x04\x05\x06\x07\x08"
		      "\x01\x78\x10\x0c\x07\x08\x90\x01",
		      20);
	cfi_bytes_close(&b);
	cfi_bytes_fde(&b, 0, START, SIZE, "", 0);
	assert_rule(rule_at(&b, START), entry);
}

static void test_versions(void **state)
{
	static const struct {
		const char *head;
		uint8_t n;
		bool is_good;
	} cies[] = {
		{ "\x01\0\x01\x78\x10", 5, true },          { "\x03\0\x01\x78\x90\x00", 6, true },
		{ "\x04\0\x08\0\x01\x78\x10", 7, true },    { "\x04\0\x04\0\x01\x78\x10", 7, false },
		{ "\x04\0\x08\x04\x01\x78\x10", 7, false }, { "\x02\0\x01\x78\x10", 5, false },
		{ "\x05\0\x01\x78\x10", 5, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cies); i++) {
		struct cfi_bytes b = {};

		cfi_bytes_open(&b, 0);
		cfi_bytes_add(&b, cies[i].head, cies[i].n);
		cfi_bytes_add(&b, "\x0c\x07\x08\x90\x01", 5);
		cfi_bytes_close(&b);
		cfi_bytes_fde(&b, 0, START, SIZE, "", 0);
		assert_rule(rule_at(&b, START), cies[i].is_good ? entry : unencodable);
	}
}

/* ucontext at rsp, as libc has it; and a frame that only says that it is one. */
static void test_signal_frames(void **state)
{
	static const char kernels[] = "\x0f\x04\x77\xa0\x01\x06\x10\x06\x03\x77\xf8\x00\x10\x10\x03\x77\xa8\x01";
	struct cfi_bytes b = {};

	cfi_bytes_cie(&b, "zRS", "\x00", 1);
	cfi_bytes_open_fde(&b, 0);
	cfi_bytes_number(&b, START, 8);
	cfi_bytes_number(&b, 16, 8);
	cfi_bytes_number(&b, 0, 1);
	cfi_bytes_add(&b, kernels, sizeof(kernels) - 1);
	cfi_bytes_close(&b);
	assert_rule(rule_at(&b, START), { .cfa = UNWIND_CFA_SIGNAL });
	check_cie("zRS", "\x00", 1, &unencodable);
}

static void test_entries(void **state)
{
	struct cfi_bytes b = {}, damaged;
	struct cfi_section section;
	size_t second;

	cfi_bytes_cie(&b, "", NULL, 0);
	cfi_bytes_fde(&b, 0, START, 16, "\x0e\x10", 2);
	cfi_bytes_number(&b, 0, 4); /* a zero in the middle */
	second = b.n;
	cfi_bytes_cie(&b, "", NULL, 0);
	cfi_bytes_fde(&b, second, START + 0x40, 16, "\x0e\x20", 2);
	cfi_bytes_fde(&b, 0, START + 0x80, 16, "\x0e\x30", 2);          /* back to the first CIE */
	cfi_bytes_fde(&b, second + 4, START + 0xc0, 16, "\x0e\x40", 2); /* there is no CIE */
	cfi_bytes_fde(&b, b.n + 0x1000, START + 0xc0, 16, "\x0e\x40", 2);
	cfi_bytes_fde(&b, 0, 0x200000, 16, "\x0e\x50", 2); /* no code there */
	cfi_bytes_fde(&b, 0, START + 0xe0, 0, "\x0e\x60", 2);
	cfi_bytes_fde(&b, 0, 0x100ff0, 0x20, "\x0e\x70", 2); /* longer than the segment */
	assert_rule(rule_at(&b, START), { REG, 7, 0, 0, 16, 0, -8, 0 });
	assert_rule(rule_at(&b, START + 0x40), { REG, 7, 0, 0, 32, 0, -8, 0 });
	assert_rule(rule_at(&b, START + 0x80), { REG, 7, 0, 0, 48, 0, -8, 0 });
	assert_rule(rule_at(&b, START + 0xc0), gap);
	assert_rule(rule_at(&b, 0x200000), gap);
	assert_rule(rule_at(&b, START + 0xe0), gap);
	assert_rule(rule_at(&b, 0x100fff), { REG, 7, 0, 0, 112, 0, -8, 0 });
	assert_rule(rule_at(&b, 0x101000), gap);
	/* Where the size is not known, a zero ends it; a length that leads out ends it always. */
	section = cfi_bytes_section(&b);
	section.ends_at_zero = true;
	assert_rule(rule_of_section(&section, EM_X86_64, START), { REG, 7, 0, 0, 16, 0, -8, 0 });
	assert_rule(rule_of_section(&section, EM_X86_64, START + 0x40), gap);
	damaged = b;
	damaged.data[second + 1] = 0x7f;
	assert_rule(rule_at(&damaged, START), { REG, 7, 0, 0, 16, 0, -8, 0 });
	assert_rule(rule_at(&damaged, START + 0x80), gap);
	/* A CIE longer than any that makes sense. */
	damaged = b;
	damaged.n = 0;
	cfi_bytes_open(&damaged, 0);
	damaged.n += 1100;
	cfi_bytes_close(&damaged);
	cfi_bytes_fde(&damaged, 0, START, 16, "", 0);
	assert_rule(rule_at(&damaged, START), unencodable);
}

static void test_64_bit(void **state)
{
	struct cfi_bytes b = {};

	cfi_bytes_number(&b, 0xffffffff, 4);
	cfi_bytes_number(&b, 4 + 10, 8);
	cfi_bytes_number(&b, 0, 4);
	cfi_bytes_add(&b, "\x01\0\x01\x78\x10\x0c\x07\x08\x90\x01", 10);
	cfi_bytes_number(&b, 0xffffffff, 4);
	cfi_bytes_number(&b, 4 + 16, 8);
	cfi_bytes_number(&b, b.n, 4);
	cfi_bytes_number(&b, START, 8);
	cfi_bytes_number(&b, SIZE, 8);
	assert_rule(rule_at(&b, START), entry);
	cfi_bytes_number(&b, 0xffffffff, 4);
	cfi_bytes_number(&b, UINT64_MAX - 8, 8); /* leads out */
	assert_rule(rule_at(&b, START), entry);
}

/* .debug_frame: another number for CIEs, and offsets from the section's start. */
static void test_debug_frame(void **state)
{
	for (int is_64_bit = 0; is_64_bit < 2; is_64_bit++) {
		struct cfi_section section;
		struct cfi_bytes b = {};
		const size_t offset_bytes = is_64_bit ? 8 : 4;
		size_t cie;

		cfi_bytes_number(&b, 0, 4);
		cie = b.n;
		for (int i = 0; i < 2; i++) {
			if (is_64_bit)
				cfi_bytes_number(&b, 0xffffffff, 4);
			cfi_bytes_number(&b, offset_bytes + (i ? 16 : 10), offset_bytes);
			cfi_bytes_number(&b, i ? cie : UINT64_MAX, offset_bytes);
			if (i == 0)
				cfi_bytes_add(&b, "\x01\0\x01\x78\x10\x0c\x07\x08\x90\x01", 10);
		}
		cfi_bytes_number(&b, START, 8);
		cfi_bytes_number(&b, SIZE, 8);
		section = cfi_bytes_section(&b);
		section.is_eh = false;
		assert_rule(rule_of_section(&section, EM_X86_64, START), entry);
	}
}

static void test_aarch64(void **state)
{
	/* code by 4; the CFA is sp; nothing is said of x30, the return address */
	static const char cie[] = "\x01\0\x04\x78\x1e\x0c\x1f\x00";
	/* stp x29, x30, [sp, -32]!; mov x29, sp; and signed addresses */
	static const char program[] =
		"\x41\x2d\x41\x0e\x20\x9d\x04\x9e\x03\x41\x0d\x1d\x41\x0c\x1f\x00\xdd\xde\x2d\x2c";
	struct cfi_section section;
	struct cfi_bytes b = {};

	cfi_bytes_open(&b, 0);
	cfi_bytes_add(&b, cie, sizeof(cie) - 1);
	cfi_bytes_close(&b);
	cfi_bytes_fde(&b, 0, START, SIZE, program, sizeof(program) - 1);
	section = cfi_bytes_section(&b);
	assert_rule(rule_of_section(&section, EM_AARCH64, START), { REG, 31, 1, 0, 0, 0, 30, 0 });
	assert_rule(rule_of_section(&section, EM_AARCH64, START + 7), { REG, 31, 1, 0, 0, 0, 30, 0 });
	assert_rule(rule_of_section(&section, EM_AARCH64, START + 8), { REG, 31, 0, 1, 32, 0, -24, -32 });
	assert_rule(rule_of_section(&section, EM_AARCH64, START + 12), { REG, 29, 0, 1, 32, 0, -24, -32 });
	assert_rule(rule_of_section(&section, EM_AARCH64, START + 16), { REG, 31, 1, 0, 0, 0, 30, 0 });
	assert_rule(rule_of_section(&section, EM_RISCV, START), gap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cfa),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_augmentations),
		cmocka_unit_test(test_eh_augmentation),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_signal_frames),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_64_bit),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_aarch64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
