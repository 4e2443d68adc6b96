/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: the raw windows that the store has, in order of their sequences: a few words of each, so that all targets can
 * look for what they have not sent without asking the store. What is sent is loaded from the store. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/store.h"
#include "uploader/loader.h"

#define SOURCE_MAX_WINDOWS ((size_t)1 << 18) /* 30 days of 10 s; what is beyond is seen when others have gone */

struct source_window {
	uint64_t sequence;
	int64_t start_ns;
	uint64_t duration_ns;
	uint64_t disk_bytes;
	uint64_t host; /* a hash of the name: windows of two hosts are no batch */
};

struct source {
	struct store *store; /* borrowed */
	struct source_window *windows;
	size_t n, capacity;
};

void source_init(struct source *s, struct store *store);
void source_done(struct source *s);

/* What has come since the last time is appended. */
_must_check_ int source_add_new(struct source *s);

/* The least sequence that is still there; all before it went from the store. UINT64_MAX: none is there. */
_must_check_ int source_oldest(struct source *s, uint64_t *ret);

/* Forgets all before that one. */
void source_drop_before(struct source *s, uint64_t sequence);

size_t source_lower_bound(const struct source *s, uint64_t sequence); /* index of the first at or behind it */

/* Windows first..last, merged into one under this id. */
_must_check_ int source_load(struct source *s, uint64_t first, uint64_t last, const char *id, struct loaded *ret);
