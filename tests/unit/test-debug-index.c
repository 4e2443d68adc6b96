// SPDX-License-Identifier: Apache-2.0
/* debug index: how much is going to be read, and what becomes of a binary of which another file is too large. */
#include "tests/unit/dwarf-program.h"

#include "symbolizer/debug-index.h"
#include "symbolizer/dwarf-sections.h"

#define N 300 /* of each file: enough that its debug info can be compressed */

static int note_size(void *context, uint64_t n_bytes)
{
	*(uint64_t *)context = n_bytes;
	return 0;
}

/* Of the file DIR/NAME. */
static struct index *build(const char *dir, const char *name, uint64_t *ret_n_bytes)
{
	_cleanup_close_ int fd = tool_open_in(dir, name), out = tool_memory_file("", 0);
	struct dwarf_program_files files = {};
	const struct debug_source source = { .open = dwarf_program_find, .context = &files };
	char path[PATH_MAX];
	const struct debug_index_config config = {
		.fd = fd,
		.out_fd = out,
		.path = path,
		.source = &source,
		.on_size = note_size,
		.context = ret_n_bytes,
	};
	struct index *index;
	struct build_id id;

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path));
	files.path = path;
	assert_int_equal(debug_index_build(&config, &id), 0);
	assert_int_equal(index_open(out, &index), 0);
	return index;
}

/* Has the head of a compressed section say that it unpacks to 1 GiB. */
static void inflate(const char *dir, const char *name, const char *section)
{
	const Elf64_Chdr head = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = 1 << 30, .ch_addralign = 1 };
	_cleanup_close_ int fd = -1;
	struct elffile f;
	char path[PATH_MAX];
	GElf_Shdr h;

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(elffile_open(fd, &f), 0);
	assert_non_null(gelf_getshdr(elffile_find_section(&f, section), &h));
	assert_true(h.sh_flags & SHF_COMPRESSED);
	elffile_done(&f);
	assert_int_equal(pwrite(fd, &head, sizeof(head), (off_t)h.sh_offset), sizeof(head));
}

/* Of how many functions, of those that begin so, the debug info tells the line of their declaration. */
static size_t n_told(const struct index *index, const char *dir, const char *name, const char *prefix)
{
	_cleanup_(buf_done) struct buf symbols = {};
	struct index_frame frame;
	uint64_t address;
	size_t n = 0;
	int used;

	tool_read(&symbols, "nm '%s/%s' | grep ' T %s' | cut -d' ' -f1", dir, name, prefix);
	for (const char *at = symbols.data; sscanf(at, "%" SCNx64 "%n", &address, &used) == 1; at += used) {
		assert_int_equal(index_lookup(index, address, &frame, 1), 1);
		assert_int_equal(strncmp(frame.function, prefix, strlen(prefix)), 0); /* the symbol's, in any case */
		assert_string_equal(dwarf_program_base(frame.file), strcmp(prefix, "aa") == 0 ? "aa.c" : "bb.c");
		n += frame.start_line > 0;
	}
	return n;
}

static void assert_failure(const struct index *index, const char *expected)
{
	struct index_origin origin;

	index_origin(index, &origin);
	assert_non_null(origin.debug_source);
	assert_string_equal(origin.failure ? origin.failure : "-", expected);
}

static void write_sources(const char *dir)
{
	tool_run("cd '%s' && for f in aa bb; do for i in $(seq %d); do echo \"int $f$i(int x) { return x * $i; }\"; "
		 "done "
		 ">$f.c; done",
		 dir, N);
}

static void test_large_dwo(void **state)
{
	_cleanup_(index_freep) struct index *whole = NULL, *part = NULL;
	const char *dir = *state;
	uint64_t n_bytes;

	write_sources(dir);
	tool_run("cd '%s' && for f in aa bb; do gcc -g -gsplit-dwarf -fPIC -c $f.c && objcopy "
		 "--compress-debug-sections=zlib $f.dwo; done && gcc -shared aa.o bb.o -o split",
		 dir);
	whole = build(dir, "split", &n_bytes);
	assert_failure(whole, "-");
	assert_int_equal(n_told(whole, dir, "split", "aa"), N);
	assert_int_equal(n_told(whole, dir, "split", "bb"), N);
	inflate(dir, "aa.dwo", ".debug_info.dwo");
	part = build(dir, "split", &n_bytes);
	assert_failure(part, "in part: 1 files too large, 1 split units not found");
	assert_int_equal(n_told(part, dir, "split", "aa"), 0);
	assert_int_equal(n_told(part, dir, "split", "bb"), N);
}

static uint64_t n_section_bytes(const char *dir, const char *name)
{
	_cleanup_close_ int fd = tool_open_in(dir, name);
	struct elffile f;
	uint64_t n;

	assert_int_equal(elffile_open(fd, &f), 0);
	n = dwarf_sections_size(&f, false);
	elffile_done(&f);
	return n;
}

static void test_large_alt(void **state)
{
	_cleanup_(index_freep) struct index *whole = NULL, *part = NULL;
	const char *dir = *state;
	uint64_t n_bytes;

	write_sources(dir);
	/* Both have all of it in common: what tells the units' lines stays. */
	tool_run("cd '%s' && gcc -g -fPIC -shared aa.c bb.c -o one && gcc -g -fPIC -shared bb.c aa.c -o two && "
		 "dwz -m alt one two && objcopy --compress-debug-sections=zlib alt",
		 dir);
	whole = build(dir, "one", &n_bytes);
	assert_failure(whole, "-");
	assert_int_equal(n_bytes, n_section_bytes(dir, "one") + n_section_bytes(dir, "alt"));
	inflate(dir, "alt", ".debug_str");
	part = build(dir, "one", &n_bytes);
	assert_failure(part, "in part: 1 files too large");
	assert_int_equal(n_bytes, n_section_bytes(dir, "one"));
	assert_int_equal(n_told(part, dir, "one", "bb"), N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_large_dwo, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_large_alt, tool_dir_new, tool_dir_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
