// SPDX-License-Identifier: Apache-2.0
#include "report/timeline.h"

#include <stdbool.h>
#include <string.h>

#include "common/clock.h"
#include "pprof/profile.h"
#include "report/grouping.h"
#include "report/samples-type.h"
#include "report/source.h"
#include "report/stack-filter.h"
#include "report/stack-reader.h"
#include "report/timeline-inside.h"

#define IN_REST UINT32_MAX /* for a row plus one */
#define MAX_NAMES_BYTES ((size_t)16 << 20)

struct timeline *timeline_free(struct timeline *t)
{
	if (!t)
		return NULL;
	pool_done(&t->hosts);
	buf_done(&t->walls);
	buf_done(&t->cores);
	buf_done(&t->groups);
	buf_done(&t->row_of);
	buf_done(&t->sums);
	buf_done(&t->touched);
	free(t);
	return NULL;
}

/* -- steps -- */

/* Lengths that people count in, then doubled weeks. */
static int64_t step_after(int64_t step_s)
{
	static const int64_t steps_s[] = { 1,   2,   5,    10,   15,   20,    30,    60,    120,   300,
					   600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800 };

	for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++)
		if (steps_s[i] > step_s)
			return steps_s[i];
	return 2 * step_s;
}

static void set_steps(struct timeline *t, size_t max_steps)
{
	for (int64_t step_s = step_after(0);; step_s = step_after(step_s)) {
		t->step_ns = step_s * (int64_t)NS_PER_S;
		t->start_ns = t->since_ns - t->since_ns % t->step_ns;
		t->n_steps = (size_t)((t->until_ns - 1 - t->start_ns) / t->step_ns) + 1;
		if (t->n_steps <= max_steps || step_s > INT64_MAX / 4 / (int64_t)NS_PER_S)
			break;
	}
}

bool timeline_take_step(struct timeline *t, size_t step, int64_t *ret_since_ns, int64_t *ret_until_ns)
{
	int64_t start_ns = t->start_ns + (int64_t)step * t->step_ns, end_ns = start_ns + t->step_ns;

	if (step >= t->n_steps)
		return false;
	*ret_since_ns = t->since_ns = start_ns > t->first_ns ? start_ns : t->first_ns;
	*ret_until_ns = t->until_ns = end_ns < t->last_ns ? end_ns : t->last_ns;
	return true;
}

int timeline_new(struct frame_table *frames, struct grouping *grouping, int64_t since_ns, int64_t until_ns,
		 size_t max_steps, struct timeline **ret)
{
	_cleanup_(timeline_freep) struct timeline *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->frames = frames;
	t->grouping = grouping;
	t->first_ns = t->since_ns = since_ns;
	t->last_ns = t->until_ns = until_ns > since_ns ? until_ns : since_ns + 1;
	set_steps(t, max_steps < TIMELINE_MAX_STEPS ? max_steps : TIMELINE_MAX_STEPS);
	r = pool_init(&t->hosts, TIMELINE_MAX_CELLS / t->n_steps, MAX_NAMES_BYTES);
	if (r == 0)
		*ret = take_ptr(t);
	return r;
}

/* -- time -- */

/* What a window is spread over. */
struct span {
	int64_t start_ns, end_ns;
};

static struct span span_of(const struct window_info *w)
{
	return (struct span){ .start_ns = w->start_ns, .end_ns = window_end_ns(w) };
}

/* Adds to each step the part of the value that falls into it; divided by the step's time where that is given (ns). */
static bool spread(const struct timeline *t, const struct span *span, double value, const double *walls, double *ret)
{
	int64_t from_ns = span->start_ns > t->since_ns ? span->start_ns : t->since_ns;
	int64_t to_ns = span->end_ns < t->until_ns ? span->end_ns : t->until_ns, end_ns;
	double length_ns = (double)(span->end_ns - span->start_ns);
	bool is_whole = true;

	for (; from_ns < to_ns; from_ns = end_ns) {
		size_t step = (size_t)((from_ns - t->start_ns) / t->step_ns);
		double part;

		if (step >= t->n_steps)
			break;
		end_ns = t->start_ns + (int64_t)(step + 1) * t->step_ns;
		if (end_ns > to_ns)
			end_ns = to_ns;
		part = value * (double)(end_ns - from_ns) / length_ns;
		if (walls && walls[step] <= 0)
			is_whole = false;
		else
			ret[step] += walls ? part / walls[step] : part;
	}
	return is_whole;
}

