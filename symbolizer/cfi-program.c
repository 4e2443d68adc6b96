// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/cfi-program.h"

#include <dwarf.h>
#include <elf.h>

#include "symbolizer/cfi-rule.h"

#define MAX_REMEMBERED 16 /* compilers nest one */

#define OPCODE_HIGH 0xc0 /* the instructions with an operand in their low bits */
#define OPCODE_LOW 0x3f

#define DW_CFA_AARCH64_NEGATE_RA_STATE_WITH_PC 0x2c
#define DW_CFA_AARCH64_NEGATE_RA_STATE 0x2d

/* Inline, here and below: what runs for every instruction or row; gcc leaves them out at -O2, which costs 15 %. */
struct run {
	const struct cfi_common *common;
	struct unwind_builder *builder; /* NULL: a CIE's */
	struct byte_reader in;
	struct cfi_state state;
	uint64_t at;
	bool is_new; /* the state at `at` is not told yet */
	int error;   /* the builder's */
	size_t n_remembered;
	struct cfi_state remembered[MAX_REMEMBERED];
};

/* Tells of the row at this address. */
static inline void tell(struct run *run)
{
	struct unwind_rule rule;

	if (!run->is_new)
		return;
	run->is_new = false;
	cfi_rule_of(run->common, &run->state, &rule);
	run->error = unwind_builder_add(run->builder, run->at, &rule);
	if (run->error < 0)
		bytes_fail(&run->in);
}

static inline void move_to(struct run *run, uint64_t addr)
{
	if (!run->builder || addr < run->at) {
		bytes_fail(&run->in);
		return;
	}
	if (addr > run->at)
		tell(run);
	run->at = addr;
}

/* Both factors have 32 bits. */
static inline void advance(struct run *run, uint64_t n)
{
	n *= run->common->code_align;
	move_to(run, n <= UINT64_MAX - run->at ? run->at + n : UINT64_MAX);
}

/* Where a register's rule is kept; NULL: nobody asks for it. */
static inline struct cfi_value *find(struct run *run, uint64_t reg)
{
	if (reg == run->common->ra)
		return &run->state.slots[CFI_RA];
	if (reg == run->common->machine->fp)
		return &run->state.slots[CFI_FP];
	return reg == run->common->machine->sp ? &run->state.slots[CFI_SP] : NULL;
}

static inline void set(struct run *run, uint64_t reg, enum cfi_how how, int64_t number)
{
	struct cfi_value *value = find(run, reg);

	if (!value)
		return;
	value->how = (uint8_t)how;
	value->number = number;
	run->is_new = true;
}

static void set_register(struct run *run, uint64_t reg, uint64_t other)
{
	struct cfi_value *value = find(run, reg);

	set(run, reg, CFI_REGISTER, 0);
	if (value)
		value->reg = other;
}

static inline int64_t factored(const struct run *run, uint64_t n)
{
	return (int64_t)(n * (uint64_t)run->common->data_align);
}

static void restore(struct run *run, uint64_t reg)
{
	struct cfi_value *value = find(run, reg);

	if (!run->builder) {
		bytes_fail(&run->in);
		return;
	}
	if (!value)
		return;
	*value = run->common->initial.slots[value - run->state.slots];
	run->is_new = true;
}

/* Reads an expression, as much as its length says. */
static void set_expression(struct run *run, struct cfi_value *value, enum cfi_how how)
{
	struct byte_reader expression = bytes_take(&run->in, bytes_uleb(&run->in));
	size_t size = bytes_left(&expression);

	if (!value)
		return;
	*value = (struct cfi_value){ .how = (uint8_t)how,
				     .size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
				     .expression = expression.at };
	run->is_new = true;
}

static inline void define_cfa(struct run *run, uint64_t reg, int64_t offset)
{
	run->state.cfa.how = CFI_REGISTER;
	run->state.cfa.reg = reg;
	run->state.cfa.number = offset;
	run->is_new = true;
}

/* Changes one half of a CFA that is a register and an offset; an expression has none. */
static inline void change_cfa(struct run *run, uint64_t reg, int64_t offset)
{
	if (run->state.cfa.how != CFI_REGISTER)
		bytes_fail(&run->in);
	else
		define_cfa(run, reg, offset);
}

static void remember(struct run *run)
{
	if (run->n_remembered == MAX_REMEMBERED)
		bytes_fail(&run->in);
	else
		run->remembered[run->n_remembered++] = run->state;
}

static void recall(struct run *run)
{
	if (run->n_remembered == 0) {
		bytes_fail(&run->in);
		return;
	}
	run->state = run->remembered[--run->n_remembered];
	run->is_new = true;
}

static void run_aarch64(struct run *run, uint8_t opcode)
{
	const bool is_aarch64 = run->common->machine->elf_machine == EM_AARCH64;

	/* Return addresses are signed from here on, or not any more: the walker strips them wherever they are. */
	if (!is_aarch64 ||
	    (opcode != DW_CFA_AARCH64_NEGATE_RA_STATE && opcode != DW_CFA_AARCH64_NEGATE_RA_STATE_WITH_PC))
		bytes_fail(&run->in);
}

