/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub window: a window that another host has pushed: decoded, checked by the rules, and made ready for the store. Its
 * bytes are foreign; what is stored is made anew of what they say. Pure.
 *
 * Of a batch in several parts the first that comes has the batch's duration and ledger, and the others none: the host's
 * time is counted once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/hub-answer.h"
#include "agent/hub-rules.h"
#include "common/buf.h"
#include "common/clean.h"
#include "pprof/label-values.h"
#include "store/window.h"

struct profile;

#define HUB_WINDOW_AHEAD_NS (600 * INT64_C(1000000000)) /* as far as the clocks of two hosts may be apart */

/* All: 0, -errno, or HUB_ANSWERED: it is refused. */

/* The body of a request: a gzipped pprof. */
_must_check_ int hub_window_decode(const void *body, size_t size, const struct hub_rules *rules, struct profile **ret,
				   struct hub_answer *answer);

/* token: NULL: nobody was asked for one. */
_must_check_ int hub_window_check(const struct profile *p, const struct hub_rules *rules,
				  const struct hub_rules_token *token, int64_t now_ns, struct hub_answer *answer);

/* `= {}` at first. */
struct hub_window {
	struct window_info info; /* without the sequence */
	struct label_values labels;
	struct buf raw; /* the profile, uncompressed */
	uint64_t n_samples;
};
void hub_window_done(struct hub_window *w);

/* is_first: no part of its batch was taken. Changes p; the request is borrowed for p's life. */
_must_check_ int hub_window_make(struct profile *p, const struct web_hub_request *request, bool is_first,
				 struct hub_window *ret, struct hub_answer *answer);
