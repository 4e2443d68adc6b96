// SPDX-License-Identifier: Apache-2.0
#include "report/go-pgo.h"

#include <stdbool.h>
#include <string.h>

#include "pprof/build.h"
#include "pprof/copier.h"
#include "pprof/pool.h"
#include "pprof/profile.h"
#include "pprof/tables.h"

#define N_LOCATIONS 2 /* of a stack, from its innermost end: the others make no call in Go's graph */

/* The strings are the profile's: equal ones are one pointer. No padding: compared as bytes. */
struct call {
	const char *caller, *callee;
	uint64_t caller_start, line, callee_start;
};

struct weight {
	uint64_t n_samples, cpu_ns;
	size_t last_sample; /* that it was counted for, plus one: recursion counts once */
};

struct calls {
	struct pool pool;   /* struct call */
	struct buf weights; /* struct weight, by the number of the call */
	uint64_t n_guessed;
};

static void calls_done(struct calls *c)
{
	pool_done(&c->pool);
	buf_done(&c->weights);
}

static bool has_line(const struct profile_line *l)
{
	return l->function && l->function->name[0] && l->function->start_line > 0;
}

/* As the linker has it. */
static const char *name_of(const struct profile_function *f)
{
	return f->system_name[0] ? f->system_name : f->name;
}

static int count(struct calls *c, const struct call *call, const struct profile_sample *s, size_t number)
{
	const struct weight none = {};
	struct weight *w;
	uint32_t at;
	int r = pool_add(&c->pool, call, sizeof(*call), &at);

	if (r == 0 && at == c->weights.size / sizeof(none))
		r = buf_add(&c->weights, &none, sizeof(none));
	if (r < 0)
		return r;
	w = (struct weight *)(void *)c->weights.data + at;
	if (w->last_sample == number + 1)
		return 0;
	w->last_sample = number + 1;
	if (__builtin_add_overflow(w->n_samples, (uint64_t)s->values[COPIER_COUNT], &w->n_samples) ||
	    __builtin_add_overflow(w->cpu_ns, (uint64_t)s->values[COPIER_CPU_NS], &w->cpu_ns))
		return -ERANGE;
	return 0;
}

static int count_call(struct calls *c, const struct profile_line *caller, const struct profile_line *callee,
		      const struct profile_sample *s, size_t number)
{
	struct call call;

	if (!has_line(caller) || !callee->function || !callee->function->name[0])
		return 0;
	call = (struct call){
		.caller = name_of(caller->function),
		.callee = name_of(callee->function),
		.caller_start = (uint64_t)caller->function->start_line,
		.line = (uint64_t)caller->line,
		.callee_start = (uint64_t)callee->function->start_line,
	};
	return count(c, &call, s, number);
}

static bool is_guessed(const struct profile_sample *s)
{
	const struct profile_label *l = profile_find_label(s, "stack");

	return l && l->str && strcmp(l->str, "guessed") == 0;
}

static size_t skip_lineless(const struct profile_sample *s)
{
	size_t first = 0;

	while (first < s->n_locations &&
	       (s->locations[first]->n_lines == 0 || !has_line(&s->locations[first]->lines[0])))
		first++;
	return first;
}

static int count_stack(struct calls *c, const struct profile_sample *s, size_t number)
{
	const struct profile_line *callee = NULL;
	size_t first = skip_lineless(s);
	int r = 0;

	if (is_guessed(s)) {
		c->n_guessed += (uint64_t)s->values[COPIER_COUNT];
		return 0;
	}
	for (size_t i = first; r == 0 && i < s->n_locations && i < first + N_LOCATIONS; i++) {
		const struct profile_location *l = s->locations[i];

		for (size_t k = 0; r == 0 && k < l->n_lines; k++) {
			if (callee)
				r = count_call(c, &l->lines[k], callee, s, number);
			callee = &l->lines[k];
		}
	}
	return r;
}

struct hot_call {
	struct call call;
	struct weight weight;
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Heaviest first; then by what they are, so that the order is always the same. */
static int compare_hot(const void *a, const void *b)
{
	const struct hot_call *x = a, *y = b;
	int order = compare_u64(y->weight.n_samples, x->weight.n_samples);

	if (order == 0)
		order = strcmp(x->call.caller, y->call.caller);
	if (order == 0)
		order = strcmp(x->call.callee, y->call.callee);
	if (order == 0)
		order = compare_u64(x->call.caller_start, y->call.caller_start);
	if (order == 0)
		order = compare_u64(x->call.line, y->call.line);
	return order ? order : compare_u64(x->call.callee_start, y->call.callee_start);
}

static int sort_calls(const struct calls *c, struct hot_call **ret)
{
	const struct weight *weights = (const void *)c->weights.data;
	struct hot_call *hot = calloc(c->pool.n + 1, sizeof(*hot));
	size_t size;

	if (!hot)
		return -ENOMEM;
	for (size_t i = 0; i < c->pool.n; i++) {
		memcpy(&hot[i].call, pool_get(&c->pool, (uint32_t)i, &size), sizeof(hot[i].call));
		hot[i].weight = weights[i];
	}
	qsort(hot, c->pool.n, sizeof(*hot), compare_hot);
	*ret = hot;
	return 0;
}

/* How many carry GO_PGO_PERCENT of the weight, with the one that passes it, as Go counts. */
static size_t n_hot(const struct hot_call *hot, size_t n)
{
	unsigned __int128 total = 0, sum = 0;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		total += hot[k].weight.n_samples;
	while (i < n && hot[i].weight.n_samples > 0 && sum * 100 <= total * GO_PGO_PERCENT)
		sum += hot[i++].weight.n_samples;
	return i;
}

/* The callee's own line is of no meaning. */
static int add_call(struct profile_builder *b, const struct hot_call *hot)
{
	const struct frame frames[] = {
		{ .function = hot->call.callee, .start_line = (uint32_t)hot->call.callee_start },
		{ .function = hot->call.caller,
		  .start_line = (uint32_t)hot->call.caller_start,
		  .line = (uint32_t)hot->call.line },
	};

	return profile_builder_add(b, frames, ARRAY_SIZE(frames), NULL, 0, hot->weight.n_samples, hot->weight.cpu_ns);
}

static int encode(const struct profile *p, const struct hot_call *hot, size_t n, struct buf *ret)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	const struct profile_meta meta = { .time_ns = p->time_ns,
					   .duration_ns = p->duration_ns,
					   .period_ns = p->period };
	int r = profile_builder_new(&b);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_call(b, &hot[i]);
	return r == 0 ? profile_builder_encode(b, &meta, ret) : r;
}

int go_pgo_encode(const struct profile *p, struct buf *ret, struct go_pgo_counts *ret_counts)
{
	_cleanup_(calls_done) struct calls calls = {};
	_cleanup_free_ struct hot_call *hot = NULL;
	size_t n;
	int r;

	if (!copier_takes(p))
		return GO_PGO_FOREIGN;
	r = pool_init(&calls.pool, PROFILE_MAX_SAMPLES, PROFILE_MAX_SAMPLES * sizeof(struct call));
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = count_stack(&calls, &p->samples[i], i);
	if (r == 0)
		r = sort_calls(&calls, &hot);
	if (r != 0)
		return r;
	n = n_hot(hot, calls.pool.n);
	if (n == 0)
		return GO_PGO_NO_LINES;
	r = encode(p, hot, n, ret);
	if (r == 0)
		*ret_counts =
			(struct go_pgo_counts){ .n_calls = calls.pool.n, .n_written = n, .n_guessed = calls.n_guessed };
	return r;
}
