/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub rates: how many windows each token brings a minute, and how many it has brought in all. A minute's worth may come
 * at once, as after an outage; then they come at that rate. In memory only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "web/settings.h"

struct hub_rate {
	char name[WEB_TOKEN_NAME_BYTES];
	uint64_t full_ns; /* CLOCK_MONOTONIC: when all that came would have come at the even rate */
	uint64_t n_taken; /* windows that are in the store */
};

struct hub_rates {
	struct hub_rate tokens[2 * WEB_MAX_TOKENS]; /* also those of before a reload; then the oldest make way */
	size_t n;
};

/* Made where it is new. */
struct hub_rate *hub_rates_get(struct hub_rates *r, const char *token);

enum hub_rates_answer {
	HUB_RATES_EXCEEDED = 1, /* *ret_retry_s: when one more may come */
};
_must_check_ int hub_rates_ask(struct hub_rate *r, uint64_t max_a_minute, uint64_t now_ns, unsigned int *ret_retry_s);
