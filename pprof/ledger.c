// SPDX-License-Identifier: Apache-2.0
#include "pprof/ledger.h"

#include <inttypes.h>
#include <string.h>

#include "common/parse.h"

#define LINE_START "ledger "
#define MAX_ID_BYTES 64

/* The counts that every ledger has, in the order of its line. */
static const struct count_field {
	const char *name;
	size_t offset;
} counts[] = {
	{ "due", offsetof(struct ledger, due) },
	{ "taken", offsetof(struct ledger, taken) },
	{ "idle", offsetof(struct ledger, idle) },
	{ "filtered", offsetof(struct ledger, filtered) },
	{ "in_profile", offsetof(struct ledger, in_profile) },
	{ "idle_cpu", offsetof(struct ledger, not_delivered.idle_cpu) },
	{ "throttled", offsetof(struct ledger, not_delivered.throttled) },
	{ "other", offsetof(struct ledger, not_delivered.other) },
};

/* What ledgers have since there are windows: all of it or nothing, at the end of the line. */
static const struct count_field later_counts[] = {
	{ "frames.named", offsetof(struct ledger, frames.named) },
	{ "frames.module_only", offsetof(struct ledger, frames.module_only) },
	{ "frames.unreadable", offsetof(struct ledger, frames.unreadable) },
	{ "windows", offsetof(struct ledger, windows) },
	{ "reduced_windows", offsetof(struct ledger, reduced_windows) },
	{ "down_ns", offsetof(struct ledger, down_ns) },
};

static uint64_t *count_at(struct ledger *l, size_t offset)
{
	return (void *)((char *)l + offset);
}

static uint64_t count_of(const struct ledger *l, size_t offset)
{
	uint64_t n;

	memcpy(&n, (const char *)l + offset, sizeof(n));
	return n;
}

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_reason_name(const char *name, size_t size)
{
	if (size == 0 || size >= LEDGER_REASON_SIZE)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_lower_or_digit(name[i]) && name[i] != '_')
			return false;
	return true;
}

static int add_count(uint64_t *sum, uint64_t n)
{
	return __builtin_add_overflow(*sum, n, sum) ? -ERANGE : 0;
}

static int insert_reason(struct ledger_reason *reasons, size_t *n_reasons, size_t at, const char *name, uint64_t n)
{
	if (*n_reasons == LEDGER_MAX_REASONS)
		return -ENOSPC;
	memmove(&reasons[at + 1], &reasons[at], (*n_reasons - at) * sizeof(*reasons));
	reasons[at] = (struct ledger_reason){ .n = n };
	strcpy(reasons[at].name, name);
	(*n_reasons)++;
	return 0;
}

static int add_reason(struct ledger_reason *reasons, size_t *n_reasons, const char *name, uint64_t n)
{
	size_t at = 0;
	uint64_t sum;

	if (!is_reason_name(name, strlen(name)))
		return -EINVAL;
	if (n == 0)
		return 0;
	while (at < *n_reasons && strcmp(reasons[at].name, name) < 0)
		at++;
	if (at == *n_reasons || strcmp(reasons[at].name, name) != 0)
		return insert_reason(reasons, n_reasons, at, name, n);
	if (__builtin_add_overflow(reasons[at].n, n, &sum))
		return -ERANGE;
	reasons[at].n = sum;
	return 0;
}

int ledger_add_lost(struct ledger *l, const char *name, uint64_t n)
{
	return add_reason(l->lost, &l->n_lost, name, n);
}

int ledger_add_truncated(struct ledger *l, const char *name, uint64_t n)
{
	return add_reason(l->truncated, &l->n_truncated, name, n);
}

void ledger_filter(struct ledger *l, uint64_t n)
{
	l->in_profile -= n;
	l->filtered += n;
}

void ledger_sub_truncated(struct ledger *l, const char *name, uint64_t n)
{
	for (size_t i = 0; i < l->n_truncated; i++) {
		struct ledger_reason *reason = &l->truncated[i];

		if (strcmp(reason->name, name) != 0)
			continue;
		reason->n -= n;
		if (reason->n == 0)
			memmove(reason, reason + 1, (--l->n_truncated - i) * sizeof(*reason));
		return;
	}
}

static int add_counts(struct ledger *sum, const struct ledger *other, const struct count_field *fields, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_count(count_at(sum, fields[i].offset), count_of(other, fields[i].offset));
	return r;
}

