// SPDX-License-Identifier: Apache-2.0
#include "report/diff.h"

#include <math.h>
#include <string.h>

#include "common/buf.h"
#include "pprof/pool.h"
#include "report/frame-table.h"
#include "report/label-text.h"
#include "report/normalize.h"
#include "report/stack-reader.h"

#define SIGMAS 1.96      /* 95 % of a normal distribution */
#define CHANCE_PART 0.05 /* of the changes that are shown, at most */
#define MIN_SAMPLES 4    /* fewer are no change, however they are distributed */
#define MAX_ERROR 0x1p62 /* fits an int64_t */

struct sums {
	struct call_value self[DIFF_N_SIDES], total[DIFF_N_SIDES];
	uint64_t last_stack; /* that it was counted for; 0: none yet */
};

struct diff {
	enum diff_by by;
	const char *const *labels;
	size_t n_labels;
	struct pool names;   /* "name NUL library NUL" */
	struct buf sums;     /* struct sums, by the number of the name */
	struct buf of_frame; /* uint32_t, by frame: the row's number plus one; 0: not yet looked up */
	struct buf key;
	struct call_value all[DIFF_N_SIDES];
	uint64_t n_stacks, n_beyond;
};

int diff_new(enum diff_by by, const char *const *labels, size_t n_labels, struct diff **ret)
{
	_cleanup_(diff_freep) struct diff *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->by = by;
	d->labels = labels;
	d->n_labels = n_labels;
	r = pool_init(&d->names, DIFF_MAX_ROWS, DIFF_MAX_BYTES);
	if (r == 0)
		*ret = take_ptr(d);
	return r;
}

struct diff *diff_free(struct diff *d)
{
	if (!d)
		return NULL;
	pool_done(&d->names);
	buf_done(&d->sums);
	buf_done(&d->of_frame);
	buf_done(&d->key);
	free(d);
	return NULL;
}

/* The number of the name in the key. */
static int find_key(struct diff *d, uint32_t *ret)
{
	const struct sums none = {};
	int r = pool_add(&d->names, d->key.data, d->key.size, ret);

	if (r == 0 && *ret == d->sums.size / sizeof(none))
		r = buf_add(&d->sums, &none, sizeof(none));
	return r;
}

/* A name and a library behind what is in the key already. */
static int add_to_key(struct diff *d, const char *name, const char *library)
{
	int r = buf_add(&d->key, name, strlen(name) + 1);

	return r == 0 ? buf_add(&d->key, library, strlen(library) + 1) : r;
}

/* The row "(other)" is made first, so that there is room for it. */
static int find_other(struct diff *d, uint32_t *ret)
{
	int r;

	buf_clear(&d->key);
	r = add_to_key(d, FRAME_OTHER, "");
	return r == 0 ? find_key(d, ret) : r;
}

static int find_or_other(struct diff *d, uint32_t *ret)
{
	int r = find_key(d, ret);

	if (r != -ENOSPC)
		return r;
	d->n_beyond++;
	return find_other(d, ret);
}

/* The values of the labels first. */
static int find_row_of_frame(struct diff *d, const struct stack *s, const struct frame_info *f, uint32_t *ret)
{
	int r;

	buf_clear(&d->key);
	r = label_text_add(s->labels, s->n_labels, d->labels, d->n_labels, &d->key);
	if (r == 0 && d->n_labels > 0)
		r = buf_add_str(&d->key, ", ");
	if (r == 0)
		r = d->by == DIFF_BY_LIBRARY ? add_to_key(d, f->library, "") : add_to_key(d, f->function, f->library);
	return r == 0 ? find_or_other(d, ret) : r;
}

/* Without labels a frame has one row: what was looked up once is known. */
static int row_of_frame(struct diff *d, const struct stack *s, const struct frame_table *frames, uint32_t frame,
			uint32_t *ret)
{
	const uint32_t none = 0;
	uint32_t number;
	int r = 0;

	if (d->n_labels > 0)
		return find_row_of_frame(d, s, frame_table_get(frames, frame), ret);
	while (r == 0 && d->of_frame.size / sizeof(none) <= frame)
		r = buf_add(&d->of_frame, &none, sizeof(none));
	if (r < 0)
		return r;
	memcpy(&number, d->of_frame.data + frame * sizeof(number), sizeof(number));
	if (number == 0) {
		r = find_row_of_frame(d, s, frame_table_get(frames, frame), &number);
		if (r < 0)
			return r;
		number++;
		memcpy(d->of_frame.data + frame * sizeof(number), &number, sizeof(number));
	}
	*ret = number - 1;
	return 0;
}

