/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go unwind: the unwind rows of a Go binary, from its gopclntab and a look at its code. Go's own functions only: C
 * code in a cgo binary has its CFI. Where both speak of a function these rows know more (where the frame pointer is,
 * and where stacks are switched): add them first.
 *
 * x86-64: CFA = rsp + pcsp + 8, the return address at CFA - 8, the caller's rbp at CFA - 16 where it is saved.
 * aarch64: CFA = sp + pcsp, the return address at sp and the caller's x29 at sp - 8 where they are saved, else in x30.
 *
 * Goroutines have their own stacks; the runtime and C run on the stack of the thread (g0):
 * - goexit, mstart, rt0_go are roots (UNWIND_RA_UNDEFINED), and so are mcall, morestack, gogo and clone from where they
 *   have left their stack: what called them does not wait for them, the runtime works on its own account.
 * - systemstack, cgocallback, nanotime1 and others have their frame pointer all the time and are found by it:
 *   UNWIND_CFA_SWITCH, rbp + 16. So a cgo callback's stack goes on through the C frames which called it. Before Go
 *   1.21 systemstack has no frame: the function that called it is left out then.
 * - asmcgocall: C code may call back and move the goroutine's stack, which makes a saved rbp stale. Only g tells then.
 *   UNWIND_CFA_GO_ASMCGOCALL (all reads are 64 bits of user memory):
 *       g = *(reg + cfa_offset), depth = *(reg + cfa_offset - 8), hi = *(g + 8), CFA = hi - depth + cfa_add
 *   and return address and frame pointer as in every rule. As with UNWIND_CFA_SWITCH it need not lie above.
 *   On g0 already, it does not switch: UNWIND_CFA_DEREF of the saved stack pointer.
 * - sigreturn, what a signal handler returns to: UNWIND_CFA_SIGNAL, from a byte before it on (return addresses are
 *   looked up by the byte before them).
 */
#pragma once

#include "symbolizer/elffile.h"
#include "symbolizer/unwind-builder.h"

/* 0: added, or no Go binary; a damaged one gives what can be read of it. Errors are the builder's. */
_must_check_ int go_unwind_add(const struct elffile *f, struct unwind_builder *b);
