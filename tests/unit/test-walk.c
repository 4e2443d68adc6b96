// SPDX-License-Identifier: Apache-2.0
/* walk: each rule, each reason to stop, each edge, for x86-64, in user space. */
#include "tests/native/world.h"

#define RBP UNWIND_X86_64_RBP
#define RSP UNWIND_X86_64_RSP
#define R10 10

/* The functions of the made-up code, by their offset. */
#define LEAF 0x100   /* CFA = rsp + 8 */
#define FRAME 0x200  /* CFA = rsp + 32, rbp saved at CFA - 16 */
#define BY_RBP 0x300 /* CFA = rbp + 16, rbp saved at CFA - 16 */
#define TEST 0x400   /* the rule of the test */
#define ROOT 0x500
#define GAP 0x600
#define SIGRETURN 0x700
#define LAST 0x800 /* ends at 0x900, where the gap begins again */

#define CFA_REGISTER(r, off)                                                                                           \
	.cfa = UNWIND_CFA_REGISTER, .reg = (r), .cfa_offset = (off), .ra = UNWIND_RA_AT_CFA, .ra_offset = -8
#define FP_AT_CFA(off) .fp = UNWIND_FP_AT_CFA, .fp_offset = (off)

static struct world *world_with(const struct unwind_rule *rule)
{
	const struct table_row rows[] = {
		{ CODE_VADDR + LEAF, { CFA_REGISTER(RSP, 8) } },
		{ CODE_VADDR + FRAME, { CFA_REGISTER(RSP, 32), FP_AT_CFA(-16) } },
		{ CODE_VADDR + BY_RBP, { CFA_REGISTER(RBP, 16), FP_AT_CFA(-16) } },
		{ CODE_VADDR + TEST, *rule },
		{ CODE_VADDR + ROOT, { .cfa = UNWIND_CFA_REGISTER, .reg = RSP, .ra = UNWIND_RA_UNDEFINED } },
		{ CODE_VADDR + GAP, {} },
		{ CODE_VADDR + SIGRETURN, { .cfa = UNWIND_CFA_SIGNAL } },
		{ CODE_VADDR + LAST, { CFA_REGISTER(RSP, 8) } },
		{ CODE_VADDR + 0x900, {} },
	};

	return world_new(rows, ARRAY_SIZE(rows));
}

/* In a frame that was interrupted at this offset of the code; everything else is 0. */
static struct world *world_at(__u64 offset, const struct unwind_rule *rule)
{
	struct world *w = world_with(rule);

	w->in.regs.pc = CODE + offset;
	w->in.regs.all[RSP] = AT(0);
	return w;
}

static const struct unwind_rule leaf = { CFA_REGISTER(RSP, 8) };
static const struct unwind_rule unencodable = { .cfa = UNWIND_CFA_UNENCODABLE };

static void put_call(struct world *w, __u64 offset)
{
	w->code[offset - 5] = 0xe8;
}

static void test_stack_pointer(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->stack[0] = CODE + FRAME + 9;
	w->stack[4] = CODE + ROOT + 1; /* CFA of FRAME: 1 + 4 words */
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + FRAME + 9, CODE + ROOT + 1);
	assert_int_equal(w->out.rec.walker, WALKER_ROWS);
	assert_int_equal(w->out.rec.flags, 0);
	assert_int_equal(w->out.rec.news_ns, NEWS_NS);
	assert_int_equal(w->out.n_reads, 1); /* the whole stack at once */
	world_free(w);
}

static void test_frame_pointer_register(void **state)
{
	struct world *w = world_at(BY_RBP, &leaf);

	w->in.regs.all[RBP] = AT(10);
	w->stack[10] = AT(20);
	w->stack[11] = CODE + BY_RBP + 1;
	w->stack[20] = 0;
	w->stack[21] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + BY_RBP, CODE + BY_RBP + 1, CODE + ROOT + 1);
	world_free(w);
}

/* FRAME saves rbp at its CFA - 16; BY_RBP then goes by it. */
static void test_saved_frame_pointer(void **state)
{
	struct world *w = world_at(FRAME, &leaf);

	w->in.regs.all[RBP] = AT(1000);
	w->stack[2] = AT(30);
	w->stack[3] = CODE + BY_RBP + 1;
	w->stack[31] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + FRAME, CODE + BY_RBP + 1, CODE + ROOT + 1);
	world_free(w);
}

static void test_frame_pointer_at_frame_pointer(void **state)
{
	const struct unwind_rule rule = { CFA_REGISTER(RSP, 16), .fp = UNWIND_FP_AT_FP, .fp_offset = -24 };
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[RBP] = AT(50);
	w->stack[47] = AT(60);
	w->stack[1] = CODE + BY_RBP + 1;
	w->stack[61] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + BY_RBP + 1, CODE + ROOT + 1);
	world_free(w);
}

static void test_lost_frame_pointer(void **state)
{
	const struct unwind_rule rule = { CFA_REGISTER(RSP, 16), .fp = UNWIND_FP_UNDEFINED };
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[RBP] = AT(50);
	w->stack[1] = CODE + LEAF + 1; /* keeps what is lost */
	w->stack[2] = CODE + BY_RBP + 1;
	w->stack[51] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + TEST, CODE + LEAF + 1, CODE + BY_RBP + 1);
	world_free(w);
}