static int add_value(struct call_value *sum, const struct stack *s)
{
	return __builtin_add_overflow(sum->n_samples, s->n_samples, &sum->n_samples) ||
			       __builtin_add_overflow(sum->value, s->value, &sum->value)
		       ? -ERANGE
		       : 0;
}

static int count(struct diff *d, uint32_t row, size_t side, const struct stack *s, bool is_self)
{
	struct sums *sums = (struct sums *)(void *)d->sums.data + row;
	int r = is_self ? add_value(&sums->self[side], s) : 0;

	if (r == 0 && sums->last_stack != d->n_stacks)
		r = add_value(&sums->total[side], s);
	sums->last_stack = d->n_stacks;
	return r;
}

static int add_labels(struct diff *d, size_t side, const struct stack *s)
{
	uint32_t row;
	int r;

	buf_clear(&d->key);
	r = label_text_add(s->labels, s->n_labels, d->labels, d->n_labels, &d->key);
	if (r == 0)
		r = buf_add(&d->key, "\0", 2);
	if (r == 0)
		r = find_or_other(d, &row);
	return r == 0 ? count(d, row, side, s, true) : r;
}

static int add_frames(struct diff *d, size_t side, const struct frame_table *frames, const struct stack *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_frames; i++) {
		uint32_t row;

		r = row_of_frame(d, s, frames, s->frames[i], &row);
		if (r == 0)
			r = count(d, row, side, s, i == 0);
	}
	return r;
}

int diff_add(struct diff *d, size_t side, const struct frame_table *frames, const struct stack *s)
{
	uint32_t other;
	int r = d->n_stacks == 0 ? find_other(d, &other) : 0;

	d->n_stacks++;
	if (r == 0)
		r = add_value(&d->all[side], s);
	if (r < 0)
		return r;
	return d->by == DIFF_BY_LABELS ? add_labels(d, side, s) : add_frames(d, side, frames, s);
}

struct call_value diff_sum(const struct diff *d, size_t side)
{
	return d->all[side];
}

uint64_t diff_n_beyond(const struct diff *d)
{
	return d->n_beyond;
}

/* The square of the standard deviation: each of n samples is worth value / n. */
static double variance(const struct call_value *v, double factor)
{
	double n = fabs((double)v->n_samples), value = (double)v->value * factor;

	return n > 0 ? value * value / n : 0;
}

void diff_change_of(const struct call_value values[static DIFF_N_SIDES], const struct diff_scale *scale,
		    struct diff_change *ret)
{
	const double *factors = scale->factors;
	struct diff_change c = {
		.before = normalize_value(values[DIFF_BEFORE].value, factors[DIFF_BEFORE]),
		.after = normalize_value(values[DIFF_AFTER].value, factors[DIFF_AFTER]),
	};

	c.delta = (int64_t)((uint64_t)c.after - (uint64_t)c.before);
	if (scale->has_errors)
		c.error = fmin(SIGMAS * sqrt(variance(&values[DIFF_BEFORE], factors[DIFF_BEFORE]) +
					     variance(&values[DIFF_AFTER], factors[DIFF_AFTER])),
			       MAX_ERROR);
	c.is_noise = c.delta == 0 || fabs((double)c.delta) <= c.error;
	*ret = c;
}

/* How large it is; INFINITY: there is no chance in it. */
static double sigmas_of(const struct diff_change *c)
{
	if (c->delta == 0)
		return 0;
	return c->error > 0 ? fabs((double)c->delta) / c->error * SIGMAS : INFINITY;
}

static void mark_noise(struct diff_change *c, const struct diff_scale *scale)
{
	c->is_noise = c->is_noise || sigmas_of(c) < scale->row_sigmas;
}

void diff_row_change_of(const struct diff_row *row, const struct diff_scale *scale, struct diff_change *ret_self,
			struct diff_change *ret_total)
{
	diff_change_of(row->self, scale, ret_self);
	diff_change_of(row->total, scale, ret_total);
	mark_noise(ret_self, scale);
	mark_noise(ret_total, scale);
}

