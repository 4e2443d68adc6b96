// SPDX-License-Identifier: Apache-2.0
#include "store/selection.h"

#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/parse.h"
#include "pprof/profile.h"

#define KNOWN_BITS 6 /* sets of labels of one profile that are at hand: 64 */

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

static bool takes_sample(const struct selection *s, const struct profile_sample *sample)
{
	for (size_t i = 0; i < s->n_matchers; i++)
		if (!matcher_takes_sample(s->matchers[i], sample))
			return false;
	return true;
}

/* Labels that were looked at; samples of a profile share them. */
struct known_labels {
	const struct profile_label *labels; /* NULL: none */
	size_t n_labels;
	bool is_kept;
};

static struct known_labels *place_of(struct known_labels *known, const struct profile_sample *sample)
{
	return &known[(uintptr_t)sample->labels * UINT64_C(0x9e3779b97f4a7c15) >> (64 - KNOWN_BITS)];
}

/* What a matcher gives up is counted for each sample. */
static bool keeps_sample(const struct selection *s, const struct profile_sample *sample, struct known_labels *known)
{
	struct known_labels *k = place_of(known, sample);
	uint64_t n_given_up;
	bool is_kept;

	if (k->labels && k->labels == sample->labels && k->n_labels == sample->n_labels)
		return k->is_kept;
	n_given_up = selection_n_given_up(s);
	is_kept = takes_sample(s, sample);
	if (selection_n_given_up(s) == n_given_up)
		*k = (struct known_labels){ sample->labels, sample->n_labels, is_kept };
	return is_kept;
}

int selection_keep_samples(const struct selection *s, struct profile *p)
{
	_cleanup_free_ bool *is_kept = NULL;
	struct known_labels known[1 << KNOWN_BITS] = {};

	if (s->n_matchers == 0)
		return 0;
	is_kept = calloc(p->n_samples + 1, sizeof(*is_kept));
	if (!is_kept)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_samples; i++)
		is_kept[i] = keeps_sample(s, &p->samples[i], known);
	profile_keep_samples(p, is_kept);
	return 0;
}
