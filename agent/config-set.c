// SPDX-License-Identifier: Apache-2.0
#include "agent/config-set.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/config-keys.h"
#include "agent/config-value.h"
#include "common/intern.h"
#include "common/utf8.h"
#include "workload/label-set.h"

struct config_items *config_items_of(const struct config *c, const struct config_section *section)
{
	return (struct config_items *)((char *)c + section->offset);
}

const char *config_item_name(const struct config *c, const struct config_section *section, size_t i)
{
	return *(const char **)((char *)config_items_of(c, section)->items + i * section->item_bytes);
}

size_t config_item_find(const struct config *c, const struct config_section *section, const char *name)
{
	size_t i = 0;

	while (i < config_items_of(c, section)->n && strcmp(config_item_name(c, section, i), name) != 0)
		i++;
	return i;
}

void *config_field(const struct config *c, const struct config_section *section, size_t i, const struct config_key *key)
{
	if (section->kind != CONFIG_NAMED)
		return (char *)c + key->offset;
	return (char *)config_items_of(c, section)->items + i * section->item_bytes + key->offset;
}

/* What is cited may hold anything, and goes to a terminal or a log. */
static int _printf_(3, 0) add_line(struct buf *b, const char *origin, const char *fmt, va_list ap)
{
	static const char file[] = "file ";
	char text[1024];
	int r;

	if (strncmp(origin, file, sizeof(file) - 1) == 0)
		origin += sizeof(file) - 1;
	vsnprintf(text, sizeof(text), fmt, ap);
	r = utf8_add_valid(b, origin, strlen(origin), CONFIG_VALUE_MAX_BYTES);
	if (r == 0)
		r = buf_add_str(b, ": ");
	if (r == 0)
		r = utf8_add_valid(b, text, strlen(text), 3 * sizeof(text));
	return r < 0 ? r : buf_add_char(b, '\n');
}

int config_error(struct config_report *r, const char *origin, const char *fmt, ...)
{
	va_list ap;
	int answer;

	if (r->n_errors++ >= CONFIG_MAX_TOLD)
		return 0;
	va_start(ap, fmt);
	answer = add_line(&r->errors, origin, fmt, ap);
	va_end(ap);
	return answer;
}

int config_warning(struct config_report *r, const char *origin, const char *fmt, ...)
{
	va_list ap;
	int answer;

	va_start(ap, fmt);
	answer = add_line(&r->warnings, origin, fmt, ap);
	va_end(ap);
	return answer;
}

static bool same_instance(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static struct config_setting *find(const struct config *c, const struct config_section *section, const char *instance,
				   const char *name)
{
	for (size_t i = 0; i < c->settings->n; i++) {
		struct config_setting *s = &c->settings->items[i];

		if (s->section == section && strcmp(s->name, name) == 0 && same_instance(s->instance, instance))
			return s;
	}
	return NULL;
}

const struct config_setting *config_setting_find(const struct config *c, const char *section, const char *instance,
						 const char *name)
{
	return find(c, config_section_find(section), instance, name);
}

const char *config_origin(const struct config *c, const char *section, const char *instance, const char *name)
{
	const struct config_setting *s = config_setting_find(c, section, instance, name);

	if (!s)
		return NULL;
	return s->section_origin && strcmp(s->origin, CONFIG_DEFAULT_ORIGIN) == 0 ? s->section_origin : s->origin;
}

static int keep(struct config_builder *b, const char *s, const char **ret)
{
	return intern_add(b->config->settings->strings, s, strlen(s), ret);
}

static int add_setting(struct config_builder *b, const struct config_setting *like, struct config_setting **ret)
{
	struct config_settings *settings = b->config->settings;
	struct config_setting *added;
	int r;

	if (settings->n == CONFIG_MAX_SETTINGS)
		return -ENOSPC;
	added = &settings->items[settings->n];
	*added = *like;
	r = keep(b, like->name, &added->name);
	if (r == 0)
		r = keep(b, like->text, &added->text);
	if (r == 0)
		r = keep(b, like->origin, &added->origin);
	if (r == 0 && like->instance)
		r = keep(b, like->instance, &added->instance);
	if (r == 0 && like->section_origin)
		r = keep(b, like->section_origin, &added->section_origin);
	if (r < 0)
		return r;
	added->order = settings->n++;
	*ret = added;
	return 0;
}

static int parse(struct config_builder *b, const struct config_setting *s, size_t i, const char *text,
		 const char *origin)
{
	char why[256];
	int r = config_value_parse(s->key, text, b->config->settings->strings,
				   config_field(b->config, s->section, i, s->key), why, sizeof(why));

	if (r == CONFIG_BAD)
		return config_error(b->report, origin, "%s.%s: %s", s->section->name, s->name, why);
	return r;
}

/* instance and where are of item i of a named section, else NULL. */
static int add_defaults(struct config_builder *b, const struct config_section *section, size_t i, const char *instance,
			const char *where)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < section->n_keys; k++) {
		const struct config_key *key = &section->keys[k];
		const struct config_setting like = { .section = section,
						     .instance = instance,
						     .key = key,
						     .name = key->name,
						     .text = key->fallback,
						     .origin = CONFIG_DEFAULT_ORIGIN,
						     .section_origin = where };
		struct config_setting *s;

		r = add_setting(b, &like, &s);
		if (r == 0)
			r = parse(b, s, i, key->fallback, CONFIG_DEFAULT_ORIGIN);
	}
	return r;
}

