// SPDX-License-Identifier: Apache-2.0
#include "store/name.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/parse.h"
#include "common/suffix.h"

#define MS_PER_S ((int64_t)(NS_PER_S / NS_PER_MS))
#define MAX_START_S INT64_C(253402300799) /* the end of the year 9999: there are four digits for it */
#define START_CHARS 20                    /* 20261129T014242.123Z */

static const struct tier {
	const char *name, *dir;
	uint64_t length_ns;
	unsigned int depth;
} tiers[] = {
	[WINDOW_RAW] = { "raw", "windows", 0, 2 },
	[WINDOW_MINUTE] = { "minute", "minutes", 60 * NS_PER_S, 1 },
	[WINDOW_HOUR] = { "hour", "hours", 3600 * NS_PER_S, 1 },
};

const char *window_tier_name(enum window_tier tier)
{
	return tiers[tier].name;
}

uint64_t window_tier_ns(enum window_tier tier)
{
	return tiers[tier].length_ns;
}

const char *name_of_tier_dir(enum window_tier tier)
{
	return tiers[tier].dir;
}

unsigned int name_tier_depth(enum window_tier tier)
{
	return tiers[tier].depth;
}

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._-", c));
}

void name_spell_host(const char *host, char ret[static WINDOW_HOST_BYTES])
{
	size_t i;

	for (i = 0; i < WINDOW_HOST_BYTES - 1 && host[i]; i++)
		ret[i] = is_plain(host[i]) ? host[i] : '_';
	if (i == 0)
		ret[i++] = '_';
	ret[i] = 0;
}

void name_of_window(const struct window_info *info, struct window_name *ret)
{
	*ret = (struct window_name){
		.tier = info->tier,
		.start_ms = info->start_ns / (int64_t)NS_PER_MS,
		.first = info->first,
		.last = info->last,
	};
	name_spell_host(info->host, ret->host);
}

static int add_sequences(const struct window_name *n, char *text, size_t size)
{
	if (n->tier == WINDOW_RAW)
		return snprintf(text, size, "%08" PRIu64, n->first);
	return snprintf(text, size, "%08" PRIu64 "-%08" PRIu64, n->first, n->last);
}

int name_format(const struct window_name *n, struct window_path *ret)
{
	time_t seconds = (time_t)(n->start_ms / MS_PER_S);
	char day[16], hour[4], start[24], sequences[64];
	struct tm tm;

	if (n->start_ms < 0 || seconds > MAX_START_S || !gmtime_r(&seconds, &tm))
		return -EINVAL;
	if (n->first > n->last || n->last > INT64_MAX || (n->tier == WINDOW_RAW && n->first != n->last))
		return -EINVAL;
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	strftime(hour, sizeof(hour), "%H", &tm);
	strftime(start, sizeof(start), "%Y%m%dT%H%M%S", &tm);
	add_sequences(n, sequences, sizeof(sequences));
	snprintf(ret->folder, sizeof(ret->folder), "%s/%s%s%s", tiers[n->tier].dir, day,
		 tiers[n->tier].depth == 2 ? "/" : "", tiers[n->tier].depth == 2 ? hour : "");
	return (size_t)snprintf(ret->file, sizeof(ret->file), "%s.%03dZ-%s-%s" NAME_SUFFIX, start,
				(int)(n->start_ms % MS_PER_S), n->host, sequences) < sizeof(ret->file)
		       ? 0
		       : -EINVAL;
}

/* n digits exactly. */
static bool take_digits(const char **p, size_t n, int *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		*ret = *ret * 10 + (**p - '0');
	}
	return true;
}

static bool take_char(const char **p, char c)
{
	return *(*p)++ == c;
}

/* Days that no month has are found out by whoever formats the name again. */
static bool parse_start(const char *p, int64_t *ret_ms)
{
	struct tm tm = {};
	int ms;
	time_t seconds;

	if (!take_digits(&p, 4, &tm.tm_year) || !take_digits(&p, 2, &tm.tm_mon) || !take_digits(&p, 2, &tm.tm_mday) ||
	    !take_char(&p, 'T') || !take_digits(&p, 2, &tm.tm_hour) || !take_digits(&p, 2, &tm.tm_min) ||
	    !take_digits(&p, 2, &tm.tm_sec) || !take_char(&p, '.') || !take_digits(&p, 3, &ms) || !take_char(&p, 'Z'))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm);
	*ret_ms = (int64_t)seconds * MS_PER_S + ms;
	return true;
}

/* The number behind the last '-' before *end, which moves to that '-'. */
static bool take_sequence(const char *start, const char **end, uint64_t *ret)
{
	const char *p = *end;

	while (p > start && isdigit((unsigned char)p[-1]))
		p--;
	if (p == start || p == *end || p[-1] != '-')
		return false;
	*end = p - 1;
	return parse_u64_at(&p, p + strlen(p), 10, ret) == 0;
}

bool name_find_sequence(const char *file, uint64_t *ret)
{
	const char *end = file + strlen(file) - strlen(NAME_SUFFIX);

	return has_suffix(file, NAME_SUFFIX) && take_sequence(file, &end, ret) && *ret <= INT64_MAX;
}

int name_parse(enum window_tier tier, const char *file, struct window_name *ret)
{
	struct window_name name = { .tier = tier };
	size_t size = strlen(file);
	const char *end = file + size - strlen(NAME_SUFFIX), *host = file + START_CHARS;
	struct window_path again;

	if (size >= NAME_BYTES || size <= START_CHARS + strlen(NAME_SUFFIX) || !has_suffix(file, NAME_SUFFIX) ||
	    *host++ != '-' || !parse_start(file, &name.start_ms))
		return NAME_OTHER;
	if (!take_sequence(host, &end, &name.last))
		return NAME_OTHER;
	name.first = name.last;
	if (tier != WINDOW_RAW && !take_sequence(host, &end, &name.first))
		return NAME_OTHER;
	if (end <= host || end - host >= WINDOW_HOST_BYTES)
		return NAME_OTHER;
	memcpy(name.host, host, (size_t)(end - host));
	if (name_format(&name, &again) < 0 || strcmp(again.file, file) != 0)
		return NAME_OTHER;
	for (const char *p = name.host; *p; p++)
		if (!is_plain(*p))
			return NAME_OTHER;
	*ret = name;
	return 0;
}
