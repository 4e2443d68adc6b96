// SPDX-License-Identifier: Apache-2.0
/* What a reload would change. Values are compared as they were understood: 60s is 1m. */
#include <string.h>

#include "agent/config-keys.h"
#include "agent/config-set.h"
#include "agent/config-value.h"
#include "agent/config.h"

struct diff {
	const struct config *old, *now;
	unsigned int daemons;
	struct buf *reloadable, *restart;
};

static int add_name(const struct diff *d, bool reloadable, const char *section, const char *name)
{
	struct buf *b = reloadable ? d->reloadable : d->restart;

	return buf_printf(b, "%s%s.%s", b->size ? ", " : "", section, name);
}

static bool same_value(const struct diff *d, const struct config_section *section, size_t i,
		       const struct config_key *key)
{
	return config_value_equal(key, config_field(d->old, section, i, key), config_field(d->now, section, i, key));
}

static int diff_keys(const struct diff *d, const struct config_section *section)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < section->n_keys; k++) {
		const struct config_key *key = &section->keys[k];

		if (!same_value(d, section, 0, key))
			r = add_name(d, section->reloadable || key->reloadable, section->name, key->name);
	}
	return r;
}

/* The keys that stand in no table, of one config, where the other lacks them or, if asked for, has another text. */
static int diff_open(const struct diff *d, const struct config *one, const struct config *other, bool texts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < one->settings->n; i++) {
		const struct config_setting *s = &one->settings->items[i], *there;

		if (s->key || !(s->section->daemons & d->daemons))
			continue;
		there = config_setting_find(other, s->section->name, NULL, s->name);
		if (!there || (texts && strcmp(there->text, s->text) != 0))
			r = add_name(d, s->section->reloadable, s->section->name, s->name);
	}
	return r;
}

/* Their order counts as well. */
static bool same_item(const struct diff *d, const struct config_section *section, size_t i)
{
	if (config_item_find(d->old, section, config_item_name(d->now, section, i)) != i ||
	    i >= config_items_of(d->old, section)->n)
		return false;
	for (size_t k = 0; k < section->n_keys; k++) {
		if (!same_value(d, section, i, &section->keys[k]))
			return false;
	}
	return true;
}

static int diff_items(const struct diff *d, const struct config_section *section)
{
	size_t n_old = config_items_of(d->old, section)->n, n_now = config_items_of(d->now, section)->n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_now; i++) {
		if (!same_item(d, section, i))
			r = add_name(d, section->reloadable, section->name, config_item_name(d->now, section, i));
	}
	for (size_t i = 0; r == 0 && i < n_old; i++) {
		const char *name = config_item_name(d->old, section, i);

		if (config_item_find(d->now, section, name) == n_now)
			r = add_name(d, section->reloadable, section->name, name);
	}
	return r;
}

int config_diff(const struct config *old, const struct config *now, unsigned int daemons, struct buf *ret_reloadable,
		struct buf *ret_restart)
{
	const struct diff d = {
		.old = old, .now = now, .daemons = daemons, .reloadable = ret_reloadable, .restart = ret_restart
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < config_n_sections; i++) {
		const struct config_section *section = &config_sections[i];

		if (!(section->daemons & daemons))
			continue;
		r = section->kind == CONFIG_NAMED ? diff_items(&d, section) : diff_keys(&d, section);
	}
	if (r == 0)
		r = diff_open(&d, now, old, true);
	return r < 0 ? r : diff_open(&d, old, now, false);
}
