/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug key: under which name the cache keeps what was read of a binary's debug info, or that there is none. It depends
 * on the binary and on which files lie where its debug info may lie: so a debug file that comes, goes or changes is
 * looked at again, and one that took too long is not.
 */
#pragma once

#include "common/clean.h"
#include "symbolizer/debug-need.h"
#include "symbolizer/index-cache.h"

/* binary: the key of its own index, to which `debug` is added. debuglink: the name in its .gnu_debuglink; "": none. */
_must_check_ int debug_key_make(const struct content_key *binary, const char *debuglink,
				const struct debug_source *source, struct content_key *ret);
