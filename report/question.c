// SPDX-License-Identifier: Apache-2.0
#include "report/question.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/parse.h"
#include "common/utf8.h"
#include "report/normalize.h"
#include "report/question-inside.h"
#include "report/stack-filter.h"
#include "store/selection.h"

#define LONG_AGO_NS (6 * QUESTION_HOUR_NS)

#define HOGS (1U << QUESTION_HOGS)
#define DIFF (1U << QUESTION_DIFF)
#define FLAME (1U << QUESTION_FLAME)
#define TIMELINE (1U << QUESTION_TIMELINE)
#define LABELS (1U << QUESTION_LABELS)
#define EXPORT (1U << QUESTION_EXPORT)
#define ALL (HOGS | DIFF | FLAME | TIMELINE | LABELS | EXPORT)
#define WITH_ROWS (HOGS | DIFF | LABELS)
#define WITH_KEYS (HOGS | DIFF | FLAME | TIMELINE | EXPORT)
#define WITH_BEFORE (DIFF | FLAME)

static const struct {
	const char *name, *content_type, *file_name;
} formats[QUESTION_N_FORMATS] = {
	[QUESTION_PPROF] = { "pprof", "application/vnd.google.protobuf+gzip", "cpuhound.pb.gz" },
	[QUESTION_FOLDED] = { "folded", "text/plain; charset=utf-8", "cpuhound.folded" },
	[QUESTION_SPEEDSCOPE] = { "speedscope", "application/json", "cpuhound.speedscope.json" },
	[QUESTION_SVG] = { "svg", "image/svg+xml", "cpuhound.svg" },
	[QUESTION_HTML] = { "html", "text/html; charset=utf-8", "cpuhound.html" },
};

/* How a value is read. */
enum value_type {
	VALUE_TIME, /* int64_t, as --since has it */
	VALUE_NS,   /* int64_t, since 1970 */
	VALUE_AGO,  /* int64_t, a duration */
	VALUE_COUNT,
	VALUE_CORES,
	VALUE_TEXT,
	VALUE_LINES, /* may be given again */
	VALUE_DOMAIN,
	VALUE_NORMALIZE,
	VALUE_FORMAT,
};

#define AT(member) offsetof(struct question, member), sizeof(((struct question *)0)->member)