/* Those without an operand in the opcode. */
static void run_other(struct run *run, uint8_t opcode)
{
	struct byte_reader *in = &run->in;
	uint64_t reg;

	switch (opcode) {
	case DW_CFA_nop:
		break;
	case DW_CFA_set_loc:
		move_to(run, cfi_pointer(in, run->common->section, run->common->encoding));
		break;
	case DW_CFA_advance_loc1:
		advance(run, bytes_fixed(in, 1));
		break;
	case DW_CFA_advance_loc2:
		advance(run, bytes_fixed(in, 2));
		break;
	case DW_CFA_advance_loc4:
		advance(run, bytes_fixed(in, 4));
		break;
	case DW_CFA_remember_state:
		remember(run);
		break;
	case DW_CFA_restore_state:
		recall(run);
		break;
	case DW_CFA_GNU_args_size: /* what a landing pad drops: the CFA does not depend on it */
		bytes_uleb(in);
		break;
	case DW_CFA_def_cfa:
		reg = bytes_uleb(in);
		define_cfa(run, reg, (int64_t)bytes_uleb(in));
		break;
	case DW_CFA_def_cfa_sf:
		reg = bytes_uleb(in);
		define_cfa(run, reg, factored(run, (uint64_t)bytes_sleb(in)));
		break;
	case DW_CFA_def_cfa_register:
		change_cfa(run, bytes_uleb(in), run->state.cfa.number);
		break;
	case DW_CFA_def_cfa_offset:
		change_cfa(run, run->state.cfa.reg, (int64_t)bytes_uleb(in));
		break;
	case DW_CFA_def_cfa_offset_sf:
		change_cfa(run, run->state.cfa.reg, factored(run, (uint64_t)bytes_sleb(in)));
		break;
	case DW_CFA_def_cfa_expression:
		set_expression(run, &run->state.cfa, CFI_EXPRESSION);
		break;
	case DW_CFA_offset_extended:
		reg = bytes_uleb(in);
		set(run, reg, CFI_AT_CFA, factored(run, bytes_uleb(in)));
		break;
	case DW_CFA_offset_extended_sf:
		reg = bytes_uleb(in);
		set(run, reg, CFI_AT_CFA, factored(run, (uint64_t)bytes_sleb(in)));
		break;
	case DW_CFA_GNU_negative_offset_extended:
		reg = bytes_uleb(in);
		set(run, reg, CFI_AT_CFA, factored(run, -bytes_uleb(in)));
		break;
	case DW_CFA_val_offset:
		reg = bytes_uleb(in);
		set(run, reg, CFI_CFA_PLUS, factored(run, bytes_uleb(in)));
		break;
	case DW_CFA_val_offset_sf:
		reg = bytes_uleb(in);
		set(run, reg, CFI_CFA_PLUS, factored(run, (uint64_t)bytes_sleb(in)));
		break;
	case DW_CFA_restore_extended:
		restore(run, bytes_uleb(in));
		break;
	case DW_CFA_undefined:
		set(run, bytes_uleb(in), CFI_UNDEFINED, 0);
		break;
	case DW_CFA_same_value:
		set(run, bytes_uleb(in), CFI_SAME, 0);
		break;
	case DW_CFA_register:
		reg = bytes_uleb(in);
		set_register(run, reg, bytes_uleb(in));
		break;
	case DW_CFA_expression:
		set_expression(run, find(run, bytes_uleb(in)), CFI_AT_EXPRESSION);
		break;
	case DW_CFA_val_expression:
		set_expression(run, find(run, bytes_uleb(in)), CFI_EXPRESSION);
		break;
	default:
		run_aarch64(run, opcode);
	}
}

static inline void run_one(struct run *run)
{
	const uint8_t opcode = bytes_u8(&run->in), low = opcode & OPCODE_LOW;

	switch (opcode & OPCODE_HIGH) {
	case DW_CFA_advance_loc:
		advance(run, low);
		break;
	case DW_CFA_offset:
		set(run, low, CFI_AT_CFA, factored(run, bytes_uleb(&run->in)));
		break;
	case DW_CFA_restore:
		restore(run, low);
		break;
	default:
		run_other(run, opcode);
	}
}

bool cfi_program_start(struct cfi_common *common, struct byte_reader instructions)
{
	struct run run;

	run.common = common; /* not {}: remembered[] stays as it is */
	run.builder = NULL;
	run.in = instructions;
	run.state = (struct cfi_state){};
	run.n_remembered = 0;
	while (bytes_left(&run.in) > 0)
		run_one(&run);
	common->initial = run.state;
	return !run.in.failed;
}

static int give_up(const struct run *run)
{
	const struct unwind_rule rule = { .cfa = UNWIND_CFA_UNENCODABLE };

	return unwind_builder_add(run->builder, run->at, &rule);
}

int cfi_program_run(const struct cfi_common *common, struct byte_reader instructions, uint64_t start, uint64_t end,
		    struct unwind_builder *builder)
{
	struct run run;

	run.common = common;
	run.builder = builder;
	run.in = instructions;
	run.state = common->initial;
	run.at = start;
	run.is_new = true;
	run.error = 0;
	run.n_remembered = 0;
	while (bytes_left(&run.in) > 0 && run.at < end)
		run_one(&run);
	if (run.error < 0)
		return run.error;
	if (run.in.failed)
		return give_up(&run);
	tell(&run);
	return run.error;
}
