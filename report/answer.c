// SPDX-License-Identifier: Apache-2.0
#include "report/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"
#include "report/answer-inside.h"
#include "report/categories.h"
#include "report/engine.h"
#include "report/frame-table.h"
#include "report/grouping.h"

#define TIME_BYTES 32

int answer_refuse(struct answer_making *m, enum answer_result result, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->why, ANSWER_WHY_BYTES, fmt, args);
	va_end(args);
	return (int)result;
}

void answer_groups_done(struct answer_groups *g)
{
	grouping_free(g->grouping);
	frame_table_free(g->frames);
	categories_free(g->own);
}

int answer_groups_init(const struct answer_making *m, const char *by, struct answer_groups *ret)
{
	int r = m->place->categories ? 0 : categories_default(&ret->own);

	if (r == 0)
		r = frame_table_new(&ret->frames);
	return r == 0 ? grouping_new(by, ret->frames, m->place->categories ?: ret->own, &ret->grouping) : r;
}

/* -- sides -- */

void answer_input_done(struct answer_input *i)
{
	source_free(i->source);
	selection_done(&i->selection);
}

/* Lines of matchers. */
int answer_select(struct answer_making *m, const struct question_side *side, struct selection *ret)
{
	char text[QUESTION_MATCH_BYTES], *rest = text, *line;
	int r = 0;

	*ret = (struct selection)SELECTION_ALL_TIME;
	strcpy(text, side->match);
	ret->since_ns = side->since_ns;
	ret->until_ns = side->until_ns;
	ret->files = m->files;
	while (r == 0 && (line = strsep(&rest, "\n")) && *line) {
		char why[MATCHER_WHY_BYTES] = "no matcher: key=value, key!=value, key=~regex or key!~regex";

		r = selection_add(ret, line, why);
		if (r > 0)
			return answer_refuse(m, ANSWER_BAD_QUESTION, "match '%.60s': %.100s", line, why);
		if (r == -ENOSPC)
			return answer_refuse(m, ANSWER_BAD_QUESTION, "more than %d matchers", SELECTION_MAX_MATCHERS);
	}
	return r;
}

static int open_source(struct answer_making *m, struct answer_input *i, char reason[static FETCH_REASON_BYTES])
{
	const struct answer_place *p = m->place;
	const struct engine_question question = {
		.selection = &i->selection,
		.labels = m->labels,
		.n_labels = m->n_labels,
		.has_all_labels = m->has_all_labels,
	};

	if (p->store)
		return source_of_store(p->store, &i->selection, &i->source);
	if (engine_is_url(p->url))
		return source_of_engine(p->url, p->settings, &question, &i->source, reason);
	return source_of_hub(p->url, p->settings, &i->selection, &i->source, reason);
}

int answer_open(struct answer_making *m, const struct question_side *side, struct answer_input *ret)
{
	char reason[FETCH_REASON_BYTES] = "";
	int r = answer_select(m, side, &ret->selection);

	if (r != 0)
		return r;
	r = open_source(m, ret, reason);
	return r == SOURCE_FAILED ? answer_refuse(m, ANSWER_FAILED, "%s", reason) : r;
}

int answer_source_failed(struct answer_making *m, const struct source *s, int error)
{
	const char *reason = source_reason(s);

	return *reason ? answer_refuse(m, ANSWER_FAILED, "%s", reason) : error;
}

int answer_next(struct answer_making *m, struct answer_input *i, struct source_item *ret)
{
	int r = source_next(i->source, ret);

	if (r == SOURCE_END)
		return ANSWER_END;
	return r < 0 ? answer_source_failed(m, i->source, r) : r;
}

int answer_not_cpu(struct answer_making *m)
{
	return answer_refuse(m, ANSWER_BAD_QUESTION, "a window there does not measure CPU time");
}

int64_t answer_until(const struct answer_making *m, const struct question_side *side)
{
	return side->until_ns < m->question->now_ns ? side->until_ns : m->question->now_ns;
}

uint64_t answer_n_given_up(const struct answer_making *m, const struct answer_input *i)
{
	return stack_filter_n_given_up(&m->filter) + selection_n_given_up(&i->selection);
}

static int add_time(int64_t ns, struct buf *ret)
{
	time_t seconds = (time_t)(ns / (int64_t)NS_PER_S);
	char text[TIME_BYTES];
	struct tm tm = {};

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf_add_str(ret, text);
}

