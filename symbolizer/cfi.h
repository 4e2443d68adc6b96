/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi: call frame information, .eh_frame and .debug_frame of x86-64 and aarch64 files, to rows of an unwind builder:
 * one pass, nothing looked up per address. A malformed entry costs its own function's rows at most.
 */
#pragma once

#include "common/clean.h"
#include "symbolizer/cfi-reader.h"
#include "symbolizer/elffile.h"
#include "symbolizer/unwind-builder.h"

/* Adds what the file has; what lies outside of its executable segments is left out. -EFBIG: too many rows. */
_must_check_ int cfi_add(const struct elffile *f, struct unwind_builder *b);

/* The same for one section. */
_must_check_ int cfi_add_section(const struct elffile *f, const struct cfi_section *section, struct unwind_builder *b);
