// SPDX-License-Identifier: Apache-2.0
#include "pprof/split.h"

#include <string.h>

#include "pprof/copier.h"
#include "pprof/pool.h"
#include "pprof/tables.h"

/* The labels of one series lie in `labels`. */
struct series {
	size_t first_label, n_labels;
	uint32_t n_samples;
	unsigned int n_parts;
};

struct profile_split_memory {
	const struct profile *profile;
	struct profile_split_limits limits;
	struct pool keys;  /* of series: "key\0value\0" of each label */
	struct buf series; /* struct series, numbered as keys are */
	struct buf labels; /* struct profile_label */
	uint32_t *series_of_sample;
	uint32_t *order;                       /* of series, by their keys */
	const struct profile_sample **samples; /* of one series after the other */
	uint32_t *series_of_part;
	size_t parts_capacity;
	bool is_measured; /* a part could exceed max_bytes */
};

static void memory_free(struct profile_split_memory *m)
{
	if (!m)
		return;
	pool_done(&m->keys);
	buf_done(&m->series);
	buf_done(&m->labels);
	free(m->series_of_sample);
	free(m->order);
	free(m->samples);
	free(m->series_of_part);
	free(m);
}

void profile_split_done(struct profile_split *s)
{
	free(s->parts);
	memory_free(s->memory);
	*s = (struct profile_split){};
}

/* -- which series a sample is of -- */