int answer_describe(const struct answer_making *m, const struct question_side *side, struct buf *ret)
{
	int r = add_time(side->since_ns, ret);

	if (r == 0)
		r = buf_add_str(ret, "..");
	if (r == 0)
		r = add_time(answer_until(m, side), ret);
	if (r == 0 && side->match[0])
		r = buf_printf(ret, ",%s", side->match);
	for (size_t i = 0; r == 0 && i < ret->size; i++)
		if (ret->data[i] == '\n')
			ret->data[i] = ',';
	if (r == 0 && side->match[0])
		ret->data[--ret->size] = 0;
	return r;
}

int answer_put(struct answer_making *m, struct json_object *top)
{
	return json_add_text(top, m->body);
}

/* -- what is asked for -- */

static int keep_text(const char *text, char **ret)
{
	*ret = text[0] ? strdup(text) : NULL;
	return text[0] && !*ret ? -ENOMEM : 0;
}

static int set_category(struct answer_making *m)
{
	const char *name = m->question->category;
	int r = m->place->categories ? 0 : categories_default(&m->categories);

	if (r < 0)
		return r;
	m->filter.categories = m->place->categories ?: m->categories;
	r = categories_find(m->filter.categories, name, &m->filter.category);
	return r == CATEGORIES_NONE ? answer_refuse(m, ANSWER_BAD_QUESTION, "no category is called '%.60s'", name) : r;
}

static int set_filter(struct answer_making *m)
{
	const struct question *q = m->question;
	char why[REGEX_WHY_BYTES];
	int r = q->stack[0] ? regex_new(q->stack, REGEX_ANYWHERE, &m->filter.stack, why) : 0;

	if (r == REGEX_BAD)
		return answer_refuse(m, ANSWER_BAD_QUESTION, "stack '%.60s': %.100s", q->stack, why);
	if (r < 0)
		return r;
	m->filter.domain = (enum stack_domain)q->domain;
	r = keep_text(q->function, &m->filter.function);
	if (r == 0)
		r = keep_text(q->library, &m->filter.library);
	if (r == 0)
		r = keep_text(q->file, &m->filter.file);
	return r == 0 && q->category[0] ? set_category(m) : r;
}

static int set_keys(struct answer_making *m)
{
	int r = m->question->by[0] ? group_keys_parse(m->question->by, &m->keys) : 0;

	for (size_t i = 0; r == 0 && i < m->keys.n; i++)
		if (m->keys.keys[i].kind == GROUP_BY_LABEL)
			m->labels[m->n_labels++] = m->keys.keys[i].label;
	return r == 0 ? 0 : -EINVAL; /* question_is_valid() has seen to it */
}

static int make_here(struct answer_making *m)
{
	switch (m->question->kind) {
	case QUESTION_HOGS:
		return answer_hogs(m);
	case QUESTION_DIFF:
		return answer_diff(m);
	case QUESTION_FLAME:
		return answer_flame(m);
	case QUESTION_TIMELINE:
		return answer_timeline(m);
	case QUESTION_LABELS:
		return answer_labels(m);
	case QUESTION_EXPORT:
		return m->question->format >= QUESTION_SVG ? answer_drawing(m) : answer_export(m);
	default:
		return -EINVAL;
	}
}

static int make(struct answer_making *m)
{
	bool is_of_hub = !m->place->store && !engine_is_url(m->place->url);
	int r = is_of_hub ? answer_of_hub(m) : ANSWER_BY_WINDOWS;

	return r == ANSWER_BY_WINDOWS ? make_here(m) : r;
}

/* Foreign words are in it: one printable line. */
static int print_why(const char *raw, char ret_why[static ANSWER_WHY_BYTES])
{
	_cleanup_(buf_done) struct buf text = {};
	int r = utf8_add_valid(&text, raw, strlen(raw), ANSWER_WHY_BYTES - 1);

	if (r == 0)
		snprintf(ret_why, ANSWER_WHY_BYTES, "%s", text.data ?: "");
	return r;
}

int answer_make(const struct answer_place *place, const struct question *q, struct buf *ret,
		char ret_why[static ANSWER_WHY_BYTES])
{
	char why[ANSWER_WHY_BYTES] = "";
	struct answer_making m = { .place = place, .question = q, .body = ret, .why = why };
	int r = set_filter(&m), printed;

	ret->limit_bytes = ANSWER_MAX_BYTES;
	if (r == 0)
		r = set_keys(&m);
	if (r == 0)
		r = make(&m);
	stack_filter_done(&m.filter);
	categories_free(m.categories);
	if (r == -ENOSPC || r == -ERANGE || r == -EFBIG || r == -ENOMEM)
		r = answer_refuse(&m, ANSWER_TOO_LARGE,
				  "this is more than one answer can hold: select a shorter time, or match labels");
	if (r <= 0)
		return r;
	printed = print_why(why, ret_why);
	return printed < 0 ? printed : r;
}
