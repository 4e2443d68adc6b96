// SPDX-License-Identifier: Apache-2.0
#include "cli/symbols-view.h"

#include <string.h>

#include "cli/json.h"
#include "symbolizer/index-catalog.h"

struct symbols_debug symbols_debug_of(const struct index_catalog_entry *e)
{
	return (struct symbols_debug){
		.is_read = e->debug.is_there,
		.has_lines = e->has_lines,
		.path = e->path,
		.source = e->debug_source,
		.failure = e->debug_failure,
	};
}

const char *symbols_debug_to_string(const struct symbols_debug *d)
{
	if (d->failure)
		return d->failure;
	if (d->has_lines)
		return !d->source || (d->path && strcmp(d->source, d->path) == 0) ? "in the file" : d->source;
	return d->is_read ? "none" : "not read";
}

int symbols_add_string(struct json_object *object, const char *name, const char *value)
{
	return value ? json_add_string(object, name, value) : json_add_null(object, name);
}

int symbols_add_debug(struct json_object *object, const struct symbols_debug *d)
{
	int r;

	r = json_add(object, "is_debug_read", json_object_new_boolean(d->is_read));
	if (r == 0)
		r = json_add(object, "has_lines", json_object_new_boolean(d->has_lines));
	if (r == 0)
		r = symbols_add_string(object, "debug_source", d->source);
	return r < 0 ? r : symbols_add_string(object, "debug_failure", d->failure);
}

int symbols_add_entry(struct json_object *object, const struct index_catalog_entry *e)
{
	const struct symbols_debug debug = symbols_debug_of(e);
	const struct json_count counts[] = {
		{ "n_bytes", e->n_bytes },
		{ "n_index_bytes", e->n_index_bytes },
		{ "n_files", e->n_files },
		{ "n_functions", index_catalog_n_functions(e) },
	};
	char id[BUILD_ID_HEX_SIZE];
	int r;

	build_id_to_hex(&e->build_id, id);
	r = json_add_string(object, "key", e->key);
	if (r == 0)
		r = symbols_add_string(object, "build_id", id[0] ? id : NULL);
	if (r == 0)
		r = symbols_add_string(object, "path", e->path);
	if (r == 0)
		r = symbols_add_string(object, "failure", e->failure);
	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = symbols_add_debug(object, &debug);
	return r < 0 ? r : json_add_number(object, "used_s", index_catalog_used_s(e));
}