static bool is_listed(const char *const *keys, const char *key)
{
	for (; *keys; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

static bool makes_series(const struct profile_split_limits *limits, const struct profile_label *l)
{
	const char *const *keys = limits->series_keys;

	if (!keys || !keys[0] || !l->str || !*l->str || !*l->key)
		return false;
	return strcmp(keys[0], "*") == 0 ? !is_listed(keys + 1, l->key) : is_listed(keys, l->key);
}

static int compare_labels(const void *a, const void *b)
{
	const struct profile_label *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Appended to m->labels in byte order. Of labels with one key the first counts, as for the builder. */
static int add_series_labels(struct profile_split_memory *m, const struct profile_sample *s)
{
	size_t start = m->labels.size, n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_labels; i++)
		if (makes_series(&m->limits, &s->labels[i]) && profile_find_label(s, s->labels[i].key) == &s->labels[i])
			r = buf_add(&m->labels, &s->labels[i], sizeof(s->labels[i]));
	n = (m->labels.size - start) / sizeof(struct profile_label);
	if (r == 0 && n > 1)
		qsort(m->labels.data + start, n, sizeof(struct profile_label), compare_labels);
	return r;
}

static int find_series(struct profile_split_memory *m, size_t first_label, struct buf *key, uint32_t *ret)
{
	const struct profile_label *labels = (const void *)m->labels.data;
	int r = 0;

	buf_clear(key);
	for (size_t i = first_label; r == 0 && i < m->labels.size / sizeof(*labels); i++) {
		r = buf_add(key, labels[i].key, strlen(labels[i].key) + 1);
		if (r == 0)
			r = buf_add(key, labels[i].str, strlen(labels[i].str) + 1);
	}
	if (r < 0)
		return r;
	return pool_add(&m->keys, key->data, key->size, ret);
}

static struct series *series_at(const struct profile_split_memory *m, uint32_t number)
{
	return (struct series *)(void *)m->series.data + number;
}

static int note_sample(struct profile_split_memory *m, size_t sample, struct buf *key)
{
	size_t first = m->labels.size / sizeof(struct profile_label), n_known = m->keys.n;
	uint32_t number = 0;
	int r;

	r = add_series_labels(m, &m->profile->samples[sample]);
	if (r == 0)
		r = find_series(m, first, key, &number);
	if (r == 0 && number == n_known) {
		const struct series fresh = { .first_label = first,
					      .n_labels = m->labels.size / sizeof(struct profile_label) - first };

		r = buf_add(&m->series, &fresh, sizeof(fresh));
	} else if (r == 0) {
		m->labels.size = first * sizeof(struct profile_label); /* they are there already */
	}
	if (r < 0)
		return r;
	m->series_of_sample[sample] = number;
	series_at(m, number)->n_samples++;
	return 0;
}

/* A series without labels, and without samples. */
static int note_none(struct profile_split_memory *m)
{
	const struct series none = {};
	uint32_t number;
	int r = pool_add(&m->keys, "", 0, &number);

	return r < 0 ? r : buf_add(&m->series, &none, sizeof(none));
}

static int note_samples(struct profile_split_memory *m)
{
	_cleanup_(buf_done) struct buf key = {};
	int r = 0;

	if (m->profile->n_samples == 0 && m->limits.keeps_empty)
		return note_none(m);
	for (size_t i = 0; r == 0 && i < m->profile->n_samples; i++)
		r = note_sample(m, i, &key);
	return r;
}

/* -- the order -- */

static int compare_series(const void *a, const void *b, void *keys)
{
	size_t x_size, y_size;
	const void *x = pool_get(keys, *(const uint32_t *)a, &x_size);
	const void *y = pool_get(keys, *(const uint32_t *)b, &y_size);
	int order = memcmp(x, y, x_size < y_size ? x_size : y_size);

	return order ? order : (x_size > y_size) - (x_size < y_size);
}

/* Samples of one series become neighbours, and stay in their order. */
static int sort_samples(struct profile_split_memory *m)
{
	_cleanup_free_ size_t *next = calloc(m->keys.n + 1, sizeof(*next));
	size_t at = 0;

	m->order = calloc(m->keys.n + 1, sizeof(*m->order));
	if (!next || !m->order)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->keys.n; i++)
		m->order[i] = i;
	qsort_r(m->order, m->keys.n, sizeof(*m->order), compare_series, &m->keys);
	for (size_t i = 0; i < m->keys.n; i++) {
		next[m->order[i]] = at;
		at += series_at(m, m->order[i])->n_samples;
	}
	for (size_t i = 0; i < m->profile->n_samples; i++)
		m->samples[next[m->series_of_sample[i]]++] = &m->profile->samples[i];
	return 0;
}

/* -- the parts -- */

static int reserve_part(struct profile_split *s)
{
	struct profile_split_memory *m = s->memory;
	size_t capacity = m->parts_capacity ? m->parts_capacity * 2 : 16;
	struct profile_part *parts;
	uint32_t *series;

	if (s->parts && s->n_parts < m->parts_capacity)
		return 0;
	parts = reallocarray(s->parts, capacity, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	s->parts = parts;
	series = reallocarray(m->series_of_part, capacity, sizeof(*series));
	if (!series)
		return -ENOMEM;
	m->series_of_part = series;
	m->parts_capacity = capacity;
	return 0;
}

static struct profile_part part_of(const struct profile_split_memory *m, uint32_t series,
				   const struct profile_sample *const *samples, size_t n)
{
	return (struct profile_part){
		.profile = m->profile,
		.samples = samples,
		.n_samples = n,
		.series =
			(const struct profile_label *)(const void *)m->labels.data + series_at(m, series)->first_label,
		.n_series = series_at(m, series)->n_labels,
	};
}

static int add_part(struct profile_split *s, uint32_t series, const struct profile_sample *const *samples, size_t n)
{
	struct profile_split_memory *m = s->memory;
	int r = reserve_part(s);

	if (r < 0)
		return r;
	m->series_of_part[s->n_parts] = series;
	s->parts[s->n_parts] = part_of(m, series, samples, n);
	s->parts[s->n_parts].index = series_at(m, series)->n_parts++;
	s->parts[s->n_parts].number = (unsigned int)s->n_parts;
	s->n_parts++;
	return 0;
}

static int measure(const struct profile_split_memory *m, const struct profile_part *part, size_t *ret)
{
	const struct profile_part_options options = { .max_frames = m->limits.max_frames };
	_cleanup_(buf_done) struct buf bytes = {};
	int r = profile_part_encode(part, &options, &bytes);

	if (r == 0)
		*ret = bytes.size;
	return r;
}

/* Halves until each fits. How much two samples share is only known when they are encoded, so that is what is done. */
static int cut_to_bytes(struct profile_split *s, uint32_t series, const struct profile_sample *const *samples, size_t n)
{
	size_t size = 0;
	int r;

	if (s->memory->is_measured && n > 1) {
		const struct profile_part part = part_of(s->memory, series, samples, n);

		r = measure(s->memory, &part, &size);
		if (r < 0)
			return r;
	}
	if (size <= s->memory->limits.max_bytes)
		return add_part(s, series, samples, n);
	r = cut_to_bytes(s, series, samples, n / 2);
	return r < 0 ? r : cut_to_bytes(s, series, samples + n / 2, n - n / 2);
}

static int cut_series(struct profile_split *s, uint32_t series, const struct profile_sample *const *samples)
{
	size_t left = series_at(s->memory, series)->n_samples;
	size_t max = s->memory->limits.max_samples ? s->memory->limits.max_samples : left;
	int r = 0;

	for (; r == 0 && left > 0; samples += max) {
		if (max > left)
			max = left;
		r = cut_to_bytes(s, series, samples, max);
		left -= max;
	}
	return r;
}

/* No part is larger than the whole: mostly one look is enough. */
static int find_whether_measured(struct profile_split_memory *m)
{
	const struct profile_part whole = { .profile = m->profile,
					    .samples = m->samples,
					    .n_samples = m->profile->n_samples };
	size_t size;
	int r;

	if (m->limits.max_bytes == 0)
		return 0;
	r = measure(m, &whole, &size);
	if (r == 0)
		m->is_measured = size > m->limits.max_bytes;
	return r;
}

static int cut(struct profile_split *s)
{
	struct profile_split_memory *m = s->memory;
	const struct profile_sample *const *samples = m->samples;
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->keys.n; i++) {
		r = cut_series(s, m->order[i], samples);
		samples += series_at(m, m->order[i])->n_samples;
	}
	if (r == 0 && s->n_parts == 0 && m->keys.n > 0)
		r = add_part(s, 0, samples, 0);
	return r;
}

static int init(struct profile_split *s, const struct profile *p, const struct profile_split_limits *limits)
{
	struct profile_split_memory *m = s->memory = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->profile = p;
	m->limits = *limits;
	m->samples = calloc(p->n_samples + 1, sizeof(const struct profile_sample *));
	m->series_of_sample = calloc(p->n_samples + 1, sizeof(*m->series_of_sample));
	if (!m->samples || !m->series_of_sample)
		return -ENOMEM;
	r = pool_init(&m->keys, PROFILE_MAX_LABEL_SETS, PROFILE_MAX_LABEL_SETS_BYTES);
	if (r < 0)
		return r;
	r = note_samples(m);
	if (r < 0)
		return r;
	r = sort_samples(m);
	if (r < 0)
		return r;
	r = find_whether_measured(m);
	if (r < 0)
		return r;
	return cut(s);
}

int profile_split_init(const struct profile *p, const struct profile_split_limits *limits, struct profile_split *ret)
{
	_cleanup_(profile_split_done) struct profile_split s = {};
	int r;

	if (!copier_takes(p))
		return -EINVAL;
	r = init(&s, p, limits);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct profile_split){};
	return 0;
}

int profile_split_halve(struct profile_split *s, size_t number)
{
	size_t n = s->parts[number].n_samples / 2;
	int r;

	if (n == 0)
		return PROFILE_SPLIT_SINGLE;
	r = add_part(s, s->memory->series_of_part[number], s->parts[number].samples + n,
		     s->parts[number].n_samples - n);
	if (r < 0)
		return r;
	s->parts[number].n_samples = n;
	return 0;
}