int ledger_add(struct ledger *sum, const struct ledger *other)
{
	struct ledger result = *sum;
	int r;

	r = add_counts(&result, other, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = add_counts(&result, other, later_counts, ARRAY_SIZE(later_counts));
	for (size_t i = 0; r == 0 && i < other->n_lost; i++)
		r = ledger_add_lost(&result, other->lost[i].name, other->lost[i].n);
	for (size_t i = 0; r == 0 && i < other->n_truncated; i++)
		r = ledger_add_truncated(&result, other->truncated[i].name, other->truncated[i].n);
	if (r < 0)
		return r;
	*sum = result;
	return 0;
}

/* A sum that does not fit sticks at the largest number. */
static uint64_t sum_of(const uint64_t *terms, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (add_count(&sum, terms[i]) < 0)
			return UINT64_MAX;
	return sum;
}

uint64_t ledger_sum_lost(const struct ledger *l)
{
	uint64_t terms[LEDGER_MAX_REASONS];

	for (size_t i = 0; i < l->n_lost; i++)
		terms[i] = l->lost[i].n;
	return sum_of(terms, l->n_lost);
}

bool ledger_balances(const struct ledger *l)
{
	const uint64_t due[] = { l->taken, l->not_delivered.idle_cpu, l->not_delivered.throttled,
				 l->not_delivered.other };
	const uint64_t taken[] = { l->idle, l->filtered, l->in_profile, ledger_sum_lost(l) };

	return l->due == sum_of(due, ARRAY_SIZE(due)) && l->taken == sum_of(taken, ARRAY_SIZE(taken));
}

static bool is_id(const char *id, size_t size)
{
	if (size == 0 || size > MAX_ID_BYTES)
		return false;
	for (size_t i = 0; i < size; i++)
		if (id[i] <= ' ' || id[i] >= 0x7f)
			return false;
	return true;
}

static int format_reasons(const struct ledger_reason *reasons, size_t n, const char *prefix, struct buf *b)
{
	for (size_t i = 0; i < n; i++) {
		int r = buf_printf(b, " %s%s=%" PRIu64, prefix, reasons[i].name, reasons[i].n);

		if (r < 0)
			return r;
	}
	return 0;
}

static int format_counts(const struct ledger *l, const struct count_field *fields, size_t n, struct buf *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = buf_printf(b, " %s=%" PRIu64, fields[i].name, count_of(l, fields[i].offset));
	return r;
}

static int format_line(const struct ledger *l, const char *window_id, struct buf *b)
{
	int r;

	r = buf_printf(b, LINE_START "%s", window_id);
	if (r == 0)
		r = format_counts(l, counts, ARRAY_SIZE(counts), b);
	if (r < 0)
		return r;
	r = format_reasons(l->lost, l->n_lost, "lost.", b);
	if (r == 0)
		r = format_reasons(l->truncated, l->n_truncated, "truncated.", b);
	return r == 0 ? format_counts(l, later_counts, ARRAY_SIZE(later_counts), b) : r;
}

int ledger_format(const struct ledger *l, const char *window_id, struct buf *ret)
{
	_cleanup_(buf_done) struct buf line = {};
	int r;

	if (!is_id(window_id, strlen(window_id)))
		return -EINVAL;
	r = format_line(l, window_id, &line);
	if (r < 0)
		return r;
	return buf_add(ret, line.data, line.size);
}

static bool skip(const char **p, const char *word)
{
	size_t size = strlen(word);

	if (strncmp(*p, word, size) != 0)
		return false;
	*p += size;
	return true;
}

/* A number as ledger_format() writes it: no leading zero. */
static int parse_number(const char **p, uint64_t *ret)
{
	if ((*p)[0] == '0' && (*p)[1] >= '0' && (*p)[1] <= '9')
		return -EBADMSG;
	return parse_u64_at(p, *p + strlen(*p), 10, ret) < 0 ? -EBADMSG : 0;
}

static int parse_count(const char **p, const struct count_field *field, struct ledger *l)
{
	if (!skip(p, " ") || !skip(p, field->name) || !skip(p, "="))
		return -EBADMSG;
	return parse_number(p, count_at(l, field->offset));
}

static int parse_counts(const char **p, const struct count_field *fields, size_t n, struct ledger *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = parse_count(p, &fields[i], l);
	return r;
}

/* Names ascend and no count is 0, as the line was written. */
static int parse_reason(const char **p, struct ledger_reason *reasons, size_t *n_reasons)
{
	size_t size = strcspn(*p, "=");
	struct ledger_reason reason = {};
	int r;

	if (!is_reason_name(*p, size) || *n_reasons == LEDGER_MAX_REASONS)
		return -EBADMSG;
	memcpy(reason.name, *p, size);
	*p += size;
	if (!skip(p, "="))
		return -EBADMSG;
	r = parse_number(p, &reason.n);
	if (r < 0)
		return r;
	if (reason.n == 0 || (*n_reasons > 0 && strcmp(reasons[*n_reasons - 1].name, reason.name) >= 0))
		return -EBADMSG;
	reasons[(*n_reasons)++] = reason;
	return 0;
}

static int parse_reasons(const char **p, const char *prefix, struct ledger_reason *reasons, size_t *n_reasons)
{
	while (skip(p, prefix)) {
		int r = parse_reason(p, reasons, n_reasons);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_id(const char **p)
{
	size_t size = strcspn(*p, " ");

	if (!is_id(*p, size))
		return -EBADMSG;
	*p += size;
	return 0;
}

int ledger_parse(const char *line, struct ledger *ret)
{
	const char *p = line;
	struct ledger l = {};
	int r;

	if (!skip(&p, LINE_START))
		return LEDGER_NOT_ONE;
	r = parse_id(&p);
	if (r == 0)
		r = parse_counts(&p, counts, ARRAY_SIZE(counts), &l);
	if (r < 0)
		return r;
	r = parse_reasons(&p, " lost.", l.lost, &l.n_lost);
	if (r < 0)
		return r;
	r = parse_reasons(&p, " truncated.", l.truncated, &l.n_truncated);
	if (r < 0)
		return r;
	if (*p)
		r = parse_counts(&p, later_counts, ARRAY_SIZE(later_counts), &l);
	else
		l.windows = 1; /* before there were such counts, each file was one */
	if (r < 0)
		return r;
	if (*p)
		return -EBADMSG;
	*ret = l;
	return 0;
}
