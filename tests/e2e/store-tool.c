// SPDX-License-Identifier: Apache-2.0
/*
 * store tool: what the tests do with a store without an agent.
 *
 *     fill DIR START_S STEP_S N   N windows of 10 s each, STEP_S apart, with stacks and labels made from their numbers;
 *                                 "SEQUENCE SAMPLES" for each as soon as it is durable
 *     compact DIR NOW_S           as the agent's maintenance does, at that time
 *     gc DIR NOW_S RAW_S MINUTES_S HOURS_S LIMIT_BYTES
 *     totals DIR                  all windows, each once: "windows N samples N due N ...", then "SERVICE SAMPLES"
 *     losses DIR                  "lost WINDOWS SAMPLES", then "TARGET WINDOWS SAMPLES" for what it was not sent
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/parse.h"
#include "pprof/build.h"
#include "pprof/label-values.h"
#include "pprof/profile.h"
#include "store/compact.h"
#include "store/retention.h"
#include "store/selection.h"
#include "store/store.h"

#define WINDOW_NS (10 * NS_PER_S)
#define PERIOD_NS 10000000
#define N_STACKS 12
#define N_SERVICES 3

static const char *const services[N_SERVICES] = { "api", "db", "web" };

static int fail(const char *what, int r)
{
	fprintf(stderr, "store-tool: %s: %s\n", what, r < 0 ? strerror(-r) : "no");
	return 1;
}

/* Some stacks are in every window, some in few; the counts differ from window to window. */
static int add_stack(struct profile_builder *b, uint64_t sequence, unsigned int i, uint64_t *n_samples)
{
	const uint64_t count = 1 + (sequence * 7 + i * 13) % 17, number = i % 3 ? i : i + N_STACKS * (sequence % 50);
	const struct profile_mapping app = { .start = 0x1000, .limit = 0x90000, .filename = "/app", .build_id = "aa" };
	const struct label label = { .key = "service_name", .str = services[i % N_SERVICES] };
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

static int write_window(struct store *s, int64_t start_ns, uint64_t *ret_n_samples)
{
	const struct profile_meta meta = { .time_ns = start_ns, .duration_ns = WINDOW_NS, .period_ns = PERIOD_NS };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct window_info info = { .first = store_next_sequence(s), .host = "host-a" };
	int r;

	info.last = info.first;
	*ret_n_samples = 0;
	r = profile_builder_new(&b);
	for (unsigned int i = 0; r == 0 && i < N_STACKS; i++)
		r = add_stack(b, info.first, i, ret_n_samples);
	if (r == 0)
		r = add_ledger(b, info.first, *ret_n_samples, &info);
	if (r == 0)
		r = profile_builder_encode(b, &meta, &raw);
	if (r == 0)
		r = profile_decode(raw.data, raw.size, &p);
	if (r == 0)
		r = window_info_read(p, &info);
	if (r == 0)
		r = label_values_of_profile(p, &labels);
	return r == 0 ? store_write(s, &info, &labels, &raw) : r;
}

static int fill(int dir_fd, const char *start, const char *step, const char *n)
{
	_cleanup_(store_freep) struct store *s = NULL;
	uint64_t start_s, step_s, n_windows, n_samples;
	int r;

	if (parse_u64(start, 10, &start_s) < 0 || parse_u64(step, 10, &step_s) < 0 || parse_u64(n, 10, &n_windows) < 0)
		return fail("fill", -EINVAL);
	r = store_open(dir_fd, STORE_WRITE, &s);
	for (uint64_t i = 0; r == 0 && i < n_windows; i++) {
		uint64_t sequence = store_next_sequence(s);

		r = write_window(s, (int64_t)((start_s + i * step_s) * NS_PER_S), &n_samples);
		if (r == 0) {
			printf("%" PRIu64 " %" PRIu64 "\n", sequence, n_samples);
			fflush(stdout);
		}
	}
	return r == 0 ? 0 : fail("fill", r);
}

static int open_to_maintain(int dir_fd, const char *now, struct store **ret, int64_t *ret_now_ns)
{
	uint64_t now_s;
	int r = parse_u64(now, 10, &now_s);

	*ret_now_ns = (int64_t)(now_s * NS_PER_S);
	return r == 0 ? store_open(dir_fd, STORE_MAINTAIN, ret) : r;
}

static int compact(int dir_fd, const char *now)
{
	_cleanup_(store_freep) struct store *s = NULL;
	struct compact_stats stats = {};
	int64_t now_ns;
	int r;

	r = open_to_maintain(dir_fd, now, &s, &now_ns);
	if (r == 0)
		r = compact_run(s, 0, now_ns, &stats);
	printf("files %" PRIu64 " merged %" PRIu64 "\n", stats.n_files, stats.n_merged);
	return r == 0 && stats.n_failed == 0 ? 0 : fail("compact", r ?: stats.last_error);
}

static int gc(int dir_fd, char **args)
{
	_cleanup_(store_freep) struct store *s = NULL;
	struct retention_limits limits = {};
	struct retention_stats stats = {};
	int64_t now_ns;
	int r;

	r = open_to_maintain(dir_fd, args[0], &s, &now_ns);
	for (size_t i = 0; r == 0 && i < WINDOW_N_TIERS; i++) {
		uint64_t age_s;

		r = parse_u64(args[1 + i], 10, &age_s);
		limits.age_ns[i] = (int64_t)(age_s * NS_PER_S);
	}
	if (r == 0)
		r = parse_u64(args[4], 10, &limits.limit_bytes);
	if (r == 0)
		r = retention_run(s, &limits, now_ns, &stats);
	printf("removed %" PRIu64 "\n", stats.n_removed);
	return r == 0 ? 0 : fail("gc", r);
}

static int losses(int dir_fd)
{
	struct loss_count sum = {};
	struct losses l;
	int r = losses_read(dir_fd, &l);

	if (r != 0)
		return fail("losses", r);
	for (size_t i = 0; i < LOSS_N_REASONS; i++)
		loss_count_add(&sum, &l.lost[i]);
	printf("lost %" PRIu64 " %" PRIu64 "\n", sum.n_windows, sum.n_samples);
	for (size_t i = 0; i < l.n_targets; i++)
		printf("%s %" PRIu64 " %" PRIu64 "\n", l.targets[i].name, l.targets[i].unsent.n_windows,
		       l.targets[i].unsent.n_samples);
	return 0;
}

struct totals {
	struct ledger ledger;
	uint64_t n_samples, n_cpu_ns, of_services[N_SERVICES];
};

static int add_profile(struct totals *t, const struct profile *p)
{
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_label *l = profile_find_label(&p->samples[i], "service_name");

		t->n_samples += (uint64_t)p->samples[i].values[0];
		t->n_cpu_ns += (uint64_t)p->samples[i].values[1];
		for (size_t j = 0; l && j < N_SERVICES; j++)
			if (strcmp(l->str, services[j]) == 0)
				t->of_services[j] += (uint64_t)p->samples[i].values[0];
	}
	return 0;
}

