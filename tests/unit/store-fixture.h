/* SPDX-License-Identifier: Apache-2.0 */
/* store fixture: a store below /tmp, and windows as an agent writes them, with a sample of each given service. */
#pragma once

#include "common/clock.h"
#include "pprof/build.h"
#include "pprof/label-values.h"
#include "pprof/profile.h"
#include "store/selection.h"
#include "store/store.h"
#include "tests/unit/state-fixture.h"

#define BASE_NS (INT64_C(1795916400) * (int64_t)NS_PER_S) /* 2026-11-29 01:40:00 UTC: of an hour's middle */
#define WINDOW_NS (10 * (int64_t)NS_PER_S)

/* What [store] of the configuration says by default. */
#define KEPT_RAW_NS (24 * 3600 * (int64_t)NS_PER_S)
#define KEPT_MINUTES_NS (7 * KEPT_RAW_NS)
#define KEPT_HOURS_NS (90 * KEPT_RAW_NS)
#define KEPT_BYTES ((uint64_t)2 << 30)

struct made {
	enum window_tier tier;
	uint64_t first, last; /* 0: first */
	int64_t start_ns;
	const char *host;
	const char *services;                /* "api,db": a sample each */
	uint64_t n_windows;                  /* 0: 1 */
	uint64_t n_more_due, n_more_samples; /* that the ledger tells of */
};

static inline void make_profile(const struct made *m, struct window_info *info, struct label_values *labels,
				struct buf *ret)
{
	const struct profile_meta meta = { .time_ns = m->start_ns, .duration_ns = WINDOW_NS, .period_ns = 10101010 };
	const struct frame frame = { .function = "main" };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(buf_done) struct buf line = {};
	char services[64], *rest = services, *service;

	*info = (struct window_info){ .tier = m->tier,
				      .first = m->first,
				      .last = m->last ?: m->first,
				      .start_ns = m->start_ns,
				      .duration_ns = (uint64_t)WINDOW_NS,
				      .period_ns = 10101010 };
	snprintf(info->id, sizeof(info->id), "%032lx", (unsigned long)(m->first + 1));
	snprintf(info->host, sizeof(info->host), "%s", m->host ?: "h");
	snprintf(services, sizeof(services), "%s", m->services ?: "api");
	info->ledger.windows = m->n_windows ?: 1;
	assert_int_equal(profile_builder_new(&b), 0);
	while ((service = strsep(&rest, ","))) {
		const struct label set[] = { { .key = "service_name", .str = service }, { .key = "pid", .num = 7 } };

		info->ledger.due += 3;
		assert_int_equal(profile_builder_add(b, &frame, 1, set, 2, 3, 30303030), 0);
	}
	info->ledger.due += m->n_more_samples;
	info->ledger.taken = info->ledger.in_profile = info->ledger.due;
	info->ledger.due += m->n_more_due;
	assert_int_equal(ledger_format(&info->ledger, info->id, &line), 0);
	assert_int_equal(profile_builder_add_comment(b, line.data), 0);
	assert_int_equal(profile_builder_label_values(b, labels), 0);
	assert_int_equal(profile_builder_encode(b, &meta, ret), 0);
}

static inline int put(struct store *s, const struct made *m, struct window_info *ret)
{
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {};

	make_profile(m, ret, &labels, &raw);
	return store_write(s, ret, &labels, &raw);
}

_unused_ static void assert_same(const struct window_info *a, const struct window_info *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->host, b->host);
	assert_int_equal(a->tier, b->tier);
	assert_int_equal(a->first, b->first);
	assert_int_equal(a->last, b->last);
	assert_int_equal(a->start_ns, b->start_ns);
	assert_int_equal(a->duration_ns, b->duration_ns);
	assert_int_equal(a->period_ns, b->period_ns);
	assert_int_equal(a->n_bytes, b->n_bytes);
	assert_int_equal(a->n_disk_bytes, b->n_disk_bytes);
	assert_int_equal(a->n_raw_bytes, b->n_raw_bytes);
	assert_memory_equal(&a->ledger, &b->ledger, sizeof(a->ledger));
}

/* The first sequences of what a cursor has, in its order: "1 2 5 ". */
_unused_ static const char *sequences_of(struct window_cursor *c)
{
	static char text[4096];
	struct window_info info;
	size_t size = 0;
	int r;

	text[0] = 0;
	while ((r = window_cursor_next(c, &info)) != STORE_END && size < sizeof(text) - 64) {
		if (r == STORE_GONE)
			size += (size_t)snprintf(text + size, sizeof(text) - size, "gone ");
		else if (info.tier == WINDOW_RAW)
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%lu ", (unsigned long)info.first);
		else
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s:%lu-%lu ",
						 window_tier_name(info.tier), (unsigned long)info.first,
						 (unsigned long)info.last);
		assert_true(r == 0 || r == STORE_GONE);
	}
	window_cursor_free(c);
	return text;
}

_unused_ static const char *selected(struct store *s, const struct selection *selection)
{
	struct window_cursor *c = NULL;

	assert_int_equal(store_select(s, selection, &c), 0);
	return sequences_of(c);
}

_unused_ static void put_target(const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "targets/%s.json", name);
	mkdirat(state_fd, "targets", 0750);
	state_put(path, text);
}

_unused_ static const char *all_of(struct store *s)
{
	const struct selection all = { .until_ns = INT64_MAX, .files = SELECT_ALL };

	return selected(s, &all);
}

_unused_ static struct store *open_store(enum store_access access)
{
	struct store *s = NULL;

	assert_int_equal(store_open(state_fd, access, &s), 0);
	return s;
}

/* Windows first..last, ten seconds each. */
_unused_ static void put_windows(struct store *s, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++) {
		const struct made m = { .first = i, .start_ns = BASE_NS + (int64_t)i * WINDOW_NS };
		struct window_info info;

		assert_int_equal(put(s, &m, &info), 0);
	}
}
