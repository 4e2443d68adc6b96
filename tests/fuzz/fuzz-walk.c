// SPDX-License-Identifier: Apache-2.0
/* fuzz walk: the walker over hostile tables, registers and memory: stays in bounds, ends, and says why. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/native/table-rows.h"
#include "tests/native/walk-native.h"

#define TGID 77
#define N_TABLES 4
#define HEAD_WORDS 2048 /* of the chunk: what a seed fills */
#define CODE 0x400000ULL

/* What an input begins with; the rest is the start of the chunk. All of it is also what user memory holds. */
struct head {
	struct native_regs regs;
	__u64 slot;
	struct unwind_table tables[N_TABLES];
	__u8 in_syscall, last_word_is_chunk_end, zero[6];
};

struct memory {
	const __u8 *bytes;
	size_t n;
};

/* Pages whose number ends in 7 cannot be read. */
static bool read_memory(void *context, __u64 addr, void *ret, size_t size)
{
	const struct memory *m = context;

	for (size_t i = 0; i < size; i++) {
		if (((addr + i) >> 12 & 7) == 7)
			return false;
		((__u8 *)ret)[i] = m->bytes[(addr + i) % m->n];
	}
	return true;
}

static void fill(struct unwind_space *space, const struct head *head, const uint8_t *data, size_t size)
{
	size_t at = head->last_word_is_chunk_end ? sizeof(struct unwind_chunk) - size : 0;

	memset(space->chunks[0], 0, sizeof(*space->chunks[0]));
	memcpy((__u8 *)space->chunks[0] + at, data, size);
	memcpy(space->tables, head->tables, sizeof(head->tables));
	space->slots->buckets[TGID].slots[0] = UNWIND_SLOT(TGID, 0, 0) | (head->slot & ((1ULL << 42) - 1));
}

static void check(const struct native_stack *stack)
{
	assert(stack->rec.ustop < WALK_STOP_N);
	assert(stack->n >= 1 && stack->n <= CPUHOUND_MAX_USER_FRAMES);
	assert(stack->rec.ustop != WALK_STOP_DEPTH || stack->n == CPUHOUND_MAX_USER_FRAMES);
	for (size_t i = 1; i < stack->n; i++)
		assert(stack->frames[i] >= 4096 && stack->frames[i] <= 1ULL << 56);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unwind_space space;
	static struct native_stack stack;
	struct memory memory = { data, size };
	struct native_input in = { .space = &space, .task = { .tgid = TGID }, .read = read_memory, .context = &memory };
	struct head head;

	if (size < sizeof(head) || size > sizeof(head) + 2 * HEAD_WORDS * sizeof(__u32))
		return 0;
	if (!space.tables && unwind_space_init(&space, 1) < 0)
		abort();
	memcpy(&head, data, sizeof(head));
	fill(&space, &head, data + sizeof(head), size - sizeof(head));
	in.regs = head.regs;
	in.in_syscall = head.in_syscall & 1;
	native_walk(&in, &stack);
	check(&stack);
	return 0;
}

#define SEED_BYTES (sizeof(struct head) + HEAD_WORDS * sizeof(__u32))

/* A process with two tables' worth of everything, interrupted in a function of each rule in turn. */
static void make_seed(uint8_t *seed, __u8 cfa)
{
	const struct table_row rows[] = {
		{ 0x1000, { cfa, 7, UNWIND_RA_AT_CFA, UNWIND_FP_AT_CFA, 16, 8, -8, -16 } },
		{ 0x1100, { UNWIND_CFA_REGISTER, 6, UNWIND_RA_AT_CFA, UNWIND_FP_AT_FP, 16, 0, -8, 0 } },
		{ 0x1200, { UNWIND_CFA_REGISTER, 7, UNWIND_RA_REGISTER, UNWIND_FP_UNDEFINED, 0, 0, 5, 0 } },
		{ 0x1300, {} },
	};
	struct unwind_space space;
	struct row_table table;
	struct head head = {};
	int number, jit;

	if (unwind_space_init(&space, 1) < 0 || row_table_init(&table, rows, 4, 10) < 0)
		abort();
	number = unwind_space_add_table(&space, &table.table);
	jit = unwind_space_add_state(&space, UNWIND_TABLE_JIT);
	const struct unwind_extent extents[] = { { CODE, 0, 16, (__u32)number }, { 0x10000000, 0, 16, (__u32)jit } };

	if (number < 0 || jit < 0 || unwind_space_set_process(&space, TGID, 1, extents, 2) < 0)
		abort();
	for (size_t i = 0; i < NATIVE_REGS_N; i++)
		head.regs.all[i] = 0x20000 + 512 * i;
	head.regs.pc = CODE + 0x1000;
	head.slot = space.slots->buckets[TGID].slots[0];
	memcpy(head.tables, space.tables, sizeof(head.tables));
	memcpy(seed, &head, sizeof(head));
	memcpy(seed + sizeof(head), space.chunks[0], SEED_BYTES - sizeof(head));
	for (size_t i = SEED_BYTES / 2 & ~(size_t)7; i < SEED_BYTES; i += 8) /* what the stack pointer finds */
		memcpy(seed + i, &(__u64){ CODE + 0x1001 + (i & 0x318) }, 8);
	row_table_done(&table);
	unwind_space_done(&space);
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static uint8_t seeds[UNWIND_CFA_N][SEED_BYTES];

	if (i >= UNWIND_CFA_N)
		return NULL;
	make_seed(seeds[i], (__u8)i);
	*ret_size = SEED_BYTES;
	return seeds[i];
}
