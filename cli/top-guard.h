/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top guard: the process that the shell waits for while its child draws on the terminal. A child that crashes or is
 * killed leaves the terminal without echo, and without the shell's screen: the guard puts it back as it was. It does
 * nothing else that could fail, stops when the child stops, and passes on what signals are sent to it. To be called
 * while there is one thread.
 */
#pragma once

#include "common/clean.h"

enum top_guard_answer {
	TOP_GUARD_DRAW = 1, /* this is the child, or there is no terminal to guard */
};

/*
 * Returns at once in the child, and in the parent when that has ended: 0, with its status as from waitpid(). A child
 * that one of the usual signals has ended takes the parent with it.
 */
_must_check_ int top_guard_begin(int *ret_status);