static void note_coarsest(struct timeline *t, const struct span *span)
{
	int64_t from_ns = span->start_ns > t->since_ns ? span->start_ns : t->since_ns;
	int64_t to_ns = span->end_ns < t->until_ns ? span->end_ns : t->until_ns;
	int64_t length_ns = span->end_ns - span->start_ns;

	for (size_t i = (size_t)((from_ns - t->start_ns) / t->step_ns);
	     i < t->n_steps && t->start_ns + (int64_t)i * t->step_ns < to_ns; i++)
		if (length_ns > t->coarsest_ns[i])
			t->coarsest_ns[i] = length_ns;
}

/* Adds zeros to what is there. */
static int grow(struct buf *b, size_t size)
{
	size_t more = size > b->size ? size - b->size : 0;
	int r = more ? buf_reserve(b, more) : 0;

	if (r == 0 && more) {
		memset(b->data + b->size, 0, more);
		b->size = size;
	}
	return r;
}

static int walls_of(struct timeline *t, const char *host, double **ret)
{
	uint32_t number;
	int r = pool_add(&t->hosts, host, strlen(host) + 1, &number);

	if (r == 0)
		r = grow(&t->walls, ((size_t)number + 1) * t->n_steps * sizeof(double));
	if (r == 0)
		*ret = (double *)(void *)t->walls.data + number * t->n_steps;
	return r;
}

int timeline_add_recorded(struct timeline *t, const struct window_info *window)
{
	struct span span = span_of(window);
	double *walls;
	int r = walls_of(t, window->host, &walls);

	if (r == 0)
		spread(t, &span, (double)window->duration_ns, NULL, walls);
	return r;
}

size_t timeline_n_hosts(const struct timeline *t, size_t step)
{
	const double *walls = (const double *)(const void *)t->walls.data;
	size_t n = 0;

	for (size_t host = 0; host < t->walls.size / sizeof(double) / t->n_steps; host++)
		n += walls[host * t->n_steps + step] > 0;
	return n;
}

/* -- groups -- */

