// SPDX-License-Identifier: Apache-2.0
/* dwarf sections: packed in every way they have the bytes that they had; what says it unpacks to more than it may. */
#include "tests/unit/tool.h"

#include <zlib.h>
#include <zstd.h>

#include "symbolizer/dwarf-sections.h"
#include "symbolizer/dwarf-unpack.h"

struct opened {
	int fd;
	struct elffile file;
	struct dwarf_sections sections;
};

static int open_at(struct opened *o, const char *dir, const char *name)
{
	*o = (struct opened){ .fd = tool_open_in(dir, name) };
	assert_int_equal(elffile_open(o->fd, &o->file), 0);
	return dwarf_sections_open(&o->file, false, &o->sections);
}

static void close_opened(struct opened *o)
{
	dwarf_sections_done(&o->sections);
	elffile_done(&o->file);
	close_fd(o->fd);
}

static void assert_same(const struct dwarf_sections *a, const struct dwarf_sections *b)
{
	size_t n = 0;

	for (size_t i = 0; i < DWARF_N_SECTIONS; i++) {
		assert_int_equal(a->all[i].size, b->all[i].size);
		if (a->all[i].size)
			assert_memory_equal(a->all[i].data, b->all[i].data, a->all[i].size);
		n += a->all[i].size > 0;
	}
	assert_true(n >= 6);
}

static const char source[] =
	"#include <stdio.h>\n"
	"static int f(int x) { return x * x; }\n"
	"int main(int argc, char **argv) { printf(\"%d %s\\n\", f(argc), argv[0]); return f(argc); }\n";

static void test_packed(void **state)
{
	static const char *const kinds[] = { "zlib", "zlib-gnu", "zstd" };
	struct opened plain, packed;

	tool_write(*state, "a.c", source);
	tool_run("cd '%s' && gcc -g -O2 a.c -o plain", (char *)*state);
	assert_int_equal(open_at(&plain, *state, "plain"), 0);
	assert_true(plain.sections.all[DWARF_INFO].map_size > 0);
	assert_null(plain.sections.all[DWARF_TYPES].data);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* What would not shrink stays as it is: some more of it does. */
		tool_run("cd '%s' && objcopy --compress-debug-sections=%s plain packed && "
			 "readelf -SW packed | grep -Eq 'debug_info.* C |zdebug_info'",
			 (char *)*state, kinds[i]);
		assert_int_equal(open_at(&packed, *state, "packed"), 0);
		assert_int_equal(packed.sections.all[DWARF_INFO].map_size, 0);
		assert_same(&plain.sections, &packed.sections);
		assert_int_equal(dwarf_sections_size(&plain.file, false), dwarf_sections_size(&packed.file, false));
		close_opened(&packed);
	}
	close_opened(&plain);
}

/* Out of memory, as out of a file. */
static void test_memory(void **state)
{
	_cleanup_(buf_done) struct buf bytes = {};
	struct dwarf_sections sections;
	struct elffile file;
	struct opened plain;

	assert_int_equal(open_at(&plain, *state, "plain"), 0);
	assert_int_equal(buf_reserve(&bytes, plain.file.n_bytes), 0);
	assert_int_equal(pread(plain.fd, bytes.data, plain.file.n_bytes, 0), (ssize_t)plain.file.n_bytes);
	assert_int_equal(elffile_open_memory(bytes.data, plain.file.n_bytes, &file), 0);
	assert_int_equal(dwarf_sections_open(&file, false, &sections), 0);
	assert_same(&plain.sections, &sections);
	dwarf_sections_done(&sections);
	elffile_done(&file);
	close_opened(&plain);
}