static void test_lost_frame_pointer_and_its_memory(void **state)
{
	const struct unwind_rule rule = { CFA_REGISTER(RSP, 16), .fp = UNWIND_FP_AT_FP, .fp_offset = -24 };
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[RBP] = AT(50);
	w->stack[47] = AT(60);
	w->stack[1] = CODE + TEST + 1;
	w->stack[57] = AT(70); /* at the first frame's rbp - 24 */
	w->stack[3] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + TEST + 1, CODE + ROOT + 1);
	world_free(w);
}

/* Any register, but only where it is known: in the frame that was interrupted. */
static void test_other_register(void **state)
{
	const struct unwind_rule rule = { CFA_REGISTER(R10, 8) };
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[R10] = AT(5);
	w->stack[5] = CODE + TEST + 1;
	w->stack[6] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + TEST, CODE + TEST + 1);
	world_free(w);
}

static void test_every_register_by_its_number(void **state)
{
	for (__u8 reg = 0; reg < UNWIND_X86_64_N; reg++) {
		const struct unwind_rule rule = { CFA_REGISTER(reg, 0x50) };
		struct world *w = world_at(TEST, &rule);

		for (__u32 i = 0; i < UNWIND_X86_64_N; i++)
			w->in.regs.all[i] = AT(100 + 32 * i);
		w->in.regs.all[RSP] = AT(0);
		w->stack[reg == RSP ? 9 : 100 + 32 * reg + 9] = CODE + ROOT + 1;
		assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + ROOT + 1);
		world_free(w);
	}
}

static void test_no_such_register(void **state)
{
	const struct unwind_rule rules[] = { { CFA_REGISTER(16, 8) }, { CFA_REGISTER(255, 8) } };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct world *w = world_at(TEST, &rules[i]);

		assert_walk(w, WALK_STOP_UNENCODABLE, CODE + TEST);
		world_free(w);
	}
}

static void test_dereferenced(void **state)
{
	const struct unwind_rule rule = {
		.cfa = UNWIND_CFA_DEREF,
		.reg = RBP,
		.cfa_offset = -16,
		.cfa_add = 8,
		.ra_offset = -8,
		FP_AT_CFA(-32),
	};
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[RBP] = AT(20);
	w->stack[18] = AT(40); /* CFA: word 41 */
	w->stack[37] = AT(60);
	w->stack[40] = CODE + BY_RBP + 1;
	w->stack[61] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + BY_RBP + 1, CODE + ROOT + 1);
	world_free(w);
}

/* push n; jmp plt0: the second half of a 16-byte entry has one word more on the stack. */
static void test_plt(void **state)
{
	const struct unwind_rule rule = { .cfa = UNWIND_CFA_PLT, .cfa_add = 11, .ra_offset = -8 };

	for (__u64 offset = TEST; offset < TEST + 32; offset++) {
		struct world *w = world_at(offset, &rule);

		w->stack[(offset & 15) >= 11] = CODE + ROOT + 1;
		w->stack[(offset & 15) < 11] = CODE + GAP + 1;
		assert_walk(w, WALK_STOP_ROOT, CODE + offset, CODE + ROOT + 1);
		world_free(w);
	}
}

/* vfork: the return address waits in rdi. Nothing lies above the stack pointer. */
static void test_return_address_in_register(void **state)
{
	const struct unwind_rule rule = {
		.cfa = UNWIND_CFA_REGISTER,
		.reg = RSP,
		.ra = UNWIND_RA_REGISTER,
		.ra_offset = 5,
	};
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[5] = CODE + LEAF + 1;
	w->stack[0] = CODE + TEST + 1; /* no longer interrupted: rdi is not known */
	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + TEST, CODE + LEAF + 1, CODE + TEST + 1);
	world_free(w);
}

/* Not even where the register is known in callers, too. */
static void test_return_address_in_frame_pointer(void **state)
{
	const struct unwind_rule rule = {
		.cfa = UNWIND_CFA_REGISTER,
		.reg = RSP,
		.cfa_offset = 8,
		.ra = UNWIND_RA_REGISTER,
		.ra_offset = RBP,
	};
	struct world *w = world_at(LEAF, &rule);

	w->in.regs.all[RBP] = CODE + ROOT + 1;
	w->stack[0] = CODE + TEST + 1;
	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + LEAF, CODE + TEST + 1);
	w->in.regs.pc = CODE + TEST;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + ROOT + 1);
	world_free(w);
}

/* Go's switch between stacks may lead down. */
static void test_switch(void **state)
{
	struct unwind_rule rule = { .cfa = UNWIND_CFA_SWITCH, .reg = RBP, .cfa_offset = 16, .ra_offset = -8 };
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[RSP] = AT(500);
	w->in.regs.all[RBP] = AT(10);
	w->stack[11] = CODE + LEAF + 1;
	w->stack[12] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + LEAF + 1, CODE + ROOT + 1);
	world_free(w);
	rule.cfa = UNWIND_CFA_REGISTER;
	w = world_at(TEST, &rule);
	w->in.regs.all[RSP] = AT(500);
	w->in.regs.all[RBP] = AT(10);
	assert_walk(w, WALK_STOP_NOT_ADVANCING, CODE + TEST);
	world_free(w);
}

