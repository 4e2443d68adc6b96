/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: what is known of a window at rest without decoding it. A raw window is what an agent wrote; minutes and hours
 * are merged from them and stand for the sequences first..last of their host, as their names say.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "pprof/ledger.h"

#define WINDOW_ID_BYTES 33   /* with the NUL */
#define WINDOW_HOST_BYTES 65 /* likewise */

enum window_tier {
	WINDOW_RAW,
	WINDOW_MINUTE,
	WINDOW_HOUR,
	WINDOW_N_TIERS,
};

const char *window_tier_name(enum window_tier tier); /* "raw", "minute", "hour": static */

/* The span that a merged file is aligned to; 0: raw windows are as long as they are. */
uint64_t window_tier_ns(enum window_tier tier);

struct window_info {
	char id[WINDOW_ID_BYTES]; /* of the ledger: hash(boot id, start of the agent, sequence), hex */
	enum window_tier tier;
	uint64_t first, last;         /* sequences: which arrival in this store it was; equal in the raw tier */
	char host[WINDOW_HOST_BYTES]; /* as file names spell it: see store/name.h */
	int64_t start_ns;             /* CLOCK_REALTIME */
	uint64_t duration_ns;         /* the sum of what was merged */
	int64_t end_ns;               /* by when the last of what was merged had ended; 0: see window_end_ns() */
	uint64_t period_ns;
	uint64_t n_bytes, n_disk_bytes; /* of the file, and as the file system counts it (st_blocks) */
	uint64_t n_raw_bytes;           /* of the profile, uncompressed */
	struct ledger ledger;           /* ledger.windows: how many windows were merged in */
};

/* By when it had ended: a merged file of which nobody knows more, with its minute or hour. */
int64_t window_end_ns(const struct window_info *info);

/* Of the files of a tier. */
struct window_totals {
	uint64_t n_files, n_disk_bytes, n_windows;
	int64_t oldest_ns, newest_ns; /* starts; 0: there is none */
};

struct profile;

/*
 * Fills what a decoded profile says of itself: id, times, ledger. -EBADMSG: it has no ledger, or a damaged one, or
 * times that no window has.
 */
_must_check_ int window_info_read(const struct profile *p, struct window_info *ret);
