// SPDX-License-Identifier: Apache-2.0
/* symbols show, add: one binary with all that its index files say; and what came of one just read. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/symbols-view.h"
#include "cli/text.h"
#include "cli/value.h"
#include "pprof/profile.h"
#include "symbolizer/binary.h"
#include "symbolizer/index-catalog.h"
#include "symbolizer/index-writer.h"

#define NAME_WIDTH 14 /* of what stands before a line */

static int print_line(FILE *out, const char *name, const char *value)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = text_add(&text, value, TEXT_MAX_CHARS);
	if (r == 0)
		fprintf(out, "%-*s%s\n", NAME_WIDTH, name, text.data);
	return r;
}

static void print_time(FILE *out, int64_t used_s)
{
	time_t seconds = (time_t)used_s;
	char text[sizeof("2026-11-24T14:19:09Z")] = "unknown";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out, "%-*s%s (to within a day)\n", NAME_WIDTH, "used", text);
}

static void print_facts(FILE *out, const char *name, const struct index_catalog_facts *f)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	char size[VALUE_TEXT_SIZE];

	if (!f->is_there)
		return;
	value_format(&bytes, (int64_t)f->n_bytes, size);
	fprintf(out, "%-*s%zu functions, %s", NAME_WIDTH, name, f->n_functions, size);
	if (f->n_unwind_rows)
		fprintf(out, "; %zu unwind rows, %zu rules, %zu pages", f->n_unwind_rows, f->n_unwind_rules,
			f->n_unwind_pages);
	fputc('\n', out);
}

static void print_segments(FILE *out, const struct index_catalog_entry *e)
{
	for (size_t i = 0; i < e->n_segments; i++) {
		const struct index_segment *s = &e->segments[i];

		fprintf(out, "%-*s0x%" PRIx64 "-0x%" PRIx64 " at offset 0x%" PRIx64 ", %" PRIu64 " bytes in the file\n",
			NAME_WIDTH, "segment", s->vaddr, s->vaddr + s->mem_bytes, s->file_offset, s->file_bytes);
	}
}

int symbols_show_print(const struct index_catalog_entry *e, FILE *out)
{
	const struct symbols_debug debug = symbols_debug_of(e);
	char id[BUILD_ID_HEX_SIZE];
	int r;

	build_id_to_hex(&e->build_id, id);
	r = print_line(out, "build id", id[0] ? id : "none");
	if (r == 0)
		r = print_line(out, "path", e->path ? e->path : "not known");
	if (r == 0)
		r = print_line(out, "key", e->key);
	if (r == 0 && e->failure)
		r = print_line(out, "unreadable", e->failure);
	else if (r == 0)
		r = print_line(out, debug.has_lines ? "lines" : "no lines", symbols_debug_to_string(&debug));
	if (r < 0)
		return r;
	fprintf(out, "%-*s%" PRIu64 " bytes\n", NAME_WIDTH, "size", e->n_bytes);
	print_time(out, index_catalog_used_s(e));
	print_facts(out, "names", &e->names);
	print_facts(out, "debug info", &e->debug);
	print_segments(out, e);
	return 0;
}

static int add_facts(struct json_object *top, const char *name, const struct index_catalog_facts *f)
{
	const struct json_count counts[] = {
		{ "n_functions", f->n_functions },
		{ "n_unwind_rows", f->n_unwind_rows },
		{ "n_unwind_rules", f->n_unwind_rules },
		{ "n_unwind_pages", f->n_unwind_pages },
		{ "n_bytes", f->n_bytes },
	};
	struct json_object *object = NULL;
	int r;

	if (!f->is_there)
		return json_add_null(top, name);
	r = json_add_object(top, name, &object);
	return r < 0 ? r : json_add_counts(object, counts, ARRAY_SIZE(counts));
}

static int add_segments(struct json_object *top, const struct index_catalog_entry *e)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, "segments", &array);
	for (size_t i = 0; r == 0 && i < e->n_segments; i++) {
		const struct index_segment *s = &e->segments[i];
		const struct json_count counts[] = {
			{ "vaddr", s->vaddr },
			{ "mem_bytes", s->mem_bytes },
			{ "file_offset", s->file_offset },
			{ "file_bytes", s->file_bytes },
		};
		struct json_object *object = NULL;

		r = json_append_object(array, &object);
		if (r == 0)
			r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	}
	return r;
}

int symbols_show_to_json(const struct index_catalog_entry *e, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	r = json_new_top(&top);
	if (r == 0)
		r = symbols_add_entry(top, e);
	if (r == 0)
		r = add_facts(top, "names_index", &e->names);
	if (r == 0)
		r = add_facts(top, "debug_index", &e->debug);
	if (r == 0)
		r = add_segments(top, e);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}

/* What its index says of its debug info. */
static struct symbols_debug debug_of(const char *path, const struct binary *binary)
{
	struct symbols_debug debug = {
		.is_read = binary->debug_state == BINARY_DEBUG_READY || binary->debug_state == BINARY_DEBUG_MISSING,
		.path = path,
		.failure = binary->debug_reason,
	};
	struct index_origin origin = {};

	if (!binary->debug)
		return debug;
	index_origin(binary->debug, &origin);
	debug.has_lines = index_has_debug(binary->debug);
	debug.source = origin.debug_source;
	debug.failure = origin.failure;
	if (origin.path)
		debug.path = origin.path;
	return debug;
}

static size_t n_functions(const struct binary *binary)
{
	const struct index *index = binary->debug ? binary->debug : binary->index;

	return index ? index_n_functions(index) : 0;
}

int symbols_added_print(const char *path, const struct binary *binary, FILE *out)
{
	const struct symbols_debug debug = debug_of(path, binary);
	_cleanup_(buf_done) struct buf name = {}, source = {};
	int r;

	r = text_add(&name, path, TEXT_MAX_CHARS);
	if (r == 0)
		r = text_add(&source, symbols_debug_to_string(&debug), TEXT_MAX_CHARS);
	if (r < 0)
		return r;
	fprintf(out, "%s: %zu functions, %s%s\n", name.data, n_functions(binary),
		debug.has_lines ? "lines: " : "no lines: ", source.data);
	return 0;
}

int symbols_added_to_json(const char *path, const struct binary *binary, struct json_object *ret)
{
	const struct symbols_debug debug = debug_of(path, binary);
	char id[BUILD_ID_HEX_SIZE];
	int r;

	build_id_to_hex(&binary->build_id, id);
	r = json_add_string(ret, "path", path);
	if (r == 0)
		r = symbols_add_string(ret, "build_id", id[0] ? id : NULL);
	if (r == 0)
		r = json_add_number(ret, "n_bytes", (int64_t)binary->n_bytes);
	if (r == 0)
		r = json_add_number(ret, "n_functions", (int64_t)n_functions(binary));
	return r < 0 ? r : symbols_add_debug(ret, &debug);
}