static void test_go_asmcgocall(void **state)
{
	const struct unwind_rule rule = {
		.cfa = UNWIND_CFA_GO_ASMCGOCALL,
		.reg = RSP,
		.cfa_offset = 40, /* so g at word 5, the depth at 40 ^ 8 = 32: word 4 */
		.cfa_add = 16,
		.ra_offset = -8,
	};
	struct world *w = world_at(TEST, &rule);

	w->in.regs.all[RSP] = AT(500);
	w->stack[505] = AT(900);
	w->stack[504] = 80;
	w->stack[901] = AT(30); /* g's stack ends there: CFA = 30 words - 10 + 2 */
	w->stack[21] = CODE + LEAF + 1;
	w->stack[22] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + LEAF + 1, CODE + ROOT + 1);
	world_free(w);
}

/* The ucontext of a signal frame, as asm/sigcontext.h lays it out. */
static void put_signal_frame(struct world *w, size_t word, __u64 pc, __u64 sp)
{
	static const __u8 order[] = { 8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		w->stack[word + 5 + i] = AT(1000 + 32 * order[i]);
	w->stack[word + 5 + 15] = sp;
	w->stack[word + 5 + 16] = pc;
}

/*
 * The interrupted frame has all its registers, and its exact pc: the first byte of a function. It may lie anywhere:
 * signals have stacks of their own.
 */
static void test_signal_frame(void **state)
{
	for (__u8 reg = 0; reg < UNWIND_X86_64_N; reg++) {
		const struct unwind_rule rule = { CFA_REGISTER(reg, 0x40) };
		struct world *w = world_at(LEAF, &rule);

		w->in.regs.all[RSP] = AT(1800);
		w->stack[1800] = CODE + SIGRETURN + 1;
		put_signal_frame(w, 1801, CODE + TEST, AT(0));
		w->stack[reg == RSP ? 7 : 1000 + 32 * reg + 7] = CODE + ROOT + 1;
		assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + SIGRETURN + 1, CODE + TEST + 1, CODE + ROOT + 1);
		world_free(w);
	}
}

/* The handler's frame, the ucontext and the interrupted frame (where r8 was saved) within one copy of the stack. */
static void test_signal_on_the_same_stack(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->stack[0] = CODE + SIGRETURN + 1;
	put_signal_frame(w, 1, CODE + LEAF, AT(6));
	w->stack[6] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + SIGRETURN + 1, CODE + LEAF + 1, CODE + ROOT + 1);
	world_free(w);
}

/* The start's registers stay as they were: a stack copy wants them. */
static void test_signal_frame_unreadable(void **state)
{
	struct world *w = world_at(SIGRETURN, &leaf);

	w->hole = AT(16);
	w->hole_end = AT(512);
	assert_walk(w, WALK_STOP_READ_FAULT, CODE + SIGRETURN);
	world_free(w);
}

/* A return address right behind a function's last call belongs to it; the first byte of the next one is its own. */
static void test_byte_before_return_address(void **state)
{
	struct world *w = world_at(LEAF, &unencodable);

	w->stack[0] = CODE + TEST; /* BY_RBP's last instruction was a call */
	w->in.regs.all[RBP] = AT(10);
	w->stack[11] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + TEST, CODE + ROOT + 1);
	w->in.regs.pc = CODE + TEST;
	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + TEST);
	w->in.regs.pc = CODE + TEST - 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST - 1, CODE + ROOT + 1);
	/* In a system call, what is executed is the byte before, too. */
	w->in.regs.pc = CODE + TEST;
	w->in.in_syscall = true;
	assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + ROOT + 1);
	world_free(w);
}

static void test_return_address_zero_is_root(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF);
	world_free(w);
}

static void test_bad_pc(void **state)
{
	static const __u64 bad[] = { 1, 4095, 1ULL << 56, ~0ULL, 0xffffffff81000000ULL };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct world *w = world_at(LEAF, &leaf);

		w->stack[0] = bad[i];
		assert_walk(w, WALK_STOP_BAD_PC, CODE + LEAF);
		world_free(w);
	}
}

static void test_not_advancing(void **state)
{
	static const __s32 offsets[] = { 0, -8, -4096 };

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		const struct unwind_rule rule = { CFA_REGISTER(RSP, offsets[i]) };
		struct world *w = world_at(TEST, &rule);

		w->in.regs.all[RSP] = AT(600);
		assert_walk(w, WALK_STOP_NOT_ADVANCING, CODE + TEST);
		world_free(w);
	}
}

static void test_read_fault(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->hole = AT(512); /* the second page */
	w->hole_end = AT(1024);
	w->in.regs.all[RSP] = AT(510);
	w->stack[510] = CODE + LEAF + 1;
	w->stack[511] = CODE + LEAF + 2;
	assert_walk(w, WALK_STOP_READ_FAULT, CODE + LEAF, CODE + LEAF + 1, CODE + LEAF + 2);
	world_free(w);
}

/* Not the hole itself is a fault, but the need for what lies in it. */
static void test_hole_that_is_stepped_over(void **state)
{
	const struct unwind_rule rule = { CFA_REGISTER(RSP, 8 * 1024) };
	struct world *w = world_at(LEAF, &rule);

	w->hole = AT(512);
	w->hole_end = AT(1024);
	w->in.regs.all[RSP] = AT(510);
	w->stack[510] = CODE + TEST + 1;
	w->stack[511 + 1023] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + TEST + 1, CODE + ROOT + 1);
	world_free(w);
}

