/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go frame: what a Go function does with its frame pointer, and where it leaves its stack, read from its code: pcsp
 * tells neither. What the compiler makes has two prologues (before and from Go 1.21 on); the few functions of the
 * runtime that go from stack to stack are known by name.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "symbolizer/gopclntab.h"

#define GO_FRAME_CODE_BYTES 1024 /* of a function are looked at */
#define GO_FRAME_MAX_CUTS 32

enum go_frame_kind {
	GO_FRAME_COMPILED,    /* pcsp is right everywhere */
	GO_FRAME_MOVES_STACK, /* leaves its stack, and has its own frame pointer while it does */
	GO_FRAME_MOVES_SP,    /* somebody's assembly that does what nobody can tell */
	GO_FRAME_ASMCGOCALL,
	GO_FRAME_LEAVES, /* a root once it has left its stack: what it was called by does not wait for it */
	GO_FRAME_OUTERMOST,
	GO_FRAME_SIGRETURN, /* what the kernel has put there as return address of a signal handler */
};

enum go_frame_kind go_frame_kind_of(const struct gopclntab *table, const struct gopclntab_function *f);

enum go_frame_state {
	GO_FRAME_PLAIN,      /* the frame pointer is still the caller's */
	GO_FRAME_SAVED,      /* the caller's lies at `arg` from the CFA, while that is on the stack */
	GO_FRAME_BY_FP,      /* it is set: the CFA can be told from it */
	GO_FRAME_CALLERS_FP, /* without frame and on another stack: only the caller's frame pointer is left */
	GO_FRAME_ON_G0, /* asmcgocall: g is saved at `arg` from the stack pointer, and 8 below the depth of its stack */
	GO_FRAME_SAVED_SP, /* asmcgocall: the stack pointer itself is saved there */
	GO_FRAME_LOST,
	GO_FRAME_ROOT,
	GO_FRAME_SIGNAL,
};

/* From an offset in the function on, up to the next one's. */
struct go_frame_cut {
	uint64_t at;
	enum go_frame_state state;
	int32_t arg;
};

struct go_frame {
	struct go_frame_cut cuts[GO_FRAME_MAX_CUTS]; /* ascending; the first is at 0 */
	size_t n;
};

/* machine: EM_X86_64 or EM_AARCH64; code: the first bytes of the function. */
void go_frame_read(uint16_t machine, enum go_frame_kind kind, const struct gopclntab *table,
		   const struct gopclntab_function *f, const uint8_t *code, size_t n_bytes, struct go_frame *ret);
