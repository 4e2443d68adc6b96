/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode: tables to the bytes of a Profile message. Message by message into the output, so that a profile never
 * exists a second time as a tree.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "pprof/tables.h"

/* What a profile says besides its tables; strings by number. */
struct profile_head {
	int64_t time_ns, duration_ns, period_ns;
	uint32_t main_mapping; /* becomes the first; of no meaning without mappings */
	uint32_t doc_url;
	const uint32_t *comments;
	size_t n_comments;
};

/* Appends to ret; a failure leaves ret as it was. May add the strings that it needs itself to t. */
_must_check_ int encode_profile(struct tables *t, const struct profile_head *head, struct buf *ret);
