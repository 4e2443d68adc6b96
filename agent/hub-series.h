/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub series: how many different sets of labels each token has brought in this hour, so that one host whose labels run
 * wild does not fill the store's catalogue. Sets are known by a hash of their pairs; who forges equal ones has fewer.
 * In memory only: another child begins anew.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "web/settings.h"

struct profile;

struct hub_series_token {
	char name[WEB_TOKEN_NAME_BYTES];
	int64_t hour;
	uint64_t *hashes; /* open addressing; 0: free */
	size_t n, capacity;
};

/* `= {}` at first. */
struct hub_series {
	struct hub_series_token tokens[WEB_MAX_TOKENS];
};
void hub_series_done(struct hub_series *s);

enum hub_series_answer {
	HUB_SERIES_MANY = 1, /* with these there would be more than max: none of them was added; *ret_retry_s: till the
				hour ends */
	HUB_SERIES_TOO_MANY, /* more than max in this profile alone */
};
_must_check_ int hub_series_add(struct hub_series *s, const char *token, const struct profile *p, size_t max,
				int64_t now_ns, uint32_t *ret_retry_s);
