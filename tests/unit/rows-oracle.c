// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rows-oracle.h"

#include <dwarf.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/unwind-builder.h"

#define MAX_TOLD 10

void flat_rows_of(const struct index *index, struct flat_rows *ret)
{
	struct index_unwind u;

	*ret = (struct flat_rows){};
	if (!index_unwind(index, &u))
		return;
	ret->all = calloc(u.n_rows + u.n_pages + 1, sizeof(*ret->all));
	if (!ret->all)
		abort();
	for (size_t page = 0; page < u.n_pages; page++) {
		const struct unwind_page *p = &u.pages[page];
		const struct unwind_row *rows = (const void *)(u.words + p->words);

		if (p->n_rows == 0)
			ret->all[ret->n++] = (struct flat_row){ .addr = u.base + page * UNWIND_PAGE_BYTES };
		else
			rows += UNWIND_SUBINDEX_WORDS(p->block_shift);
		for (size_t i = 0; i < p->n_rows; i++)
			ret->all[ret->n++] = (struct flat_row){ u.base + page * UNWIND_PAGE_BYTES + rows[i].pc_low,
								u.rules[rows[i].rule] };
	}
	ret->all[ret->n++] = (struct flat_row){ .addr = u.base + u.n_pages * UNWIND_PAGE_BYTES };
}

void flat_rows_done(struct flat_rows *flat)
{
	free(flat->all);
}

/* The index of the row in force, or of the first one above. */
static size_t find(const struct flat_rows *flat, uint64_t addr)
{
	size_t low = 0, high = flat->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (flat->all[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : 0;
}

const struct unwind_rule *flat_rows_at(const struct flat_rows *flat, uint64_t addr)
{
	static const struct unwind_rule gap;
	size_t i = find(flat, addr);

	return flat->n && flat->all[i].addr <= addr ? &flat->all[i].rule : &gap;
}

static bool is_register_op(const Dwarf_Op *op, uint8_t *reg, int64_t *offset)
{
	if (op->atom == DW_OP_bregx) {
		*reg = (uint8_t)op->number;
		*offset = (int64_t)op->number2;
		return op->number < 32;
	}
	if (op->atom < DW_OP_breg0 || op->atom > DW_OP_breg31)
		return false;
	*reg = op->atom - DW_OP_breg0;
	*offset = (int64_t)op->number;
	return true;
}

static bool is_plt(const Dwarf_Op *ops, size_t n, int32_t *limit)
{
	static const uint8_t atoms[] = { DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, 0,
					 DW_OP_ge,    DW_OP_lit3,   DW_OP_shl,   DW_OP_plus };

	for (size_t i = 0; i < sizeof(atoms); i++) {
		if (n != sizeof(atoms) || (i != 4 && ops[i].atom != atoms[i]))
			return false;
	}
	*limit = ops[4].atom - DW_OP_lit0;
	return ops[0].number == 8 && ops[1].number == 0 && *limit >= 0 && *limit < 16;
}

static bool translate_cfa(const Dwarf_Op *ops, size_t n, int n_registers, struct unwind_rule *ret)
{
	int64_t offset, add = 0;

	if (is_plt(ops, n, &ret->cfa_add)) {
		ret->cfa = UNWIND_CFA_PLT;
		return true;
	}
	if (n == 0 || n > 3 || !is_register_op(&ops[0], &ret->reg, &offset) || ret->reg >= n_registers)
		return false;
	if (n > 1 && ops[1].atom != DW_OP_deref)
		return false;
	if (n > 2 && ops[2].atom != DW_OP_plus_uconst)
		return false;
	if (n > 2)
		add = (int64_t)ops[2].number;
	ret->cfa = n == 1 ? UNWIND_CFA_REGISTER : UNWIND_CFA_DEREF;
	ret->cfa_offset = (int32_t)offset;
	ret->cfa_add = (int32_t)add;
	return ret->cfa_offset == offset && ret->cfa_add == add;
}

/* A location relative to the CFA: two operations, or one where the offset is 0. */
static bool is_at_cfa(const Dwarf_Op *ops, size_t n, int16_t *offset)
{
	int64_t all = n == 2 ? (int64_t)ops[1].number : 0;

	if (n == 0 || n > 2 || ops[0].atom != DW_OP_call_frame_cfa || (n == 2 && ops[1].atom != DW_OP_plus_uconst))
		return false;
	*offset = (int16_t)all;
	return *offset == all;
}

static bool translate_ra(Dwarf_Frame *frame, int ra, int n_registers, struct unwind_rule *ret)
{
	Dwarf_Op memory[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, ra, memory, &ops, &n) < 0)
		return false;
	if (n == 0 && !ops) {
		ret->ra = UNWIND_RA_REGISTER;
		ret->ra_offset = (int16_t)ra;
		return ra < n_registers;
	}
	if (n == 0) {
		ret->ra = UNWIND_RA_UNDEFINED;
		return true;
	}
	if (n == 1 && ops[0].atom == DW_OP_regx) {
		ret->ra = UNWIND_RA_REGISTER;
		ret->ra_offset = (int16_t)ops[0].number;
		return ops[0].number < (Dwarf_Word)n_registers;
	}
	ret->ra = UNWIND_RA_AT_CFA;
	return is_at_cfa(ops, n, &ret->ra_offset);
}

static bool translate_fp(Dwarf_Frame *frame, int fp, struct unwind_rule *ret)
{
	Dwarf_Op memory[3], *ops;
	int64_t offset;
	uint8_t reg;
	size_t n;

	if (dwarf_frame_register(frame, fp, memory, &ops, &n) < 0)
		return false;
	if (n == 0) {
		ret->fp = ops ? UNWIND_FP_UNDEFINED : UNWIND_FP_SAME;
		return true;
	}
	if (n == 2 && is_register_op(&ops[1], &reg, &offset)) { /* the first pushes the CFA, as the standard wants it */
		ret->fp = UNWIND_FP_AT_FP;
		ret->fp_offset = (int16_t)offset;
		return reg == fp && ret->fp_offset == offset;
	}
	ret->fp = UNWIND_FP_AT_CFA;
	return is_at_cfa(ops, n, &ret->fp_offset);
}

/* The stack pointer is the CFA, or nothing is said of it. */
static bool is_sp_plain(Dwarf_Frame *frame, int sp)
{
	Dwarf_Op memory[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, sp, memory, &ops, &n) < 0)
		return false;
	return n == 0 ? !ops : n == 2 && ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_stack_value;
}