/* More than one may be of the same place: only one of them is given. */
static const struct argument {
	const char *key;
	unsigned int kinds; /* bits by enum question_kind */
	enum value_type type;
	size_t at, size;
	uint64_t max; /* of a count, which is 1 at least */
	const char *reason;
} arguments[] = {
	{ "since", ALL, VALUE_TIME, AT(side.since_ns),
	  .reason = "since is 10, 10s, 5m, 1h, 7d ago, or 2026-11-29T01:42:42Z, given once" },
	{ "since_ns", ALL, VALUE_NS, AT(side.since_ns), .reason = "since_ns is a time in ns since 1970, given once" },
	{ "until", ALL, VALUE_TIME, AT(side.until_ns),
	  .reason = "until is 10, 10s, 5m, 1h, 7d ago, or 2026-11-29T01:42:42Z, given once" },
	{ "until_ns", ALL, VALUE_NS, AT(side.until_ns), .reason = "until_ns is a time in ns since 1970, given once" },
	{ "match", ALL, VALUE_LINES, AT(side.match),
	  .reason = "match is a matcher such as service=api; all together have at most 1023 bytes" },
	{ "stack", ALL, VALUE_TEXT, AT(stack),
	  .reason = "stack is an expression of at most 1023 bytes of UTF-8, given once" },
	{ "function", ALL, VALUE_TEXT, AT(function),
	  .reason = "function is a name of at most 2047 bytes of UTF-8, given once" },
	{ "library", ALL, VALUE_TEXT, AT(library),
	  .reason = "library is a name of at most 255 bytes of UTF-8, given once" },
	{ "file", ALL, VALUE_TEXT, AT(file),
	  .reason = "file is a source file of at most 1023 bytes of UTF-8, given once" },
	{ "category", ALL, VALUE_TEXT, AT(category),
	  .reason = "category is a name of at most 255 bytes of UTF-8, given once" },
	{ "domain", ALL, VALUE_DOMAIN, AT(domain), .reason = "domain is kernel or user, given once" },
	{ "by", WITH_KEYS, VALUE_TEXT, AT(by), .reason = "by is a list such as service,version, given once" },
	{ "n", WITH_ROWS, VALUE_COUNT, AT(n_rows), .max = QUESTION_MAX_ROWS,
	  .reason = "n is a number from 1 to 1000, given once" },
	{ "n", TIMELINE, VALUE_COUNT, AT(n_rows), .max = QUESTION_MAX_GROUPS,
	  .reason = "n is a number from 1 to 50, given once" },
	{ "vs", HOGS | WITH_BEFORE, VALUE_AGO, AT(vs_ns), .reason = "vs is 10s, 5m, 1h, 7d earlier, given once" },
	{ "callers", HOGS, VALUE_COUNT, AT(n_callers), .max = QUESTION_MAX_CALLERS,
	  .reason = "callers is a number from 1 to 100, given once" },
	{ "outliers", HOGS, VALUE_COUNT, AT(has_outliers), .max = 1, .reason = "outliers is 1, given once" },
	{ "min_cores", HOGS, VALUE_CORES, AT(min_cores), .reason = "min_cores is a number such as 0.1, given once" },
	{ "before_since", WITH_BEFORE, VALUE_TIME, AT(before.since_ns),
	  .reason = "before_since is a time as since is, given once" },
	{ "before_since_ns", WITH_BEFORE, VALUE_NS, AT(before.since_ns),
	  .reason = "before_since_ns is a time in ns since 1970, given once" },
	{ "before_until", WITH_BEFORE, VALUE_TIME, AT(before.until_ns),
	  .reason = "before_until is a time as until is, given once" },
	{ "before_until_ns", WITH_BEFORE, VALUE_NS, AT(before.until_ns),
	  .reason = "before_until_ns is a time in ns since 1970, given once" },
	{ "before_match", WITH_BEFORE, VALUE_LINES, AT(before.match),
	  .reason = "before_match is a matcher such as service=api; all together have at most 1023 bytes" },
	{ "normalize", DIFF | FLAME | EXPORT, VALUE_NORMALIZE, AT(normalize),
	  .reason = "normalize is " NORMALIZE_WORDS ", given once" },
	{ "points", TIMELINE, VALUE_COUNT, AT(n_points), .max = QUESTION_MAX_POINTS,
	  .reason = "points is a number from 1 to 400, given once" },
	{ "key", LABELS, VALUE_TEXT, AT(key), .reason = "key is a label's name of at most 255 bytes, given once" },
	{ "prefix", LABELS, VALUE_TEXT, AT(prefix),
	  .reason = "prefix is what a name or value begins with, of at most 255 bytes, given once" },
	{ "format", EXPORT, VALUE_FORMAT, AT(format),
	  .reason = "format is pprof, folded, speedscope, svg or html, given once" },
};
_Static_assert(ARRAY_SIZE(arguments) < 32, "a bit for each");

#define NONE_OF "an argument is none of since, until, match, stack, function, library, file, category, domain, "
#define BEFORE "normalize, vs, before_since, before_until, before_match"

static const char *const unknown[QUESTION_N_KINDS] = {
	[QUESTION_HOGS] = NONE_OF "by, n, vs, callers, outliers, min_cores",
	[QUESTION_DIFF] = NONE_OF "by, n, " BEFORE,
	[QUESTION_FLAME] = NONE_OF "by, " BEFORE,
	[QUESTION_TIMELINE] = NONE_OF "by, n, points",
	[QUESTION_LABELS] = NONE_OF "key, prefix, n",
	[QUESTION_EXPORT] = NONE_OF "format, by, normalize",
};

void question_init(struct question *q, enum question_kind kind, int64_t now_ns)
{
	*q = (struct question){
		.kind = kind, .now_ns = now_ns, .side.until_ns = INT64_MAX, .before.until_ns = INT64_MAX
	};
}

bool question_has(const struct question *q, size_t at)
{
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if (arguments[i].at == at && q->given & 1U << i)
			return true;
	return false;
}

/* -- values: 0 or -EINVAL -- */

/* The same words as on the command line, where borders of hours are not moved: there nobody waits for a page. */
static int set_time(const struct question *q, const char *value, int64_t *ret)
{
	uint64_t ago_ns;

	if (selection_parse_time(value, q->now_ns, ret) != 0)
		return -EINVAL;
	if (parse_duration_ns(value, &ago_ns) == 0 && ago_ns >= (uint64_t)LONG_AGO_NS)
		*ret -= *ret % QUESTION_HOUR_NS;
	return 0;
}

static int set_ns(const char *value, int64_t *ret)
{
	uint64_t n;

	if (parse_u64(value, 10, &n) < 0 || n > INT64_MAX)
		return -EINVAL;
	*ret = (int64_t)n;
	return 0;
}

