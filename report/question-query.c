// SPDX-License-Identifier: Apache-2.0
/* question, query: the arguments that ask it of another program. */
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "report/fetch.h"
#include "report/normalize.h"
#include "report/question-inside.h"
#include "report/stack-filter.h"

static int add_text(const char *key, const char *value, struct buf *ret)
{
	int r = value[0] ? buf_printf(ret, "&%s=", key) : 0;

	return r == 0 && value[0] ? fetch_add_escaped(value, ret) : r;
}

static int add_count(const char *key, uint32_t value, struct buf *ret)
{
	return value ? buf_printf(ret, "&%s=%" PRIu32, key, value) : 0;
}

static int add_matchers(const char *key, const struct question_side *side, struct buf *ret)
{
	char lines[QUESTION_MATCH_BYTES], *rest = lines, *line;
	int r = 0;

	strcpy(lines, side->match);
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = add_text(key, line, ret);
	return r;
}

/* Said as it was: what is earlier by so much is another time to who asks later. */
static int add_before(const struct question *q, struct buf *ret)
{
	int r;

	if (q->vs_ns)
		return buf_printf(ret, "&vs=%" PRId64 "ms", q->vs_ns / (int64_t)NS_PER_MS);
	if (!q->has_before)
		return 0;
	r = buf_printf(ret, "&before_since_ns=%" PRId64 "&before_until_ns=%" PRId64, q->before.since_ns,
		       q->before.until_ns);
	return r == 0 ? add_matchers("before_match", &q->before, ret) : r;
}

static int add_texts(const struct question *q, struct buf *ret)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "stack", q->stack },
		{ "function", q->function },
		{ "library", q->library },
		{ "file", q->file },
		{ "category", q->category },
		{ "domain", q->domain == STACK_KERNEL ? "kernel"
			    : q->domain == STACK_USER ? "user"
						      : "" },
		{ "by", q->by },
		{ "key", q->key },
		{ "prefix", q->prefix },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
		r = add_text(texts[i].key, texts[i].value, ret);
	return r;
}

/* What may be said of its kind. */
static int add_numbers(const struct question *q, struct buf *ret)
{
	int r = add_count("n", q->n_rows, ret);

	if (r == 0)
		r = add_count("callers", q->n_callers, ret);
	if (r == 0)
		r = add_count("points", q->n_points, ret);
	if (r == 0)
		r = add_count("outliers", q->has_outliers, ret);
	if (r == 0 && q->min_cores > 0)
		r = buf_printf(ret, "&min_cores=%.20f", q->min_cores);
	if (r == 0 && question_takes(q, offsetof(struct question, normalize)))
		r = add_text("normalize", normalize_name((enum normalize)q->normalize), ret);
	return r;
}

int question_add_query(const struct question *q, struct buf *ret)
{
	int r = buf_printf(ret, "?since_ns=%" PRId64 "&until_ns=%" PRId64, q->side.since_ns, q->side.until_ns);

	if (r == 0)
		r = add_matchers("match", &q->side, ret);
	if (r == 0)
		r = add_before(q, ret);
	if (r == 0)
		r = add_texts(q, ret);
	return r == 0 ? add_numbers(q, ret) : r;
}
