// SPDX-License-Identifier: Apache-2.0
/* walk arm64: what differs for aarch64: registers, the link register, signed return addresses, the signal frame. */
#include "tests/native/world.h"

#define FP UNWIND_AARCH64_FP
#define LR UNWIND_AARCH64_LR
#define SP UNWIND_AARCH64_SP

#define LEAF 0x100  /* CFA = sp, return address in x30 */
#define FRAME 0x200 /* CFA = sp + 32, x29 and x30 at its bottom */
#define TEST 0x300
#define ROOT 0x400
#define GAP 0x500
#define SIGRETURN 0x600

static struct world *world_at(__u64 offset, const struct unwind_rule *rule)
{
	const struct table_row rows[] = {
		{ CODE_VADDR + LEAF,
		  { .cfa = UNWIND_CFA_REGISTER, .reg = SP, .ra = UNWIND_RA_REGISTER, .ra_offset = LR } },
		{ CODE_VADDR + FRAME,
		  {
			  .cfa = UNWIND_CFA_REGISTER,
			  .reg = SP,
			  .cfa_offset = 32,
			  .ra_offset = -24,
			  .fp = UNWIND_FP_AT_CFA,
			  .fp_offset = -32,
		  } },
		{ CODE_VADDR + TEST, *rule },
		{ CODE_VADDR + ROOT, { .cfa = UNWIND_CFA_REGISTER, .reg = SP, .ra = UNWIND_RA_UNDEFINED } },
		{ CODE_VADDR + GAP, {} },
		{ CODE_VADDR + SIGRETURN, { .cfa = UNWIND_CFA_SIGNAL } },
		{ CODE_VADDR + 0x700, {} },
	};
	struct world *w = world_new(rows, ARRAY_SIZE(rows));

	w->in.regs.pc = CODE + offset;
	w->in.regs.all[SP] = AT(0);
	return w;
}

static const struct unwind_rule unencodable = { .cfa = UNWIND_CFA_UNENCODABLE };
static const struct unwind_rule by_fp = {
	.cfa = UNWIND_CFA_REGISTER,
	.reg = FP,
	.cfa_offset = 16,
	.ra_offset = -8,
	.fp = UNWIND_FP_AT_CFA,
	.fp_offset = -16,
};

static void put_insn(struct world *w, __u64 offset, __u32 insn)
{
	memcpy(w->code + offset, &insn, sizeof(insn));
}

/* A leaf uses no stack: its caller's frame begins where its own does. */
static void test_link_register(void **state)
{
	struct world *w = world_at(LEAF, &by_fp);

	w->in.regs.all[LR] = CODE + FRAME + 4;
	w->stack[0] = AT(100);
	w->stack[1] = CODE + TEST + 4;
	w->stack[101] = CODE + ROOT + 4;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + FRAME + 4, CODE + TEST + 4, CODE + ROOT + 4);
	assert_int_equal(w->out.rec.flags, 0);
	w->stack[1] = CODE + LEAF + 4; /* a caller whose return address would be in a register */
	assert_walk(w, WALK_STOP_UNENCODABLE, CODE + LEAF, CODE + FRAME + 4, CODE + LEAF + 4);
	world_free(w);
}

/* Pointer authentication leaves its signature in the high bits, in memory and in the register. */
static void test_signed_return_addresses(void **state)
{
	struct world *w = world_at(LEAF, &by_fp);

	w->in.regs.all[LR] = 0x005a000000000000 | (CODE + FRAME + 4);
	w->stack[1] = 0xffa5000000000000 | (CODE + ROOT + 4);
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + FRAME + 4, CODE + ROOT + 4);
	world_free(w);
}

static void test_every_register_by_its_number(void **state)
{
	for (__u8 reg = 0; reg < UNWIND_AARCH64_N; reg++) {
		const struct unwind_rule rule = {
			.cfa = UNWIND_CFA_REGISTER,
			.reg = reg,
			.cfa_offset = 0x50,
			.ra_offset = -8,
		};
		struct world *w = world_at(TEST, &rule);

		for (__u32 i = 0; i < UNWIND_AARCH64_N; i++)
			w->in.regs.all[i] = AT(100 + 32 * i);
		w->in.regs.all[SP] = AT(0);
		w->stack[reg == SP ? 9 : 100 + 32 * reg + 9] = CODE + ROOT + 4;
		assert_walk(w, WALK_STOP_ROOT, CODE + TEST, CODE + ROOT + 4);
		world_free(w);
	}
}

