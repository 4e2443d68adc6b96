// SPDX-License-Identifier: Apache-2.0
/* unwind extents: hand-made mappings of a binary with hand-made segments. */
#include "tests/unit/unwind-live.h"

#include <sys/mman.h>

#include "agent/modules.h"
#include "agent/unwind-extents.h"
#include "agent/unwind-tables.h"
#include "common/buf.h"
#include "symbolizer/binary.h"
#include "symbolizer/index-writer.h"
#include "symbolizer/unwind-builder.h"
#include "workload/process.h"

#define LIMIT ((size_t)4 << 20)
#define AT 0x7f0000000000ULL
#define MACHINE_X86_64 62

struct fixture {
	struct sampler *sampler;
	struct unwind_memory *memory;
	struct unwind_tables *tables;
	struct modules *modules;
	struct index *index, *index_without_rows;
	struct binary binary, without_rows, pending, unreadable;
	struct mapped_file file;
	struct unwind_extents_list list;
};

/* Two segments that begin and end within pages, as linkers lay them out. */
static struct index *make_index(bool with_rows)
{
	static const struct index_segment segments[] = {
		{ .vaddr = 0x401800, .mem_bytes = 0x2000, .file_offset = 0x1800, .file_bytes = 0x2000 },
		{ .vaddr = 0x10006000, .mem_bytes = 0x800, .file_offset = 0x6000, .file_bytes = 0x800 },
	};
	static const struct unwind_rule rule = {
		.cfa = UNWIND_CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8
	};
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_close_ int fd = memfd_create("index", MFD_CLOEXEC);
	_cleanup_(buf_done) struct buf rows = {};
	struct index *index = NULL;

	assert_int_equal(index_writer_new(MACHINE_X86_64, &(struct build_id){}, &w), 0);
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++)
		assert_int_equal(index_writer_add_segment(w, &segments[i]), 0);
	assert_int_equal(unwind_builder_new(&b), 0);
	assert_int_equal(unwind_builder_begin(b, 0x401900, 0x401a00), 0);
	assert_int_equal(unwind_builder_add(b, 0x401900, &rule), 0);
	assert_int_equal(unwind_builder_finish(b, &rows), 0);
	if (with_rows)
		index_writer_set_unwind(w, rows.data, rows.size);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(index_open(fd, &index), 0);
	return index;
}

static uint32_t add_module(struct fixture *f, const char *path, struct binary *binary)
{
	uint32_t module;

	assert_int_equal(modules_add(f->modules, path, binary, binary ? NULL : "gone", &module), 0);
	return module;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->sampler = live_sampler();
	assert_int_equal(unwind_memory_new(f->sampler, LIMIT, &f->memory), 0);
	assert_int_equal(unwind_tables_new(f->sampler, f->memory, LIMIT, &f->tables), 0);
	assert_int_equal(modules_new(100, &f->modules), 0);
	f->index = make_index(true);
	f->index_without_rows = make_index(false);
	f->binary = (struct binary){ .state = BINARY_READY, .index = f->index };
	f->without_rows = (struct binary){ .state = BINARY_READY, .index = f->index_without_rows };
	f->pending = (struct binary){ .state = BINARY_PENDING };
	f->unreadable = (struct binary){ .state = BINARY_UNREADABLE };
	f->file.path = "/prog";
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	modules_free(f->modules);
	unwind_tables_free(f->tables);
	unwind_memory_free(f->memory);
	sampler_free(f->sampler);
	index_free(f->index);
	index_free(f->index_without_rows);
	free(f);
	return 0;
}

static int build(struct fixture *f, const struct mapping *mappings, size_t n)
{
	const struct live_mappings live = { .all = mappings, .n = n };

	return unwind_extents_build(&live, f->modules, f->tables, 1, &f->list);
}

static void build_one(struct fixture *f, uint64_t file_offset, uint64_t n_bytes)
{
	const struct mapping m = { .start = AT, .end = AT + n_bytes, .file_offset = file_offset, .file = &f->file };

	assert_int_equal(build(f, &m, 1), 0);
}

static void check(const struct fixture *f, size_t i, uint64_t start, uint64_t end, uint64_t vaddr, uint32_t table)
{
	const struct unwind_extent *e = &f->list.all[i];

	assert_true(i < f->list.n);
	assert_int_equal(e->start, start);
	assert_int_equal(e->start + e->n_pages * 0x1000ULL, end);
	assert_int_equal(e->vaddr, vaddr);
	assert_int_equal(e->table, table);
}

/* All of a file mapped at once: its segments, and between them code that its rows know nothing of. */
static void test_segments_of_one_mapping(void **state)
{
	struct fixture *f = *state;
	uint32_t module = f->file.binary_slot = add_module(f, "/prog", &f->binary);

	build_one(f, 0, 0x8000);
	assert_int_equal(f->list.n, 5);
	assert_int_equal(f->list.n_unknown, 0);
	check(f, 0, AT, AT + 0x1000, 0, MODULE_ANON);
	check(f, 1, AT + 0x1000, AT + 0x4000, 0x401000, module);
	check(f, 2, AT + 0x4000, AT + 0x6000, 0, MODULE_ANON);
	check(f, 3, AT + 0x6000, AT + 0x7000, 0x10006000, module);
	check(f, 4, AT + 0x7000, AT + 0x8000, 0, MODULE_ANON);
	assert_true(unwind_tables_has(f->tables, module));
}

