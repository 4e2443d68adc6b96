// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/made-window.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/clock.h"
#include "pprof/build.h"
#include "pprof/label-values.h"
#include "pprof/profile.h"
#include "store/store.h"

#define WINDOW_NS (10 * NS_PER_S)
#define PERIOD_NS 10000000
#define N_STACKS 12

const char *const made_services[MADE_N_SERVICES] = { "api", "db", "web" };

/* Some stacks are in every window, some in few; the counts differ from window to window. */
static int add_stack(struct profile_builder *b, uint64_t sequence, unsigned int i, uint64_t *n_samples)
{
	const uint64_t count = 1 + (sequence * 7 + i * 13) % 17, number = i % 3 ? i : i + N_STACKS * (sequence % 50);
	const struct profile_mapping app = { .start = 0x1000, .limit = 0x90000, .filename = "/app", .build_id = "aa" };
	const struct label label = { .key = "service_name", .str = made_services[i % MADE_N_SERVICES] };
	char name[32];
	const struct frame frames[] = {
		{ .addr = 0x2000 + 16 * number, .mapping = &app, .function = name },
		{ .addr = 0x1500, .mapping = &app, .function = "main" },
	};

	snprintf(name, sizeof(name), "work_%" PRIu64, number);
	*n_samples += count;
	return profile_builder_add(b, frames, ARRAY_SIZE(frames), &label, 1, count, count * PERIOD_NS);
}

static int add_ledger(struct profile_builder *b, uint64_t sequence, uint64_t n_samples, struct window_info *info)
{
	_cleanup_(buf_done) struct buf line = {};
	int r;

	snprintf(info->id, sizeof(info->id), "%032" PRIx64, sequence + 1);
	info->ledger = (struct ledger){
		.due = n_samples + 5,
		.taken = n_samples + 3,
		.idle = 2,
		.in_profile = n_samples,
		.not_delivered.idle_cpu = 2,
		.windows = 1,
	};
	r = ledger_add_lost(&info->ledger, "log_full", 1);
	if (r == 0)
		r = ledger_format(&info->ledger, info->id, &line);
	return r == 0 ? profile_builder_add_comment(b, line.data) : r;
}

int made_window_write(struct store *s, int64_t start_ns, struct window_info *ret)
{
	const struct profile_meta meta = { .time_ns = start_ns, .duration_ns = WINDOW_NS, .period_ns = PERIOD_NS };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct window_info info = { .first = store_next_sequence(s), .host = "host-a" };
	uint64_t n_samples = 0;
	int r;

	info.last = info.first;
	r = profile_builder_new(&b);
	for (unsigned int i = 0; r == 0 && i < N_STACKS; i++)
		r = add_stack(b, info.first, i, &n_samples);
	if (r == 0)
		r = add_ledger(b, info.first, n_samples, &info);
	if (r == 0)
		r = profile_builder_encode(b, &meta, &raw);
	if (r == 0)
		r = profile_decode(raw.data, raw.size, &p);
	if (r == 0)
		r = window_info_read(p, &info);
	if (r == 0)
		r = label_values_of_profile(p, &labels);
	if (r == 0)
		r = store_write(s, &info, &labels, &raw);
	if (r == 0)
		*ret = info;
	return r;
}