static int set_ago(const char *value, int64_t *ret)
{
	uint64_t n;

	if (parse_duration_ns(value, &n) < 0 || n == 0 || n > INT64_MAX)
		return -EINVAL;
	*ret = (int64_t)n;
	return 0;
}

static int set_count(const char *value, uint64_t max, uint32_t *ret)
{
	uint64_t n;

	if (parse_u64(value, 10, &n) < 0 || n == 0 || n > max)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

static int set_cores(const char *value, double *ret)
{
	char *end;
	double n = strtod(value, &end);

	if (strspn(value, "0123456789.") != strlen(value) || end == value || *end || !isfinite(n))
		return -EINVAL;
	*ret = n;
	return 0;
}

static int set_text(const char *value, size_t size, size_t capacity, char *ret)
{
	if (size == 0 || size >= capacity || !utf8_is_valid(value, size))
		return -EINVAL;
	memcpy(ret, value, size);
	return 0;
}

static int add_line(const char *value, size_t size, size_t capacity, char *ret)
{
	size_t n = strlen(ret);

	if (size == 0 || size + 2 > capacity - n || !utf8_is_valid(value, size))
		return -EINVAL;
	memcpy(ret + n, value, size);
	ret[n + size] = '\n';
	return 0;
}

static int set_domain(const char *value, uint32_t *ret)
{
	if (strcmp(value, "kernel") == 0)
		*ret = STACK_KERNEL;
	else if (strcmp(value, "user") == 0)
		*ret = STACK_USER;
	else
		return -EINVAL;
	return 0;
}

static int set_normalize(const char *value, uint32_t *ret)
{
	enum normalize n;

	if (normalize_parse(value, &n) != 0)
		return -EINVAL;
	*ret = n;
	return 0;
}

static int set_format(const char *value, uint32_t *ret)
{
	for (uint32_t i = 0; i < QUESTION_N_FORMATS; i++)
		if (strcmp(value, formats[i].name) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

static int set(struct question *q, const struct argument *a, const char *value, size_t size)
{
	void *at = (char *)q + a->at;

	if (strlen(value) != size)
		return -EINVAL;
	switch (a->type) {
	case VALUE_TIME:
		return set_time(q, value, at);
	case VALUE_NS:
		return set_ns(value, at);
	case VALUE_AGO:
		return set_ago(value, at);
	case VALUE_COUNT:
		return set_count(value, a->max, at);
	case VALUE_CORES:
		return set_cores(value, at);
	case VALUE_TEXT:
		return set_text(value, size, a->size, at);
	case VALUE_LINES:
		return add_line(value, size, a->size, at);
	case VALUE_DOMAIN:
		return set_domain(value, at);
	case VALUE_NORMALIZE:
		return set_normalize(value, at);
	case VALUE_FORMAT:
		return set_format(value, at);
	}
	return -EINVAL;
}

int question_set(struct question *q, const char *key, const char *value, size_t value_size, const char **ret_reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		const struct argument *a = &arguments[i];

		if (strcmp(key, a->key) != 0 || !(a->kinds & 1U << q->kind))
			continue;
		*ret_reason = a->reason;
		if (a->type != VALUE_LINES && question_has(q, a->at))
			return -EINVAL;
		q->given |= 1U << i;
		return set(q, a, value, value_size);
	}
	*ret_reason = unknown[q->kind];
	return -EINVAL;
}

static bool is_zero(const struct question *q, const struct argument *a)
{
	const char *at = (const char *)q + a->at;

	for (size_t i = 0; i < a->size; i++)
		if (at[i])
			return false;
	return true;
}

bool question_takes(const struct question *q, size_t at)
{
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if (arguments[i].at == at && arguments[i].kinds & 1U << q->kind)
			return true;
	return false;
}

bool question_has_its_own(const struct question *q)
{
	if (q->given >> ARRAY_SIZE(arguments))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		const struct argument *a = &arguments[i];
		bool is_before = a->at >= offsetof(struct question, before) &&
				 a->at < offsetof(struct question, before) + sizeof(q->before);

		if (q->given & 1U << i && !(a->kinds & 1U << q->kind))
			return false;
		if (!question_takes(q, a->at) && !(is_before && q->has_before) && !is_zero(q, a))
			return false;
	}
	return true;
}

const char *question_content_type(const struct question *q)
{
	return q->kind == QUESTION_EXPORT ? formats[q->format].content_type : "application/json";
}

const char *question_file_name(const struct question *q)
{
	return q->kind == QUESTION_EXPORT ? formats[q->format].file_name : NULL;
}