double timeline_sum(const struct timeline *t, const double *row)
{
	double sum = 0;

	for (size_t i = 0; i < t->n_steps; i++)
		sum += row[i];
	return sum;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The sum that less than half of the rows are above. */
static int find_middle(const struct timeline *t, double *ret)
{
	size_t n = timeline_n_rows(t);
	_cleanup_free_ double *sums = calloc(n, sizeof(*sums));

	if (!sums)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sums[i] = timeline_sum(t, timeline_row(t, i));
	qsort(sums, n, sizeof(*sums), by_value);
	*ret = sums[n / 2];
	return 0;
}

static void put_into_rest(struct timeline *t, size_t row, uint32_t group)
{
	for (size_t i = 0; i < t->n_steps; i++)
		t->rest[i] += timeline_row(t, row)[i];
	((uint32_t *)(void *)t->row_of.data)[group] = IN_REST;
	t->n_dropped++;
}

/* Less than half of the rows stay. */
static int drop_rows(struct timeline *t)
{
	uint32_t *groups = (uint32_t *)(void *)t->groups.data, *row_of = (uint32_t *)(void *)t->row_of.data;
	size_t n_kept = 0;
	double middle;
	int r = find_middle(t, &middle);

	for (size_t i = 0; r == 0 && i < timeline_n_rows(t); i++) {
		uint32_t group = groups[i];

		if (timeline_sum(t, timeline_row(t, i)) <= middle) {
			put_into_rest(t, i, group);
			continue;
		}
		memmove(timeline_row(t, n_kept), timeline_row(t, i), t->n_steps * sizeof(double));
		groups[n_kept++] = group;
		row_of[group] = (uint32_t)n_kept;
	}
	if (r < 0)
		return r;
	t->groups.size = n_kept * sizeof(uint32_t);
	t->cores.size = n_kept * t->n_steps * sizeof(double);
	return 0;
}

static int add_row(struct timeline *t, uint32_t group)
{
	int r = 0;

	if (timeline_n_rows(t) == TIMELINE_MAX_CELLS / t->n_steps)
		r = drop_rows(t);
	if (r == 0)
		r = buf_add(&t->groups, &group, sizeof(group));
	if (r == 0)
		r = grow(&t->cores, t->cores.size + t->n_steps * sizeof(double));
	if (r == 0)
		((uint32_t *)(void *)t->row_of.data)[group] = (uint32_t)timeline_n_rows(t);
	return r;
}

/* Borrowed until the next call. */
static int row_of_group(struct timeline *t, uint32_t group, double **ret)
{
	int r = grow(&t->row_of, ((size_t)group + 1) * sizeof(uint32_t));
	uint32_t row = r == 0 ? ((const uint32_t *)(const void *)t->row_of.data)[group] : 0;

	if (r == 0 && row == 0) {
		r = add_row(t, group);
		row = (uint32_t)timeline_n_rows(t);
	}
	if (r == 0)
		*ret = row == IN_REST ? t->rest : timeline_row(t, row - 1);
	return r;
}

/* -- samples -- */

static int add_to_group(struct timeline *t, uint32_t group, int64_t value_ns)
{
	int64_t *sum;
	int r = grow(&t->sums, ((size_t)group + 1) * sizeof(*sum));

	if (r < 0)
		return r;
	sum = (int64_t *)(void *)t->sums.data + group;
	if (*sum == 0)
		r = buf_add(&t->touched, &group, sizeof(group));
	return __builtin_add_overflow(*sum, value_ns, sum) ? -ERANGE : r;
}

static int add_stack(struct timeline *t, const struct stack *s, struct stack_filter *filter, int64_t *all_ns)
{
	const uint32_t *groups;
	size_t n;
	int r;

	if (__builtin_add_overflow(*all_ns, s->value, all_ns))
		return -ERANGE;
	r = stack_filter_takes_all(filter) ? 1 : stack_filter_takes(filter, t->frames, s);
	if (r <= 0)
		return r;
	r = grouping_of_stack(t->grouping, s, &groups, &n);
	return r == 0 ? add_to_group(t, groups[0], s->value) : r;
}

static int add_stacks(struct timeline *t, const struct profile *p, struct stack_filter *filter, int64_t *ret_all_ns)
{
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	bool needs_frames = grouping_is_of_frames(t->grouping) || !stack_filter_takes_all(filter);
	int r = needs_frames ? stack_reader_init(&reader, t->frames, p)
			     : stack_reader_init_innermost(&reader, t->frames, p);

	*ret_all_ns = 0;
	for (size_t i = 0; r == 0 && i < p->n_samples; i++) {
		struct stack s;

		r = stack_reader_read(&reader, i, &s);
		if (r == 0)
			r = add_stack(t, &s, filter, ret_all_ns);
	}
	return r;
}

/* The sums of a window, which are 0 again afterwards. */
static int spread_sums(struct timeline *t, const struct window_info *window, int64_t all_ns)
{
	struct span span = span_of(window);
	double *walls, *row;
	int r = walls_of(t, window->host, &walls);

	if (r != 0)
		return r;
	if (window->duration_ns == 0 || !spread(t, &span, (double)all_ns, walls, t->all))
		t->n_untimed++;
	for (size_t i = 0; r == 0 && i < t->touched.size / sizeof(uint32_t); i++) {
		uint32_t group = ((const uint32_t *)(const void *)t->touched.data)[i];
		int64_t *sum = (int64_t *)(void *)t->sums.data + group;

		r = row_of_group(t, group, &row);
		if (r == 0)
			spread(t, &span, (double)*sum, walls, row);
		*sum = 0;
	}
	note_coarsest(t, &span);
	buf_clear(&t->touched);
	return r;
}

int timeline_add(struct timeline *t, const struct source_item *item, struct stack_filter *filter)
{
	int64_t all_ns;
	int r;

	if (!is_cpu_time(item->profile))
		return TIMELINE_NOT_CPU;
	grouping_begin_profile(t->grouping, item->window.host);
	r = add_stacks(t, item->profile, filter, &all_ns);
	return r == 0 ? spread_sums(t, &item->window, all_ns) : r;
}

uint64_t timeline_n_untimed(const struct timeline *t)
{
	return t->n_untimed;
}

size_t timeline_n_dropped(const struct timeline *t)
{
	return t->n_dropped;
}
