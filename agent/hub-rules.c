// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-rules.h"

#include <stdio.h>
#include <string.h>

#include "agent/config.h"
#include "common/glob.h"

static void add_token(const struct config_hub_token *from, struct hub_rules *r, size_t *n_hosts)
{
	struct hub_rules_token *t = &r->tokens[r->n_tokens++];

	snprintf(t->name, sizeof(t->name), "%s", from->name);
	t->first_host = (uint32_t)*n_hosts;
	t->n_hosts = (uint32_t)from->hosts.n;
	for (size_t i = 0; i < from->hosts.n; i++)
		snprintf(r->hosts[(*n_hosts)++], HUB_RULES_HOST_BYTES, "%s", from->hosts.items[i]);
}

void hub_rules_of_config(const struct config *c, struct hub_rules *ret)
{
	const struct config_hub_token *tokens = c->hub_tokens.items;
	size_t n_hosts = 0;

	*ret = (struct hub_rules){
		.limit_bytes = c->store.max_mb << 20,
		.max_raw_bytes = c->hub.max_raw_mb << 20,
		.max_age_ns = (int64_t)c->store.minutes_ns,
		.min_free_percent = (uint32_t)c->store.min_free_percent,
		.max_labels = (uint32_t)c->hub.max_labels,
		.max_series = (uint32_t)c->hub.max_series,
	};
	for (size_t i = 0; i < c->hub_tokens.n; i++)
		add_token(&tokens[i], ret, &n_hosts);
}

const struct hub_rules_token *hub_rules_find(const struct hub_rules *r, const char *name)
{
	for (size_t i = 0; i < r->n_tokens; i++)
		if (strcmp(r->tokens[i].name, name) == 0)
			return &r->tokens[i];
	return NULL;
}

bool hub_rules_allow(const struct hub_rules *r, const struct hub_rules_token *token, const char *host)
{
	for (size_t i = 0; token && i < token->n_hosts; i++)
		if (glob_matches(r->hosts[token->first_host + i], host))
			return true;
	return !token;
}
