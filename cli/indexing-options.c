// SPDX-License-Identifier: Apache-2.0
#include "cli/indexing-options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/indexing.h"
#include "cli/options.h"
#include "cli/text.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "symbolizer/binary.h"

int indexing_options_add_debug_dir(struct indexing_options *o, const struct command *command, const char *path)
{
	if (o->n_debug_dirs == INDEXING_OPTIONS_MAX_DEBUG_DIRS)
		return options_error(command, "more than %d directories of debug info",
				     INDEXING_OPTIONS_MAX_DEBUG_DIRS);
	o->debug_dirs[o->n_debug_dirs++] = path;
	return EXIT_OK;
}

static int add_debug_dirs(const struct indexing_options *o, struct indexing *indexing)
{
	for (size_t i = 0; i < o->n_debug_dirs; i++) {
		int r = indexing_add_debug_dir(indexing, o->debug_dirs[i]);

		if (r < 0)
			return text_fail("look into", o->debug_dirs[i], strerror(-r));
	}
	return EXIT_OK;
}

#define PROGRESS_CHARS 36 /* beside the path: it shall stay one line */

static void print_progress(const struct indexing_progress *progress)
{
	const char *path = progress->path ? progress->path : "the kernel";
	_cleanup_(buf_done) struct buf text = {};

	fputs("\r\033[K", stderr);
	if (progress->is_over || text_add(&text, path, text_width(stderr) - PROGRESS_CHARS) < 0)
		return;
	fprintf(stderr, "reading %s: %s, %" PRIu64 " s", text.data, progress->is_debug ? "debug info" : "names",
		(uint64_t)(progress->waited_ns / NS_PER_S));
}

int indexing_options_open(const struct indexing_options *o, const char *cache_dir, struct indexing **ret)
{
	_cleanup_(indexing_freep) struct indexing *indexing = NULL;
	const char *fault;
	int code, r;

	r = indexing_new(cache_dir[0] ? cache_dir : NULL, &indexing);
	if (r < 0) {
		log_error("cannot start the indexer: %s", strerror(-r));
		return EXIT_ERROR;
	}
	if (isatty(STDERR_FILENO))
		indexing_on_progress(indexing, print_progress);
	code = add_debug_dirs(o, indexing);
	if (code != EXIT_OK)
		return code;
	fault = binaries_cache_fault(indexing_binaries(indexing));
	if (fault && o->cache_dir) /* the default one is used where it can be */
		log_warning("the cache '%s' is not used: %s", o->cache_dir, fault);
	*ret = take_ptr(indexing);
	return EXIT_OK;
}
