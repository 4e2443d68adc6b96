/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitdump: the binary log jit-PID.dump, in which a JIT compiler tells what it made, moved, and from which lines (Linux,
 * tools/perf/Documentation/jitdump-specification.txt). It grows while it is read: a record that is not whole yet ends
 * it. The code's bytes are skipped.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/jit-code.h"

#define JITDUMP_MAX_BYTES ((uint64_t)4 << 30) /* of the file; most of it is skipped */

enum jitdump_answer {
	JITDUMP_FOREIGN = 1, /* of a machine with the other byte order */
	JITDUMP_NONE,        /* no such file, or a version that nobody knows */
};

struct jitdump_counts {
	uint64_t n_records, n_bad; /* bad: they make no sense */
	bool is_full;              /* there was more than is kept */
};

_must_check_ int jitdump_read(int fd, struct jit_code *code, struct jitdump_counts *ret);
