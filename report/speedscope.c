// SPDX-License-Identifier: Apache-2.0
#include "report/speedscope.h"

#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "pprof/pool.h"
#include "pprof/profile.h"
#include "pprof/tables.h"
#include "report/frame-table.h"
#include "report/label-text.h"
#include "report/stack-reader.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

/* The same stack of the same group: its frames, root first, behind the group's number. */
struct entry {
	const uint32_t *key; /* in the pool of stacks */
	size_t n_keys;
	int64_t weight;
};

struct group {
	const char *name; /* in the pool of groups */
	struct entry *entries;
	size_t n_entries;
	int64_t weight;
};

struct writer {
	const struct profile *profile;
	const struct speedscope_options *options;
	struct frame_table *frames;
	struct pool names, stacks;
	struct buf weights; /* int64_t, by the number of the stack */
	struct buf name, key;
	struct entry *entries;
	struct group *groups;
};

static void writer_done(struct writer *w)
{
	frame_table_free(w->frames);
	pool_done(&w->names);
	pool_done(&w->stacks);
	buf_done(&w->weights);
	buf_done(&w->name);
	buf_done(&w->key);
	free(w->entries);
	free(w->groups);
}

static int writer_init(struct writer *w, const struct profile *p, const struct speedscope_options *options)
{
	int r;

	*w = (struct writer){ .profile = p, .options = options };
	r = frame_table_new(&w->frames);
	if (r == 0)
		r = pool_init(&w->names, PROFILE_MAX_LABEL_SETS, PROFILE_MAX_LABEL_SETS_BYTES);
	if (r == 0)
		r = pool_init(&w->stacks, PROFILE_MAX_SAMPLES, PROFILE_MAX_SAMPLES_BYTES);
	return r;
}

static int add_key(struct writer *w, const struct stack *s)
{
	uint32_t group;
	int r;

	buf_clear(&w->name);
	r = label_text_add(s->labels, s->n_labels, w->options->by, w->options->n_by, &w->name);
	if (r == 0)
		r = pool_add(&w->names, w->name.data ? w->name.data : "", w->name.size + 1, &group);
	buf_clear(&w->key);
	if (r == 0)
		r = buf_add(&w->key, &group, sizeof(group));
	for (size_t i = s->n_frames; r == 0 && i > 0; i--)
		r = buf_add(&w->key, &s->frames[i - 1], sizeof(s->frames[i - 1]));
	return r;
}

static int add_stack(struct writer *w, const struct stack *s, int64_t weight)
{
	const int64_t none = 0;
	int64_t *sum;
	uint32_t number;
	int r = add_key(w, s);

	if (r == 0)
		r = pool_add(&w->stacks, w->key.data, w->key.size, &number);
	if (r == 0 && number == w->weights.size / sizeof(none))
		r = buf_add(&w->weights, &none, sizeof(none));
	if (r < 0)
		return r;
	sum = (int64_t *)(void *)w->weights.data + number;
	return __builtin_add_overflow(*sum, weight, sum) ? -ERANGE : 0;
}

static int add_stacks(struct writer *w)
{
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	int r = stack_reader_init(&reader, w->frames, w->profile);

	for (size_t i = 0; r == 0 && i < w->profile->n_samples; i++) {
		struct stack s;

		r = stack_reader_read(&reader, i, &s);
		if (r == 0)
			r = add_stack(w, &s, w->profile->samples[i].values[w->options->value_type]);
	}
	return r;
}

/* By group, then by frames from the root on. */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t n = x->n_keys < y->n_keys ? x->n_keys : y->n_keys;

	for (size_t i = 0; i < n; i++)
		if (x->key[i] != y->key[i])
			return x->key[i] < y->key[i] ? -1 : 1;
	return (x->n_keys > y->n_keys) - (x->n_keys < y->n_keys);
}

