/* SPDX-License-Identifier: Apache-2.0 */
/* encode: makes a profile of a closed window, or of what a tap gathered: samples, comments and, of a window, its
 * ledger. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct buf;
struct closed_window;
struct label_values;
struct tap;
struct utsname;
struct window_counts;
struct window_sources;

struct encode_facts {
	const struct utsname *host;
	size_t n_cpus;
	uint64_t period_ns; /* now */
};

/* Appends the profile, uncompressed, and counts the frames in the window's ledger; what is left out it counts there
 * the first time. ret_labels: those that occur in it; NULL: nobody wants them. */
_must_check_ int encode_window(const struct window_sources *sources, const struct encode_facts *facts,
			       struct closed_window *w, struct buf *ret, struct window_counts *ret_counts,
			       struct label_values *ret_labels);
/* end_ns: CLOCK_MONOTONIC, until when it has all samples. */
_must_check_ int encode_tap(const struct window_sources *sources, const struct encode_facts *facts,
			    const struct tap *tap, uint64_t end_ns, struct buf *ret);
