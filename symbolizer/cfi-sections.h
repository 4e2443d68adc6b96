/* SPDX-License-Identifier: Apache-2.0 */
/* cfi sections: where the call frame information of an ELF file lies. What they point to lives as long as the file. */
#pragma once

#include "symbolizer/cfi-reader.h"
#include "symbolizer/elffile.h"

enum cfi_sections_answer {
	CFI_SECTIONS_NONE = 1, /* the file has none, or none that can be read */
};

/* .eh_frame: by section header, or as the run-time unwinder finds it, through PT_GNU_EH_FRAME. */
_must_check_ int cfi_sections_eh_frame(const struct elffile *f, struct cfi_section *ret);
_must_check_ int cfi_sections_debug_frame(const struct elffile *f, struct cfi_section *ret);
