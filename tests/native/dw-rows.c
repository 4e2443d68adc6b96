// SPDX-License-Identifier: Apache-2.0
#include "tests/native/dw-rows.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>

#define RA_COLUMN 16 /* x86-64 */

struct rows {
	struct table_row *all;
	size_t n, n_max;
};

static int rows_add(struct rows *rows, uint64_t addr, const struct unwind_rule *rule)
{
	if (rows->n == rows->n_max) {
		size_t n_max = rows->n_max ? rows->n_max * 2 : 1024;
		struct table_row *all = reallocarray(rows->all, n_max, sizeof(*all));

		if (!all)
			return -ENOMEM;
		rows->all = all;
		rows->n_max = n_max;
	}
	rows->all[rows->n++] = (struct table_row){ .addr = addr, .rule = *rule };
	return 0;
}

static int base_register(const Dwarf_Op *op)
{
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return op->atom - DW_OP_breg0;
	return op->atom == DW_OP_bregx ? (int)op->number : -1;
}

static int64_t base_offset(const Dwarf_Op *op)
{
	return (int64_t)(op->atom == DW_OP_bregx ? op->number2 : op->number);
}

static void read_cfa(Dwarf_Frame *frame, struct unwind_rule *rule)
{
	Dwarf_Op *ops;
	size_t n;

	rule->cfa = UNWIND_CFA_UNENCODABLE;
	if (dwarf_frame_cfa(frame, &ops, &n) != 0 || n == 0 || base_register(&ops[0]) < 0)
		return;
	rule->reg = (uint8_t)base_register(&ops[0]);
	rule->cfa_offset = (int32_t)base_offset(&ops[0]);
	if (n == 1) {
		rule->cfa = UNWIND_CFA_REGISTER;
	} else if (n == 2 && ops[1].atom == DW_OP_deref) {
		rule->cfa = UNWIND_CFA_DEREF;
	} else if (n == 3 && ops[1].atom == DW_OP_deref && ops[2].atom == DW_OP_plus_uconst) {
		rule->cfa = UNWIND_CFA_DEREF;
		rule->cfa_add = (int32_t)ops[2].number;
	} else if (n == 9 && ops[1].atom == DW_OP_breg16 && ops[2].atom == DW_OP_lit15) {
		rule->cfa = UNWIND_CFA_PLT;
		rule->cfa_offset = 0;
		rule->cfa_add = ops[4].atom - DW_OP_lit0;
	}
}

/* A register saved at the CFA plus *ret. */
static bool is_at_cfa(const Dwarf_Op *ops, size_t n, int16_t *ret)
{
	if (n == 0 || ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	*ret = n > 1 ? (int16_t)(int64_t)ops[1].number : 0;
	return n == 1 || (n == 2 && ops[1].atom == DW_OP_plus_uconst);
}

static void read_ra(Dwarf_Frame *frame, struct unwind_rule *rule)
{
	Dwarf_Op mem[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, RA_COLUMN, mem, &ops, &n) != 0) {
		rule->cfa = UNWIND_CFA_UNENCODABLE;
	} else if (n == 0 && ops == mem) {
		rule->ra = UNWIND_RA_UNDEFINED;
	} else if (n == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31) {
		rule->ra = UNWIND_RA_REGISTER;
		rule->ra_offset = (int16_t)(ops[0].atom - DW_OP_reg0);
	} else if (n == 1 && ops[0].atom == DW_OP_regx) {
		rule->ra = UNWIND_RA_REGISTER;
		rule->ra_offset = (int16_t)ops[0].number;
	} else if (!is_at_cfa(ops, n, &rule->ra_offset)) {
		rule->cfa = UNWIND_CFA_UNENCODABLE;
	}
}

static void read_fp(Dwarf_Frame *frame, struct unwind_rule *rule)
{
	Dwarf_Op mem[3], *ops;
	size_t n;

	rule->fp = UNWIND_FP_UNDEFINED;
	if (dwarf_frame_register(frame, UNWIND_X86_64_RBP, mem, &ops, &n) != 0)
		return;
	if (n == 0 && !ops) {
		rule->fp = UNWIND_FP_SAME;
	} else if (is_at_cfa(ops, n, &rule->fp_offset)) {
		rule->fp = UNWIND_FP_AT_CFA;
	} else if (n == 1 && base_register(&ops[0]) == UNWIND_X86_64_RBP) {
		rule->fp = UNWIND_FP_AT_FP;
		rule->fp_offset = (int16_t)base_offset(&ops[0]);
	}
}

static void read_rule(Dwarf_Frame *frame, bool is_signal, struct unwind_rule *ret)
{
	*ret = (struct unwind_rule){};
	if (is_signal) {
		ret->cfa = UNWIND_CFA_SIGNAL;
		return;
	}
	read_cfa(frame, ret);
	read_ra(frame, ret);
	read_fp(frame, ret);
}

/* Asks for one address after the other: where CFI covers it, for the next one that it tells to be different. */
static int read_segment(Dwarf_CFI *cfi, uint64_t start, uint64_t end, struct rows *rows)
{
	bool in_gap = false;
	uint64_t addr = start;

	while (addr < end) {
		struct unwind_rule rule = {};
		Dwarf_Frame *frame = NULL;
		Dwarf_Addr next = addr + 1;
		bool is_signal = false, is_gap = dwarf_cfi_addrframe(cfi, addr, &frame) != 0;
		int r = 0;

		if (!is_gap) {
			dwarf_frame_info(frame, NULL, &next, &is_signal);
			read_rule(frame, is_signal, &rule);
			free(frame);
		}
		if (!is_gap || !in_gap)
			r = rows_add(rows, addr, &rule);
		if (r < 0)
			return r;
		in_gap = is_gap;
		addr = next > addr ? next : addr + 1;
	}
	return rows_add(rows, end, &(struct unwind_rule){});
}

static int read_segments(Elf *elf, struct rows *rows)
{
	Dwarf_CFI *cfi = dwarf_getcfi_elf(elf);
	size_t n;
	int r = 0;

	if (!cfi || elf_getphdrnum(elf, &n) != 0)
		return -EBADMSG;
	for (size_t i = 0; r == 0 && i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return -EBADMSG;
		if (ph.p_type == PT_LOAD && (ph.p_flags & PF_X))
			r = read_segment(cfi, ph.p_vaddr, ph.p_vaddr + ph.p_memsz, rows);
	}
	dwarf_cfi_end(cfi);
	return r;
}

int dw_rows_read(int fd, struct table_row **ret, size_t *ret_n)
{
	struct rows rows = {};
	Elf *elf;
	int r;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return -EBADMSG;
	r = read_segments(elf, &rows);
	elf_end(elf);
	if (r < 0) {
		free(rows.all);
		return r;
	}
	*ret = rows.all;
	*ret_n = rows.n;
	return 0;
}
