/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finisher: the sandboxed process that finishes the stacks that the kernel's walk could not, with libunwind, from a
 * copy of the stack and the CFI of the binaries. It sees the copies in the map that the kernel writes them to, opens
 * nothing, writes nothing, and may be killed at any moment. See symbolizer/finisher-wire.h for the messages.
 *
 * Copies may hold secrets: the process is undumpable, and answers with addresses of code only.
 */
#pragma once

#include "symbolizer/sandbox.h"

/* The child's argv[1] when it is started from /proc/self/exe; descriptor 4 is the map of struct copy_area. */
#define FINISHER_COMMAND "finisher-child"

int finisher_main(void); /* runs the child to its end; returns the exit code */
