// SPDX-License-Identifier: Apache-2.0
/* elffile, elf-symtab, elf-plt: ELF files written field by field, whole and damaged. */
#include "tests/unit/tool.h"

#include <limits.h>

#include "tests/unit/elf-bytes.h"

#define TEXT offsetof(struct elf_bytes, text)

static int try_build(const void *data, size_t size, struct index **ret)
{
	_cleanup_close_ int fd = tool_memory_file(data, size), out = tool_memory_file("", 0);
	struct build_id id;
	int r;

	r = elf_index_build(fd, out, NULL, &id);
	if (r < 0)
		return r;
	assert_int_equal(index_open(out, ret), 0);
	return 0;
}

static struct index *build(const struct elf_bytes *b)
{
	struct index *index;

	assert_int_equal(try_build(b, sizeof(*b), &index), 0);
	return index;
}

static void check_at(const struct index *index, uint64_t offset, const char *name)
{
	const char *found = tool_name_at(index, TEXT + offset);

	if (name)
		assert_string_equal(found, name);
	else
		assert_null(found);
}

static void test_whole(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct elf_bytes b;

	elf_bytes_init(&b);
	index = build(&b);
	check_at(index, 0, "alpha");
	check_at(index, 15, "alpha");
	check_at(index, 16, NULL);
	check_at(index, 32, "beta");
	check_at(index, 47, "beta");
	check_at(index, 48, NULL);
	check_at(index, 64, "label"); /* up to the next symbol */
	check_at(index, 79, "label");
	check_at(index, 80, "gamma"); /* up to the end of the section */
	check_at(index, sizeof(b.text) - 1, "gamma");
	check_at(index, sizeof(b.text), NULL);
	assert_string_equal(tool_name_at(index, offsetof(struct elf_bytes, plt) + 16), "printf@plt");
	assert_null(tool_name_at(index, offsetof(struct elf_bytes, plt)));
	assert_int_equal(index_build_id(index)->n_bytes, 20);
	assert_memory_equal(index_build_id(index)->bytes, b.note.id, 20);
	assert_int_equal(index_n_segments(index), 1);
	assert_int_equal(index_segments(index)->mem_bytes, sizeof(b));
}

static void set_symbol(struct elf_bytes *b, size_t i, const char *name, unsigned char bind, unsigned char type,
		       uint64_t offset, uint64_t size)
{
	b->symtab[i] = elf_bytes_symbol(elf_bytes_string(b->strtab, sizeof(b->strtab), name), bind, type, offset, size);
}

static struct index *build_symbols(void (*set)(struct elf_bytes *b))
{
	struct elf_bytes b;

	elf_bytes_init(&b);
	memset(b.symtab, 0, sizeof(b.symtab));
	memset(b.dynsym, 0, sizeof(b.dynsym));
	memset(b.strtab, 0, sizeof(b.strtab));
	set(&b);
	return build(&b);
}

static void set_aliases(struct elf_bytes *b)
{
	set_symbol(b, 1, "untyped", STB_GLOBAL, STT_NOTYPE, 0, 16);
	set_symbol(b, 2, "local", STB_LOCAL, STT_FUNC, 0, 16);
	set_symbol(b, 3, "weak", STB_WEAK, STT_FUNC, 0, 16);
	set_symbol(b, 4, "__global", STB_GLOBAL, STT_FUNC, 0, 0); /* no size of its own */
	set_symbol(b, 5, "longer_global", STB_GLOBAL, STT_GNU_IFUNC, 32, 16);
	set_symbol(b, 6, "b_global", STB_GLOBAL, STT_FUNC, 32, 16);
	set_symbol(b, 7, "a_global", STB_GLOBAL, STT_FUNC, 32, 16);
}

static void test_aliases(void **state)
{
	_cleanup_(index_freep) struct index *index = build_symbols(set_aliases);

	check_at(index, 0, "__global");
	check_at(index, 15, "__global");
	check_at(index, 16, NULL); /* the size came from the aliases */
	check_at(index, 32, "a_global");
}

