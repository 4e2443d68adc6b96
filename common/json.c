// SPDX-License-Identifier: Apache-2.0
#include "common/json.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"

#define NAME_SIZE 64 /* of a member that is looked for */

int json_new_top(struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *object = json_object_new_object();
	int r;

	if (!object)
		return -ENOMEM;
	r = json_add(object, "schema_version", json_object_new_int(JSON_SCHEMA_VERSION));
	if (r < 0)
		return r;
	*ret = take_ptr(object);
	return 0;
}

int json_add(struct json_object *object, const char *name, struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (json_object_object_add(object, name, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

/* NULL: there was no memory. */
static struct json_object *new_string(const char *value)
{
	_cleanup_(buf_done) struct buf text = {};

	if (utf8_add_valid(&text, value, strlen(value), JSON_STRING_LIMIT_BYTES) < 0)
		return NULL;
	return json_object_new_string_len(text.data ? text.data : "", (int)text.size);
}

int json_add_string(struct json_object *object, const char *name, const char *value)
{
	return json_add(object, name, new_string(value));
}

int json_append(struct json_object *array, struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (json_object_array_add(array, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

int json_append_string(struct json_object *array, const char *value)
{
	return json_append(array, new_string(value));
}

int json_add_object(struct json_object *parent, const char *name, struct json_object **ret)
{
	*ret = json_object_new_object();
	return json_add(parent, name, *ret);
}

int json_add_array(struct json_object *parent, const char *name, struct json_object **ret)
{
	*ret = json_object_new_array();
	return json_add(parent, name, *ret);
}

int json_append_object(struct json_object *array, struct json_object **ret)
{
	*ret = json_object_new_object();
	return json_append(array, *ret);
}

int json_add_null(struct json_object *parent, const char *name)
{
	return json_object_object_add(parent, name, NULL) < 0 ? -ENOMEM : 0;
}

int json_add_number(struct json_object *parent, const char *name, int64_t n)
{
	return json_add(parent, name, json_object_new_int64(n));
}

int json_add_counts(struct json_object *parent, const struct json_count *counts, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = json_add(parent, counts[i].name, json_object_new_uint64(counts[i].n));
	return r;
}

int json_add_text(struct json_object *object, struct buf *ret)
{
	const char *text =
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	int r;

	if (!text)
		return -ENOMEM;
	r = buf_add_str(ret, text);
	return r < 0 ? r : buf_add_char(ret, '\n');
}

/* Valid text has no control characters, so two characters are all that JSON wants escaped. */
int json_add_quoted(const char *s, struct buf *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = utf8_add_valid(&text, s, strlen(s), JSON_STRING_LIMIT_BYTES);
	if (r == 0)
		r = buf_add_char(ret, '"');
	for (size_t i = 0; r == 0 && i < text.size; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			r = buf_add_char(ret, '\\');
		if (r == 0)
			r = buf_add_char(ret, text.data[i]);
	}
	return r < 0 ? r : buf_add_char(ret, '"');
}

int json_parse(const char *text, size_t size, struct json_object **ret)
{
	struct json_tokener *tokener = json_tokener_new();
	_cleanup_(json_putp) struct json_object *object = NULL;
	bool is_whole;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = size > 0 && size < INT_MAX ? json_tokener_parse_ex(tokener, text, (int)size) : NULL;
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, "", 1); /* the NUL ends a number, or white space */
	is_whole = object && json_tokener_get_error(tokener) == json_tokener_success;
	json_tokener_free(tokener);
	if (!is_whole)
		return JSON_NOT_ONE;
	*ret = take_ptr(object);
	return 0;
}

struct json_object *json_find(struct json_object *top, const char *path)
{
	while (top && *path) {
		size_t n = strcspn(path, ".");
		char name[NAME_SIZE];

		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = 0;
		if (!json_object_object_get_ex(top, name, &top))
			return NULL;
		path += path[n] ? n + 1 : n;
	}
	return top;
}

uint64_t json_find_number(struct json_object *top, const char *path)
{
	struct json_object *found = json_find(top, path);

	return json_object_is_type(found, json_type_int) ? json_object_get_uint64(found) : 0;
}

const char *json_find_string(struct json_object *top, const char *path)
{
	struct json_object *found = json_find(top, path);

	return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : NULL;
}
