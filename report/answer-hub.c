// SPDX-License-Identifier: Apache-2.0
/*
 * answer hub: what another cpuhound answers to the same question, which is made of the same windows: they need not
 * travel. One that is too old to be asked has to give them. An export is made here: a file that is opened as a page is
 * not taken from anybody else.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "report/answer-inside.h"
#include "report/fetch.h"

#define MAX_URL_BYTES 12000 /* with other headers below what a gateway takes */

static const char *const paths[QUESTION_N_KINDS] = {
	[QUESTION_HOGS] = "/api/v1/hogs",     [QUESTION_DIFF] = "/api/v1/diff",
	[QUESTION_FLAME] = "/api/v1/flame",   [QUESTION_TIMELINE] = "/api/v1/timeline",
	[QUESTION_LABELS] = "/api/v1/labels", [QUESTION_EXPORT] = NULL,
};

static int make_url(const struct answer_making *m, const char *path, struct buf *ret)
{
	size_t n = strlen(m->place->url);
	int r;

	while (n > 0 && m->place->url[n - 1] == '/')
		n--;
	r = buf_add(ret, m->place->url, n);
	if (r == 0)
		r = buf_add_str(ret, path);
	return r == 0 ? question_add_query(m->question, ret) : r;
}

/* What is wrong with matchers is told as anywhere else. */
static int check_matchers(struct answer_making *m, const struct question_side *side)
{
	_cleanup_(selection_done) struct selection selection = SELECTION_ALL_TIME;

	return answer_select(m, side, &selection);
}

/* It is foreign: what does not begin as all of ours do is not handed on. */
static int check_body(struct answer_making *m)
{
	char begin[32];

	snprintf(begin, sizeof(begin), "{\"schema_version\":%d", JSON_SCHEMA_VERSION);
	if (m->body->size > 0 && strncmp(m->body->data, begin, strlen(begin)) == 0)
		return 0;
	return answer_refuse(m, ANSWER_FAILED, "what it answers is none of this version: is it a cpuhound hub?");
}

static int ask(struct answer_making *m, const char *url)
{
	_cleanup_(fetch_freep) struct fetch *f = NULL;
	char reason[FETCH_REASON_BYTES] = "";
	int r = fetch_new(m->place->settings, &f, reason);

	if (r == 0)
		r = fetch_get(f, url, ANSWER_MAX_BYTES, m->body, reason);
	if (r == FETCH_FAILED)
		return answer_refuse(m, ANSWER_FAILED, "%s", reason);
	if (r == FETCH_GONE)
		buf_clear(m->body);
	return r == FETCH_GONE ? ANSWER_BY_WINDOWS : r;
}

int answer_of_hub(struct answer_making *m)
{
	_cleanup_(buf_done) struct buf url = {};
	const struct question *q = m->question;
	int r = check_matchers(m, &q->side);

	if (r == 0 && q->has_before)
		r = check_matchers(m, &q->before);
	if (r == 0 && !paths[q->kind])
		return ANSWER_BY_WINDOWS;
	if (r == 0)
		r = make_url(m, paths[q->kind], &url);
	if (r == 0 && url.size > MAX_URL_BYTES)
		return ANSWER_BY_WINDOWS;
	if (r == 0)
		r = ask(m, url.data);
	return r == 0 ? check_body(m) : r;
}
