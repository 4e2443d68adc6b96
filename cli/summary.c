// SPDX-License-Identifier: Apache-2.0
#include "cli/summary.h"

#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "pprof/profile.h"
#include "report/top.h"

int summary_init(struct summary *s, const struct summary_file *file, const struct profile *p)
{
	*s = (struct summary){ .file = *file, .profile = p };
	ledgers_of(p, &s->ledgers);
	return label_keys_of(p, &s->label_keys);
}

void summary_done(struct summary *s)
{
	label_keys_done(&s->label_keys);
}

enum comment_kind summary_comment_kind(const char *comment, const char **ret)
{
	static const struct {
		const char *start;
		enum comment_kind kind;
	} kinds[] = {
		{ "ledger ", COMMENT_LEDGER },
		{ "host ", COMMENT_HOST },
		{ "unreadable: ", COMMENT_UNREADABLE },
		{ "", COMMENT_OTHER },
	};
	size_t i = 0;

	while (strncmp(comment, kinds[i].start, strlen(kinds[i].start)) != 0)
		i++;
	*ret = comment + strlen(kinds[i].start);
	return kinds[i].kind;
}

void summary_format_time(const struct profile *p, char ret[static SUMMARY_TIME_SIZE])
{
	time_t seconds = (time_t)(p->time_ns / (int64_t)NS_PER_S);
	struct tm tm;

	ret[0] = 0;
	if (p->time_ns > 0 && gmtime_r(&seconds, &tm))
		strftime(ret, SUMMARY_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

size_t summary_n_values(const struct summary *s, const struct label_key *key, const struct top *values)
{
	return values->n_rows - (key->n_samples < s->profile->n_samples);
}
