// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "pprof/profile.h"
#include "store/window.h"

#define LEDGER_WORD "ledger "

/* What stands behind the first word of a ledger's line. */
static int read_id(const char *line, char ret[static WINDOW_ID_BYTES])
{
	const char *id = line + strlen(LEDGER_WORD);
	size_t size = strcspn(id, " ");

	if (size >= WINDOW_ID_BYTES)
		return -EBADMSG;
	memcpy(ret, id, size);
	ret[size] = 0;
	return 0;
}

static int add_ledger(const char *line, struct window_info *info)
{
	struct ledger ledger;
	int r = ledger_parse(line, &ledger);

	if (r == LEDGER_NOT_ONE)
		return 0;
	if (r == 0 && !info->id[0])
		r = read_id(line, info->id);
	if (r == 0)
		r = ledger_add(&info->ledger, &ledger);
	return r < 0 ? -EBADMSG : 0;
}

static int64_t add_cut(int64_t start_ns, uint64_t length_ns)
{
	int64_t end_ns;

	return __builtin_add_overflow(start_ns, length_ns, &end_ns) ? INT64_MAX : end_ns;
}

int64_t window_end_ns(const struct window_info *info)
{
	int64_t end_ns = add_cut(info->start_ns, info->duration_ns), merged_ns = info->end_ns;
	uint64_t tier_ns = window_tier_ns(info->tier);

	if (tier_ns && merged_ns == 0)
		merged_ns = add_cut(info->start_ns - info->start_ns % (int64_t)tier_ns, tier_ns);
	return merged_ns > end_ns ? merged_ns : end_ns;
}

int window_info_read(const struct profile *p, struct window_info *ret)
{
	struct window_info info = *ret;
	int r = 0;

	if (p->time_ns < 0 || p->duration_ns < 0 || p->period <= 0)
		return -EBADMSG;
	info.id[0] = 0;
	info.ledger = (struct ledger){};
	info.start_ns = p->time_ns;
	info.duration_ns = (uint64_t)p->duration_ns;
	info.period_ns = (uint64_t)p->period;
	for (size_t i = 0; r == 0 && i < p->n_comments; i++)
		r = add_ledger(p->comments[i], &info);
	if (r < 0)
		return r;
	if (!info.id[0])
		return -EBADMSG;
	*ret = info;
	return 0;
}