/* What we fill in is what the linker fills in, where it puts the code at the same address, and merges no strings. */
static void test_relocated(void **state)
{
	struct opened linked, object;

	tool_write(*state, "b.c", "int g; int square(int x) { return x * x + g; }\n");
	tool_run("cd '%s' && gcc -g -O2 -fno-pic -mcmodel=large -c b.c -o b.o && "
		 "objcopy --set-section-flags .debug_str=debug,readonly --set-section-flags "
		 ".debug_line_str=debug,readonly "
		 "b.o b-none.o && objcopy --compress-debug-sections=zlib b-none.o b-zlib.o && "
		 "ld -Ttext=0x10000 -Tbss=0 -e 0 b-none.o -o b",
		 (char *)*state);
	assert_int_equal(open_at(&linked, *state, "b"), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(open_at(&object, *state, i ? "b-zlib.o" : "b-none.o"), 0);
		assert_same(&linked.sections, &object.sections);
		close_opened(&object);
	}
	close_opened(&linked);
}

static void test_strings(void **state)
{
	const struct dwarf_bytes open_end = { .data = (const uint8_t *)"ab\0cd", .size = 5 };
	const struct dwarf_bytes closed = { .data = (const uint8_t *)"ab\0cd", .size = 6 };

	assert_string_equal(dwarf_string_at(&open_end, 1), "b");
	assert_null(dwarf_string_at(&open_end, 3));
	assert_string_equal(dwarf_string_at(&closed, 3), "cd");
	assert_string_equal(dwarf_string_at(&closed, 5), "");
	assert_null(dwarf_string_at(&closed, 6));
	assert_null(dwarf_string_at(&closed, UINT64_MAX));
	assert_null(dwarf_string_at(&(struct dwarf_bytes){}, 0));
}

/* -- what lies about its size -- */

/* A compressed section of n zeros that says it has n_told. */
static size_t pack_zeros(uint8_t *ret, size_t n_room, size_t n, uint64_t n_told)
{
	const Elf64_Chdr head = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = n_told, .ch_addralign = 1 };
	_cleanup_free_ uint8_t *zeros = calloc(1, n);
	uLongf n_packed = n_room - sizeof(head);

	memcpy(ret, &head, sizeof(head));
	assert_int_equal(compress2(ret + sizeof(head), &n_packed, zeros, n, 9), Z_OK);
	return sizeof(head) + n_packed;
}

/* The first bytes of what begins as it should, whatever is wrong with the rest. */
static void test_heads(void **state)
{
	const Elf64_Chdr zstd = { .ch_type = 2 /* ELFCOMPRESS_ZSTD */, .ch_size = 1 << 18, .ch_addralign = 1 };
	static const uint8_t content[1 << 18] = "the first bytes";
	const size_t n_room = sizeof(zstd) + ZSTD_compressBound(sizeof(content));
	_cleanup_free_ uint8_t *packed = malloc(n_room);
	uint8_t head[16];
	size_t size;

	assert_non_null(packed);
	memcpy(packed, &zstd, sizeof(zstd));
	size = sizeof(zstd) + ZSTD_compress(packed + sizeof(zstd), n_room - sizeof(zstd), content, sizeof(content), 3);
	assert_int_equal(dwarf_unpack_head(DWARF_PACKED_GABI64, packed, size, head, sizeof(head)), 0);
	assert_memory_equal(head, content, sizeof(head));
	assert_int_equal(dwarf_unpack_head(DWARF_PACKED_GABI64, packed, sizeof(zstd) + 5, head, sizeof(head)),
			 -EBADMSG);
	packed[sizeof(zstd)]++;
	assert_int_equal(dwarf_unpack_head(DWARF_PACKED_GABI64, packed, size, head, sizeof(head)), -EBADMSG);

	size = pack_zeros(packed, n_room, 4096, 4096);
	memset(head, 1, sizeof(head));
	assert_int_equal(dwarf_unpack_head(DWARF_PACKED_GABI64, packed, size - 1, head, sizeof(head)), 0);
	assert_memory_equal(head, content + sizeof(head), sizeof(head));
	assert_int_equal(dwarf_unpack_head(DWARF_PACKED_GABI64, packed, 23, head, sizeof(head)), -EBADMSG);
	assert_int_equal(dwarf_unpack_head(DWARF_PACKED_GABI64, packed, 24, head, sizeof(head)), -EBADMSG);
	size = pack_zeros(packed, n_room, 15, 4096);
	assert_int_equal(dwarf_unpack_head(DWARF_PACKED_GABI64, packed, size, head, sizeof(head)), -EBADMSG);
}

