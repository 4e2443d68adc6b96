/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit index: a file in which a process tells of the code that it made, turned into an index of absolute addresses. Job
 * of the indexer.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

enum jit_file_kind {
	JIT_PERF_MAP,
	JIT_JITDUMP,
};

#define JIT_INDEX_NOTE_BYTES 100
#define PERF_MAP_MAX_BYTES ((uint64_t)64 << 20) /* what lies behind is not read */

/* Positive results of jit_index_build(): nothing was written, the note says why. */
enum jit_index_answer {
	JIT_INDEX_REFUSED = 1,
};

/* Writes the index to out_fd. The note says, in a few words, what was left out of it: "" if nothing was. */
_must_check_ int jit_index_build(enum jit_file_kind kind, int fd, int out_fd,
				 char ret_note[static JIT_INDEX_NOTE_BYTES]);
