// SPDX-License-Identifier: Apache-2.0
#include "agent/config.h"

#include <string.h>

#include "agent/config-check.h"
#include "agent/config-keys.h"
#include "agent/config-rules.h"
#include "agent/config-set.h"
#include "agent/config-sources.h"
#include "agent/config-value.h"
#include "common/intern.h"
#include "common/log.h"
#include "workload/label-set.h"
#include "workload/relabel.h"
#include "workload/service-rules.h"

void config_report_done(struct config_report *r)
{
	buf_done(&r->errors);
	buf_done(&r->warnings);
}

static void log_lines(enum log_level level, const struct buf *lines)
{
	for (const char *s = lines->data; s && *s;) {
		size_t size = strcspn(s, "\n");

		log_write(level, "%.*s", (int)size, s);
		s += size + 1;
	}
}

void config_report_log(const struct config_report *r)
{
	log_lines(LOG_LEVEL_ERROR, &r->errors);
	log_lines(LOG_LEVEL_WARNING, &r->warnings);
}

static struct config_settings *settings_free(struct config_settings *s)
{
	if (!s)
		return NULL;
	intern_free(s->strings);
	free(s->items);
	free(s);
	return NULL;
}
DEFINE_CLEANUP(struct config_settings *, settings_free);

static int settings_new(struct config_settings **ret)
{
	_cleanup_(settings_freep) struct config_settings *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->items = calloc(CONFIG_MAX_SETTINGS, sizeof(*s->items));
	if (!s->items)
		return -ENOMEM;
	r = intern_new(CONFIG_STRINGS_LIMIT_BYTES, &s->strings);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

static struct config_items *items_of(const struct config *c, const struct config_section *section)
{
	return (struct config_items *)((char *)c + section->offset);
}

static void fields_done(struct config *c, const struct config_section *section)
{
	size_t n = section->kind == CONFIG_NAMED ? items_of(c, section)->n : 1;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < section->n_keys; k++)
			config_value_done(&section->keys[k], config_field(c, section, i, &section->keys[k]));
	}
	if (section->kind == CONFIG_NAMED)
		free(items_of(c, section)->items);
}

struct config *config_free(struct config *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < config_n_sections; i++)
		fields_done(c, &config_sections[i]);
	if (c->static_labels)
		label_set_done(c->static_labels);
	free(c->static_labels);
	service_rules_free(c->service_rules);
	relabel_free(c->relabel);
	settings_free(c->settings);
	free(c);
	return NULL;
}

/* In the order of the table; of one section, as they came. */
static int compare_settings(const void *a, const void *b)
{
	const struct config_setting *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int told_all(struct config_report *report)
{
	size_t n = report->n_errors;

	if (n > CONFIG_MAX_TOLD)
		return buf_printf(&report->errors, "and %zu errors more\n", n - CONFIG_MAX_TOLD);
	return 0;
}

int config_load(const struct config_sources *sources, struct config_report *report, struct config **ret)
{
	_cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));
	struct config_builder b = { .config = c, .report = report };
	int r;

	if (!c)
		return -ENOMEM;
	r = settings_new(&c->settings);
	if (r == 0)
		r = config_set_defaults(&b);
	if (r == 0)
		r = config_read_sources(&b, sources);
	if (r == 0)
		r = config_build_rules(&b);
	if (r == 0)
		r = config_check(&b);
	if (r == 0)
		r = told_all(report);
	if (r < 0)
		return r;
	if (report->n_errors > 0)
		return CONFIG_BAD;
	qsort(c->settings->items, c->settings->n, sizeof(*c->settings->items), compare_settings);
	*ret = take_ptr(c);
	return 0;
}

bool config_setting(const struct config *c, size_t i, struct config_setting_view *ret)
{
	const struct config_setting *s;

	if (i >= c->settings->n)
		return false;
	s = &c->settings->items[i];
	*ret = (struct config_setting_view){
		.section = s->section->name,
		.instance = s->instance,
		.key = s->name,
		.value = s->text,
		.origin = s->origin,
		.reloadable = s->section->reloadable || s->key->reloadable,
	};
	return true;
}

static int add_name(struct buf *b, const char *section, const char *name)
{
	return buf_printf(b, "%s%s.%s", b->size ? ", " : "", section, name);
}

struct diff {
	const struct config *old, *now;
	struct buf *reloadable, *restart;
};

static int diff_keys(const struct diff *d, const struct config_section *section)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < section->n_keys; k++) {
		const struct config_key *key = &section->keys[k];

		if (!config_value_equal(key, config_field(d->old, section, 0, key),
					config_field(d->now, section, 0, key)))
			r = add_name(key->reloadable ? d->reloadable : d->restart, section->name, key->name);
	}
	return r;
}

static const char *label_text(const struct config *c, const struct config_setting *like)
{
	const struct config_setting *s = config_setting_find(c, like->section->name, NULL, like->name);

	return s ? s->text : "";
}

/* Keys that stand in no table: those of `from`, which the other has otherwise; not_there: or only those it lacks. */
static int diff_labels(const struct diff *d, const struct config *from, const struct config *other, bool only_missing)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->settings->n; i++) {
		const struct config_setting *s = &from->settings->items[i];

		if (s->key || strcmp(s->text, label_text(other, s)) == 0)
			continue;
		if (!only_missing || !config_setting_find(other, s->section->name, NULL, s->name))
			r = add_name(d->reloadable, s->section->name, s->name);
	}
	return r;
}

static const char *item_name(const struct config *c, const struct config_section *section, size_t i)
{
	return *(const char **)((char *)items_of(c, section)->items + i * section->item_bytes);
}

static size_t find_item(const struct config *c, const struct config_section *section, const char *name)
{
	size_t i = 0;

	while (i < items_of(c, section)->n && strcmp(item_name(c, section, i), name) != 0)
		i++;
	return i;
}

/* Their order counts as well. */
static bool same_item(const struct diff *d, const struct config_section *section, size_t i)
{
	if (find_item(d->old, section, item_name(d->now, section, i)) != i)
		return false;
	for (size_t k = 0; k < section->n_keys; k++) {
		const struct config_key *key = &section->keys[k];

		if (!config_value_equal(key, config_field(d->old, section, i, key),
					config_field(d->now, section, i, key)))
			return false;
	}
	return true;
}

static int diff_items(const struct diff *d, const struct config_section *section)
{
	struct buf *b = section->reloadable ? d->reloadable : d->restart;
	size_t n_old = items_of(d->old, section)->n, n_now = items_of(d->now, section)->n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_now; i++) {
		if (!same_item(d, section, i))
			r = add_name(b, section->name, item_name(d->now, section, i));
	}
	for (size_t i = 0; r == 0 && i < n_old; i++) {
		const char *name = item_name(d->old, section, i);

		if (find_item(d->now, section, name) == n_now)
			r = add_name(b, section->name, name);
	}
	return r;
}

int config_diff(const struct config *old, const struct config *now, struct buf *ret_reloadable, struct buf *ret_restart)
{
	const struct diff d = { .old = old, .now = now, .reloadable = ret_reloadable, .restart = ret_restart };
	int r = 0;

	for (size_t i = 0; r == 0 && i < config_n_sections; i++) {
		const struct config_section *section = &config_sections[i];

		r = section->kind == CONFIG_NAMED ? diff_items(&d, section) : diff_keys(&d, section);
	}
	if (r == 0)
		r = diff_labels(&d, now, old, false);
	return r < 0 ? r : diff_labels(&d, old, now, true);
}
