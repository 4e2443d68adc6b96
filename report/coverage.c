// SPDX-License-Identifier: Apache-2.0
#include "report/coverage.h"

#include <string.h>

#include "common/buf.h"
#include "pprof/pool.h"
#include "pprof/profile.h"
#include "store/name.h"
#include "store/window.h"

#define MAX_NAMES_BYTES ((size_t)64 << 20)

struct span {
	uint32_t host, zero;
	int64_t start_ns, end_ns;
};

/* What is known of a host beside its spans. */
struct unplaced {
	uint64_t wall_ns; /* of windows that do not tell when they were, and of merged ones */
	int64_t first_ns; /* the start of the first merged one; 0: none */
	int64_t seen_ns;  /* until then it may have had windows */
};

struct coverage {
	struct pool names; /* the spelling with its NUL; the number is the host's */
	struct coverage_host *hosts;
	struct unplaced *unplaced; /* for each host */
	size_t n, capacity;
	struct buf spans; /* struct span */
	struct coverage_totals totals;
};

struct coverage *coverage_free(struct coverage *c)
{
	if (!c)
		return NULL;
	pool_done(&c->names);
	free(c->hosts);
	free(c->unplaced);
	buf_done(&c->spans);
	free(c);
	return NULL;
}

int coverage_new(struct coverage **ret)
{
	_cleanup_(coverage_freep) struct coverage *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = pool_init(&c->names, COVERAGE_MAX_HOSTS, MAX_NAMES_BYTES);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

static int reserve_host(struct coverage *c)
{
	size_t capacity = c->capacity ? 2 * c->capacity : 16;
	struct coverage_host *hosts;
	struct unplaced *unplaced;

	if (c->n < c->capacity)
		return 0;
	hosts = reallocarray(c->hosts, capacity, sizeof(*hosts));
	if (!hosts)
		return -ENOMEM;
	c->hosts = hosts;
	unplaced = reallocarray(c->unplaced, capacity, sizeof(*unplaced));
	if (!unplaced)
		return -ENOMEM;
	c->unplaced = unplaced;
	c->capacity = capacity;
	return 0;
}

int coverage_find(struct coverage *c, const char *host, uint32_t *ret)
{
	char name[WINDOW_HOST_BYTES] = "";
	int r = reserve_host(c);

	if (host[0])
		name_spell_host(host, name);
	if (r == 0)
		r = pool_add(&c->names, name, strlen(name) + 1, ret);
	if (r < 0 || *ret < c->n)
		return r;
	c->unplaced[c->n] = (struct unplaced){};
	c->hosts[c->n++] = (struct coverage_host){};
	return 0;
}

static int64_t end_of(int64_t start_ns, uint64_t duration_ns)
{
	int64_t end_ns;

	return __builtin_add_overflow(start_ns, duration_ns, &end_ns) ? INT64_MAX : end_ns;
}

/* Windows come in order of time, mostly: one that goes on where the last one ended is no span of its own. */
static int add_span(struct coverage *c, const struct span *span)
{
	struct span *last = (struct span *)(void *)c->spans.data;
	size_t n = c->spans.size / sizeof(*last);

	if (n > 0 && last[n - 1].host == span->host && span->start_ns >= last[n - 1].start_ns &&
	    span->start_ns <= last[n - 1].end_ns) {
		if (span->end_ns > last[n - 1].end_ns)
			last[n - 1].end_ns = span->end_ns;
		return 0;
	}
	return buf_add(&c->spans, span, sizeof(*span));
}

static int add_wall(struct coverage *c, uint32_t host, uint64_t wall_ns)
{
	return __builtin_add_overflow(c->unplaced[host].wall_ns, wall_ns, &c->unplaced[host].wall_ns) ? -ERANGE : 0;
}

static int add_time(struct coverage *c, uint32_t host, int64_t start_ns, uint64_t duration_ns)
{
	const struct span span = { .host = host, .start_ns = start_ns, .end_ns = end_of(start_ns, duration_ns) };

	return start_ns > 0 ? add_span(c, &span) : add_wall(c, host, duration_ns);
}

/*
 * A merged file lasts as long as what it is merged from together, wherever in its hour that was: what comes late
 * becomes a second file of that hour, and the two of them have no time in common. Where it is not known when in its
 * hour the last window ended, the host is not called silent for that.
 */
static int add_merged(struct coverage *c, uint32_t host, const struct window_info *window)
{
	struct unplaced *u = &c->unplaced[host];

	if (u->first_ns == 0 || window->start_ns < u->first_ns)
		u->first_ns = window->start_ns;
	if (window_end_ns(window) > u->seen_ns)
		u->seen_ns = window_end_ns(window);
	return add_wall(c, host, window->duration_ns);
}

/* A sum of ledgers that does not fit is no reason to give no answer: what counts CPU time are the samples. */
static void add_ledger(struct coverage *c, const struct ledger *l)
{
	struct ledger sum = c->totals.ledger;

	if (ledger_add(&sum, l) < 0)
		return;
	c->totals.ledger = sum;
	c->totals.n_ledgers++;
}

int coverage_add_window(struct coverage *c, const struct window_info *window)
{
	uint32_t host;
	int r = coverage_find(c, window->host, &host);

	if (r < 0)
		return r;
	c->totals.n_windows++;
	c->totals.n_untimed += window->duration_ns == 0;
	add_ledger(c, &window->ledger);
	return window_tier_ns(window->tier) ? add_merged(c, host, window)
					    : add_time(c, host, window->start_ns, window->duration_ns);
}

void coverage_note_unread(struct coverage *c)
{
	c->totals.n_unread++;
}

int coverage_add_host(struct coverage *c, const struct coverage_host *host, uint64_t n_windows)
{
	uint32_t number;
	int r = coverage_find(c, host->name, &number);

	if (r < 0)
		return r;
	c->totals.n_windows += n_windows;
	c->unplaced[number].seen_ns = host->end_ns;
	return add_time(c, number, host->start_ns, host->wall_ns);
}

static bool has(const uint32_t *hosts, size_t n, uint32_t host)
{
	for (size_t i = 0; i < n; i++)
		if (hosts[i] == host)
			return true;
	return false;
}

/* The hosts of the samples, each once, into ret (uint32_t). Strings of a profile are unique: a pointer tells. */
static int find_hosts(struct coverage *c, const struct profile *p, struct buf *ret)
{
	const char *last = NULL;

	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_label *label = profile_find_label(&p->samples[i], COVERAGE_HOST_LABEL);
		const char *name = label && label->str ? label->str : "";
		uint32_t host;
		int r;

		if (name == last)
			continue;
		last = name;
		r = coverage_find(c, name, &host);
		if (r == 0 && !has((const uint32_t *)(void *)ret->data, ret->size / sizeof(host), host))
			r = buf_add(ret, &host, sizeof(host));
		if (r < 0)
			return r;
	}
	return 0;
}

