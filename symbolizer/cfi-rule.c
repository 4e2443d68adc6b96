// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/cfi-rule.h"

#include <elf.h>

#include "symbolizer/cfi-expression.h"

#define UCONTEXT_RSP                                                                                                   \
	160 /* of the ucontext at the stack pointer when a handler has returned: uc_mcontext.gregs[REG_RSP] */

/*
 * The fields of a rule while it is made. Stored as the bytes that they are in a rule and then read as words, as its
 * number is looked up, they would stall the processor at every row (of 47 ns, 9).
 */
struct parts {
	uint32_t cfa, reg, ra, fp;
	int32_t cfa_offset, cfa_add;
	int32_t ra_offset, fp_offset;
};

static inline void pack(const struct parts *p, struct unwind_rule *ret)
{
	const uint64_t words[] = {
		p->cfa | p->reg << 8 | p->ra << 16 | p->fp << 24 | (uint64_t)(uint32_t)p->cfa_offset << 32,
		(uint32_t)p->cfa_add | (uint64_t)(uint16_t)p->ra_offset << 32 | (uint64_t)(uint16_t)p->fp_offset << 48,
	};

	_Static_assert(sizeof(words) == sizeof(*ret) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "as a rule is");
	memcpy(ret, words, sizeof(words));
}

static inline bool set_offset(int64_t n, int32_t *ret)
{
	*ret = (int32_t)n;
	return n >= INT16_MIN && n <= INT16_MAX;
}

static inline bool set_cfa_expression(const struct cfi_common *common, const struct cfi_value *cfa, struct parts *ret)
{
	struct cfi_form form;

	if (common->machine->elf_machine == EM_X86_64 &&
	    cfi_expression_plt(cfa->expression, cfa->size, &ret->cfa_add)) {
		ret->cfa = UNWIND_CFA_PLT;
		return true;
	}
	if (!cfi_expression_form(cfa->expression, cfa->size, &form) || form.reg >= common->machine->n_registers)
		return false;
	ret->cfa = form.deref ? UNWIND_CFA_DEREF : UNWIND_CFA_REGISTER;
	ret->reg = (uint32_t)form.reg;
	ret->cfa_offset = form.offset;
	ret->cfa_add = form.add;
	return true;
}

static inline bool set_cfa(const struct cfi_common *common, const struct cfi_value *cfa, struct parts *ret)
{
	if (cfa->how == CFI_EXPRESSION)
		return set_cfa_expression(common, cfa, ret);
	if (cfa->how != CFI_REGISTER || cfa->reg >= common->machine->n_registers)
		return false;
	ret->cfa = UNWIND_CFA_REGISTER;
	ret->reg = (uint32_t)cfa->reg;
	ret->cfa_offset = (int32_t)cfa->number;
	return ret->cfa_offset == cfa->number;
}

static inline bool set_ra(const struct cfi_common *common, const struct cfi_value *ra, struct parts *ret)
{
	uint64_t reg = ra->how == CFI_SAME ? common->ra : ra->reg;

	switch (ra->how) {
	case CFI_UNDEFINED:
		ret->ra = UNWIND_RA_UNDEFINED;
		return true;
	case CFI_AT_CFA:
		ret->ra = UNWIND_RA_AT_CFA;
		return set_offset(ra->number, &ret->ra_offset);
	case CFI_SAME:
	case CFI_REGISTER:
		ret->ra = UNWIND_RA_REGISTER;
		ret->ra_offset = (int32_t)reg;
		return reg < common->machine->n_registers;
	default:
		return false;
	}
}

static inline bool set_fp(const struct cfi_common *common, const struct cfi_value *fp, struct parts *ret)
{
	struct cfi_form form;

	switch (fp->how) {
	case CFI_SAME:
		ret->fp = UNWIND_FP_SAME;
		return true;
	case CFI_UNDEFINED:
		ret->fp = UNWIND_FP_UNDEFINED;
		return true;
	case CFI_AT_CFA:
		ret->fp = UNWIND_FP_AT_CFA;
		return set_offset(fp->number, &ret->fp_offset);
	case CFI_AT_EXPRESSION:
		ret->fp = UNWIND_FP_AT_FP;
		return cfi_expression_form(fp->expression, fp->size, &form) && !form.deref &&
		       form.reg == common->machine->fp && set_offset(form.offset, &ret->fp_offset);
	default:
		return false;
	}
}

/* The caller's stack pointer is the CFA: code that switches stacks says otherwise. */
static inline bool is_sp_plain(const struct cfi_value *sp)
{
	return sp->how == CFI_SAME || (sp->how == CFI_CFA_PLUS && sp->number == 0);
}

static inline bool set_all(const struct cfi_common *common, const struct cfi_state *state, struct parts *ret)
{
	return set_cfa(common, &state->cfa, ret) && set_ra(common, &state->slots[CFI_RA], ret) &&
	       set_fp(common, &state->slots[CFI_FP], ret) && is_sp_plain(&state->slots[CFI_SP]);
}

/*
 * Whether a signal frame is the kernel's. Others mark frames so that switch stacks in their own way (Wine's system
 * call dispatcher). aarch64's, in the vdso, only tells of the frame record in it.
 */
static bool is_ucontext(const struct cfi_common *common, const struct parts *rule)
{
	if (common->machine->elf_machine == EM_AARCH64)
		return true;
	return rule->cfa == UNWIND_CFA_DEREF && rule->reg == UNWIND_X86_64_RSP && rule->cfa_offset == UCONTEXT_RSP &&
	       rule->cfa_add == 0;
}

static inline bool set_signal(const struct cfi_common *common, const struct cfi_state *state, struct parts *ret)
{
	if (!set_cfa(common, &state->cfa, ret) || !is_ucontext(common, ret))
		return false;
	*ret = (struct parts){ .cfa = UNWIND_CFA_SIGNAL };
	return true;
}

void cfi_rule_of(const struct cfi_common *common, const struct cfi_state *state, struct unwind_rule *ret)
{
	struct parts parts = {};
	bool is_good;

	is_good = common->is_signal ? set_signal(common, state, &parts) : set_all(common, state, &parts);
	if (!is_good && !common->is_signal && state->slots[CFI_RA].how == CFI_UNDEFINED) /* nothing else is asked for */
		parts = (struct parts){ UNWIND_CFA_REGISTER, common->machine->sp, UNWIND_RA_UNDEFINED };
	else if (!is_good)
		parts = (struct parts){ .cfa = UNWIND_CFA_UNENCODABLE };
	pack(&parts, ret);
}
