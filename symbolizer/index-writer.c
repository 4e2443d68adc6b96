// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-writer.h"

#include <assert.h>
#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#include "symbolizer/index-debug-writer.h"
#include "symbolizer/index-format.h"
#include "symbolizer/index-sink.h"
#include "symbolizer/index-starts.h"
#include "symbolizer/index-strings.h"

struct index_writer {
	uint16_t machine;
	struct build_id build_id;
	struct index_segment segments[INDEX_MAX_SEGMENTS];
	size_t n_segments;
	struct index_writer_symbol *functions;
	size_t n_functions, capacity;
	struct index_strings strings;
	struct index_origin_strings origin;
	bool has_origin, has_debug;
	struct index_debug debug; /* what it points to is borrowed, as are the rows */
	const void *unwind;
	size_t unwind_size;
};

int index_writer_new(uint16_t machine, const struct build_id *id, struct index_writer **ret)
{
	_cleanup_(index_writer_freep) struct index_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->machine = machine;
	w->build_id = *id;
	r = index_strings_init(&w->strings);
	if (r < 0)
		return r;
	*ret = take_ptr(w);
	return 0;
}

struct index_writer *index_writer_free(struct index_writer *w)
{
	if (!w)
		return NULL;
	free(w->functions);
	index_strings_done(&w->strings);
	free(w);
	return NULL;
}

int index_writer_add_segment(struct index_writer *w, const struct index_segment *segment)
{
	if (w->n_segments == INDEX_MAX_SEGMENTS)
		return -ENOSPC;
	w->segments[w->n_segments++] = *segment;
	return 0;
}

