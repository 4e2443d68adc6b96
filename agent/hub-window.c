// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-window.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/compress.h"
#include "pprof/merge.h"
#include "pprof/profile.h"

#define HOST_LABEL "host"
#define MAX_DURATION_NS (86400 * (int64_t)NS_PER_S)
#define ID_OF_BATCH_DIGITS 24

int hub_window_decode(const void *body, size_t size, const struct hub_rules *rules, struct profile **ret,
		      struct hub_answer *answer)
{
	_cleanup_(buf_done) struct buf raw = {};
	int r;

	if (compression_of(body, size) != COMPRESSION_GZIP)
		return hub_answer_set(answer, HUB_REFUSED_WINDOW, "the body is not gzip");
	r = decompress_add(body, size, rules->max_raw_bytes, &raw);
	if (r == -EFBIG)
		return hub_answer_set(answer, HUB_REFUSED_RAW,
				      "uncompressed it is larger than the %" PRIu64 " MiB of hub.max_raw_mb",
				      rules->max_raw_bytes >> 20);
	if (r == -EBADMSG)
		return hub_answer_set(answer, HUB_REFUSED_WINDOW, "the body's gzip is damaged");
	if (r < 0)
		return r;
	/* Once is enough: what is compressed twice would escape the limit. */
	if (compression_of(raw.data, raw.size) != COMPRESSION_NONE)
		return hub_answer_set(answer, HUB_REFUSED_WINDOW, "the body is no pprof profile");
	r = profile_decode(raw.data, raw.size, ret);
	if (r == -EBADMSG)
		return hub_answer_set(answer, HUB_REFUSED_WINDOW, "the body is no pprof profile, or a damaged one");
	if (r == -EFBIG)
		return hub_answer_set(answer, HUB_REFUSED_RAW, "the profile is too large");
	return r;
}

static int check_sample(const struct profile_sample *s, const struct hub_rules *rules,
			const struct hub_rules_token *token, struct hub_answer *answer)
{
	const struct profile_label *host = profile_find_label(s, HOST_LABEL);

	if (s->n_labels > rules->max_labels)
		return hub_answer_set(answer, HUB_REFUSED_LABELS, "a sample has %zu labels: hub.max_labels allows %u",
				      s->n_labels, rules->max_labels);
	if (host && !host->str)
		return hub_answer_set(answer, HUB_REFUSED_WINDOW, "a sample's label host is a number");
	if (host && !hub_rules_allow(rules, token, host->str))
		return hub_answer_set(answer, HUB_REFUSED_HOST, "the token '%.60s' may not bring the label host=%.60s",
				      token->name, host->str);
	return 0;
}

static int check_time(const struct profile *p, const struct hub_rules *rules, int64_t now_ns, struct hub_answer *answer)
{
	if (p->time_ns <= 0 || p->duration_ns < 0 || p->duration_ns > MAX_DURATION_NS || p->period <= 0)
		return hub_answer_set(answer, HUB_REFUSED_WINDOW,
				      "the profile has no start, no period, or lasts for "
				      "more than a day");
	if (p->time_ns < now_ns - rules->max_age_ns)
		return hub_answer_set(answer, HUB_REFUSED_OLD,
				      "it is older than store.minutes of this hub, which are %" PRId64 " hours",
				      rules->max_age_ns / (3600 * (int64_t)NS_PER_S));
	if (p->time_ns > now_ns + HUB_WINDOW_AHEAD_NS)
		return hub_answer_set(answer, HUB_REFUSED_FUTURE,
				      "by this hub's clock it begins in %" PRId64 " s: is the host's clock right?",
				      (p->time_ns - now_ns) / (int64_t)NS_PER_S);
	return 0;
}

int hub_window_check(const struct profile *p, const struct hub_rules *rules, const struct hub_rules_token *token,
		     int64_t now_ns, struct hub_answer *answer)
{
	struct window_info info = {};
	int r = check_time(p, rules, now_ns, answer);

	if (r == 0 && window_info_read(p, &info) < 0)
		r = hub_answer_set(answer, HUB_REFUSED_WINDOW, "its comments have no ledger, or a damaged one");
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = check_sample(&p->samples[i], rules, token, answer);
	return r;
}

void hub_window_done(struct hub_window *w)
{
	label_values_done(&w->labels);
	buf_done(&w->raw);
}

/* Of the batch; parts are kept apart, for pprof drops equal comments. */
static void make_id(const struct web_hub_request *request, char ret[static WINDOW_ID_BYTES])
{
	if (request->part == 0)
		snprintf(ret, WINDOW_ID_BYTES, "%.32s", request->batch);
	else
		snprintf(ret, WINDOW_ID_BYTES, "%.*s%08" PRIx32, ID_OF_BATCH_DIGITS, request->batch, request->part);
}

/* The batch's time and ledger came with another part. */
static int empty_ledger(struct profile *p, const char *id, struct buf *line, const char **comments)
{
	const struct ledger none = { .windows = 1 };
	struct ledger unused;
	size_t n = 0;
	int r = ledger_format(&none, id, line);

	for (size_t i = 0; i < p->n_comments; i++)
		if (ledger_parse(p->comments[i], &unused) == LEDGER_NOT_ONE)
			comments[n++] = p->comments[i];
	comments[n++] = line->data;
	p->comments = comments;
	p->n_comments = n;
	p->duration_ns = 0;
	return r;
}

static uint64_t count_samples(const struct profile *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		n += (uint64_t)p->samples[i].values[0];
	return n;
}

static int encode(const struct profile *p, const char *id, struct buf *ret, struct hub_answer *answer)
{
	_cleanup_(merge_freep) struct merge *m = NULL;
	const struct merge_options options = { .id = id };
	int r = merge_new(&m);

	if (r == 0)
		r = merge_add(m, p);
	if (r == MERGE_FOREIGN)
		return hub_answer_set(answer, HUB_REFUSED_WINDOW,
				      "its values are not samples/count and cpu/nanoseconds, or not what cpuhound "
				      "writes");
	if (r == 0)
		r = merge_encode(m, &options, ret);
	if (r == -ENOSPC || r == -ERANGE || r == -EFBIG)
		return hub_answer_set(answer, HUB_REFUSED_RAW, "it has more stacks or labels than one window may");
	return r;
}

int hub_window_make(struct profile *p, const struct web_hub_request *request, bool is_first, struct hub_window *ret,
		    struct hub_answer *answer)
{
	_cleanup_free_ const char **comments = calloc(p->n_comments + 1, sizeof(*comments));
	_cleanup_(profile_freep) struct profile *made = NULL;
	_cleanup_(buf_done) struct buf line = {};
	char id[WINDOW_ID_BYTES];
	int r = comments ? profile_set_missing_label(p, HOST_LABEL, request->host) : -ENOMEM;

	make_id(request, id);
	if (r == 0 && !is_first)
		r = empty_ledger(p, id, &line, comments);
	if (r == 0)
		r = encode(p, id, &ret->raw, answer);
	if (r == 0)
		r = profile_decode(ret->raw.data, ret->raw.size, &made);
	if (r == 0)
		r = window_info_read(made, &ret->info);
	if (r == 0)
		r = label_values_of_profile(made, &ret->labels);
	if (r == 0 && count_samples(made) != count_samples(p))
		r = -EBADMSG;
	ret->n_samples = r == 0 ? count_samples(made) : 0;
	/* They die with this function. */
	p->comments = NULL;
	p->n_comments = 0;
	return r;
}