static void test_unencodable(void **state)
{
	struct world *w = world_at(TEST, &unencodable);

	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + TEST);
	world_free(w);
}

static void test_rule_of_the_future(void **state)
{
	const struct unwind_rule rule = { .cfa = UNWIND_CFA_N };
	struct world *w = world_at(TEST, &rule);

	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + TEST);
	world_free(w);
}

static void test_depth(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	for (size_t i = 0; i < CPUHOUND_MAX_USER_FRAMES - 1; i++)
		w->stack[i] = CODE + LEAF + 1;
	native_walk(&w->in, &w->out); /* the last one's return address is 0 */
	assert_int_equal(w->out.rec.ustop, WALK_STOP_ROOT);
	assert_int_equal(w->out.n, CPUHOUND_MAX_USER_FRAMES);
	w->stack[CPUHOUND_MAX_USER_FRAMES - 1] = CODE + LEAF + 1;
	native_walk(&w->in, &w->out);
	assert_int_equal(w->out.rec.ustop, WALK_STOP_DEPTH);
	assert_int_equal(w->out.n, CPUHOUND_MAX_USER_FRAMES);
	world_free(w);
}

static void test_compat32(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->in.compat32 = true;
	w->stack[0] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_COMPAT32, CODE + LEAF);
	world_free(w);
}

static void test_no_process(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->in.task.tgid = TGID + 1;
	assert_walk(w, WALK_STOP_NO_PROCESS, CODE + LEAF);
	assert_int_equal(w->out.rec.news_ns, 0);
	w->in.task.tgid = TGID + UNWIND_N_BUCKETS; /* of the same bucket */
	assert_walk(w, WALK_STOP_NO_PROCESS, CODE + LEAF);
	world_free(w);
}

static void test_any_slot_of_the_bucket(void **state)
{
	struct world *w = world_at(LEAF, &leaf);
	__u64 *slots = w->space.slots->buckets[TGID % UNWIND_N_BUCKETS].slots, slot = slots[0];

	for (size_t i = 0; i < UNWIND_BUCKET_SLOTS; i++) {
		for (size_t k = 0; k < UNWIND_BUCKET_SLOTS; k++)
			slots[k] = k == i ? slot : UNWIND_SLOT(TGID + (k + 1) * UNWIND_N_BUCKETS, 5, 2);
		assert_walk(w, WALK_STOP_ROOT, CODE + LEAF);
	}
	world_free(w);
}

/* A child that has not called exec has its parent's list, unless that parent is not the one it was copied from. */
static void test_child_of_fork(void **state)
{
	struct world *w = world_at(LEAF, &leaf);
	const struct native_task parent = { .tgid = TGID, .exec_id = 3 };
	const struct native_task child = {
		.tgid = TGID + 1,
		.has_not_called_exec = true,
		.exec_id = 3,
		.parent_exec_id = 3,
		.parent = &parent,
	};
	struct native_task *task = &w->in.task;

	*task = child;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF);
	*task = (struct native_task){ TGID + 2, true, 3, 3, &child };
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF);
	*task = child;
	task->has_not_called_exec = false;
	assert_walk(w, WALK_STOP_NO_PROCESS, CODE + LEAF);
	*task = child;
	task->parent_exec_id = 2; /* the parent has called exec since; or it is a foster parent */
	assert_walk(w, WALK_STOP_NO_PROCESS, CODE + LEAF);
	world_free(w);
}

static void test_no_mapping(void **state)
{
	static const __u64 outside[] = { CODE - 1, CODE + CODE_PAGES * 4096,   JIT - 1, JIT + OTHER_PAGES * 4096,
					 4096,     BROKEN + OTHER_PAGES * 4096 };

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		struct world *w = world_at(LEAF, &leaf);

		w->stack[0] = outside[i] + 1;
		assert_walk(w, WALK_STOP_NO_MAPPING, CODE + LEAF, outside[i] + 1);
		w->in.regs.pc = outside[i];
		assert_walk(w, WALK_STOP_NO_MAPPING, outside[i]);
		world_free(w);
	}
}

static void test_no_rows(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->in.regs.pc = NOT_LOADED + 8;
	assert_walk(w, WALK_STOP_NO_ROWS, NOT_LOADED + 8);
	w->in.regs.pc = BROKEN + 8;
	assert_walk(w, WALK_STOP_NO_ROWS, BROKEN + 8);
	w->in.regs.pc = CODE + LEAF;
	w->space.tables[1].n_rules = 1; /* a rule that is not there */
	assert_walk(w, WALK_STOP_NO_ROWS, CODE + LEAF);
	world_free(w);
}

/* Many extents with small gaps between them: each one's first and last byte is found, and the bytes beside it are not.
 */
