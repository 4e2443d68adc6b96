// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-rates.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"

#define MINUTE_NS (60 * NS_PER_S)

struct hub_rate *hub_rates_get(struct hub_rates *r, const char *token)
{
	struct hub_rate *rate;

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->tokens[i].name, token) == 0)
			return &r->tokens[i];
	if (r->n == ARRAY_SIZE(r->tokens))
		memmove(r->tokens, r->tokens + 1, --r->n * sizeof(*r->tokens));
	rate = &r->tokens[r->n++];
	*rate = (struct hub_rate){};
	snprintf(rate->name, sizeof(rate->name), "%s", token);
	return rate;
}

int hub_rates_ask(struct hub_rate *r, uint64_t max_a_minute, uint64_t now_ns, unsigned int *ret_retry_s)
{
	uint64_t from_ns = r->full_ns > now_ns ? r->full_ns : now_ns, full_ns = from_ns + MINUTE_NS / max_a_minute;

	if (full_ns > now_ns + MINUTE_NS) {
		*ret_retry_s = 1 + (unsigned int)((full_ns - now_ns - MINUTE_NS) / NS_PER_S);
		return HUB_RATES_EXCEEDED;
	}
	r->full_ns = full_ns;
	return 0;
}
