/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug index: one pass over a binary and its debug info, wherever that lies, that gives a second index file: all
 * names, inlined calls and lines, without unwind rows. Runs in the indexer only.
 */
#pragma once

#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/debug-need.h"

struct debug_index_config {
	int fd;           /* the binary */
	int out_fd;       /* an empty file */
	const char *path; /* of the binary, for people */
	const struct debug_source *source;
	/* Told what is going to be read, as often as that grows: the time for it can be set. */
	int (*on_size)(void *context, uint64_t n_bytes); /* NULL: nobody asks */
	void *context;
};

enum debug_index_answer {
	DEBUG_INDEX_NONE = 1, /* there is no debug info; nothing was written */
};

/* -EBADMSG: the debug info is damaged; -ENOMEM, -EFBIG: it needs more than we allow. */
_must_check_ int debug_index_build(const struct debug_index_config *config, struct build_id *ret);
