// SPDX-License-Identifier: Apache-2.0
#include "agent/maintain.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "common/clean.h"
#include "common/clock.h"
#include "common/parse.h"
#include "store/store.h"
#include "symbolizer/child-process.h"
#include "symbolizer/sandbox.h"

#define DATA_BYTES ((size_t)384 << 20) /* the largest hour; what needs more is made in halves */
#define OUTPUT_BYTES ((size_t)1 << 30)
#define OPEN_FILES 64
#define CPU_S 120
#define NICE 19

struct job {
	struct retention_limits limits;
	int64_t since_ns, now_ns;
};

static int read_job(char **arguments, struct job *ret)
{
	uint64_t numbers[MAINTAIN_N_ARGUMENTS];

	for (size_t i = 0; i < MAINTAIN_N_ARGUMENTS; i++) {
		int r = parse_u64(arguments[i], 10, &numbers[i]);

		if (r < 0)
			return r;
	}
	*ret = (struct job){
		.limits.age_ns = { (int64_t)numbers[MAINTAIN_RAW_NS], (int64_t)numbers[MAINTAIN_MINUTES_NS],
				   (int64_t)numbers[MAINTAIN_HOURS_NS] },
		.limits.limit_bytes = numbers[MAINTAIN_LIMIT_BYTES],
		.limits.min_free_percent = (unsigned int)numbers[MAINTAIN_MIN_FREE_PERCENT],
		.since_ns = (int64_t)numbers[MAINTAIN_SINCE_NS],
		.now_ns = (int64_t)clock_now_ns(CLOCK_REALTIME),
	};
	return 0;
}

static int enter_sandbox(const char **ret_step)
{
	static const struct sandbox_path paths[] = { { .path = CHILD_GIVEN_PATH, .is_writable = true },
						     { .path = "/dev/urandom" } };
	static const struct sandbox_limits limits = {
		.data_bytes = DATA_BYTES,
		.output_bytes = OUTPUT_BYTES,
		.open_files = OPEN_FILES,
		.nice = NICE,
		.keeps_user = true,
		.keeps_given = true,
		.may_share_files = true,
		.paths = paths,
		.n_paths = ARRAY_SIZE(paths),
		.may_use_files = true,
	};
	int r = sandbox_enter(&limits, ret_step);

	if (r < 0)
		return r;
	*ret_step = "limiting CPU time";
	return sandbox_arm_cpu_limit(CPU_S);
}

static int tell_of_store(struct store *s, struct maintain_report *report)
{
	struct store_stats stats;
	int r = store_stats(s, &stats);

	if (r < 0)
		return r;
	memcpy(report->tiers, stats.tiers, sizeof(report->tiers));
	report->n_bad_files = stats.n_bad_files;
	report->n_bad_bytes = stats.n_bad_bytes;
	return 0;
}

/* Of each enabled target, also when it has missed nothing yet: who watches a counter sees only what grows from 0. */
static int tell_of_losses(struct maintain_report *report)
{
	_cleanup_free_ struct passed *passed = calloc(1, sizeof(*passed));
	struct losses l;
	int r = passed ? losses_read(CHILD_GIVEN_FD, &l) : -ENOMEM;

	if (r == 0)
		r = passed_read(CHILD_GIVEN_FD, passed);
	if (r != 0)
		return r < 0 ? r : 0; /* a file of others: nothing is known */
	for (size_t i = 0; i < passed->n_targets; i++)
		losses_add_unsent(&l, passed->targets[i].name, &(struct loss_count){});
	memcpy(report->lost, l.lost, sizeof(report->lost));
	report->n_targets = l.n_targets;
	for (size_t i = 0; i < l.n_targets; i++) {
		memcpy(report->targets[i].name, l.targets[i].name, sizeof(l.targets[i].name));
		report->targets[i].unsent = l.targets[i].unsent;
	}
	return 0;
}

/* Merged first: then there is less that nothing else stands for. What one step cannot do, the other may. */
static int maintain(const struct job *job, struct store *s, struct maintain_report *report, const char **ret_step)
{
	struct retention_stats retention = {};
	int r, r_retention;

	*ret_step = "merging windows";
	r = compact_run(s, job->since_ns, job->now_ns, &report->compact);
	r_retention = retention_run(s, &job->limits, job->now_ns, &retention);
	report->n_removed = retention.n_removed;
	report->n_removed_bytes = retention.n_removed_bytes;
	if (r < 0)
		return r;
	if (r_retention == RETENTION_HELD)
		report->outcome = MAINTAIN_HELD;
	*ret_step = "letting go of windows";
	if (r_retention < 0)
		return r_retention;
	*ret_step = "counting windows";
	r = tell_of_store(s, report);
	return r == 0 ? tell_of_losses(report) : r;
}

static int run(char **arguments, struct maintain_report *report, const char **ret_step)
{
	_cleanup_(store_freep) struct store *s = NULL;
	struct job job;
	int r;

	*ret_step = "reading its arguments";
	r = read_job(arguments, &job);
	if (r == 0)
		r = enter_sandbox(ret_step);
	if (r < 0)
		return r;
	*ret_step = "opening the store";
	r = store_open(CHILD_GIVEN_FD, STORE_MAINTAIN, &s);
	if (r == STORE_BUSY)
		report->outcome = MAINTAIN_BUSY;
	if (r == 0)
		store_limit(s, UINT64_MAX, job.limits.min_free_percent);
	return r == 0 ? maintain(&job, s, report, ret_step) : r < 0 ? r : 0; /* no store: nothing was written yet */
}

int maintain_main(int argc, char **argv)
{
	struct maintain_report report = { .outcome = MAINTAIN_DONE };
	struct iovec part = { .iov_base = &report, .iov_len = sizeof(report) };
	const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	const char *step;
	int r;

	prctl(PR_SET_NAME, "cpuhound-store"); /* /proc/self/exe would make it "exe" */
	if (argc != 2 + MAINTAIN_N_ARGUMENTS)
		return EXIT_FAILURE;
	r = run(argv + 2, &report, &step);
	if (r < 0) {
		report.outcome = MAINTAIN_FAILED;
		report.error = r;
		snprintf(report.step, sizeof(report.step), "%s", step);
	}
	_exit(sendmsg(CHILD_SOCKET_FD, &message, MSG_NOSIGNAL) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