static int sort_entries(struct writer *w)
{
	const int64_t *weights = (const void *)w->weights.data;

	w->entries = calloc(w->stacks.n + 1, sizeof(*w->entries));
	if (!w->entries)
		return -ENOMEM;
	for (size_t i = 0; i < w->stacks.n; i++) {
		size_t size;

		w->entries[i].key = pool_get(&w->stacks, (uint32_t)i, &size);
		w->entries[i].n_keys = size / sizeof(uint32_t);
		w->entries[i].weight = weights[i];
	}
	qsort(w->entries, w->stacks.n, sizeof(*w->entries), compare_entries);
	return 0;
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Entries of one group are neighbours by now. */
static int sort_groups(struct writer *w)
{
	w->groups = calloc(w->names.n + 1, sizeof(*w->groups));
	if (!w->groups)
		return -ENOMEM;
	for (size_t i = 0; i < w->stacks.n; i++) {
		struct entry *e = &w->entries[i];
		struct group *g = &w->groups[e->key[0]];
		size_t size;

		if (e->weight < 0)
			return SPEEDSCOPE_NEGATIVE;
		if (g->n_entries++ == 0) {
			g->name = pool_get(&w->names, e->key[0], &size);
			g->entries = e;
		}
		if (__builtin_add_overflow(g->weight, e->weight, &g->weight))
			return -ERANGE;
	}
	qsort(w->groups, w->names.n, sizeof(*w->groups), compare_groups);
	return 0;
}

static int add_frame(const struct frame_info *f, struct buf *ret)
{
	const char *file = f->file[0] ? f->file : f->library;
	int r = buf_add_str(ret, "{\"name\":");

	if (r == 0)
		r = json_add_quoted(f->function, ret);
	if (r == 0 && file[0])
		r = buf_add_str(ret, ",\"file\":");
	if (r == 0 && file[0])
		r = json_add_quoted(file, ret);
	return r == 0 ? buf_add_char(ret, '}') : r;
}

static int add_frames(const struct writer *w, struct buf *ret)
{
	int r = buf_add_str(ret, ",\"shared\":{\"frames\":[");

	for (size_t i = 0; r == 0 && i < frame_table_n(w->frames); i++) {
		if (i > 0)
			r = buf_add_char(ret, ',');
		if (r == 0)
			r = add_frame(frame_table_get(w->frames, (uint32_t)i), ret);
	}
	return r == 0 ? buf_add_str(ret, "]}") : r;
}

/* Those without weight are no samples. */
static int add_samples(const struct group *g, struct buf *ret)
{
	const char *comma = "";
	int r = buf_add_str(ret, ",\"samples\":[");

	for (size_t i = 0; r == 0 && i < g->n_entries; i++) {
		const struct entry *e = &g->entries[i];

		if (e->weight == 0)
			continue;
		r = buf_add_str(ret, comma);
		for (size_t k = 1; r == 0 && k < e->n_keys; k++)
			r = buf_printf(ret, "%c%" PRIu32, k == 1 ? '[' : ',', e->key[k]);
		if (r == 0)
			r = buf_add_char(ret, ']');
		comma = ",";
	}
	return r == 0 ? buf_add_char(ret, ']') : r;
}

static int add_weights(const struct group *g, struct buf *ret)
{
	const char *comma = "";
	int r = buf_add_str(ret, ",\"weights\":[");

	for (size_t i = 0; r == 0 && i < g->n_entries; i++) {
		if (g->entries[i].weight == 0)
			continue;
		r = buf_printf(ret, "%s%" PRId64, comma, g->entries[i].weight);
		comma = ",";
	}
	return r == 0 ? buf_add_char(ret, ']') : r;
}

/* What the format's FileFormat.ValueUnit has. */
static const char *unit_of(const struct profile_value_type *type)
{
	static const char *const units[] = { "bytes", "microseconds", "milliseconds", "nanoseconds", "seconds" };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(type->unit, units[i]) == 0)
			return units[i];
	return "none";
}

static int add_group(const struct writer *w, const struct group *g, struct buf *ret)
{
	const char *unit = unit_of(&w->profile->sample_types[w->options->value_type]);
	int r = buf_add_str(ret, "{\"type\":\"sampled\",\"name\":");

	if (r == 0)
		r = json_add_quoted(w->options->n_by ? g->name : w->options->name, ret);
	if (r == 0)
		r = buf_printf(ret, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%" PRId64, unit, g->weight);
	if (r == 0)
		r = add_samples(g, ret);
	if (r == 0)
		r = add_weights(g, ret);
	return r == 0 ? buf_add_char(ret, '}') : r;
}

static int add_file(const struct writer *w, struct buf *ret)
{
	int r = buf_add_str(ret,
			    "{\"$schema\":\"" SCHEMA "\",\"exporter\":\"cpuhound " CPUHOUND_VERSION "\",\"name\":");

	if (r == 0)
		r = json_add_quoted(w->options->name, ret);
	if (r == 0)
		r = add_frames(w, ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"profiles\":[");
	for (size_t i = 0; r == 0 && i < w->names.n; i++) {
		if (i > 0)
			r = buf_add_char(ret, ',');
		if (r == 0)
			r = add_group(w, &w->groups[i], ret);
	}
	return r == 0 ? buf_add_str(ret, "]}\n") : r;
}

int speedscope_add(const struct profile *p, const struct speedscope_options *options, struct buf *ret)
{
	_cleanup_(writer_done) struct writer w = {};
	int r = writer_init(&w, p, options);

	if (r == 0)
		r = add_stacks(&w);
	if (r == 0)
		r = sort_entries(&w);
	if (r == 0)
		r = sort_groups(&w);
	return r == 0 ? add_file(&w, ret) : r;
}