static void test_extents(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 7, 8, 100, UNWIND_MAX_EXTENTS };
	static struct unwind_extent extents[UNWIND_MAX_EXTENTS];
	struct world *w = world_at(LEAF, &leaf);

	for (size_t i = 0; i < ARRAY_SIZE(extents); i++)
		extents[i] = (struct unwind_extent){ .start = JIT + i * 0x2000, .n_pages = 1, .table = 3 };
	for (size_t k = 0; k < ARRAY_SIZE(counts); k++) {
		assert_int_equal(unwind_space_set_process(&w->space, TGID, 1, extents, counts[k]), 0);
		for (size_t i = 0; i <= counts[k]; i += i > 10 && i < counts[k] - 2 ? 97 : 1) {
			__u64 start = JIT + i * 0x2000;
			__u8 stop = i < counts[k] ? WALK_STOP_NO_CFI : WALK_STOP_NO_MAPPING;

			w->in.regs.pc = start - 1;
			assert_walk(w, WALK_STOP_NO_MAPPING, start - 1);
			w->in.regs.pc = start;
			assert_walk(w, stop, start);
			w->in.regs.pc = start + 0xfff;
			assert_walk(w, stop, start + 0xfff);
			w->in.regs.pc = start + 0x1000;
			assert_walk(w, WALK_STOP_NO_MAPPING, start + 0x1000);
		}
	}
	world_free(w);
}

static void test_gap_is_guessed_by_frame_pointer(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->stack[0] = CODE + GAP + 16;
	w->in.regs.all[RBP] = AT(8);
	w->stack[8] = AT(20);
	w->stack[9] = CODE + BY_RBP + 16;
	w->stack[21] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF, CODE + GAP + 16); /* no call before it */
	assert_int_equal(w->out.rec.flags, 0);
	put_call(w, BY_RBP + 16);
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + GAP + 16, CODE + BY_RBP + 16, CODE + ROOT + 1);
	assert_int_equal(w->out.rec.flags, SAMPLE_GUESSED);
	world_free(w);
}

static void test_implausible_frame_pointers(void **state)
{
	struct world *w = world_at(LEAF, &leaf);
	static const __u64 implausible[] = { 0, AT(0), AT(9) - 4, AT(-1), AT(1) + (1 << 20) + 8, 0x1234567890abcdef };

	w->stack[0] = CODE + GAP + 16;
	put_call(w, ROOT + 16);
	for (size_t i = 0; i < STACK_WORDS; i++)
		if (i > 0)
			w->stack[i] = CODE + ROOT + 16;
	for (size_t i = 0; i < ARRAY_SIZE(implausible); i++) {
		w->in.regs.all[RBP] = implausible[i];
		assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF, CODE + GAP + 16);
	}
	memcpy((__u8 *)&w->stack[9] + 4, &w->stack[1], 8); /* what an odd one would find */
	w->in.regs.all[RBP] = AT(8) + 4;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF, CODE + GAP + 16);
	w->in.regs.all[RBP] = AT(1); /* the first that is possible */
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + GAP + 16, CODE + ROOT + 16);
	world_free(w);
}

/* All of its reach is readable here, and beyond. */
static void test_reach_of_frame_pointers(void **state)
{
	struct world *w = world_at(GAP + 8, &leaf);

	put_call(w, ROOT + 16);
	memcpy(w->code + 0x2008, &(__u64){ CODE + ROOT + 16 }, 8);
	memcpy(w->code + 0x2010, &(__u64){ CODE + ROOT + 16 }, 8);
	w->in.regs.all[RSP] = JIT + 0x2000;
	w->in.regs.all[RBP] = JIT + 0x2000 + (1 << 20);
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + ROOT + 16);
	w->in.regs.all[RBP] += 8;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + GAP + 8);
	world_free(w);
}

/* The caller's stack begins behind the frame record. */
static void test_stack_pointer_after_frame_record(void **state)
{
	struct world *w = world_at(GAP + 8, &leaf);

	put_call(w, LEAF + 16);
	w->in.regs.all[RBP] = AT(8);
	w->stack[9] = CODE + LEAF + 16;
	w->stack[10] = CODE + ROOT + 1;
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + LEAF + 16, CODE + ROOT + 1);
	world_free(w);
}

/* A return address is of the code before it: the end of a mapping is fine, its start is not. */
static void test_return_address_at_borders(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->stack[0] = JIT + 16;
	w->in.regs.all[RBP] = AT(8);
	w->stack[9] = JIT + OTHER_PAGES * 4096;
	assert_walk(w, WALK_STOP_JIT, CODE + LEAF, JIT + 16, JIT + OTHER_PAGES * 4096);
	w->stack[9] = JIT;
	assert_walk(w, WALK_STOP_JIT, CODE + LEAF, JIT + 16);
	world_free(w);
}

/* A zero return address is a root where a rule led to it, and a failure where it was a guess. */
static void test_guessed_zero_is_no_root(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->stack[0] = CODE + GAP + 16;
	w->in.regs.all[RBP] = AT(8);
	assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF, CODE + GAP + 16);
	w->stack[0] = JIT + 16;
	assert_walk(w, WALK_STOP_JIT, CODE + LEAF, JIT + 16);
	world_free(w);
}

/* Interrupted where there is no CFI: before a frame is made, while it is made, in it, and after it has been left. */
static void test_frameless_gap(void **state)
{
	struct world *w = world_at(GAP + 8, &leaf);

	put_call(w, ROOT + 16);
	put_call(w, BY_RBP + 16);
	w->in.regs.all[RBP] = AT(8);
	w->stack[9] = CODE + ROOT + 16;
	w->stack[0] = CODE + BY_RBP + 16;
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + BY_RBP + 16, CODE + ROOT + 16);
	assert_int_equal(w->out.rec.flags, SAMPLE_GUESSED);
	w->stack[0] = AT(8); /* push %rbp */
	w->stack[1] = CODE + BY_RBP + 16;
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + BY_RBP + 16, CODE + ROOT + 16);
	w->stack[0] = CODE + BY_RBP + 17; /* follows no call */
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + ROOT + 16);
	w->stack[0] = AT(8);
	w->stack[1] = CODE + BY_RBP + 17;
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + ROOT + 16);
	world_free(w);
}

