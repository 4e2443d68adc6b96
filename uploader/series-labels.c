// SPDX-License-Identifier: Apache-2.0
#include "uploader/series-labels.h"

#include <ctype.h>
#include <string.h>

#include "common/utf8.h"

static bool has_name(const struct series_labels *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return true;
	return false;
}

static int add_text(struct series_labels *s, const char *text, size_t max_bytes, struct buf *ret)
{
	_cleanup_(buf_done) struct buf whole = {};
	int r = utf8_add_valid(&whole, text, strlen(text), SIZE_MAX);

	if (r < 0)
		return r;
	s->n_cut += whole.size > max_bytes;
	return utf8_add_valid(ret, whole.data, whole.size, max_bytes);
}

static bool is_plain(char c, bool is_first)
{
	return c == '_' || isalpha((unsigned char)c) || (!is_first && isdigit((unsigned char)c));
}

static void make_plain(struct buf *name)
{
	for (size_t i = 0; i < name->size; i++)
		if (!is_plain(name->data[i], i == 0))
			name->data[i] = '_';
}

int series_labels_put(struct series_labels *s, const struct series_label_rules *rules, const char *name,
		      const char *value)
{
	_cleanup_(buf_done) struct buf n = {}, v = {};
	int r;

	if (!*name || !*value)
		return 0;
	r = add_text(s, name, rules->max_name_bytes, &n);
	if (r < 0)
		return r;
	if (rules->plain_names)
		make_plain(&n);
	if (has_name(s, n.data)) {
		s->n_cut += strcmp(n.data, name) != 0;
		return 0;
	}
	if (s->n == rules->max_labels) {
		s->n_cut++;
		return 0;
	}
	r = add_text(s, value, rules->max_value_bytes, &v);
	if (r < 0)
		return r;
	s->items[s->n++] = (struct series_label){ take_ptr(n.data), take_ptr(v.data) };
	return 0;
}

static int put_pair(struct series_labels *s, const struct series_label_rules *rules, const char *pair)
{
	const char *equals = strchr(pair, '=');
	_cleanup_free_ char *name = strndup(pair, (size_t)(equals - pair)); /* target_check_start() saw the '=' */

	return name ? series_labels_put(s, rules, name, equals + 1) : -ENOMEM;
}

/* The service first: all stores ask for it. */
int series_labels_add(struct series_labels *s, const struct series_label_rules *rules, const struct target_config *c,
		      const struct profile_part *part)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_labels; i++)
		r = put_pair(s, rules, c->labels[i]);
	for (size_t i = 0; r == 0 && i < part->n_series; i++)
		if (strcmp(part->series[i].key, "service_name") == 0)
			r = series_labels_put(s, rules, "service_name", part->series[i].str);
	for (size_t i = 0; r == 0 && i < part->n_series; i++)
		if (strcmp(part->series[i].key, "service_name") != 0)
			r = series_labels_put(s, rules, part->series[i].key, part->series[i].str);
	return r;
}

void series_labels_done(struct series_labels *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->items[i].name);
		free(s->items[i].value);
	}
	s->n = 0;
}
