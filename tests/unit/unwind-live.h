/* SPDX-License-Identifier: Apache-2.0 */
/* unwind-live: the real sampler with its maps, and memory of the walker on top of it. Needs root. */
#pragma once

#include "tests/unit/cmocka-all.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "agent/sampler.h"
#include "agent/unwind-maps.h"
#include "agent/unwind-memory.h"
#include "common/clock.h"

static inline struct sampler *live_sampler(void)
{
	const struct sampler_config config = { .period_ns = NS_PER_S / 997 };
	struct sampler *s = NULL;

	assert_int_equal(sampler_new(&config, &s), 0);
	return s;
}

/* Until the helper thread has got further with what it was asked for. */
static inline void live_wait(struct unwind_memory *m)
{
	struct pollfd fd = { .fd = unwind_memory_fd(m), .events = POLLIN };

	bool is_coming = unwind_memory_is_coming(m);

	assert_true(poll(&fd, 1, is_coming ? 1 : 60000) == 1 || is_coming);
	unwind_memory_dispatch(m);
}

/* A run, however long it takes; false: the limit is reached. */
static inline bool live_take(struct unwind_memory *m, size_t n_bytes, struct unwind_run *ret)
{
	int r;

	while ((r = unwind_memory_take(m, n_bytes, ret)) == UNWIND_MEMORY_LATER)
		live_wait(m);
	assert_true(r == 0 || r == UNWIND_MEMORY_FULL);
	return r == 0;
}

/* All that was released is usable again, and chunks that nobody uses are gone. */
static inline void live_settle(struct sampler *s, struct unwind_memory *m)
{
	struct unwind_memory_stats stats;

	assert_int_equal(sampler_barrier(s), 0);
	unwind_memory_dispatch(m);
	for (;;) {
		unwind_memory_stats(m, &stats);
		if (stats.quarantine_bytes == 0 && stats.free_bytes <= 2 * UNWIND_CHUNK_BYTES)
			return;
		live_wait(m);
	}
}

#define LIVE_MAIN(tests) (geteuid() != 0 ? printf("needs root\n"), 77 : cmocka_run_group_tests(tests, NULL, NULL))
