/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer ask: how the indexer's child comes to a file that the one at hand speaks of: it asks its parent and waits.
 * A debug_source (symbolizer/debug-need.h) for the time of one job.
 */
#pragma once

#include <stdint.h>

#include "symbolizer/debug-need.h"

struct indexer_asker {
	int socket;
	uint64_t tag; /* of the job */
	unsigned int n_asked;
};

struct debug_source indexer_ask_source(struct indexer_asker *a);
