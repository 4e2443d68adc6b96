/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub rules: what the children of a hub go by: which token may bring which hosts, how large a window may be, and how
 * long it is kept. Plain bytes of fixed layout, for they travel as a memory file; no secrets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "web/settings.h"

#define HUB_RULES_HOST_BYTES 128 /* of a glob, with the NUL */
#define HUB_RULES_MAX_HOSTS 1024 /* globs of all tokens */

struct hub_rules_token {
	char name[WEB_TOKEN_NAME_BYTES];
	uint32_t first_host, n_hosts; /* of the rules' globs */
};

struct hub_rules {
	uint64_t limit_bytes; /* of the store */
	uint64_t max_raw_bytes;
	int64_t max_age_ns; /* what began earlier is not taken any more */
	uint32_t min_free_percent, max_labels, max_series;
	uint32_t n_tokens; /* none: whoever asks may push for any host */
	struct hub_rules_token tokens[WEB_MAX_TOKENS];
	char hosts[HUB_RULES_MAX_HOSTS][HUB_RULES_HOST_BYTES];
};

struct config;

/* Of a config that was checked. */
void hub_rules_of_config(const struct config *c, struct hub_rules *ret);

/* The token with this name; NULL: there is none. */
const struct hub_rules_token *hub_rules_find(const struct hub_rules *r, const char *name);

/* Whether it may bring windows of this host. token NULL: nobody was asked for one. */
bool hub_rules_allow(const struct hub_rules *r, const struct hub_rules_token *token, const char *host);
