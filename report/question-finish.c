// SPDX-License-Identifier: Apache-2.0
/* question, finish: what was not said of a question, and whether all that was goes together. */
#include <math.h>
#include <string.h>

#include "common/utf8.h"
#include "report/group-keys.h"
#include "report/normalize.h"
#include "report/question-inside.h"
#include "report/stack-filter.h"
#include "store/selection.h"

_Static_assert(QUESTION_BY_BYTES == GROUP_KEYS_MAX_BYTES, "keys that fit are kept");

#define DEFAULT_ROWS 20
#define DEFAULT_GROUPS 8
#define DEFAULT_VALUES 50
#define DEFAULT_POINTS 200
#define MAX_NS (INT64_MAX / 2) /* of times, the year 2116: who adds a step to one need not look */

/* Callers are of functions: alone, or with labels. */
static bool has_callers(const struct group_keys *keys)
{
	size_t n_functions = 0;

	for (size_t i = 0; i < keys->n; i++)
		n_functions += keys->keys[i].kind == GROUP_BY_FUNCTION;
	return n_functions == 1 && keys->n_labels + 1 == keys->n;
}

/* Labels, and beside them a function or a library. */
static bool has_diff(const struct group_keys *keys)
{
	size_t n_frames = 0;

	for (size_t i = 0; i < keys->n; i++)
		n_frames += keys->keys[i].kind == GROUP_BY_FUNCTION || keys->keys[i].kind == GROUP_BY_LIBRARY;
	return n_frames <= 1 && keys->n_labels + n_frames == keys->n;
}

/* NULL, or why there are no such groups. */
static const char *keys_fault(const struct question *q)
{
	struct group_keys keys = {};
	bool is_bad = q->by[0] && group_keys_parse(q->by, &keys) != 0, is_of_labels = keys.n == keys.n_labels;

	if (q->n_callers && !has_callers(&keys))
		return "callers needs by=function, alone or with labels";
	switch (q->kind) {
	case QUESTION_HOGS:
	case QUESTION_TIMELINE:
		return is_bad || keys.n == 0 ? "by takes different labels, or function, library, file, category" : NULL;
	case QUESTION_DIFF:
		return is_bad || keys.n == 0 || !has_diff(&keys) ? "by takes different labels, and function or library"
								 : NULL;
	default:
		return is_bad || !is_of_labels ? "by takes different labels" : NULL;
	}
}

static bool is_in_order(const struct question_side *side)
{
	return side->since_ns >= 0 && side->since_ns < side->until_ns && side->since_ns <= MAX_NS;
}

/* What is not said of the side before is as of the other. */
static void complete_before(struct question *q)
{
	if (!question_has(q, offsetof(struct question, before.since_ns)) &&
	    !question_has(q, offsetof(struct question, before.until_ns))) {
		q->before.since_ns = q->side.since_ns;
		q->before.until_ns = q->side.until_ns;
	}
	if (!q->before.match[0])
		memcpy(q->before.match, q->side.match, sizeof(q->before.match));
}

static int set_before(struct question *q, const char **ret_reason)
{
	bool is_said = question_has(q, offsetof(struct question, before.since_ns)) ||
		       question_has(q, offsetof(struct question, before.until_ns)) || q->before.match[0];

	*ret_reason = "vs and before_... exclude each other";
	if (is_said && q->vs_ns)
		return -EINVAL;
	*ret_reason = "what is before? vs=7d, or before_since=, before_until=, before_match=";
	if (q->kind == QUESTION_DIFF && !is_said && !q->vs_ns)
		return -EINVAL;
	q->has_before = is_said || q->vs_ns;
	if (is_said) {
		complete_before(q);
	} else {
		q->before = q->vs_ns ? q->side : (struct question_side){};
		selection_shift(&q->before.since_ns, &q->before.until_ns, q->vs_ns, q->now_ns);
	}
	*ret_reason = "before_since is not before before_until";
	return q->has_before && !is_in_order(&q->before) ? -EINVAL : 0;
}