static void test_code_without_cfi(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	put_call(w, ROOT + 16);
	w->in.regs.pc = FILE_WITHOUT_CFI + 32;
	w->stack[0] = CODE + ROOT + 16;
	assert_walk(w, WALK_STOP_ROOT, FILE_WITHOUT_CFI + 32, CODE + ROOT + 16);
	assert_int_equal(w->out.rec.flags, SAMPLE_GUESSED);
	w->stack[0] = 0;
	assert_walk(w, WALK_STOP_NO_CFI, FILE_WITHOUT_CFI + 32);
	assert_int_equal(w->out.rec.flags, 0);
	world_free(w);
}

/* JIT code keeps frame pointers: its frames are no guesses, and its callers need not be looked at. */
static void test_jit(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->stack[0] = JIT + 16;
	w->in.regs.all[RBP] = AT(8);
	w->stack[8] = AT(20);
	w->stack[9] = JIT + 0x1234;
	w->stack[20] = 0;
	w->stack[21] = CODE + ROOT + 16;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, JIT + 16, JIT + 0x1234, CODE + ROOT + 16);
	assert_int_equal(w->out.rec.flags, SAMPLE_JIT);
	w->stack[21] = STACK; /* no code */
	assert_walk(w, WALK_STOP_JIT, CODE + LEAF, JIT + 16, JIT + 0x1234);
	world_free(w);
}

static void test_interrupted_jit(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->in.regs.pc = JIT + 16;
	w->in.regs.all[RBP] = AT(8);
	w->stack[9] = CODE + ROOT + 17; /* follows no call */
	w->stack[0] = CODE + ROOT + 16;
	assert_walk(w, WALK_STOP_JIT, JIT + 16);
	put_call(w, ROOT + 16);
	assert_walk(w, WALK_STOP_ROOT, JIT + 16, CODE + ROOT + 16);
	assert_int_equal(w->out.rec.flags, SAMPLE_JIT);
	world_free(w);
}

/*
 * In a frame that was found by guess, rbp is what the test says. Where no stack can go on from there, the guess was
 * wrong; before it another one was right.
 */
static void test_wrong_guess_is_taken_back(void **state)
{
	static const struct {
		__u64 fp, ret; /* of BY_RBP, and the word above it */
		__u8 stop;     /* without a guess */
	} cases[] = {
		{ AT(1), CODE + ROOT + 1, WALK_STOP_NOT_ADVANCING },
		{ AT(60), 7, WALK_STOP_BAD_PC },
		{ AT(STACK_WORDS), CODE + ROOT + 1, WALK_STOP_READ_FAULT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world *w = world_at(LEAF, &leaf);

		w->stack[0] = JIT + 16;
		w->in.regs.all[RBP] = AT(8);
		w->stack[8] = AT(20);
		w->stack[9] = JIT + 0x1234;
		w->stack[20] = cases[i].fp;
		w->stack[21] = CODE + BY_RBP + 16;
		w->stack[61] = cases[i].ret;
		assert_walk(w, WALK_STOP_JIT, CODE + LEAF, JIT + 16, JIT + 0x1234);
		assert_int_equal(w->out.rec.flags, SAMPLE_JIT); /* of the one before */
		w->stack[9] = CODE + BY_RBP + 16;
		assert_walk(w, WALK_STOP_JIT, CODE + LEAF, JIT + 16);
		assert_int_equal(w->out.rec.flags, 0);
		put_call(w, BY_RBP + 16);
		w->stack[0] = CODE + GAP + 16;
		assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF, CODE + GAP + 16);
		assert_int_equal(w->out.rec.flags, 0);
		w->stack[0] = CODE + BY_RBP + 16; /* no guess: the same end has its own reason */
		assert_walk(w, cases[i].stop, CODE + LEAF, CODE + BY_RBP + 16, CODE + BY_RBP + 16, CODE + BY_RBP + 16);
		world_free(w);
	}
}

/* What lies behind a guess may be new: a copy of the stack is asked for, so the guess stays. */
static void test_guess_before_what_is_not_known_yet(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->stack[0] = JIT + 16;
	w->in.regs.all[RBP] = AT(8);
	w->stack[9] = CODE + LEAF + 16;
	w->stack[10] = NOT_LOADED + 16;
	assert_walk(w, WALK_STOP_NO_ROWS, CODE + LEAF, JIT + 16, CODE + LEAF + 16, NOT_LOADED + 16);
	w->stack[10] = CODE - 16;
	assert_walk(w, WALK_STOP_NO_MAPPING, CODE + LEAF, JIT + 16, CODE + LEAF + 16, CODE - 16);
	assert_int_equal(w->out.rec.flags, SAMPLE_JIT);
	world_free(w);
}