/* struct rt_sigframe: x0 at 312, sp at 560, pc at 568. */
static void test_signal_frame(void **state)
{
	for (__u8 reg = 0; reg < UNWIND_AARCH64_N; reg++) {
		const struct unwind_rule rule = {
			.cfa = UNWIND_CFA_REGISTER,
			.reg = reg,
			.cfa_offset = 0x40,
			.ra_offset = -8,
		};
		struct world *w = world_at(LEAF, &rule);

		w->in.regs.all[SP] = AT(1800);
		w->in.regs.all[LR] = CODE + SIGRETURN + 4;
		for (__u32 i = 0; i < 31; i++)
			w->stack[1800 + 312 / 8 + i] = AT(100 + 32 * i);
		w->stack[1800 + 560 / 8] = AT(0);
		w->stack[1800 + 568 / 8] = CODE + TEST;
		w->stack[reg == SP ? 7 : 100 + 32 * reg + 7] = CODE + ROOT + 4;
		assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + SIGRETURN + 4, CODE + TEST + 1, CODE + ROOT + 4);
		world_free(w);
	}
}

/* The vdso's trampoline has no CFI. */
static void test_sigreturn_without_cfi(void **state)
{
	struct world *w = world_at(LEAF, &unencodable);

	w->in.regs.all[LR] = CODE + GAP + 16;
	put_insn(w, GAP + 16, 0xd2801168);
	put_insn(w, GAP + 20, 0xd4000001);
	w->stack[560 / 8] = AT(1000);
	w->stack[568 / 8] = CODE + ROOT;
	assert_walk(w, WALK_STOP_ROOT, CODE + LEAF, CODE + GAP + 16, CODE + ROOT + 1);
	assert_int_equal(w->out.rec.flags, 0);
	world_free(w);
}

/* Interrupted without CFI: a frame record, or a return address that is still in its register and follows a call. */
static void test_gap(void **state)
{
	struct world *w = world_at(GAP + 8, &by_fp);

	w->in.regs.all[FP] = AT(8);
	w->stack[9] = CODE + ROOT + 16;
	w->in.regs.all[LR] = CODE + TEST + 16;
	assert_walk(w, WALK_STOP_NO_CFI, CODE + GAP + 8);
	put_insn(w, ROOT + 12, 0x94000010); /* bl */
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + ROOT + 16);
	assert_int_equal(w->out.rec.flags, SAMPLE_GUESSED);
	put_insn(w, TEST + 12, 0xd63f0040); /* blr x2 */
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + TEST + 16, CODE + ROOT + 16);
	w->stack[9] = CODE + TEST + 16; /* the frame's own */
	w->stack[8] = AT(20);
	w->stack[21] = CODE + ROOT + 16;
	assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + TEST + 16, CODE + ROOT + 16);
	world_free(w);
}

static void test_calls(void **state)
{
	static const struct {
		__u32 insn;
		bool is_call;
	} cases[] = {
		{ 0x94000000, true },  { 0x97ffffff, true },  { 0xd63f0000, true },  { 0xd63f03c0, true },
		{ 0xd63f083f, true },  { 0xd63f0c3f, true },  { 0xd73f0841, true },  { 0xd73f0c41, true },
		{ 0x14000000, false }, { 0xd61f0000, false }, { 0xd65f03c0, false }, { 0xd4000001, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world *w = world_at(GAP + 8, &by_fp);

		w->in.regs.all[LR] = CODE + ROOT + 16;
		put_insn(w, ROOT + 12, cases[i].insn);
		if (cases[i].is_call)
			assert_walk(w, WALK_STOP_ROOT, CODE + GAP + 8, CODE + ROOT + 16);
		else
			assert_walk(w, WALK_STOP_NO_CFI, CODE + GAP + 8);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_register),
		cmocka_unit_test(test_signed_return_addresses),
		cmocka_unit_test(test_every_register_by_its_number),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_sigreturn_without_cfi),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