static void set_nested(struct elf_bytes *b)
{
	set_symbol(b, 1, "outer", STB_LOCAL, STT_FUNC, 0, 100);
	set_symbol(b, 2, "inner", STB_LOCAL, STT_FUNC, 20, 20);
	set_symbol(b, 3, "innermost", STB_LOCAL, STT_FUNC, 30, 5);
	set_symbol(b, 4, "label", STB_LOCAL, STT_NOTYPE, 50, 0);
	set_symbol(b, 5, "across", STB_LOCAL, STT_FUNC, 90, 20);
	set_symbol(b, 6, "huge", STB_LOCAL, STT_FUNC, 120, UINT64_MAX);
	set_symbol(b, 7, "$x", STB_LOCAL, STT_NOTYPE, 130, 8);
}

static void test_nested(void **state)
{
	static const struct {
		uint64_t offset;
		const char *name;
	} expected[] = {
		{ 0, "outer" },      { 19, "outer" },  { 20, "inner" },   { 29, "inner" }, { 30, "innermost" },
		{ 34, "innermost" }, { 35, "inner" },  { 39, "inner" },   { 40, "outer" }, { 50, "outer" },
		{ 89, "outer" },     { 90, "across" }, { 109, "across" }, { 110, NULL },   { 120, "huge" },
		{ 130, "huge" },     { 255, "huge" },  { 256, NULL },
	};
	_cleanup_(index_freep) struct index *index = build_symbols(set_nested);

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		check_at(index, expected[i].offset, expected[i].name);
}

static void set_names(struct elf_bytes *b)
{
	set_symbol(b, 1, "versioned@@V_1", STB_GLOBAL, STT_FUNC, 0, 8);
	set_symbol(b, 2, "_ZN4shop6basketC1Ev", STB_GLOBAL, STT_FUNC, 8, 8);
	set_symbol(b, 3, "_Znonsense", STB_GLOBAL, STT_FUNC, 16, 8);
	set_symbol(b, 4, "_RNvC1a4main", STB_GLOBAL, STT_FUNC, 24, 8);
	set_symbol(b, 5, "$s4shop6basketyyF", STB_GLOBAL, STT_FUNC, 40, 8); /* Swift's */
	set_symbol(b, 6, "", STB_GLOBAL, STT_FUNC, 32, 8);
}

static void test_names(void **state)
{
	_cleanup_(index_freep) struct index *index = build_symbols(set_names);
	struct index_frame frame;

	check_at(index, 0, "versioned");
	check_at(index, 40, "$s4shop6basketyyF");
	assert_int_equal(index_lookup(index, TEXT + 8, &frame, 1), 1);
	assert_string_equal(frame.function, "shop::basket::basket()");
	assert_string_equal(frame.linkage_name, "_ZN4shop6basketC1Ev");
	assert_int_equal(index_lookup(index, TEXT + 16, &frame, 1), 1);
	assert_string_equal(frame.function, "_Znonsense");
	assert_int_equal(index_lookup(index, TEXT + 24, &frame, 1), 1);
	assert_string_equal(frame.function, "a::main");
	check_at(index, 32, NULL);
}

/* What is no program is refused. */
static void test_refused(void **state)
{
	struct elf_bytes good, b;
	const struct {
		void *field;
		size_t size;
		uint64_t value;
	} changes[] = {
		{ &b.ehdr.e_ident[0], 1, 0 },
		{ &b.ehdr.e_ident[EI_CLASS], 1, 3 },
		{ &b.ehdr.e_ident[EI_DATA], 1, ELFDATA2MSB },
		{ &b.ehdr.e_type, 2, ET_CORE },
		{ &b.ehdr.e_shentsize, 2, 0 },
		{ &b.ehdr.e_shentsize, 2, 1 },
		{ &b.ehdr.e_shnum, 2, 0xfeff },
		{ &b.ehdr.e_shoff, 8, UINT64_MAX },
		{ &b.ehdr.e_shoff, 8, sizeof(b) - 8 },
	};
	struct index *index;

	elf_bytes_init(&good);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		b = good;
		memcpy(changes[i].field, &changes[i].value, changes[i].size);
		if (try_build(&b, sizeof(b), &index) != -EBADMSG)
			fail_msg("change %zu is accepted", i);
	}
	assert_int_equal(try_build("", 0, &index), -EBADMSG);
	assert_int_equal(try_build(&good, 40, &index), -EBADMSG);
	assert_int_equal(try_build("#!/bin/sh\n", 10, &index), -EBADMSG);
}

