/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf alt: the file that holds what dwz found in several binaries: names and declarations, no code. The binary names
 * it by file name and id (.gnu_debugaltlink, or .debug_sup of DWARF 5, section 7.3.6).
 */
#pragma once

#include "symbolizer/debug-need.h"
#include "symbolizer/dwarf-info.h"

enum dwarf_alt_answer {
	DWARF_ALT_NONE = 1,  /* the binary needs none, or nobody has it */
	DWARF_ALT_TOO_LARGE, /* it is there, and takes more memory than there is */
};

/* Opens the alt file of a binary and reads its units' headers; ret must stay where it is. */
_must_check_ int dwarf_alt_open(const struct elffile *f, const struct debug_source *sources, uint64_t *work,
				struct dwarf_info *ret);
