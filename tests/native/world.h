/* SPDX-License-Identifier: Apache-2.0 */
/* world: a made-up process for the native walker: some code with rows, a stack, and a walk over them. */
#pragma once

#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "tests/native/table-rows.h"
#include "tests/native/unwind-space.h"
#include "tests/native/walk-native.h"

#define TGID 4242
#define NEWS_NS 777
#define CODE 0x555500000000ULL /* mapped from CODE_VADDR on, with the rows of the test */
#define CODE_VADDR 0x20000ULL
#define CODE_PAGES 64 /* of 4 KiB */
#define JIT 0x666600000000ULL
#define FILE_WITHOUT_CFI 0x666610000000ULL
#define NOT_LOADED 0x666620000000ULL
#define BROKEN 0x666630000000ULL /* a table that refers to chunks which are not there */
#define OTHER_PAGES 16
#define STACK 0x7ffd00000000ULL
#define STACK_WORDS 2048
#define CODE_BYTES 0x40000

struct world {
	struct unwind_space space;
	struct native_input in;
	struct native_stack out;
	__u64 stack[STACK_WORDS];
	__u8 code[CODE_BYTES]; /* what every code address reads, by its offset from the extent */
	__u64 hole, hole_end;  /* unreadable */
};

static inline bool world_read(void *context, __u64 addr, void *ret, size_t size)
{
	const struct world *w = context;

	if (addr < w->hole_end && addr + size > w->hole)
		return false;
	if (addr >= STACK && addr - STACK + size <= sizeof(w->stack)) {
		memcpy(ret, (const __u8 *)w->stack + (addr - STACK), size);
		return true;
	}
	if (addr >= CODE && addr - CODE + size <= sizeof(w->code)) {
		memcpy(ret, w->code + (addr - CODE), size);
		return true;
	}
	if (addr >= JIT && addr < JIT + 0x40000000) {
		memcpy(ret, w->code + (addr & 0xffff), size);
		return true;
	}
	return false;
}

static inline void world_map(struct world *w, __u32 code_table)
{
	int jit = unwind_space_add_state(&w->space, UNWIND_TABLE_JIT);
	int file = unwind_space_add_state(&w->space, UNWIND_TABLE_FRAME_POINTERS);
	int not_loaded = unwind_space_add_state(&w->space, UNWIND_TABLE_NOT_LOADED);
	int broken = unwind_space_add_state(&w->space, UNWIND_TABLE_LOADED);
	const struct unwind_extent extents[] = {
		{ CODE, CODE_VADDR, CODE_PAGES, code_table },      { JIT, 0, OTHER_PAGES, (__u32)jit },
		{ FILE_WITHOUT_CFI, 0, OTHER_PAGES, (__u32)file }, { NOT_LOADED, 0, OTHER_PAGES, (__u32)not_loaded },
		{ BROKEN, 0, OTHER_PAGES, (__u32)broken },
	};

	w->space.tables[broken].n_rules = w->space.tables[broken].n_pages = 8;
	w->space.tables[broken].rules = w->space.tables[broken].pages = 200 * UNWIND_CHUNK_WORDS;
	assert_int_equal(unwind_space_set_process(&w->space, TGID, NEWS_NS, extents, ARRAY_SIZE(extents)), 0);
}

static inline struct world *world_new(const struct table_row *rows, size_t n_rows)
{
	struct world *w = calloc(1, sizeof(*w));
	struct row_table table;
	int number;

	assert_non_null(w);
	assert_int_equal(unwind_space_init(&w->space, 1), 0);
	assert_int_equal(row_table_init(&table, rows, n_rows, 8), 0);
	number = unwind_space_add_table(&w->space, &table.table);
	assert_true(number > 0);
	row_table_done(&table);
	world_map(w, (__u32)number);
	w->in = (struct native_input){
		.space = &w->space,
		.task = { .tgid = TGID },
		.read = world_read,
		.context = w,
	};
	return w;
}

static inline void world_free(struct world *w)
{
	unwind_space_done(&w->space);
	free(w);
}

/* The word at this many words above the stack's start. */
#define AT(word) (STACK + 8 * (__u64)(word))

/* Walks, and compares why it stopped and all frames. */
#define assert_walk(w, stop, ...)                                                                                      \
	do {                                                                                                           \
		const __u64 due_[] = { __VA_ARGS__ };                                                                  \
		native_walk(&(w)->in, &(w)->out);                                                                      \
		assert_int_equal((w)->out.rec.ustop, stop);                                                            \
		assert_int_equal((w)->out.n, ARRAY_SIZE(due_));                                                        \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(due_); i_++)                                                       \
			assert_int_equal((w)->out.frames[i_], due_[i_]);                                               \
	} while (0)