static void test_part_of_a_segment(void **state)
{
	struct fixture *f = *state;
	uint32_t module = f->file.binary_slot = add_module(f, "/prog", &f->binary);

	build_one(f, 0x1000, 0x3000);
	assert_int_equal(f->list.n, 1);
	check(f, 0, AT, AT + 0x3000, 0x401000, module);
	build_one(f, 0x2000, 0x1000);
	assert_int_equal(f->list.n, 1);
	check(f, 0, AT, AT + 0x1000, 0x402000, module);
	build_one(f, 0x3000, 0x4000);
	assert_int_equal(f->list.n, 3);
	check(f, 0, AT, AT + 0x1000, 0x403000, module);
	check(f, 2, AT + 0x3000, AT + 0x4000, 0x10006000, module);
	build_one(f, 0x100000, 0x1000); /* behind all segments */
	assert_int_equal(f->list.n, 1);
	check(f, 0, AT, AT + 0x1000, 0, MODULE_ANON);
}

/* A file's table is unknown until its index is there, and so is its address in the binary. */
static void test_files_without_an_index(void **state)
{
	struct fixture *f = *state;
	uint32_t waiting;

	build_one(f, 0x1000, 0x3000); /* not opened */
	check(f, 0, AT, AT + 0x3000, 0, UNWIND_TABLE_UNKNOWN);
	assert_int_equal(f->list.n_unknown, 1);

	assert_int_equal(modules_add_waiting(f->modules, "/prog", &waiting), 0);
	f->file.binary_slot = waiting;
	build_one(f, 0x1000, 0x3000);
	check(f, 0, AT, AT + 0x3000, 0, UNWIND_TABLE_UNKNOWN);
	assert_int_equal(f->list.n_unknown, 1);
	assert_false(unwind_tables_has(f->tables, waiting));

	modules_set_binary(f->modules, waiting, &f->pending, NULL);
	build_one(f, 0x1000, 0x3000);
	check(f, 0, AT, AT + 0x3000, 0, UNWIND_TABLE_UNKNOWN);
	assert_int_equal(f->list.n_unknown, 1);

	f->pending = f->binary;
	build_one(f, 0x1000, 0x3000);
	check(f, 0, AT, AT + 0x3000, 0x401000, waiting);
	assert_int_equal(f->list.n_unknown, 0);
}

static void test_files_without_rows(void **state)
{
	struct binary *binaries[3];
	struct fixture *f = *state;

	binaries[0] = &f->without_rows;
	binaries[1] = &f->unreadable;
	binaries[2] = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(binaries); i++) {
		uint32_t module = f->file.binary_slot = add_module(f, "/prog", binaries[i]);

		build_one(f, 0, 0x8000);
		assert_int_equal(f->list.n, 1);
		assert_int_equal(f->list.n_unknown, 0);
		check(f, 0, AT, AT + 0x8000, 0, module);
		assert_int_equal(sampler_unwind_maps(f->sampler)->tables[module].state, UNWIND_TABLE_FRAME_POINTERS);
	}
	f->file.wants_opening = true; /* another process may show it yet */
	build_one(f, 0, 0x8000);
	assert_int_equal(f->list.n_unknown, 1);
	f->file.path = "[vsyscall]";
	build_one(f, 0, 0x8000);
	assert_int_equal(f->list.n_unknown, 0);
}

static void test_anonymous_neighbours_are_one(void **state)
{
	struct fixture *f = *state;
	const struct mapping mappings[] = {
		{ .start = AT, .end = AT + 0x1000 },
		{ .start = AT + 0x1000, .end = AT + 0x3000 },
		{ .start = AT + 0x4000, .end = AT + 0x5000 },
		{ .start = AT + 0x5000, .end = AT + 0x8000, .file_offset = 0x1000, .file = &f->file },
		{ .start = AT + 0x8000, .end = AT + 0x9000 },
	};
	uint32_t module = f->file.binary_slot = add_module(f, "/prog", &f->binary);

	assert_int_equal(build(f, mappings, ARRAY_SIZE(mappings)), 0);
	assert_int_equal(f->list.n, 4);
	check(f, 0, AT, AT + 0x3000, 0, MODULE_ANON);
	check(f, 1, AT + 0x4000, AT + 0x5000, 0, MODULE_ANON);
	check(f, 2, AT + 0x5000, AT + 0x8000, 0x401000, module);
	check(f, 3, AT + 0x8000, AT + 0x9000, 0, MODULE_ANON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_segments_of_one_mapping, setup, teardown),
		cmocka_unit_test_setup_teardown(test_part_of_a_segment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_without_an_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_without_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_anonymous_neighbours_are_one, setup, teardown),
	};

	return LIVE_MAIN(tests);
}
