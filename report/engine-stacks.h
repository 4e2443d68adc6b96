/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine stacks: the stacks that ClickHouse gives, by their hash: rows of samples have but that. Used by one thread.
 */
#pragma once

#include "common/buf.h"
#include "report/engine-frames.h"

struct engine_stacks {
	struct engine_frames frames;
	struct buf numbers;          /* uint32_t: frames, innermost first, one stack behind the other */
	struct pool hashes;          /* uint64_t: the number is the stack's */
	struct buf ends;             /* uint32_t by stack: where it ends in numbers */
	struct buf names, libraries; /* of the stack that is being read */
};

_must_check_ int engine_stacks_init(struct engine_stacks *s); /* engine_stacks_done() also after a failure */
void engine_stacks_done(struct engine_stacks *s);

/* Rows of Hash UInt64, Stack Array(String), Libraries Array(String), in format RowBinary. -EBADMSG, -ENOSPC. */
_must_check_ int engine_stacks_read(struct engine_stacks *s, const void *data, size_t size);

/* The frames of a stack into ret (struct frame), which borrow from s. ENGINE_STACK_UNKNOWN: it was not given. */
enum engine_stack_answer {
	ENGINE_STACK_UNKNOWN = 1,
};
_must_check_ int engine_stacks_find(struct engine_stacks *s, uint64_t hash, struct buf *ret);
