// SPDX-License-Identifier: Apache-2.0
#include "uploader/template.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

#define MAX_NAME_BYTES 128
#define LABEL "label:"

enum placeholder {
	PLACEHOLDER_HOST,
	PLACEHOLDER_SERVICE,
	PLACEHOLDER_START,
	PLACEHOLDER_END,
	PLACEHOLDER_ID,
	PLACEHOLDER_PART,
	PLACEHOLDER_LABEL,
	PLACEHOLDER_NONE,
};

static enum placeholder find(const char *name)
{
	static const char *const names[] = {
		[PLACEHOLDER_HOST] = "host", [PLACEHOLDER_SERVICE] = "service", [PLACEHOLDER_START] = "start",
		[PLACEHOLDER_END] = "end",   [PLACEHOLDER_ID] = "id",           [PLACEHOLDER_PART] = "part",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum placeholder)i;
	}
	return strncmp(name, LABEL, strlen(LABEL)) == 0 && name[strlen(LABEL)] ? PLACEHOLDER_LABEL : PLACEHOLDER_NONE;
}

/* What stands between the braces at open; NULL: they do not close, or hold too much. */
static const char *read_name(const char *open, char name[static MAX_NAME_BYTES])
{
	size_t n = strcspn(open + 1, "}");

	if (!open[1 + n] || n >= MAX_NAME_BYTES)
		return NULL;
	memcpy(name, open + 1, n);
	name[n] = 0;
	return open + n + 2;
}

int template_check(const char *text, char ret_reason[static TARGET_REASON_BYTES])
{
	char name[MAX_NAME_BYTES];

	while ((text = strchr(text, '{'))) {
		const char *behind = read_name(text, name);

		if (!behind || find(name) == PLACEHOLDER_NONE) {
			snprintf(ret_reason, TARGET_REASON_BYTES,
				 "'%.60s': placeholders are {host}, {service}, {start}, {end}, {id}, {part} and "
				 "{label:KEY}",
				 text);
			return TEMPLATE_BAD;
		}
		text = behind;
	}
	return 0;
}

static int add_encoded(struct buf *ret, const char *value)
{
	int r = 0;

	for (; r == 0 && *value; value++) {
		unsigned char c = (unsigned char)*value;

		if ((c < 0x80 && isalnum(c)) || strchr("-._~", c))
			r = buf_add_char(ret, (char)c);
		else
			r = buf_printf(ret, "%%%02X", c);
	}
	return r;
}

/* NULL: the target has no such label of its own. */
static const char *own_label(const struct target_config *c, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < c->n_labels; i++) {
		if (strncmp(c->labels[i], key, n) == 0 && c->labels[i][n] == '=')
			return c->labels[i] + n + 1;
	}
	return NULL;
}

static const char *string_label(const struct profile_sample *s, const char *key)
{
	const struct profile_label *l = profile_find_label(s, key);

	return l && l->str ? l->str : "";
}

/* What all samples have. */
static const char *common_label(const struct profile_part *part, const char *key)
{
	const char *value = part->n_samples > 0 ? string_label(part->samples[0], key) : "";

	for (size_t i = 1; i < part->n_samples; i++) {
		if (strcmp(string_label(part->samples[i], key), value) != 0)
			return "";
	}
	return value;
}

static int add_label(const struct target_config *c, const struct profile_part *part, const char *key, struct buf *ret)
{
	const char *own = own_label(c, key);

	return add_encoded(ret, own ? own : common_label(part, key));
}

static int add_value(const char *name, const struct target_config *c, const struct batch *b,
		     const struct profile_part *part, struct buf *ret)
{
	switch (find(name)) {
	case PLACEHOLDER_HOST:
		return add_encoded(ret, b->host);
	case PLACEHOLDER_SERVICE:
		return add_label(c, part, "service_name", ret);
	case PLACEHOLDER_START:
		return buf_printf(ret, "%" PRId64, b->start_ns / (int64_t)NS_PER_S);
	case PLACEHOLDER_END:
		return buf_printf(ret, "%" PRId64, b->end_ns / (int64_t)NS_PER_S);
	case PLACEHOLDER_ID:
		return add_encoded(ret, b->id);
	case PLACEHOLDER_PART:
		return buf_printf(ret, "%u", part->number);
	case PLACEHOLDER_LABEL:
		return add_label(c, part, name + strlen(LABEL), ret);
	default:
		return -EINVAL;
	}
}

int template_add(const char *text, const struct target_config *c, const struct batch *b,
		 const struct profile_part *part, struct buf *ret)
{
	char name[MAX_NAME_BYTES];
	int r = 0;

	while (r == 0 && *text) {
		size_t n = strcspn(text, "{");

		r = buf_add(ret, text, n);
		text += n;
		if (r < 0 || !*text)
			break;
		text = read_name(text, name);
		r = text ? add_value(name, c, b, part, ret) : -EINVAL;
	}
	return r;
}
