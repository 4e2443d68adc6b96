/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: the files that a profile or a flame graph is written to, kind by suffix. Opened before the work begins, so
 * that a mistyped folder costs nobody ten seconds; each appears under its name whole or not at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/invoker.h"
#include "common/clean.h"
#include "common/fsutil.h"

struct buf;
struct flame;

enum output_kind {
	OUTPUT_PPROF_GZIP, /* .pb.gz */
	OUTPUT_PPROF_ZSTD, /* .pb.zst */
	OUTPUT_FOLDED,     /* .folded, and "-": standard output */
	OUTPUT_HTML,       /* .html: a flame graph in its viewer */
	OUTPUT_SVG,        /* .svg: a picture of it */
};

struct output {
	const char *path; /* borrowed */
	enum output_kind kind;
	bool to_stdout;
	struct fs_temp temp;
	size_t n_bytes; /* of what was written */
};

/* OUTPUT_UNKNOWN_KIND: the suffix says nothing. Opens nothing yet. */
enum output_answer {
	OUTPUT_UNKNOWN_KIND = 1,
};
_must_check_ int output_init(const char *path, struct output *ret);
void output_done(struct output *o);

_must_check_ int output_open(struct output *o, const struct invoker *who);

/* Writes all of the file and publishes it. */
_must_check_ int output_put(struct output *o, const struct buf *bytes);

bool output_is_drawing(const struct output *o); /* of a flame graph */

/* Writes a serialized, uncompressed profile in the output's own form and publishes the file. title: of a drawing. */
_must_check_ int output_write(struct output *o, const struct buf *profile, const char *title);

/* Draws a finished flame graph likewise. */
_must_check_ int output_draw(struct output *o, const struct flame *f);