/* A C library that describes its signal trampoline nowhere (musl). */
static void test_sigreturn_without_cfi(void **state)
{
	static const __u8 codes[][9] = { { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 },
					 { 0xb8, 15, 0, 0, 0, 0x0f, 0x05 } };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct world *w = world_at(LEAF, &leaf);

		memcpy(w->code + GAP + 16, codes[i], sizeof(codes[i]));
		w->stack[0] = CODE + GAP + 16;
		put_signal_frame(w, 1, CODE + ROOT, AT(40));
		assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + GAP + 16, CODE + ROOT + 1);
		assert_int_equal(w->out.rec.flags, 0);
		w->code[GAP + 17 + 2 * (i == 0)]++;
		assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF, CODE + GAP + 16);
		world_free(w);
	}
}

/* What an assembler makes of each form of a call, and what is none. */
static void test_calls(void **state)
{
	static const struct {
		size_t n;
		__u8 code[8];
		bool is_call;
	} cases[] = {
		{ 5, { 0xe8, 1, 2, 3, 4 }, true },             /* call rel32 */
		{ 2, { 0xff, 0xd0 }, true },                   /* call *%rax */
		{ 3, { 0x41, 0xff, 0xd7 }, true },             /* call *%r15 */
		{ 2, { 0xff, 0x13 }, true },                   /* call *(%rbx) */
		{ 3, { 0xff, 0x14, 0xc8 }, true },             /* call *(%rax,%rcx,8) */
		{ 3, { 0xff, 0x50, 0x18 }, true },             /* call *24(%rax) */
		{ 4, { 0xff, 0x54, 0x24, 8 }, true },          /* call *8(%rsp) */
		{ 6, { 0xff, 0x90, 1, 2, 3, 4 }, true },       /* call *disp32(%rax) */
		{ 6, { 0xff, 0x15, 1, 2, 3, 4 }, true },       /* call *disp32(%rip) */
		{ 7, { 0xff, 0x94, 0x24, 1, 2, 3, 4 }, true }, /* call *disp32(%rsp) */
		{ 5, { 0xe9, 1, 2, 3, 4 }, false },            /* jmp rel32 */
		{ 2, { 0xff, 0xe0 }, false },                  /* jmp *%rax */
		{ 2, { 0xff, 0xc0 }, false },                  /* inc %eax */
		{ 6, { 0xff, 0x25, 1, 2, 3, 4 }, false },      /* jmp *disp32(%rip) */
		{ 2, { 0xff, 0x50 }, false },                  /* its displacement is missing */
		{ 2, { 0x0f, 0x05 }, false },                  /* syscall */
		{ 8, { 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world *w = world_at(GAP + 8, &leaf);

		w->stack[0] = CODE + ROOT + 16;
		memcpy(w->code + ROOT + 16 - cases[i].n, cases[i].code, cases[i].n);
		if (cases[i].is_call)
			assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + ROOT + 16);
		else
			assert_walk(w, WALK_STOP_NO_CFI, CODE + GAP + 8);
		world_free(w);
	}
}

/* Rows at the first and last byte of blocks and pages; each address has the rule of the last row at or before it. */
static void test_rows_of_blocks_and_pages(void **state)
{
	static const unsigned int shifts[] = { 4, 8, 11, 16 };
	struct table_row rows[400];
	size_t n = 0;
	__u64 at = CODE_VADDR + 3;

	for (; n < ARRAY_SIZE(rows); n++) {
		rows[n] = (struct table_row){ at, { CFA_REGISTER(RSP, 8 * (1 + (int)n)) } };
		at += n % 7 == 0 ? 1 : n % 5 == 0 ? 0x100 - (at & 0xff) : n % 13 == 0 ? 0x1801 : 0x10 * (n % 9) + 1;
	}
	for (size_t k = 0; k < ARRAY_SIZE(shifts); k++) {
		struct world *w = world_new(rows, 1);
		struct row_table table;
		int number;

		assert_int_equal(row_table_init(&table, rows, n, shifts[k]), 0);
		assert_true(table.table.n_pages > 2);
		number = unwind_space_add_table(&w->space, &table.table);
		assert_true(number > 0);
		row_table_done(&table);
		w->space.tables[1] = w->space.tables[number];
		w->in.regs.all[RSP] = AT(0);
		for (size_t i = 0; i < n; i++) {
			__u64 pc = rows[i].addr - CODE_VADDR + CODE;

			memset(w->stack, 0, sizeof(w->stack));
			w->stack[i] = JIT + 16;
			w->in.regs.pc = pc;
			assert_walk(w, WALK_STOP_JIT, pc, JIT + 16);
			if (i == 0)
				continue;
			w->stack[i] = 0;
			w->stack[i - 1] = JIT + 16;
			w->in.regs.pc = pc - 1;
			assert_walk(w, WALK_STOP_JIT, pc - 1, JIT + 16);
		}
		w->in.regs.pc = CODE + 2; /* before the first row */
		memset(w->stack, 0, sizeof(w->stack));
		assert_walk(w, WALK_STOP_NO_CFI, CODE + 2);
		world_free(w);
	}
}

static struct unwind_page *page_of(struct world *w, size_t i)
{
	return (struct unwind_page *)&w->space.chunks[0]->words[w->space.tables[1].pages] + i;
}

/* Pages of the extent before and behind those of the table are gaps. */
static void test_pages_without_rows(void **state)
{
	struct world *w = world_at(LEAF, &leaf);

	w->in.regs.pc = CODE + 0x10000;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + 0x10000);
	w->in.regs.pc = CODE + LEAF;
	w->space.tables[1].base += UNWIND_PAGE_BYTES;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF);
	w->space.tables[1].base -= UNWIND_PAGE_BYTES;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF);
	page_of(w, 0)->n_rows = 0;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + LEAF);
	world_free(w);
}

