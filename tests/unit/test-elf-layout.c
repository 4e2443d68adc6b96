// SPDX-License-Identifier: Apache-2.0
/* elf layout: an object file with sections as a kernel module has them; where the loader puts them is worked out here.
 */
#include "tests/unit/tool.h"

#include "symbolizer/elf-layout.h"

static const char source[] = "\t.section .init.text,\"ax\"\n\t.balign 16\n"
			     "\t.globl init_module\n\t.type init_module, @function\n"
			     "init_module: .skip 0x30\n\t.size init_module, .-init_module\n"
			     "\t.text\n\t.balign 16\n"
			     "\t.type early, @function\nearly: .skip 0x21\n\t.size early, .-early\n"
			     "\t.type late, @function\nlate: .skip 0x10\n\t.size late, .-late\n"
			     "\t.section .exit.text,\"ax\"\n"
			     "\t.type cleanup_module, @function\n"
			     "cleanup_module: .skip 7\n\t.size cleanup_module, .-cleanup_module\n"
			     "\t.section .noinstr.text,\"ax\"\n\t.balign 64\n"
			     "\t.type quiet, @function\nquiet: .skip 8\n\t.size quiet, .-quiet\n"
			     "\t.section patched_code,\"awx\"\n\t.type patched, @function\n"
			     "patched: .skip 4\n\t.size patched, .-patched\n"
			     "\t.data\ntable: .skip 64\n";

static void assemble(const char *dir, const char *flags)
{
	_cleanup_free_ char *path = NULL;
	FILE *f;

	assert_true(asprintf(&path, "%s/m.s", dir) > 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(source, f) >= 0);
	assert_int_equal(fclose(f), 0);
	tool_run("gcc -c %s -o %s/m.ko %s", flags, dir, path);
}

static struct index *build(const char *dir)
{
	_cleanup_close_ int out = memfd_create("index", MFD_CLOEXEC), fd = -1;
	_cleanup_free_ char *path = NULL;
	struct index *index;
	struct build_id id;

	assert_true(asprintf(&path, "%s/m.ko", dir) > 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_index_build(fd, out, NULL, &id), 0);
	assert_int_equal(index_open(out, &index), 0);
	return index;
}

static void check(const struct index *index, uint64_t vaddr, const char *expected)
{
	struct index_frame frame;
	size_t n = index_lookup(index, vaddr, &frame, 1);

	assert_string_equal(n ? frame.linkage_name : "", expected);
}

/*
 * Code that is not of initialisation, in the order of the section headers: .text (0x31 bytes, aligned to 16), then
 * .exit.text (7, no alignment), .noinstr.text (8, to 64) and patched_code (4).
 */
static void check_layout(const struct index *index)
{
	const uint64_t start = ELF_LAYOUT_START;

	check(index, start - 1, "");
	check(index, start, "early");
	check(index, start + 0x20, "early");
	check(index, start + 0x21, "late");
	check(index, start + 0x30, "late");
	check(index, start + 0x31, "cleanup_module");
	check(index, start + 0x37, "cleanup_module");
	check(index, start + 0x38, "");
	check(index, start + 0x40, "quiet");
	check(index, start + 0x48, "patched");
	check(index, start + 0x4c, "");
	check(index, ELF_LAYOUT_INIT_START, "init_module");
	check(index, ELF_LAYOUT_INIT_START + 0x2f, "init_module");
	check(index, ELF_LAYOUT_INIT_START + 0x30, "");
	assert_int_equal(index_n_segments(index), 2);
	assert_int_equal(index_segments(index)[0].vaddr, start);
	assert_int_equal(index_segments(index)[0].mem_bytes, 0x4c);
	assert_int_equal(index_n_functions(index), 6);
}

static void test_module(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;

	assemble(*state, "");
	index = build(*state);
	check_layout(index);
}

/* What objcopy leaves of it in a debug file has no bytes, but the same sizes. */
static void test_debug_file(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;

	assemble(*state, "-g");
	tool_run("cd %s && objcopy --only-keep-debug m.ko", (char *)*state);
	index = build(*state);
	check_layout(index);
}

static void test_32_bit(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;

	assemble(*state, "-m32");
	index = build(*state);
	check_layout(index);
}

/* Alignments and sizes that no module has: the rest keeps its place. */
static void test_odd_sizes(void **state)
{
	static const Elf64_Shdr odd[] = {
		{ .sh_addralign = 3, .sh_size = 0x31 },
		{ .sh_addralign = 1ULL << 40, .sh_size = 0x31 },
		{ .sh_addralign = 16, .sh_size = 1ULL << 40 },
		{ .sh_addralign = 16, .sh_size = UINT64_MAX },
	};
	_cleanup_free_ char *path = NULL;

	assert_true(asprintf(&path, "%s/m.ko", (char *)*state) > 0);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		_cleanup_(index_freep) struct index *index = NULL;
		_cleanup_close_ int fd = -1;
		Elf64_Ehdr ehdr;
		Elf64_Shdr text;

		assemble(*state, "");
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_int_equal(fs_pread_all(fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
		assert_int_equal(fs_pread_all(fd, &text, sizeof(text), ehdr.e_shoff + sizeof(text)), sizeof(text));
		assert_int_equal(text.sh_flags, SHF_ALLOC | SHF_EXECINSTR);
		text.sh_addralign = odd[i].sh_addralign;
		text.sh_size = odd[i].sh_size;
		assert_int_equal(pwrite(fd, &text, sizeof(text), (off_t)(ehdr.e_shoff + sizeof(text))), sizeof(text));
		index = build(*state);
		check(index, ELF_LAYOUT_START, "cleanup_module");
		check(index, ELF_LAYOUT_START + 0x48, "patched");
		check(index, ELF_LAYOUT_INIT_START, "init_module");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_module, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_debug_file, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_32_bit, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_odd_sizes, tool_dir_new, tool_dir_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