/* What a row is sorted by. */
struct ranked {
	struct diff_row row;
	struct diff_change self, total;
};

static int by_size(int64_t a, int64_t b)
{
	double x = fabs((double)a), y = fabs((double)b);

	return (x < y) - (x > y);
}

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	bool x_noise = x->self.is_noise && x->total.is_noise, y_noise = y->self.is_noise && y->total.is_noise;
	int order = x_noise - y_noise;

	if (order == 0)
		order = by_size(x->self.delta, y->self.delta);
	if (order == 0)
		order = by_size(x->total.delta, y->total.delta);
	if (order == 0)
		order = strcmp(x->row.name, y->row.name);
	return order ? order : strcmp(x->row.library, y->row.library);
}

static int descending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

static bool may_change(const struct call_value values[static DIFF_N_SIDES])
{
	return llabs(values[DIFF_BEFORE].n_samples) + llabs(values[DIFF_AFTER].n_samples) >= MIN_SAMPLES;
}

/* Of each row's self and total; there is room for both. */
static size_t list_sigmas(const struct diff *d, const struct diff_scale *scale, double *sigmas)
{
	const struct sums *sums = (const void *)d->sums.data;
	size_t n = 0;

	for (size_t i = 0; i < d->names.n; i++) {
		const struct call_value *values[] = { sums[i].self, sums[i].total };

		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			struct diff_change c;

			diff_change_of(values[j], scale, &c);
			if (may_change(values[j]))
				sigmas[n++] = sigmas_of(&c);
		}
	}
	return n;
}

/*
 * How large a change must be: the k largest of n are changes when chance makes no more than k * CHANCE_PART of n so
 * large, and of all such k the greatest counts. INFINITY: there is none.
 */
static double bound_of(double *sigmas, size_t n)
{
	double bound = INFINITY;

	qsort(sigmas, n, sizeof(*sigmas), descending);
	for (size_t k = 1; k <= n; k++)
		if (erfc(sigmas[k - 1] / M_SQRT2) * (double)n <= CHANCE_PART * (double)k)
			bound = sigmas[k - 1];
	return bound;
}

static int set_row_sigmas(const struct diff *d, struct diff_scale *scale)
{
	_cleanup_free_ double *sigmas = calloc(2 * d->names.n + 1, sizeof(*sigmas));

	if (!sigmas)
		return -ENOMEM;
	scale->row_sigmas = scale->has_errors ? bound_of(sigmas, list_sigmas(d, scale, sigmas)) : 0;
	return 0;
}

static size_t rank(const struct diff *d, const struct diff_scale *scale, struct ranked *ret)
{
	const struct sums *sums = (const void *)d->sums.data;
	size_t n = 0;

	for (size_t i = 0; i < d->names.n; i++) {
		struct ranked *to = &ret[n];
		size_t size;

		if (sums[i].last_stack == 0)
			continue;
		to->row.name = pool_get(&d->names, (uint32_t)i, &size);
		to->row.library = to->row.name + strlen(to->row.name) + 1;
		memcpy(to->row.self, sums[i].self, sizeof(to->row.self));
		memcpy(to->row.total, sums[i].total, sizeof(to->row.total));
		diff_row_change_of(&to->row, scale, &to->self, &to->total);
		n++;
	}
	qsort(ret, n, sizeof(*ret), compare_ranked);
	return n;
}

int diff_rows(const struct diff *d, struct diff_scale *scale, struct diff_row **ret, size_t *ret_n)
{
	_cleanup_free_ struct ranked *ranked = calloc(d->names.n + 1, sizeof(*ranked));
	_cleanup_free_ struct diff_row *rows = calloc(d->names.n + 1, sizeof(*rows));
	size_t n;
	int r;

	if (!ranked || !rows)
		return -ENOMEM;
	r = set_row_sigmas(d, scale);
	if (r < 0)
		return r;
	n = rank(d, scale, ranked);
	for (size_t i = 0; i < n; i++)
		rows[i] = ranked[i].row;
	*ret = take_ptr(rows);
	*ret_n = n;
	return 0;
}