/* What lies behind the last page is none of the table. */
static void test_end_of_pages(void **state)
{
	const struct table_row rows[] = { { CODE_VADDR, leaf }, { CODE_VADDR + 0x10000, leaf } };
	struct world *w = world_new(rows, ARRAY_SIZE(rows));

	w->in.regs.all[RSP] = AT(0);
	w->in.regs.pc = CODE + 0x10000;
	assert_walk(w, WALK_STOP_ROOT, CODE + 0x10000);
	w->space.tables[1].n_pages = 1;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + 0x10000);
	world_free(w);
}

/* Frames that end where a copy of the stack ends, and begin where the next one does. */
static void test_window_borders(void **state)
{
	for (__s32 words = 1; words <= 260; words++) {
		const struct unwind_rule rule = { CFA_REGISTER(RSP, 8 * words) };
		struct world *w = world_at(TEST, &rule);
		size_t n = 0, at = (size_t)words - 1;

		for (; at < STACK_WORDS - 300 && n < 100; at += (size_t)words, n++)
			w->stack[at] = CODE + TEST + 1;
		w->stack[at] = CODE + ROOT + 1;
		native_walk(&w->in, &w->out);
		assert_int_equal(w->out.rec.ustop, WALK_STOP_ROOT);
		assert_int_equal(w->out.n, n + 2);
		world_free(w);
	}
}

/* An odd word in the middle of a copy. */
static void test_odd_offset(void **state)
{
	const struct unwind_rule rule = { CFA_REGISTER(RSP, 8 * 4 + 3) };
	struct world *w = world_at(LEAF, &rule);

	w->stack[0] = CODE + TEST + 1;
	memcpy((__u8 *)&w->stack[4] + 3, &(__u64){ CODE + ROOT + 1 }, 8);
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + TEST + 1, CODE + ROOT + 1);
	world_free(w);
}

static void test_odd_stack_pointer(void **state)
{
	struct world *w = world_at(LEAF, &leaf);
	const __u64 pcs[] = { CODE + LEAF + 1, CODE + ROOT + 1 };

	w->in.regs.all[RSP] = AT(510) + 3;
	memcpy((__u8 *)w->stack + 510 * 8 + 3, pcs, sizeof(pcs)); /* the second across a page's end */
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + LEAF + 1, CODE + ROOT + 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack_pointer),
		cmocka_unit_test(test_frame_pointer_register),
		cmocka_unit_test(test_saved_frame_pointer),
		cmocka_unit_test(test_frame_pointer_at_frame_pointer),
		cmocka_unit_test(test_lost_frame_pointer),
		cmocka_unit_test(test_lost_frame_pointer_and_its_memory),
		cmocka_unit_test(test_other_register),
		cmocka_unit_test(test_every_register_by_its_number),
		cmocka_unit_test(test_no_such_register),
		cmocka_unit_test(test_dereferenced),
		cmocka_unit_test(test_plt),
		cmocka_unit_test(test_return_address_in_register),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_go_asmcgocall),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_signal_on_the_same_stack),
		cmocka_unit_test(test_signal_frame_unreadable),
		cmocka_unit_test(test_return_address_in_frame_pointer),
		cmocka_unit_test(test_byte_before_return_address),
		cmocka_unit_test(test_return_address_zero_is_root),
		cmocka_unit_test(test_bad_pc),
		cmocka_unit_test(test_not_advancing),
		cmocka_unit_test(test_read_fault),
		cmocka_unit_test(test_hole_that_is_stepped_over),
		cmocka_unit_test(test_unencodable),
		cmocka_unit_test(test_rule_of_the_future),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_compat32),
		cmocka_unit_test(test_no_process),
		cmocka_unit_test(test_any_slot_of_the_bucket),
		cmocka_unit_test(test_child_of_fork),
		cmocka_unit_test(test_no_mapping),
		cmocka_unit_test(test_no_rows),
		cmocka_unit_test(test_extents),
		cmocka_unit_test(test_gap_is_guessed_by_frame_pointer),
		cmocka_unit_test(test_implausible_frame_pointers),
		cmocka_unit_test(test_reach_of_frame_pointers),
		cmocka_unit_test(test_stack_pointer_after_frame_record),
		cmocka_unit_test(test_return_address_at_borders),
		cmocka_unit_test(test_guessed_zero_is_no_root),
		cmocka_unit_test(test_frameless_gap),
		cmocka_unit_test(test_code_without_cfi),
		cmocka_unit_test(test_jit),
		cmocka_unit_test(test_interrupted_jit),
		cmocka_unit_test(test_wrong_guess_is_taken_back),
		cmocka_unit_test(test_guess_before_what_is_not_known_yet),
		cmocka_unit_test(test_sigreturn_without_cfi),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_rows_of_blocks_and_pages),
		cmocka_unit_test(test_pages_without_rows),
		cmocka_unit_test(test_end_of_pages),
		cmocka_unit_test(test_window_borders),
		cmocka_unit_test(test_odd_offset),
		cmocka_unit_test(test_odd_stack_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
