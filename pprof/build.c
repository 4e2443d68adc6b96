// SPDX-License-Identifier: Apache-2.0
#include "pprof/build.h"

#include <assert.h>
#include <string.h>

#include "pprof/encode.h"
#include "pprof/label-values.h"
#include "pprof/tables.h"

#define MAX_FRAMES ((size_t)1 << 16) /* of one stack: a hundred times what the kernel side takes */
#define MAX_COMMENTS ((size_t)1 << 16)

struct profile_builder {
	struct tables tables;
	struct buf location, locations, stack, labels; /* the record that is being put together */
	struct buf comments;                           /* uint32_t: their strings */
	struct {
		const struct profile_mapping *mapping; /* of the call that is running, else NULL */
		uint32_t number;
	} last_mapping;
	uint32_t main_mapping;
	uint64_t n_samples;
};

int profile_builder_new(struct profile_builder **ret)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	r = tables_init(&b->tables);
	if (r < 0)
		return r;
	*ret = take_ptr(b);
	return 0;
}

struct profile_builder *profile_builder_free(struct profile_builder *b)
{
	if (!b)
		return NULL;
	tables_done(&b->tables);
	buf_done(&b->location);
	buf_done(&b->locations);
	buf_done(&b->stack);
	buf_done(&b->labels);
	buf_done(&b->comments);
	free(b);
	return NULL;
}

/* Neighbours in a stack mostly share their mapping. */
static int add_mapping(struct profile_builder *b, const struct profile_mapping *m, uint32_t *ret)
{
	int r;

	if (m && m != b->last_mapping.mapping) {
		r = tables_add_mapping(&b->tables, m, &b->last_mapping.number);
		if (r < 0)
			return r;
		b->last_mapping.mapping = m;
	}
	*ret = m ? b->last_mapping.number : NO_MAPPING;
	return 0;
}

static int add_line(struct profile_builder *b, const struct frame *f)
{
	struct line_record line = { .line = f->line };
	int r;

	r = tables_add_function(&b->tables, f, &line.function);
	if (r < 0)
		return r;
	return buf_add(&b->location, &line, sizeof(line));
}

static bool is_named(const struct frame *f)
{
	return f->function && *f->function;
}

/* One location: a physical frame, which is the last, behind what is inlined into it. Unnamed ones have no line. */
static int add_location(struct profile_builder *b, const struct frame *frames, size_t n, uint32_t *ret)
{
	struct location_record head = { .address = frames[n - 1].addr };
	int r;

	r = add_mapping(b, frames[n - 1].mapping, &head.mapping);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		head.n_lines += is_named(&frames[i]);
	buf_clear(&b->location);
	r = buf_add(&b->location, &head, sizeof(head));
	for (size_t i = 0; r == 0 && i < n; i++)
		if (is_named(&frames[i]))
			r = add_line(b, &frames[i]);
	if (r < 0)
		return r;
	return pool_add(&b->tables.locations, b->location.data, b->location.size, ret);
}

static size_t n_in_location(const struct frame *frames, size_t n_frames)
{
	size_t n = 1;

	while (n < n_frames && frames[n - 1].inlined)
		n++;
	return n;
}

