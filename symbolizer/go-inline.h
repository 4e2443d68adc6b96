/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go inline: the calls that the Go compiler inlined into a function (runtime/symtabinl.go): its inline tree, which is
 * part of its funcdata. Where that begins only runtime.firstmoduledata tells, so it may be that they cannot be read.
 */
#pragma once

#include "symbolizer/go-binary.h"

#define GO_INLINE_MAX_CALLS (1 << 20) /* of one function, as in the runtime */
#define GO_INLINE_WINDOW_BYTES 16384

struct go_inline {
	const struct elffile *file;
	const struct gopclntab *table;
	uint64_t base; /* of go:func.*; 0 where trees have addresses */
	uint64_t window_start;
	size_t window_bytes;
	uint8_t window[GO_INLINE_WINDOW_BYTES];
};

struct go_call {
	struct gopclntab_name name; /* of what is called */
	uint32_t name_offset;
	uint32_t start_line; /* 0: unknown */
	uint32_t pc;         /* an instruction of the caller, from the start of the function: the call is on its line */
};

enum go_inline_answer {
	GO_INLINE_NONE = 1,
};

/* Borrows all. */
_must_check_ int go_inline_open(const struct elffile *f, const struct go_binary *go, struct go_inline *ret);

/* An entry of the inline tree of a function of n_bytes; false: that makes no sense. */
bool go_inline_call(struct go_inline *x, uint64_t tree, uint32_t i, uint64_t n_bytes, struct go_call *ret);