int coverage_add_profile(struct coverage *c, const struct profile *p, const struct window_info *window, bool is_window)
{
	_cleanup_(buf_done) struct buf hosts = {};
	size_t n;
	int r = find_hosts(c, p, &hosts);

	n = hosts.size / sizeof(uint32_t);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_time(c, ((const uint32_t *)(void *)hosts.data)[i], window->start_ns, window->duration_ns / n);
	c->totals.n_windows += is_window ? window->ledger.windows : 1;
	c->totals.n_untimed += window->duration_ns == 0;
	if (is_window)
		add_ledger(c, &window->ledger);
	return r;
}

static int by_host_and_time(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/* The part of it that is behind what was counted of this host; end_ns is the host's so far. */
static void count_span(struct coverage_host *host, const struct span *span)
{
	int64_t from_ns = span->start_ns > host->end_ns ? span->start_ns : host->end_ns;

	if (host->start_ns == 0)
		host->start_ns = span->start_ns;
	if (span->end_ns <= from_ns)
		return;
	host->wall_ns += (uint64_t)(span->end_ns - from_ns);
	host->end_ns = span->end_ns;
}

static void see_unplaced(struct coverage_host *host, const struct unplaced *u)
{
	if (u->first_ns > 0 && (host->start_ns == 0 || u->first_ns < host->start_ns))
		host->start_ns = u->first_ns;
	if (u->seen_ns > host->end_ns && host->start_ns > 0)
		host->end_ns = u->seen_ns;
}

static void sum_up_totals(struct coverage *c)
{
	c->totals.start_ns = c->totals.end_ns = 0;
	for (size_t i = 0; i < c->n; i++) {
		const struct coverage_host *host = &c->hosts[i];

		if (host->start_ns && (!c->totals.start_ns || host->start_ns < c->totals.start_ns))
			c->totals.start_ns = host->start_ns;
		if (host->end_ns > c->totals.end_ns)
			c->totals.end_ns = host->end_ns;
	}
}

void coverage_finish(struct coverage *c)
{
	struct span *spans = (struct span *)(void *)c->spans.data;
	size_t n = c->spans.size / sizeof(*spans), size;

	if (n > 0)
		qsort(spans, n, sizeof(*spans), by_host_and_time);
	for (size_t i = 0; i < c->n; i++)
		c->hosts[i] = (struct coverage_host){ .name = pool_get(&c->names, (uint32_t)i, &size),
						      .wall_ns = c->unplaced[i].wall_ns };
	for (size_t i = 0; i < n; i++)
		count_span(&c->hosts[spans[i].host], &spans[i]);
	for (size_t i = 0; i < c->n; i++)
		see_unplaced(&c->hosts[i], &c->unplaced[i]);
	sum_up_totals(c);
}

const struct coverage_host *coverage_hosts(const struct coverage *c, size_t *ret_n)
{
	*ret_n = c->n;
	return c->hosts;
}

const struct coverage_totals *coverage_totals(const struct coverage *c)
{
	return &c->totals;
}

double coverage_lost(const struct coverage *c)
{
	const struct coverage_totals *t = coverage_totals(c);
	uint64_t lost = ledger_sum_lost(&t->ledger);

	if (t->n_ledgers == 0)
		return -1;
	return lost ? (double)lost / (double)(lost + t->ledger.in_profile) : 0;
}

bool coverage_is_silent(const struct coverage *c, const struct coverage_host *host, int64_t until_ns)
{
	int64_t end_ns = until_ns ? until_ns : c->totals.end_ns;

	return host->end_ns > 0 && host->end_ns < end_ns - COVERAGE_SILENT_NS;
}
