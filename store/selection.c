// SPDX-License-Identifier: Apache-2.0
#include "store/selection.h"

#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/parse.h"
#include "pprof/profile.h"

void selection_done(struct selection *s)
{
	for (size_t i = 0; i < s->n_matchers; i++)
		matcher_free(s->matchers[i]);
	s->n_matchers = 0;
}

int selection_add(struct selection *s, const char *text, char ret_why[static MATCHER_WHY_BYTES])
{
	int r;

	if (s->n_matchers == SELECTION_MAX_MATCHERS)
		return -ENOSPC;
	r = matcher_new(text, &s->matchers[s->n_matchers], ret_why);
	s->n_matchers += r == 0;
	return r;
}

uint64_t selection_n_given_up(const struct selection *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n_matchers; i++)
		n += matcher_n_given_up(s->matchers[i]);
	return n;
}

int selection_parse_time(const char *text, int64_t now_ns, int64_t *ret)
{
	uint64_t ago_ns;

	if (parse_duration_ns(text, &ago_ns) == 0) {
		if (ago_ns > (uint64_t)now_ns)
			ago_ns = (uint64_t)now_ns;
		*ret = now_ns - (int64_t)ago_ns;
		return 0;
	}
	return parse_rfc3339_ns(text, ret) < 0 ? SELECTION_BAD_TIME : 0;
}

static int64_t earlier(int64_t ns, int64_t by_ns)
{
	return ns > by_ns ? ns - by_ns : 0;
}

void selection_shift(int64_t *since_ns, int64_t *until_ns, int64_t by_ns, int64_t now_ns)
{
	if (*until_ns > now_ns)
		*until_ns = now_ns;
	*since_ns = earlier(*since_ns, by_ns);
	*until_ns = earlier(*until_ns, by_ns);
}

int selection_keep_samples(const struct selection *s, struct profile *p)
{
	_cleanup_free_ bool *is_kept = NULL;

	if (s->n_matchers == 0)
		return 0;
	is_kept = calloc(p->n_samples + 1, sizeof(*is_kept));
	if (!is_kept)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_samples; i++) {
		is_kept[i] = true;
		for (size_t j = 0; is_kept[i] && j < s->n_matchers; j++)
			is_kept[i] = matcher_takes_sample(s->matchers[j], &p->samples[i]);
	}
	profile_keep_samples(p, is_kept);
	return 0;
}