int profile_builder_add_frames(struct profile_builder *b, const struct frame *frames, size_t n_frames, struct buf *ret)
{
	size_t n;

	if (n_frames > MAX_FRAMES)
		return -ENOSPC;
	b->last_mapping.mapping = NULL; /* the pointers of an earlier call mean nothing now */
	for (size_t i = 0; i < n_frames; i += n) {
		uint32_t location;
		int r;

		n = n_in_location(frames + i, n_frames - i);
		r = add_location(b, frames + i, n, &location);
		if (r < 0)
			return r;
		r = buf_add(ret, &location, sizeof(location));
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_key(const struct buf *labels, uint32_t key)
{
	const struct label_record *have = (const void *)labels->data;

	for (size_t i = 0; i < labels->size / sizeof(*have); i++)
		if (have[i].key == key)
			return true;
	return false;
}

/* Readers keep one value a key, and take an empty string for none at all. */
static int add_label(struct profile_builder *b, const struct label *label)
{
	struct label_record record = { .num = label->str ? 0 : label->num };
	int r;

	if (label->str && !*label->str)
		return 0;
	r = tables_add_string(&b->tables, label->key, &record.key);
	if (r < 0)
		return r;
	if (record.key == 0 || has_key(&b->labels, record.key))
		return 0;
	r = tables_add_string(&b->tables, label->str, &record.str);
	if (r < 0)
		return r;
	if (!label->str)
		r = tables_add_string(&b->tables, label->num_unit, &record.num_unit);
	if (r < 0)
		return r;
	return buf_add(&b->labels, &record, sizeof(record));
}

static int compare_keys(const void *a, const void *b)
{
	const struct label_record *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* Any order will do as long as equal sets have the same. */
int profile_builder_add_labels(struct profile_builder *b, const struct label *labels, size_t n_labels, uint32_t *ret)
{
	buf_clear(&b->labels);
	for (size_t i = 0; i < n_labels; i++) {
		int r = add_label(b, &labels[i]);

		if (r < 0)
			return r;
	}
	if (b->labels.size)
		qsort(b->labels.data, b->labels.size / sizeof(struct label_record), sizeof(struct label_record),
		      compare_keys);
	return pool_add(&b->tables.label_sets, b->labels.data, b->labels.size, ret);
}

int profile_builder_add_sample(struct profile_builder *b, uint32_t label_set, const uint32_t *locations,
			       size_t n_locations, uint64_t count, uint64_t cpu_ns)
{
	const struct sample_record head = { .label_set = label_set };
	int r;

	if (n_locations > MAX_FRAMES)
		return -ENOSPC;
	if (count > INT64_MAX - b->n_samples)
		return -ERANGE;
	buf_clear(&b->stack);
	r = buf_add(&b->stack, &head, sizeof(head));
	if (r == 0 && n_locations)
		r = buf_add(&b->stack, locations, n_locations * sizeof(*locations));
	if (r == 0)
		r = tables_add_sample(&b->tables, (const void *)b->stack.data, b->stack.size, count, cpu_ns);
	if (r < 0)
		return r;
	b->n_samples += count;
	return 0;
}

int profile_builder_add(struct profile_builder *b, const struct frame *frames, size_t n_frames,
			const struct label *labels, size_t n_labels, uint64_t count, uint64_t cpu_ns)
{
	uint32_t label_set;
	int r;

	buf_clear(&b->locations);
	r = profile_builder_add_labels(b, labels, n_labels, &label_set);
	if (r == 0)
		r = profile_builder_add_frames(b, frames, n_frames, &b->locations);
	if (r < 0)
		return r;
	return profile_builder_add_sample(b, label_set, (const void *)b->locations.data,
					  b->locations.size / sizeof(uint32_t), count, cpu_ns);
}

int profile_builder_set_main(struct profile_builder *b, const struct profile_mapping *m)
{
	return tables_add_mapping(&b->tables, m, &b->main_mapping);
}

int profile_builder_add_comment(struct profile_builder *b, const char *text)
{
	uint32_t string;
	int r;

	if (b->comments.size / sizeof(string) >= MAX_COMMENTS)
		return -ENOSPC;
	r = tables_add_string(&b->tables, text, &string);
	if (r < 0)
		return r;
	return buf_add(&b->comments, &string, sizeof(string));
}

int profile_builder_label_values(const struct profile_builder *b, struct label_values *ret)
{
	return label_values_of_tables(&b->tables, ret);
}

uint64_t profile_builder_n_samples(const struct profile_builder *b)
{
	return b->n_samples;
}

int profile_builder_encode(struct profile_builder *b, const struct profile_meta *meta, struct buf *ret)
{
	struct profile_head head = {
		.time_ns = meta->time_ns,
		.duration_ns = meta->duration_ns,
		.period_ns = meta->period_ns,
		.main_mapping = b->main_mapping,
		.comments = (const void *)b->comments.data,
		.n_comments = b->comments.size / sizeof(uint32_t),
	};
	int r;

	r = tables_add_string(&b->tables, meta->doc_url, &head.doc_url);
	if (r < 0)
		return r;
	return encode_profile(&b->tables, &head, ret);
}
