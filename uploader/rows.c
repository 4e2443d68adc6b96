// SPDX-License-Identifier: Apache-2.0
#include "uploader/rows.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/json.h"

int rows_add_time(int64_t time_ns, struct buf *ret)
{
	time_t seconds = (time_t)(time_ns / (int64_t)NS_PER_S);
	char text[32];
	struct tm tm;

	if (time_ns < 0 || !gmtime_r(&seconds, &tm))
		return -EINVAL;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	return buf_printf(ret, "\"%s.%06u\"", text, (unsigned int)(time_ns % (int64_t)NS_PER_S / 1000));
}

/* "key=value" of the target with this key: its value, or NULL. */
static const char *find_own(const struct target_config *c, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < c->n_labels; i++)
		if (strncmp(c->labels[i], key, n) == 0 && c->labels[i][n] == '=')
			return c->labels[i] + n + 1;
	return NULL;
}

static int add_value(const struct profile_label *l, struct buf *ret)
{
	return l->str ? json_add_quoted(l->str, ret) : buf_printf(ret, "\"%" PRId64 "\"", l->num);
}

int rows_add_label(const struct target_config *c, const struct profile_sample *s, const char *key, struct buf *ret)
{
	const char *own = find_own(c, key);
	const struct profile_label *l = own ? NULL : profile_find_label(s, key);

	return l ? add_value(l, ret) : json_add_quoted(own ? own : "", ret);
}

static bool is_listed(const char *const *keys, const char *key)
{
	for (; *keys; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

static int add_key(const char *key, struct buf *ret)
{
	int r = ret->data[ret->size - 1] == '{' ? 0 : buf_add_char(ret, ',');

	if (r == 0)
		r = json_add_quoted(key, ret);
	return r < 0 ? r : buf_add_char(ret, ':');
}

static int add_own(const char *pair, const char *const *without, struct buf *ret)
{
	const char *equals = strchr(pair, '='); /* target_check_start() saw it */
	_cleanup_free_ char *key = strndup(pair, (size_t)(equals - pair));
	int r;

	if (!key)
		return -ENOMEM;
	if (is_listed(without, key))
		return 0;
	r = add_key(key, ret);
	return r < 0 ? r : json_add_quoted(equals + 1, ret);
}

int rows_add_labels(const struct target_config *c, const struct profile_sample *s, const char *const *without,
		    struct buf *ret)
{
	int r = buf_add_char(ret, '{');

	for (size_t i = 0; r == 0 && i < c->n_labels; i++)
		r = add_own(c->labels[i], without, ret);
	for (size_t i = 0; r == 0 && i < s->n_labels; i++) {
		const struct profile_label *l = &s->labels[i];

		if (is_listed(without, l->key) || find_own(c, l->key) || profile_find_label(s, l->key) != l)
			continue;
		r = add_key(l->key, ret);
		if (r == 0)
			r = add_value(l, ret);
	}
	return r < 0 ? r : buf_add_char(ret, '}');
}

/* -- stacks -- */

typedef int (*frame_fn)(const struct profile_location *l, const struct buf *name, void *ret);

/* Each frame in turn, with its name, leaf first. */
static int each_frame(const struct profile_sample *s, frame_fn visit, void *ret)
{
	_cleanup_(buf_done) struct buf name = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_locations; i++) {
		const struct profile_location *l = s->locations[i];
		size_t n = l->n_lines ? l->n_lines : 1;

		for (size_t k = 0; r == 0 && k < n; k++) {
			buf_clear(&name);
			r = profile_add_frame_name(l, l->n_lines ? &l->lines[k] : NULL, &name);
			if (r == 0)
				r = visit(l, &name, ret);
		}
	}
	return r;
}

static int add_element(const char *text, struct buf *ret)
{
	int r = ret->data[ret->size - 1] == '[' ? 0 : buf_add_char(ret, ',');

	return r < 0 ? r : json_add_quoted(text, ret);
}

static int add_frame(const struct profile_location *l, const struct buf *name, void *ret)
{
	return add_element(name->data, ret);
}

static int add_library(const struct profile_location *l, const struct buf *name, void *ret)
{
	return add_element(profile_module(l), ret);
}

static int add_array(const struct profile_sample *s, frame_fn add, struct buf *ret)
{
	int r = buf_add_char(ret, '[');

	if (r == 0)
		r = each_frame(s, add, ret);
	return r < 0 ? r : buf_add_char(ret, ']');
}

int rows_add_stack(const struct profile_sample *s, struct buf *ret)
{
	return add_array(s, add_frame, ret);
}

int rows_add_libraries(const struct profile_sample *s, struct buf *ret)
{
	return add_array(s, add_library, ret);
}

static void hash_bytes(const void *data, size_t size, uint64_t *hash)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		*hash = (*hash ^ bytes[i]) * 0x100000001b3; /* FNV-1a, 64 bits */
}

static void hash_text(const char *text, size_t size, uint64_t *hash)
{
	uint32_t length = htole32((uint32_t)size);

	hash_bytes(&length, sizeof(length), hash);
	hash_bytes(text, size, hash);
}

static int hash_frame(const struct profile_location *l, const struct buf *name, void *ret)
{
	const char *library = profile_module(l);

	hash_text(name->data, name->size, ret);
	hash_text(library, strlen(library), ret);
	return 0;
}

int rows_hash_stack(const struct profile_sample *s, uint64_t *ret)
{
	uint64_t hash = 0xcbf29ce484222325;
	int r = each_frame(s, hash_frame, &hash);

	if (r == 0)
		*ret = hash;
	return r;
}