static int add_window(struct store *s, const struct window_info *info, struct totals *t)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	int r;

	r = store_load(s, info, &p);
	if (r == 0)
		r = add_profile(t, p);
	return r == 0 ? ledger_add(&t->ledger, &info->ledger) : r;
}

static int sum(struct store *s, enum selection_files files, struct totals *ret)
{
	const struct selection all = { .until_ns = INT64_MAX, .files = files };
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct window_info info;
	int r;

	*ret = (struct totals){};
	r = store_select(s, &all, &c);
	while (r == 0 && (r = window_cursor_next(c, &info)) == 0)
		r = add_window(s, &info, ret);
	return r == STORE_END ? 0 : r < 0 ? r : -EBADMSG;
}

/* Whichever files are read, the totals are the same, and those of the ledgers. */
static int totals(int dir_fd)
{
	_cleanup_(store_freep) struct store *s = NULL;
	struct totals t, finest;
	int r;

	r = store_open(dir_fd, STORE_READ, &s);
	if (r == 0)
		r = sum(s, SELECT_FEWEST, &t);
	if (r == 0)
		r = sum(s, SELECT_FINEST, &finest);
	if (r != 0)
		return fail("totals", r);
	printf("windows %" PRIu64 " samples %" PRIu64 " due %" PRIu64 " lost %" PRIu64 " cpu_ns %" PRIu64 "\n",
	       t.ledger.windows, t.n_samples, t.ledger.due, ledger_sum_lost(&t.ledger), t.n_cpu_ns);
	for (size_t i = 0; i < N_SERVICES; i++)
		printf("%s %" PRIu64 "\n", services[i], t.of_services[i]);
	if (memcmp(&t, &finest, sizeof(t)) != 0)
		return fail("totals: the finest files tell otherwise", 0);
	return ledger_balances(&t.ledger) && t.ledger.in_profile == t.n_samples ? 0 : fail("totals: ledgers", 0);
}

int main(int argc, char **argv)
{
	_cleanup_close_ int dir_fd = argc > 2 ? open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir_fd < 0)
		return fail("the directory", -errno);
	if (argc == 6 && strcmp(argv[1], "fill") == 0)
		return fill(dir_fd, argv[3], argv[4], argv[5]);
	if (argc == 4 && strcmp(argv[1], "compact") == 0)
		return compact(dir_fd, argv[3]);
	if (argc == 8 && strcmp(argv[1], "gc") == 0)
		return gc(dir_fd, argv + 3);
	if (argc == 3 && strcmp(argv[1], "totals") == 0)
		return totals(dir_fd);
	if (argc == 3 && strcmp(argv[1], "losses") == 0)
		return losses(dir_fd);
	return fail("usage", -EINVAL);
}
