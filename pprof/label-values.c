// SPDX-License-Identifier: Apache-2.0
#include "pprof/label-values.h"

#include <string.h>

#include "pprof/pool.h"
#include "pprof/profile.h"
#include "pprof/tables.h"

void label_values_done(struct label_values *v)
{
	free(v->items);
	buf_done(&v->text);
	*v = (struct label_values){};
}

static int compare(const void *a, const void *b)
{
	const struct label_value *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : strcmp(x->value, y->value);
}

static int add(struct label_values *v, const char *key, size_t key_size, const char *value, size_t value_size)
{
	int r;

	if (v->text.size + key_size + value_size + 2 > LABEL_VALUES_MAX_BYTES) {
		v->is_partial = true;
		return 0;
	}
	r = buf_add(&v->text, key, key_size);
	if (r == 0)
		r = buf_add_char(&v->text, 0);
	if (r == 0)
		r = buf_add(&v->text, value, value_size);
	if (r == 0)
		r = buf_add_char(&v->text, 0);
	v->n += r == 0;
	return r;
}

/* The text does not move any more. A foreign profile may have a string twice, and so a pair. */
static int finish(struct label_values *v)
{
	size_t n_pairs = v->n;
	const char *p = v->text.data;

	v->n = 0;
	if (n_pairs == 0)
		return 0;
	v->items = calloc(n_pairs, sizeof(*v->items));
	if (!v->items)
		return -ENOMEM;
	for (size_t i = 0; i < n_pairs; i++) {
		v->items[i].key = p;
		p += strlen(p) + 1;
		v->items[i].value = p;
		p += strlen(p) + 1;
	}
	qsort(v->items, n_pairs, sizeof(*v->items), compare);
	for (size_t i = 0; i < n_pairs; i++)
		if (v->n == 0 || compare(&v->items[i], &v->items[v->n - 1]) != 0)
			v->items[v->n++] = v->items[i];
	return 0;
}

/* Whether a pair of strings, as bytes that stand for them, is seen for the first time. Beyond the limit none is. */
static int note(struct pool *seen, const void *pair, size_t size, struct label_values *v, bool *ret_is_new)
{
	size_t n = seen->n;
	uint32_t number;
	int r;

	r = pool_add(seen, pair, size, &number);
	v->is_partial |= r == -ENOSPC;
	*ret_is_new = seen->n > n;
	return r == -ENOSPC ? 0 : r;
}

static int init(struct pool *seen)
{
	return pool_init(seen, LABEL_VALUES_MAX, LABEL_VALUES_MAX * sizeof(struct label_value));
}

/* Strings of one profile that are equal have one address, mostly. */
static int add_sample(struct pool *seen, const struct profile_sample *s, struct label_values *v)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_labels; i++) {
		const struct label_value pair = { s->labels[i].key, s->labels[i].str ?: "" };
		bool is_new;

		r = note(seen, &pair, sizeof(pair), v, &is_new);
		if (r == 0 && is_new)
			r = add(v, pair.key, strlen(pair.key), pair.value, strlen(pair.value));
	}
	return r;
}

static int add_set(struct pool *seen, const struct tables *t, uint32_t set, struct label_values *v)
{
	size_t n;
	const struct label_record *labels = tables_label_set(t, set, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const uint32_t pair[] = { labels[i].key, labels[i].str };
		size_t key_size, value_size;
		bool is_new;

		r = note(seen, pair, sizeof(pair), v, &is_new);
		if (r == 0 && is_new) {
			const char *key = tables_string(t, labels[i].key, &key_size);
			const char *value = tables_string(t, labels[i].str, &value_size);

			r = add(v, key, key_size, value, value_size);
		}
	}
	return r;
}

int label_values_of_profile(const struct profile *p, struct label_values *ret)
{
	_cleanup_(pool_done) struct pool seen = {};
	int r = init(&seen);

	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = add_sample(&seen, &p->samples[i], ret);
	return r == 0 ? finish(ret) : r;
}

int label_values_of_tables(const struct tables *t, struct label_values *ret)
{
	_cleanup_(pool_done) struct pool seen = {};
	int r = init(&seen);

	for (uint32_t i = 0; r == 0 && i < t->label_sets.n; i++)
		r = add_set(&seen, t, i, ret);
	return r == 0 ? finish(ret) : r;
}
