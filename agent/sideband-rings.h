/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sideband-rings: one dummy perf event on each online CPU that tells of processes, mappings, cgroups and kernel
 * symbols, and the ring that it writes to. Open it before /proc is scanned, so that nothing falls between. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "workload/sideband.h"

/* Of each CPU: 160 ms at 500 execs a second on it, where we may lock so much memory; at least 40 ms. */
#define SIDEBAND_RING_BYTES (512 * 1024)
#define SIDEBAND_RING_MIN_BYTES (128 * 1024)

struct sideband_rings;

_must_check_ int sideband_rings_new(struct sideband_rings **ret);
struct sideband_rings *sideband_rings_free(struct sideband_rings *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct sideband_rings *, sideband_rings_free);

/*
 * An epoll descriptor that becomes readable when a ring has filled by a good part, once: whoever polls it, at any depth
 * of nested epolls, uses that up (perf_poll() clears it). So wake up by it, and ask sideband_rings_pending(); and ask
 * now and then for what is too little to wake.
 */
int sideband_rings_fd(const struct sideband_rings *s);
bool sideband_rings_pending(const struct sideband_rings *s); /* there are records to read */

/* Nothing is told until it is woken, and what was told and not yet read is gone. */
void sideband_rings_sleep(struct sideband_rings *s);
_must_check_ int sideband_rings_wake(struct sideband_rings *s);

/*
 * A CPU has come online, for the first time or again: its event is opened; what the one before still held goes into q.
 * -ENOSPC, -EBADMSG: that was lost. Any error: its news is.
 */
_must_check_ int sideband_rings_reopen(struct sideband_rings *s, size_t cpu, struct sideband_queue *q);

/*
 * Moves every record of every ring into q and returns their number. *ret_before_ns: events before it are complete
 * in q. -ENOSPC: q is full, the rest is lost.
 */
_must_check_ int sideband_rings_read(struct sideband_rings *s, struct sideband_queue *q, uint64_t *ret_before_ns);