static void set_defaults(struct question *q)
{
	static const struct {
		const char *by;
		uint32_t n_rows;
	} defaults[QUESTION_N_KINDS] = {
		[0] = { "", 0 }, /* no kind */
		[QUESTION_HOGS] = { "service", DEFAULT_ROWS },
		[QUESTION_DIFF] = { "function", DEFAULT_ROWS },
		[QUESTION_FLAME] = { "", 0 },
		[QUESTION_TIMELINE] = { "service", DEFAULT_GROUPS },
		[QUESTION_LABELS] = { "", DEFAULT_VALUES },
		[QUESTION_EXPORT] = { "", 0 },
	};

	if (!q->by[0])
		strcpy(q->by, defaults[q->kind].by);
	if (!q->n_rows)
		q->n_rows = defaults[q->kind].n_rows;
	if (q->kind == QUESTION_TIMELINE && !q->n_points)
		q->n_points = DEFAULT_POINTS;
	if (!question_has(q, offsetof(struct question, side.since_ns)) && q->side.until_ns == INT64_MAX)
		q->side.since_ns = q->now_ns > QUESTION_HOUR_NS ? q->now_ns - QUESTION_HOUR_NS : 0;
}

/* Two sides are compared as cores, as `cpuhound diff` does it. */
static void set_default_normalize(struct question *q)
{
	if (q->has_before && q->kind != QUESTION_HOGS && !question_has(q, offsetof(struct question, normalize)))
		q->normalize = NORMALIZE_TIME;
}

int question_finish(struct question *q, const char **ret_reason)
{
	const char *fault;
	int r;

	set_defaults(q);
	*ret_reason = "since is not before until, or too far away";
	if (!is_in_order(&q->side))
		return -EINVAL;
	r = set_before(q, ret_reason);
	if (r < 0)
		return r;
	set_default_normalize(q);
	fault = keys_fault(q);
	*ret_reason = fault;
	return fault ? -EINVAL : 0;
}

/* -- as it travels -- */

static bool is_text(const char *s, size_t capacity)
{
	size_t n = strnlen(s, capacity);

	return n < capacity && utf8_is_valid(s, n);
}

static bool has_good_texts(const struct question *q)
{
	return utf8_are_lines(q->side.match, QUESTION_MATCH_BYTES) &&
	       utf8_are_lines(q->before.match, QUESTION_MATCH_BYTES) && is_text(q->stack, sizeof(q->stack)) &&
	       is_text(q->function, sizeof(q->function)) && is_text(q->library, sizeof(q->library)) &&
	       is_text(q->file, sizeof(q->file)) && is_text(q->category, sizeof(q->category)) &&
	       is_text(q->by, sizeof(q->by)) && is_text(q->key, sizeof(q->key)) &&
	       is_text(q->prefix, sizeof(q->prefix));
}

static bool has_good_numbers(const struct question *q)
{
	return q->domain <= STACK_USER && q->normalize <= NORMALIZE_HOSTS && q->format < QUESTION_N_FORMATS &&
	       q->n_rows <= QUESTION_MAX_ROWS && q->n_callers <= QUESTION_MAX_CALLERS &&
	       q->n_points <= QUESTION_MAX_POINTS && q->has_outliers <= 1 && q->has_before <= 1 && q->now_ns >= 0 &&
	       q->now_ns <= MAX_NS && q->vs_ns >= 0 && isfinite(q->min_cores) && q->min_cores >= 0;
}

bool question_is_valid(const struct question *q)
{
	if (q->kind < QUESTION_HOGS || q->kind >= QUESTION_N_KINDS || !has_good_numbers(q) || !has_good_texts(q))
		return false;
	if (!question_has_its_own(q) || !is_in_order(&q->side) || (q->has_before && !is_in_order(&q->before)) ||
	    keys_fault(q))
		return false;
	return q->kind == QUESTION_TIMELINE ? q->n_points > 0 : q->kind != QUESTION_DIFF || q->has_before;
}
