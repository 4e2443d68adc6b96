// SPDX-License-Identifier: Apache-2.0
/*
 * symbols ls: a line for each binary that is in the cache.
 *
 *	BUILD ID               SIZE FUNCTIONS    USED  LINES                 PATH
 *	249e56cf2f591ba1   1.84 MiB      3761     3 d  a separate file       /usr/lib/x86_64-linux-gnu/libc.so.6
 */
#include <inttypes.h>
#include <string.h>

#include "cli/json.h"
#include "cli/symbols-view.h"
#include "cli/text.h"
#include "cli/value.h"
#include "pprof/profile.h"
#include "symbolizer/index-catalog.h"

#define ID_CHARS 16     /* of a build id: enough to tell them apart */
#define SOURCE_CHARS 20 /* "a separate file", "took too long" */
#define AGE_SIZE 24

/* Whole units, as coarse as the cache knows the time. */
static void format_age(int64_t seconds, char ret[static AGE_SIZE])
{
	if (seconds < 3600)
		snprintf(ret, AGE_SIZE, "%" PRId64 " min", seconds > 0 ? seconds / 60 : 0);
	else if (seconds < 48 * 3600)
		snprintf(ret, AGE_SIZE, "%" PRId64 " h", seconds / 3600);
	else
		snprintf(ret, AGE_SIZE, "%" PRId64 " d", seconds / (24 * 3600));
}

/* A binary without a build id is known by its whole key. */
static const char *id_of(const struct index_catalog_entry *e, char memory[static BUILD_ID_HEX_SIZE])
{
	if (e->build_id.n_bytes == 0)
		return e->key;
	build_id_to_hex(&e->build_id, memory);
	memory[ID_CHARS] = 0;
	return memory;
}

static int id_width(const struct index_catalog *c)
{
	size_t width = ID_CHARS;

	for (size_t i = 0; i < c->n; i++) {
		char memory[BUILD_ID_HEX_SIZE];
		size_t n = strlen(id_of(&c->entries[i], memory));

		width = n > width ? n : width;
	}
	return (int)width;
}

/* Or why there is nothing at all. The path of a separate file stands in `symbols show`: here it would only be cut. */
static const char *source_of(const struct index_catalog_entry *e)
{
	const struct symbols_debug debug = symbols_debug_of(e);
	const char *source = e->failure ? e->failure : symbols_debug_to_string(&debug);

	return debug.has_lines && source[0] == '/' ? "a separate file" : source;
}

static int print_entry(const struct index_catalog_entry *e, int width, int64_t now_s, FILE *out)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	_cleanup_(buf_done) struct buf source = {}, path = {};
	char id[BUILD_ID_HEX_SIZE], size[VALUE_TEXT_SIZE], age[AGE_SIZE];
	int r;

	value_format(&bytes, (int64_t)e->n_bytes, size);
	format_age(now_s - index_catalog_used_s(e), age);
	r = text_add(&source, source_of(e), SOURCE_CHARS);
	if (r == 0)
		r = text_add(&path, e->path ? e->path : "(not known)", TEXT_MAX_CHARS);
	if (r < 0)
		return r;
	fprintf(out, "%-*s %10s %9zu %7s  %s%*s  %s\n", width, id_of(e, id), size, index_catalog_n_functions(e), age,
		source.data, (int)(SOURCE_CHARS - text_n_chars(&source)), "", path.data);
	return 0;
}

static int print_rows(const struct index_catalog *c, int64_t now_s, FILE *out)
{
	int width = id_width(c), r = 0;

	fprintf(out, "%-*s %10s %9s %7s  %-*s  %s\n", width, "BUILD ID", "SIZE", "FUNCTIONS", "USED", SOURCE_CHARS,
		"LINES", "PATH");
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = print_entry(&c->entries[i], width, now_s, out);
	return r;
}

static uint64_t n_index_bytes(const struct index_catalog *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->entries[i].n_index_bytes;
	return n;
}

static void print_files(size_t n, const char *which, FILE *out)
{
	if (n > 0)
		fprintf(out, "; %zu %s %s", n, n == 1 ? "file" : "files", which);
}

int symbols_ls_print(const struct index_catalog *c, const char *dir, int64_t now_s, FILE *out)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	_cleanup_(buf_done) struct buf name = {};
	char size[VALUE_TEXT_SIZE];
	int r = 0;

	if (c->n > 0)
		r = print_rows(c, now_s, out);
	if (r == 0)
		r = text_add(&name, dir, TEXT_MAX_CHARS);
	if (r < 0)
		return r;
	value_format(&bytes, (int64_t)n_index_bytes(c), size);
	fprintf(out, "%s%zu %s, indexes of %s in %s", c->n ? "\n" : "", c->n, c->n == 1 ? "binary" : "binaries", size,
		name.data);
	print_files(c->n_unusable, "of another version or damaged", out);
	print_files(c->n_unreadable, "that you may not read", out);
	fputc('\n', out);
	return 0;
}

int symbols_ls_to_json(const struct index_catalog *c, const char *dir, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *array = NULL;
	int r;

	r = json_new_top(&top);
	if (r == 0)
		r = json_add_string(top, "cache_dir", dir);
	if (r == 0)
		r = json_add_number(top, "n_unusable", (int64_t)c->n_unusable);
	if (r == 0)
		r = json_add_number(top, "n_unreadable", (int64_t)c->n_unreadable);
	if (r == 0)
		r = json_add_array(top, "binaries", &array);
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct json_object *object = NULL;

		r = json_append_object(array, &object);
		if (r == 0)
			r = symbols_add_entry(object, &c->entries[i]);
	}
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}
