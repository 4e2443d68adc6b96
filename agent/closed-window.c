// SPDX-License-Identifier: Apache-2.0
#include "agent/closed-window.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "agent/stack-table.h"

struct closed_window *closed_window_free(struct closed_window *w)
{
	if (!w)
		return NULL;
	stack_table_free(w->stacks);
	free(w);
	return NULL;
}

void window_id_make(const struct window_origin *origin, uint64_t sequence, char ret[static WINDOW_ID_SIZE])
{
	uint8_t digest[(WINDOW_ID_SIZE - 1) / 2];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(origin->boot_id), (const uint8_t *)origin->boot_id);
	sha256_update(&sha, sizeof(origin->start_ns), (const uint8_t *)&origin->start_ns);
	sha256_update(&sha, sizeof(origin->pid), (const uint8_t *)&origin->pid);
	sha256_update(&sha, sizeof(sequence), (const uint8_t *)&sequence);
	sha256_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
