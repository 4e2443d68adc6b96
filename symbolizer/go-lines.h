/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go lines: functions, inlined calls and lines of a Go binary (1.16 or later) out of its pclntab: what a stripped one
 * still has (runtime/symtab.go, runtime/symtabinl.go, cmd/link/internal/ld/pcln.go). Runs in the indexer only.
 */
#pragma once

#include "common/clean.h"
#include "symbolizer/elffile.h"
#include "symbolizer/index-writer.h"

struct go_lines;

enum go_lines_answer {
	GO_LINES_NONE = 1, /* no Go binary, or none that can be read */
};

_must_check_ int go_lines_read(const struct elffile *f, struct index_writer *w, struct go_lines **ret);
struct go_lines *go_lines_free(struct go_lines *g); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct go_lines *, go_lines_free);
void go_lines_get(const struct go_lines *g, struct index_debug *ret); /* borrowed from g */