/* What is damaged in one place still gives the rest: at least the segments (but where they are the damage). */
static void test_damaged(void **state)
{
	struct elf_bytes good, b;
	const struct {
		void *field;
		size_t size;
		uint64_t value;
		size_t n_segments;
		const char *alpha;
	} changes[] = {
		{ &b.ehdr.e_shstrndx, 2, 0xfffe, 1, "alpha" },
		{ &b.ehdr.e_phoff, 8, UINT64_MAX, 0, NULL },
		{ &b.load.p_vaddr, 8, UINT64_MAX - 8, 0, NULL },
		{ &b.load.p_offset, 8, UINT64_MAX - 8, 0, NULL },
		{ &b.load.p_flags, 4, PF_R, 0, NULL },
		{ &b.load.p_filesz, 8, UINT64_MAX, 1, "alpha" },
		{ &b.shdrs[EB_SYMTAB].sh_entsize, 8, 0, 1, "alpha" },
		{ &b.shdrs[EB_SYMTAB].sh_entsize, 8, 1, 1, "alpha" },
		{ &b.shdrs[EB_SYMTAB].sh_size, 8, UINT64_MAX, 1, "alpha" }, /* from .dynsym */
		{ &b.shdrs[EB_SYMTAB].sh_offset, 8, UINT64_MAX - 4, 1, "alpha" },
		{ &b.shdrs[EB_SYMTAB].sh_link, 4, 0xffffffff, 1, "alpha" },
		{ &b.shdrs[EB_SYMTAB].sh_flags, 8, SHF_COMPRESSED, 1, "alpha" },
		{ &b.shdrs[EB_STRTAB].sh_size, 8, 3, 1, "al" },
		{ &b.symtab[1].st_name, 4, 0xffffffff, 1, "alpha" },
		{ &b.symtab[2].st_shndx, 2, 0x7fff, 1, "alpha" },
		{ &b.rela[0].r_info, 8, ELF64_R_INFO(0xffffffffULL, R_X86_64_JUMP_SLOT), 1, "alpha" },
		{ &b.note.head.n_namesz, 4, 0xffffffff, 1, "alpha" },
		{ &b.note.head.n_descsz, 4, 0xffffffff, 1, "alpha" },
	};

	elf_bytes_init(&good);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		_cleanup_(index_freep) struct index *index = NULL;

		b = good;
		memcpy(changes[i].field, &changes[i].value, changes[i].size);
		if (try_build(&b, sizeof(b), &index) != 0)
			fail_msg("change %zu is refused", i);
		if (index_n_segments(index) != changes[i].n_segments)
			fail_msg("change %zu gives %zu segments", i, index_n_segments(index));
		check_at(index, 0, changes[i].alpha);
	}
}

static void test_build_id_sizes(void **state)
{
	static const struct {
		uint32_t size;
		uint8_t n_bytes;
	} sizes[] = { { 0, 0 }, { 1, 1 }, { 8, 8 }, { 19, 19 }, { 20, 20 }, { 1000, 20 } };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(index_freep) struct index *index = NULL;
		struct elf_bytes b;

		elf_bytes_init(&b);
		b.note.head.n_descsz = sizes[i].size;
		if (sizes[i].size > sizeof(b.note.id))
			b.note_phdr.p_filesz = 16 + sizes[i].size;
		index = build(&b);
		assert_int_equal(index_build_id(index)->n_bytes, sizes[i].n_bytes);
		assert_memory_equal(index_build_id(index)->bytes, b.note.id, sizes[i].n_bytes);
	}
}

static void put_go_note(void *ret, const char *id)
{
	const Elf64_Nhdr head = { .n_namesz = 4, .n_descsz = (uint32_t)strlen(id), .n_type = 4 };

	memcpy(ret, &head, sizeof(head));
	memcpy((char *)ret + sizeof(head), "Go\0", 4);
	memcpy((char *)ret + sizeof(head) + 4, id, strlen(id));
}

/* Where there is no GNU one: what `printf abcdefghij/012345678 | sha256sum` begins with. */
static void test_go_build_id(void **state)
{
	static const uint8_t hash[] = { 0x5d, 0x60, 0x72, 0x1e, 0x6c, 0xeb, 0x1d, 0xe3, 0x7f, 0x37,
					0xe4, 0x27, 0x1c, 0x53, 0x35, 0x9b, 0xb2, 0x81, 0xde, 0xb1 };
	_cleanup_(index_freep) struct index *index = NULL, *both = NULL;
	struct elf_bytes b;

	elf_bytes_init(&b);
	put_go_note(b.text, "abcdefghij/012345678");
	b.note_phdr.p_offset = TEXT;
	both = build(&b);
	assert_memory_equal(index_build_id(both)->bytes, b.note.id, 20); /* from its section */
	b.shdrs[EB_NOTE].sh_type = SHT_PROGBITS;
	index = build(&b);
	assert_int_equal(index_build_id(index)->n_bytes, 20);
	assert_memory_equal(index_build_id(index)->bytes, hash, 20);
}