static struct unwind_rule translate(Dwarf_Frame *frame, int machine, int ra, bool is_signal)
{
	const int n_registers = machine == EM_AARCH64 ? 32 : 16, fp = machine == EM_AARCH64 ? 29 : 6;
	const int sp = machine == EM_AARCH64 ? 31 : 7;
	struct unwind_rule rule = {};
	Dwarf_Op *ops;
	size_t n;
	bool good;

	good = dwarf_frame_cfa(frame, &ops, &n) == 0 && translate_cfa(ops, n, n_registers, &rule);
	if (is_signal && good &&
	    (machine == EM_AARCH64 || (rule.cfa == UNWIND_CFA_DEREF && rule.reg == 7 && rule.cfa_offset == 160)))
		return (struct unwind_rule){ .cfa = UNWIND_CFA_SIGNAL };
	good &= !is_signal;
	good &= translate_ra(frame, ra, n_registers, &rule);
	good &= translate_fp(frame, fp, &rule);
	good &= is_sp_plain(frame, sp);
	if (good)
		return rule;
	if (rule.ra == UNWIND_RA_UNDEFINED && !is_signal)
		return (struct unwind_rule){ UNWIND_CFA_REGISTER, (uint8_t)sp, UNWIND_RA_UNDEFINED };
	return (struct unwind_rule){ .cfa = UNWIND_CFA_UNENCODABLE };
}

bool rows_oracle_at(Dwarf_CFI *cfi, int machine, uint64_t addr, struct unwind_rule *ret, uint64_t *ret_end)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr start, end;
	bool is_signal;
	int ra;

	if (dwarf_cfi_addrframe(cfi, addr, &frame) < 0)
		return false;
	ra = dwarf_frame_info(frame, &start, &end, &is_signal);
	*ret = translate(frame, machine, ra, is_signal);
	*ret_end = end;
	free(frame);
	return true;
}

static void tell(uint64_t addr, const struct unwind_rule *ours, const struct unwind_rule *theirs,
		 struct rows_counts *counts)
{
	const struct unwind_rule *rules[] = { ours, theirs };

	if (counts->n_wrong++ >= MAX_TOLD)
		return;
	fprintf(stderr, "at %" PRIx64, addr);
	for (size_t i = 0; i < 2; i++)
		fprintf(stderr, "%s {cfa %u reg %u ra %u fp %u, %d %d, %d %d}", i ? ", libdw says" : " we say",
			rules[i]->cfa, rules[i]->reg, rules[i]->ra, rules[i]->fp, rules[i]->cfa_offset,
			rules[i]->cfa_add, rules[i]->ra_offset, rules[i]->fp_offset);
	fputc('\n', stderr);
}