static void test_bombs(void **state)
{
	static const size_t n_room = 1 << 16;
	_cleanup_free_ uint8_t *packed = malloc(n_room);
	uint8_t *unpacked;
	uint64_t n_bytes;
	size_t size;

	size = pack_zeros(packed, n_room, 4096, 4096);
	assert_int_equal(dwarf_unpack(DWARF_PACKED_GABI64, packed, size, 4096, &unpacked), 0);
	assert_int_equal(unpacked[4095], 0);
	free(unpacked);
	assert_int_equal(dwarf_unpack_size(DWARF_PACKED_GABI64, packed, size, size, &n_bytes), 0);
	assert_int_equal(n_bytes, 4096);
	assert_int_equal(dwarf_unpack(DWARF_PACKED_GABI64, packed, size - 1, 4096, &unpacked), -EBADMSG);
	size = pack_zeros(packed, n_room, 4096, 4097);
	assert_int_equal(dwarf_unpack(DWARF_PACKED_GABI64, packed, size, 4096, &unpacked), -EBADMSG);
	assert_int_equal(dwarf_unpack(DWARF_PACKED_GABI64, packed, size, 4097, &unpacked), -EBADMSG);
	size = pack_zeros(packed, n_room, 4096, 4095);
	assert_int_equal(dwarf_unpack(DWARF_PACKED_GABI64, packed, size, 4095, &unpacked), -EBADMSG);
	/* Zeros shrink to a thousandth: nothing that is debug info does. */
	size = pack_zeros(packed, n_room, 8 << 20, 8 << 20);
	assert_int_equal(dwarf_unpack(DWARF_PACKED_GABI64, packed, size, 8 << 20, &unpacked), -EFBIG);
	assert_int_equal(dwarf_unpack_size(DWARF_PACKED_GABI64, packed, size, size, &n_bytes), -EFBIG);
	assert_int_equal(dwarf_unpack_size(DWARF_PACKED_GABI64, packed, 23, size, &n_bytes), -EBADMSG);
	assert_int_equal(dwarf_unpack_size(DWARF_PACKED_GNU, packed, size, size, &n_bytes), -EBADMSG);
}

/* A file whose sections each say that they unpack to so many MiB, which they do not. */
static void make_bombs(const char *dir, const char *name, const char *sections, unsigned int mib)
{
	tool_run("cd '%s' && for s in %s; do printf '.section .debug_%%s, \"0x800\", @progbits\\n.long 1, 0\\n"
		 ".quad %u << 20, 1\\n.fill 1 << 20\\n' $s; done >big.s && as -W big.s -o %s",
		 dir, sections, mib, name);
}

/* Two of 60 MiB may, three may not; nor may one unpack to 300 times its size. What does not unpack is not there. */
static void test_too_large(void **state)
{
	struct opened o;

	make_bombs(*state, "two", "abbrev line", 60);
	assert_int_equal(open_at(&o, *state, "two"), 0);
	assert_int_equal(dwarf_sections_size(&o.file, false) >> 20, 120); /* as adds a few */
	assert_null(o.sections.all[DWARF_ABBREV].data);
	close_opened(&o);
	make_bombs(*state, "three", "abbrev line str", 60);
	assert_int_equal(open_at(&o, *state, "three"), -EFBIG);
	close_opened(&o);
	make_bombs(*state, "ratio", "info", 300);
	assert_int_equal(open_at(&o, *state, "ratio"), -EFBIG);
	close_opened(&o);
	make_bombs(*state, "damaged", "info", 60);
	assert_int_equal(open_at(&o, *state, "damaged"), -EBADMSG);
	close_opened(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packed),    cmocka_unit_test(test_memory), cmocka_unit_test(test_relocated),
		cmocka_unit_test(test_strings),   cmocka_unit_test(test_heads),  cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