int config_set_defaults(struct config_builder *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < config_n_sections; i++) {
		if (config_sections[i].kind != CONFIG_NAMED)
			r = add_defaults(b, &config_sections[i], 0, NULL, NULL);
	}
	return r;
}

/* A named section's item, made where it is new. -ENOSPC: too many. */
static int get_item(struct config_builder *b, const struct config_section *section, const char *instance,
		    const char *where, size_t *ret)
{
	struct config_items *items = config_items_of(b->config, section);
	char *item;
	int r;

	*ret = config_item_find(b->config, section, instance);
	if (*ret < items->n)
		return 0;
	if (items->n == CONFIG_MAX_ITEMS)
		return -ENOSPC;
	if (!items->items)
		items->items = calloc(CONFIG_MAX_ITEMS, section->item_bytes);
	if (!items->items)
		return -ENOMEM;
	item = (char *)items->items + items->n * section->item_bytes;
	r = keep(b, instance, (const char **)item);
	if (r < 0)
		return r;
	items->n++;
	return add_defaults(b, section, *ret, instance, where);
}

static int too_much(struct config_builder *b, const char *origin, int r)
{
	if (r != -ENOSPC)
		return r;
	b->full = true;
	return config_error(b->report, origin, "too much: at most %d sections of a kind, %d keys and %zu MiB of text",
			    CONFIG_MAX_ITEMS, CONFIG_MAX_SETTINGS, CONFIG_STRINGS_LIMIT_BYTES >> 20);
}

int config_set_section(struct config_builder *b, const struct config_section *section, const char *instance,
		       const char *origin)
{
	size_t i;

	return too_much(b, origin, get_item(b, section, instance, origin, &i));
}

static int unknown_key(struct config_builder *b, const struct config_section *section, const char *name,
		       const char *origin)
{
	const char *meant = config_key_nearest(section, name);

	if (meant)
		return config_error(b->report, origin, "[%s] has no key '%.100s': did you mean '%s'?", section->name,
				    name, meant);
	return config_error(b->report, origin, "[%s] has no key '%.100s': see 'cpuhound check-config --template'",
			    section->name, name);
}

/* A setting for what was named, new or not. 0 with *ret NULL: an error was told. */
static int get_setting(struct config_builder *b, const struct config_setting *like, struct config_setting **ret)
{
	*ret = find(b->config, like->section, like->instance, like->name);
	if (*ret)
		return 0;
	if (like->section->kind != CONFIG_OPEN)
		return unknown_key(b, like->section, like->name, like->origin);
	if (!label_name_is_valid(like->name))
		return config_error(b->report, like->origin,
				    "'%.100s' is no name of a label: letters, digits and '_', no digit first",
				    like->name);
	return add_setting(b, like, ret);
}

/* The text of a key that stands in no table. */
static int check_label(struct config_builder *b, const struct config_setting *s, const char *text, const char *origin)
{
	static const struct config_key label = { .type = CONFIG_TEXT };
	const char *kept;
	char why[256];
	int r = config_value_parse(&label, text, b->config->settings->strings, &kept, why, sizeof(why));

	if (r == CONFIG_BAD)
		return config_error(b->report, origin, "%s.%s: %s", s->section->name, s->name, why);
	return r;
}

static int set(struct config_builder *b, const struct config_setting *like)
{
	struct config_setting *s = NULL;
	size_t i = 0;
	int r = 0;

	if (like->instance)
		r = get_item(b, like->section, like->instance, like->origin, &i);
	if (r == 0)
		r = get_setting(b, like, &s);
	if (r < 0 || !s)
		return r;
	if (s->source == b->source)
		return config_error(b->report, like->origin, "%s.%s is set twice: first in %s", like->section->name,
				    like->name, s->origin);
	s->source = b->source;
	r = keep(b, like->text, &s->text);
	if (r == 0)
		r = keep(b, like->origin, &s->origin);
	if (r < 0)
		return r;
	return s->key ? parse(b, s, i, like->text, like->origin) : check_label(b, s, like->text, like->origin);
}

int config_set(struct config_builder *b, const struct config_section *section, const char *instance, const char *name,
	       const char *text, const char *origin)
{
	const struct config_setting like = {
		.section = section, .instance = instance, .name = name, .text = text, .origin = origin
	};

	return too_much(b, origin, set(b, &like));
}