int index_writer_reserve(struct index_writer *w, size_t n)
{
	struct index_writer_symbol *more;

	if (n <= w->capacity)
		return 0;
	more = reallocarray(w->functions, n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	w->functions = more;
	w->capacity = n;
	return index_strings_reserve(&w->strings, n); /* a name each; linkage names grow it again */
}

int index_writer_add_string(struct index_writer *w, const char *data, size_t size, uint32_t *ret)
{
	return index_strings_add(&w->strings, data, size, ret);
}

int index_writer_add_name(struct index_writer *w, const char *data, size_t size, struct index_name *ret)
{
	return index_strings_add_name(&w->strings, data, size, NULL, ret);
}

void index_writer_prepare_name(const struct index_writer *w, const char *data, size_t size,
			       struct index_prepared_name *ret)
{
	ret->is_ready = w->strings.are_names_apart;
	if (ret->is_ready)
		index_strings_prepare_name(&w->strings, data, size, ret);
}

int index_writer_add_prepared_name(struct index_writer *w, const char *data, size_t size,
				   const struct index_prepared_name *prepared, struct index_name *ret)
{
	return index_strings_add_name(&w->strings, data, size, prepared->is_ready ? prepared : NULL, ret);
}

int index_writer_add_known_name(struct index_writer *w, const char *name, const char *linkage_name,
				struct index_name *ret)
{
	return index_strings_add_known_name(&w->strings, name, linkage_name, ret);
}

void index_writer_keep_names_apart(struct index_writer *w)
{
	w->strings.are_names_apart = true;
}

int index_writer_add_named_function(struct index_writer *w, uint64_t start, uint64_t size,
				    const struct index_name *name)
{
	const struct index_writer_symbol f = {
		.start = start,
		.n_bytes = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
		.name = *name,
	};
	const struct index_writer_symbol *last = w->n_functions ? &w->functions[w->n_functions - 1] : NULL;
	int r;

	if (size == 0 || start + f.n_bytes < start || (last && start < last->start + last->n_bytes))
		return -EINVAL;
	if (w->n_functions == w->capacity) {
		r = index_writer_reserve(w, w->capacity ? w->capacity * 2 : 1024);
		if (r < 0)
			return r;
	}
	assert(w->functions);
	w->functions[w->n_functions++] = f;
	return 0;
}

int index_writer_add_function(struct index_writer *w, uint64_t start, uint64_t size, const char *name,
			      const char *linkage_name)
{
	struct index_name names;
	int r;

	r = index_strings_add_known_name(&w->strings, name, linkage_name ? linkage_name : name, &names);
	return r < 0 ? r : index_writer_add_named_function(w, start, size, &names);
}

void index_writer_set_debug(struct index_writer *w, const struct index_debug *debug)
{
	w->debug = *debug;
	w->has_debug = true;
}

static int add_text(struct index_writer *w, const char *text, uint32_t *ret)
{
	return index_strings_add(&w->strings, text ? text : "", text ? strlen(text) : 0, ret);
}

int index_writer_set_origin(struct index_writer *w, const struct index_origin *origin)
{
	struct index_origin_strings o;
	int r;

	r = add_text(w, origin->path, &o.path);
	if (r == 0)
		r = add_text(w, origin->debug_source, &o.debug_source);
	if (r == 0)
		r = add_text(w, origin->failure, &o.failure);
	if (r == 0)
		r = add_text(w, origin->maker, &o.maker);
	if (r < 0)
		return r;
	w->origin = o;
	w->has_origin = true;
	return 0;
}

void index_writer_set_unwind(struct index_writer *w, const void *section, size_t size)
{
	w->unwind = section;
	w->unwind_size = size;
}

static int add_symbols(struct index_sink *s, const struct index_writer *w)
{
	for (size_t i = 0; i < w->n_functions; i++) {
		const struct index_writer_symbol *f = &w->functions[i];
		const struct index_symbol symbol = {
			.n_bytes = f->n_bytes,
			.name = index_strings_place(&w->strings, f->name.name),
			.linkage_name = index_strings_place(&w->strings, f->name.linkage_name),
		};
		int r;

		r = index_sink_add(s, &symbol, sizeof(symbol));
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_symbol_starts(struct index_sink *s, const struct index_writer *w)
{
	const struct index_writer_symbol none = {}, *first = w->n_functions ? w->functions : &none;

	return index_starts_write(s, &first->start, sizeof(*first), w->n_functions);
}

/* What is being written: the table of contents grows with the sections behind it. */
struct output {
	const struct index_writer *writer;
	struct index_debug_writer *debug; /* NULL: there is none */
	struct index_section toc[INDEX_MAX_SECTIONS];
	uint32_t n_sections;
	struct index_sink sink;
};

static int add_section(struct output *o, enum index_section_kind kind)
{
	const struct index_writer *w = o->writer;

	switch (kind) {
	case INDEX_SEGMENTS:
		return index_sink_add(&o->sink, w->segments, w->n_segments * sizeof(w->segments[0]));
	case INDEX_FUNCTION_STARTS:
		return add_symbol_starts(&o->sink, w);
	case INDEX_FUNCTIONS:
		return add_symbols(&o->sink, w);
	case INDEX_STRINGS:
		return index_strings_write(&w->strings, &o->sink);
	case INDEX_UNWIND:
		return index_sink_add(&o->sink, w->unwind, w->unwind_size);
	case INDEX_ORIGIN:
		return index_sink_add(&o->sink, &w->origin, sizeof(w->origin));
	case INDEX_SCOPES:
		return index_debug_writer_scopes(o->debug, &o->sink);
	case INDEX_SCOPE_FUNCTIONS:
		return index_debug_writer_functions(o->debug, &o->sink);
	case INDEX_FILES:
		return index_debug_writer_files(o->debug, &o->sink);
	case INDEX_LEAVES:
		return index_debug_writer_leaves(o->debug, &o->sink);
	case INDEX_LEAF_STARTS:
		return index_debug_writer_starts(o->debug, &o->sink);
	}
	return -EINVAL;
}

static bool has_section(const struct index_writer *w, enum index_section_kind kind)
{
	switch (kind) {
	case INDEX_SEGMENTS:
	case INDEX_FUNCTION_STARTS:
	case INDEX_FUNCTIONS:
	case INDEX_STRINGS:
		return true;
	case INDEX_UNWIND:
		return w->unwind_size > 0;
	case INDEX_ORIGIN:
		return w->has_origin;
	default:
		return w->has_debug;
	}
}

/* In this order: leaves name scopes, and their starts are known when they are written. */
static const enum index_section_kind kinds[] = {
	INDEX_SEGMENTS, INDEX_FUNCTION_STARTS, INDEX_FUNCTIONS, INDEX_SCOPES, INDEX_SCOPE_FUNCTIONS, INDEX_FILES,
	INDEX_LEAVES,   INDEX_LEAF_STARTS,     INDEX_STRINGS,   INDEX_UNWIND, INDEX_ORIGIN,
};

/* Of what was written since the sum was `before`. */
static uint32_t crc_since(const struct index_sink *s, uint32_t before, uint64_t n_bytes)
{
	return (uint32_t)crc32_combine(before, 0, (z_off_t)n_bytes) ^ s->crc;
}

static int add_sections(struct output *o)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++) {
		struct index_section *s = &o->toc[o->n_sections];
		uint32_t before;

		if (!has_section(o->writer, kinds[i]))
			continue;
		r = index_sink_align(&o->sink);
		if (r == 0)
			r = index_sink_flush(&o->sink);
		if (r < 0)
			return r;
		before = o->sink.crc;
		*s = (struct index_section){ .kind = kinds[i], .offset = index_sink_offset(&o->sink) };
		r = add_section(o, kinds[i]);
		if (r == 0)
			r = index_sink_flush(&o->sink);
		s->size = o->sink.offset - s->offset;
		s->crc = crc_since(&o->sink, before, s->size);
		o->n_sections++;
	}
	return r;
}

/* Header and table of contents, of which the sections are the rest. */
static int add_front(const struct output *o, size_t front_bytes)
{
	const struct index_writer *w = o->writer;
	const uint64_t n_behind = o->sink.offset - front_bytes;
	const size_t toc_bytes = front_bytes - sizeof(struct index_header);
	struct index_header h = {
		.version = INDEX_VERSION,
		.file_bytes = o->sink.offset,
		.n_sections = o->n_sections,
		.machine = w->machine,
		.build_id_bytes = w->build_id.n_bytes,
	};
	uint32_t crc;
	int r;

	memcpy(h.magic, INDEX_MAGIC, sizeof(h.magic));
	memcpy(h.build_id, w->build_id.bytes, w->build_id.n_bytes);
	crc = libdeflate_crc32(0, (const char *)&h + INDEX_CRC_FROM, sizeof(h) - INDEX_CRC_FROM);
	crc = libdeflate_crc32(crc, o->toc, toc_bytes);
	h.crc = (uint32_t)crc32_combine(crc, o->sink.crc, (z_off_t)n_behind);
	r = index_sink_write_at(o->sink.fd, &h, sizeof(h), 0);
	return r < 0 ? r : index_sink_write_at(o->sink.fd, o->toc, toc_bytes, sizeof(h));
}

static size_t count_sections(const struct index_writer *w)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		n += has_section(w, kinds[i]);
	return n;
}

int index_writer_finish(struct index_writer *w, int fd)
{
	const size_t front_bytes = sizeof(struct index_header) + count_sections(w) * sizeof(struct index_section);
	_cleanup_(index_debug_writer_freep) struct index_debug_writer *debug = NULL;
	_cleanup_free_ struct output *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	if (w->has_debug) {
		r = index_debug_writer_new(&w->debug, w->functions, w->n_functions, &debug);
		if (r < 0)
			return r;
	}
	o->writer = w;
	o->debug = debug;
	o->sink.fd = fd;
	o->sink.offset = front_bytes;
	r = add_sections(o);
	return r < 0 ? r : add_front(o, front_bytes);
}
