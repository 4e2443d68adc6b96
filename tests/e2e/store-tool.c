// SPDX-License-Identifier: Apache-2.0
/*
 * store tool: what the tests do with a store without an agent.
 *
 *     fill DIR START_S STEP_S N [FILLER]
 *                                 N windows of 10 s each, STEP_S apart, with stacks and labels made from their numbers;
 *                                 "SEQUENCE SAMPLES" for each as soon as it is durable. FILLER: a file that takes first
 *                                 what is free of the disk
 *     compact DIR NOW_S           as the agent's maintenance does, at that time
 *     gc DIR NOW_S RAW_S MINUTES_S HOURS_S LIMIT_BYTES
 *     totals DIR                  all windows, each once: "windows N samples N due N ...", then "SERVICE SAMPLES"
 *     losses DIR                  "lost WINDOWS SAMPLES", then "TARGET WINDOWS SAMPLES" for what it was not sent
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/parse.h"
#include "pprof/profile.h"
#include "store/compact.h"
#include "store/retention.h"
#include "store/selection.h"
#include "store/store.h"
#include "tests/e2e/made-window.h"

static int fail(const char *what, int r)
{
	fprintf(stderr, "store-tool: %s: %s\n", what, r < 0 ? strerror(-r) : "no");
	return 1;
}

static int fill_disk(const char *filler)
{
	_cleanup_close_ int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	static const char bytes[4096];
	ssize_t n = fd < 0 ? -1 : 0;

	while (n >= 0)
		n = write(fd, bytes, sizeof(bytes));
	return errno == ENOSPC ? 0 : -errno;
}

static int fill(int dir_fd, const char *start, const char *step, const char *n, const char *filler)
{
	_cleanup_(store_freep) struct store *s = NULL;
	uint64_t start_s, step_s, n_windows;
	int r;

	if (parse_u64(start, 10, &start_s) < 0 || parse_u64(step, 10, &step_s) < 0 || parse_u64(n, 10, &n_windows) < 0)
		return fail("fill", -EINVAL);
	r = store_open(dir_fd, STORE_WRITE, &s);
	if (r == 0 && filler)
		r = fill_disk(filler);
	for (uint64_t i = 0; r == 0 && i < n_windows; i++) {
		struct window_info info;

		r = made_window_write(s, (int64_t)((start_s + i * step_s) * NS_PER_S), &info);
		if (r == 0) {
			printf("%" PRIu64 " %" PRIu64 "\n", info.first, info.ledger.in_profile);
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
	uint64_t n_samples, n_cpu_ns, of_services[MADE_N_SERVICES];
};

static int add_profile(struct totals *t, const struct profile *p)
{
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_label *l = profile_find_label(&p->samples[i], "service_name");

		t->n_samples += (uint64_t)p->samples[i].values[0];
		t->n_cpu_ns += (uint64_t)p->samples[i].values[1];
		for (size_t j = 0; l && j < MADE_N_SERVICES; j++)
			if (strcmp(l->str, made_services[j]) == 0)
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
	for (size_t i = 0; i < MADE_N_SERVICES; i++)
		printf("%s %" PRIu64 "\n", made_services[i], t.of_services[i]);
	if (memcmp(&t, &finest, sizeof(t)) != 0)
		return fail("totals: the finest files tell otherwise", 0);
	return ledger_balances(&t.ledger) && t.ledger.in_profile == t.n_samples ? 0 : fail("totals: ledgers", 0);
}

int main(int argc, char **argv)
{
	_cleanup_close_ int dir_fd = argc > 2 ? open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir_fd < 0)
		return fail("the directory", -errno);
	if ((argc == 6 || argc == 7) && strcmp(argv[1], "fill") == 0)
		return fill(dir_fd, argv[3], argv[4], argv[5], argv[6]);
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
