/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perf map: the text file /tmp/perf-PID.map, in which a JIT compiler tells what it made (Linux,
 * tools/perf/Documentation/jit-interface.txt): "START SIZE NAME", both numbers in hex. It may be written while it is
 * read. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/jit-code.h"

struct perf_map {
	struct jit_code *code;
	uint64_t n_lines, n_bad; /* bad: not of that form */
	bool is_full;            /* there were more lines than are kept */
};

/*
 * Takes in the lines of a piece of the file; returns how many bytes they were: the rest is the start of a line, which
 * is to be given again with what follows it. is_last: nothing follows, the rest is a line too. -ENOMEM, -EFBIG.
 */
_must_check_ ssize_t perf_map_parse(struct perf_map *m, const char *text, size_t size, bool is_last);
