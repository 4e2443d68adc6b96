/* SPDX-License-Identifier: Apache-2.0 */
/* clock: the three clocks we use. Samples and sideband are BOOTTIME, durations MONOTONIC, files REALTIME. */
#pragma once

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL

static inline uint64_t clock_now_ns(clockid_t clock)
{
	struct timespec ts = {};

	clock_gettime(clock, &ts); /* cannot fail for the clocks named here */
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* For poll(): 0 where it has passed, else not before it; what is too far away, UINT64_MAX among it, is INT_MAX. */
static inline int clock_ms_until(uint64_t at_ns, uint64_t now_ns)
{
	uint64_t ms = at_ns > now_ns ? (at_ns - now_ns) / NS_PER_MS + 1 : 0;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Of two timeouts of poll(): a negative one is for ever. */
static inline int clock_sooner_ms(int a_ms, int b_ms)
{
	if (a_ms < 0)
		return b_ms;
	return b_ms < 0 || a_ms < b_ms ? a_ms : b_ms;
}