static void test_build_id_from_section(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct elf_bytes b;

	elf_bytes_init(&b);
	b.note_phdr.p_type = PT_NULL;
	index = build(&b);
	assert_int_equal(index_build_id(index)->n_bytes, 20);
	b.shdrs[EB_NOTE].sh_type = SHT_PROGBITS;
	index = index_free(index);
	index = build(&b);
	assert_int_equal(index_build_id(index)->n_bytes, 0);
}

/* More than 0xff00 sections: e_shnum is 0 and the first header has the number. */
static void test_extended_numbering(void **state)
{
	const size_t n = 0xff00 + 10, size = sizeof(struct elf_bytes) + n * sizeof(Elf64_Shdr);
	_cleanup_free_ char *data = calloc(1, size);
	_cleanup_(index_freep) struct index *index = NULL;
	Elf64_Shdr *shdrs;
	struct elf_bytes b;

	assert_non_null(data);
	elf_bytes_init(&b);
	b.ehdr.e_shoff = sizeof(b);
	b.ehdr.e_shnum = 0;
	memcpy(data, &b, sizeof(b));
	shdrs = (void *)(data + sizeof(b));
	memcpy(shdrs, b.shdrs, sizeof(b.shdrs));
	shdrs[0].sh_size = n;
	assert_int_equal(try_build(data, size, &index), 0);
	check_at(index, 0, "alpha");
	shdrs[0].sh_size = n + 1;
	assert_int_equal(try_build(data, size, &index), -EBADMSG);
	shdrs[0].sh_size = UINT64_MAX / 64 + 2;
	assert_int_equal(try_build(data, size, &index), -EBADMSG);
}

static void test_no_sections(void **state)
{
	static const uint32_t hash_sizes[] = { 3, 4, 0xffffffff, 0 };
	static const char *const expected[] = { "alpha", "alpha", NULL, NULL };

	for (size_t i = 0; i < ARRAY_SIZE(hash_sizes); i++) {
		_cleanup_(index_freep) struct index *index = NULL;
		struct elf_bytes b;

		elf_bytes_init(&b);
		b.ehdr.e_shoff = b.ehdr.e_shnum = b.ehdr.e_shstrndx = 0;
		b.hash[1] = hash_sizes[i];
		if (try_build(&b, sizeof(b), &index) == -EFBIG) {
			assert_int_equal(hash_sizes[i], 0xffffffff);
			continue;
		}
		assert_int_equal(index_n_segments(index), 1);
		check_at(index, 0, expected[i]);
	}
}

/* 65,535 section headers that all say symbol table, over the same symbols: one is read. */
static void test_many_tables(void **state)
{
	const size_t n = 60000, size = sizeof(struct elf_bytes) + n * sizeof(Elf64_Shdr);
	_cleanup_free_ char *data = calloc(1, size);
	_cleanup_(index_freep) struct index *index = NULL;
	Elf64_Shdr *shdrs;
	struct elf_bytes b;

	assert_non_null(data);
	elf_bytes_init(&b);
	b.ehdr.e_shoff = sizeof(b);
	b.ehdr.e_shnum = (Elf64_Half)n;
	memcpy(data, &b, sizeof(b));
	shdrs = (void *)(data + sizeof(b));
	memcpy(shdrs, b.shdrs, sizeof(b.shdrs));
	for (size_t i = EB_N_SECTIONS; i < n; i++)
		shdrs[i] = b.shdrs[EB_SYMTAB];
	assert_int_equal(try_build(data, size, &index), 0);
	check_at(index, 32, "beta");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),          cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_nested),         cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),        cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_build_id_sizes), cmocka_unit_test(test_build_id_from_section),
		cmocka_unit_test(test_go_build_id),    cmocka_unit_test(test_extended_numbering),
		cmocka_unit_test(test_no_sections),    cmocka_unit_test(test_many_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