/* All our rows in [start, end) have this one rule. */
static void check_row(const struct flat_rows *flat, uint64_t start, uint64_t end, const struct unwind_rule *rule,
		      struct rows_counts *counts)
{
	size_t i = find(flat, start);

	if (memcmp(flat_rows_at(flat, start), rule, sizeof(*rule)) != 0)
		tell(start, flat_rows_at(flat, start), rule, counts);
	for (i++; i < flat->n && flat->all[i].addr < end; i++) {
		if (flat->all[i].addr > start && memcmp(&flat->all[i].rule, rule, sizeof(*rule)) != 0)
			tell(flat->all[i].addr, &flat->all[i].rule, rule, counts);
	}
}

void rows_oracle_range(const struct flat_rows *flat, Dwarf_CFI *cfi, int machine, uint64_t start, uint64_t end,
		       struct rows_counts *counts)
{
	static const struct unwind_rule gap;
	struct unwind_rule rule;
	uint64_t next;

	if (start >= end)
		return;
	while (start < end && rows_oracle_at(cfi, machine, start, &rule, &next)) {
		if (next <= start)
			abort();
		check_row(flat, start, next < end ? next : end, &rule, counts);
		counts->n_libdw_rows++;
		counts->n_unencodable += rule.cfa == UNWIND_CFA_UNENCODABLE;
		start = next < end ? next : end;
	}
	if (end - start >= UNWIND_BUILDER_GAP_BYTES)
		check_row(flat, start, end, &gap, counts);
}

/* The address of .eh_frame_hdr's table: count, then pairs of offsets from the header (LSB 5.0, 10.6.2). */
static const int32_t *find_table(Elf *elf, uint64_t *ret_vaddr, uint32_t *ret_n)
{
	GElf_Phdr p;
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const unsigned char *hdr;
		Elf_Data *data;

		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_GNU_EH_FRAME)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_BYTE);
		hdr = data ? data->d_buf : NULL;
		if (!hdr || data->d_size < 12 || hdr[0] != 1 || hdr[2] != DW_EH_PE_udata4 ||
		    hdr[3] != (DW_EH_PE_datarel | DW_EH_PE_sdata4))
			return NULL;
		memcpy(ret_n, hdr + 8, 4);
		*ret_vaddr = p.p_vaddr;
		return *ret_n <= (data->d_size - 12) / 8 ? (const void *)(hdr + 12) : NULL;
	}
	return NULL;
}

/* All of the text: in front of the first function, each function and what follows it, and behind the last. */
static void check_table(Elf *elf, const int32_t *table, uint64_t vaddr, uint32_t n, const struct flat_rows *flat,
			Dwarf_CFI *cfi, struct rows_counts *counts)
{
	static const struct unwind_rule gap;
	GElf_Ehdr ehdr;

	gelf_getehdr(elf, &ehdr);
	check_row(flat, 0, vaddr + (uint64_t)(int64_t)table[0], &gap, counts);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t start = vaddr + (uint64_t)(int64_t)table[2 * (size_t)i], end = start + (1 << 30);

		if (i + 1 < n)
			end = vaddr + (uint64_t)(int64_t)table[2 * (size_t)i + 2];
		rows_oracle_range(flat, cfi, ehdr.e_machine, start, end, counts);
	}
}

static void count_table(const struct index *index, struct rows_counts *counts)
{
	struct index_unwind u;

	if (!index_unwind(index, &u))
		return;
	counts->n_rows += u.n_rows;
	counts->n_rules += u.n_rules;
	counts->n_bytes += u.n_rows * sizeof(struct unwind_row);
	counts->n_index_bytes += u.n_words * 4 - u.n_rows * sizeof(struct unwind_row) + u.n_pages * sizeof(*u.pages);
}

bool rows_oracle_file(int fd, const struct index *index, struct rows_counts *counts)
{
	struct flat_rows flat;
	const int32_t *table;
	uint64_t vaddr;
	Dwarf_CFI *cfi;
	uint32_t n;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	table = elf ? find_table(elf, &vaddr, &n) : NULL;
	cfi = table && n > 0 ? dwarf_getcfi_elf(elf) : NULL;
	if (cfi) {
		flat_rows_of(index, &flat);
		check_table(elf, table, vaddr, n, &flat, cfi, counts);
		counts->n_fdes += n;
		count_table(index, counts);
		flat_rows_done(&flat);
		dwarf_cfi_end(cfi);
	}
	elf_end(elf);
	return cfi != NULL;
}
