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

static void fields_done(struct config *c, const struct config_section *section)
{
	size_t n = section->kind == CONFIG_NAMED ? config_items_of(c, section)->n : 1;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < section->n_keys; k++)
			config_value_done(&section->keys[k], config_field(c, section, i, &section->keys[k]));
	}
	if (section->kind == CONFIG_NAMED)
		free(config_items_of(c, section)->items);
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
	if (r == 0 && !b.full)
		r = config_build_rules(&b);
	if (r == 0 && !b.full)
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
