/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line input: lines from a descriptor, for a command that answers each one: whoever feeds it may wait for the answer
 * before the next line. So the command writes out what it has whenever line_input_must_wait().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

#define LINE_INPUT_BYTES ((size_t)64 << 10) /* of one line; what a longer one has more is skipped */

struct line_input {
	int fd; /* borrowed */
	bool is_at_end, is_skipping;
	size_t start, end; /* what has been read and not yet handed out */
	char data[LINE_INPUT_BYTES + 1];
};

enum line_input_answer {
	LINE_INPUT_END = 1,
};

void line_input_init(struct line_input *in, int fd);

/* Has no whole line been read: would the next call read on? */
bool line_input_must_wait(const struct line_input *in);

/* The next line without its newline, valid until the next call. A NUL in it becomes '?'. The last may lack a newline.
 */
_must_check_ int line_input_next(struct line_input *in, const char **ret);
