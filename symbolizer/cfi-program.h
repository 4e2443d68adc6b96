/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi program: the instructions of a CIE and of its FDEs (DWARF 5 section 6.4.2), run once from front to back, for
 * the CFA, the return address, the frame pointer and the stack pointer; each row goes to an unwind builder as a rule.
 * What a rule cannot hold becomes UNWIND_CFA_UNENCODABLE, as does the rest of a function from a malformed instruction.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/cfi-reader.h"
#include "symbolizer/unwind-builder.h"

/* Registers as the ABI of a machine has them. */
struct cfi_machine {
	uint16_t elf_machine;
	uint8_t n_registers, fp, sp;
};

enum cfi_how {
	CFI_SAME, /* also what nothing is said of */
	CFI_UNDEFINED,
	CFI_AT_CFA,   /* *(CFA + number) */
	CFI_CFA_PLUS, /* CFA + number */
	CFI_REGISTER, /* reg + number; of a return address or frame pointer: reg */
	CFI_AT_EXPRESSION,
	CFI_EXPRESSION,
};

struct cfi_value {
	uint8_t how;   /* enum cfi_how */
	uint32_t size; /* of the expression */
	union {
		const uint8_t *expression;
		uint64_t reg;
	};
	int64_t number;
};

/* The registers whose rules are kept. */
enum cfi_slot {
	CFI_RA,
	CFI_FP,
	CFI_SP,
	CFI_N_SLOTS,
};

struct cfi_state {
	struct cfi_value cfa; /* CFI_REGISTER or CFI_EXPRESSION; CFI_SAME: not told yet */
	struct cfi_value slots[CFI_N_SLOTS];
};

/* What the programs of one CIE have in common. */
struct cfi_common {
	const struct cfi_machine *machine;
	const struct cfi_section *section;
	uint32_t code_align;
	int64_t data_align;
	uint64_t ra;      /* the return address's column */
	uint8_t encoding; /* of addresses */
	bool is_signal;   /* the frame was interrupted, and left by a system call */
	struct cfi_state initial;
};

/* Runs the instructions of the CIE into common->initial; false: malformed. */
bool cfi_program_start(struct cfi_common *common, struct byte_reader instructions);

/* Gives builder the rows of the function that was begun last, which is [start, end). */
_must_check_ int cfi_program_run(const struct cfi_common *common, struct byte_reader instructions, uint64_t start,
				 uint64_t end, struct unwind_builder *builder);
