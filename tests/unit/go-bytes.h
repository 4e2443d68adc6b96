/* SPDX-License-Identifier: Apache-2.0 */
/* go bytes: a Go binary that is written out field by field: lines, inlined calls, and where the runtime finds them. */
#pragma once

#include "tests/unit/elf-bytes.h"
#include "tests/unit/pclntab-bytes.h"

/* What a test damages is in its program. */
struct go_bytes {
	struct elf_bytes elf;
	struct pclntab_program *program;
};

static inline void go_bytes_init(struct go_bytes *b, uint32_t magic)
{
	_Static_assert(sizeof(struct pclntab_program) <= EB_SIZE(debugdata), "has room");

	elf_bytes_init(&b->elf);
	b->program = (void *)b->elf.debugdata;
	pclntab_program_init(b->program, magic, EB_AT(text), EB_AT(debugdata));
	pclntab_bytes_text(b->elf.text);
	b->elf.load.p_flags |= PF_W;
	b->elf.shdrs[EB_DEBUGDATA].sh_name = elf_bytes_string(b->elf.names, sizeof(b->elf.names), ".gopclntab");
}
