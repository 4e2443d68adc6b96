// SPDX-License-Identifier: Apache-2.0
#include "agent/maintainer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/clock.h"

#define INTERVAL_NS (60 * NS_PER_S)
#define FULL_INTERVAL_NS (3600 * NS_PER_S) /* between looks at all of the store for what was not merged */
#define RECENT_NS (3 * 3600 * (int64_t)NS_PER_S)
#define HOUR_NS (3600 * (int64_t)NS_PER_S)
#define MAX_RUN_NS (600 * NS_PER_S) /* far more than its CPU limit, for disks that are slow */
#define NUMBER_BYTES 24

void maintainer_init(struct maintainer *m, const char *path, int store_fd, const struct retention_limits *limits,
		     uint64_t due_ns)
{
	*m = (struct maintainer){
		.path = path,
		.store_fd = store_fd,
		.limits = *limits,
		.process = CHILD_PROCESS_NONE,
		.due_ns = due_ns,
	};
}

void maintainer_done(struct maintainer *m)
{
	child_process_done(&m->process);
}

/* From the start of an hour, as files are merged; 0: all of the store. */
static int64_t since_ns(struct maintainer *m, uint64_t now_ns)
{
	int64_t recent_ns = (int64_t)clock_now_ns(CLOCK_REALTIME) - RECENT_NS;

	if (now_ns < m->full_ns)
		return recent_ns > 0 ? recent_ns - recent_ns % HOUR_NS : 0;
	m->full_ns = now_ns + FULL_INTERVAL_NS;
	return 0;
}

static void fail(struct maintainer *m, const char *what, int error)
{
	m->stats.n_failed++;
	snprintf(m->stats.fault, sizeof(m->stats.fault), "%s%s%s", what, error ? ": " : "",
		 error ? strerrordesc_np(-error) : "");
}

static void start(struct maintainer *m, uint64_t now_ns)
{
	const uint64_t numbers[MAINTAIN_N_ARGUMENTS] = {
		[MAINTAIN_RAW_NS] = (uint64_t)m->limits.age_ns[WINDOW_RAW],
		[MAINTAIN_MINUTES_NS] = (uint64_t)m->limits.age_ns[WINDOW_MINUTE],
		[MAINTAIN_HOURS_NS] = (uint64_t)m->limits.age_ns[WINDOW_HOUR],
		[MAINTAIN_LIMIT_BYTES] = m->limits.limit_bytes,
		[MAINTAIN_MIN_FREE_PERCENT] = m->limits.min_free_percent,
		[MAINTAIN_SINCE_NS] = (uint64_t)since_ns(m, now_ns),
	};
	char text[MAINTAIN_N_ARGUMENTS][NUMBER_BYTES], name[] = "cpuhound", command[] = MAINTAIN_COMMAND;
	char *argv[2 + MAINTAIN_N_ARGUMENTS + 1] = { name, command };
	int r;

	for (size_t i = 0; i < MAINTAIN_N_ARGUMENTS; i++) {
		snprintf(text[i], sizeof(text[i]), "%" PRIu64, numbers[i]);
		argv[2 + i] = text[i];
	}
	m->due_ns = now_ns + INTERVAL_NS;
	m->started_ns = now_ns;
	m->is_late = m->has_answer = false;
	r = child_process_start(m->path, argv, m->store_fd, &m->process);
	if (r < 0)
		fail(m, "the child cannot be started", r);
}

static void receive(struct maintainer *m)
{
	struct maintain_report report;

	if (m->process.socket >= 0 &&
	    recv(m->process.socket, &report, sizeof(report), MSG_DONTWAIT) == sizeof(report)) {
		m->answer = report;
		m->has_answer = true;
	}
}

/* Plain counts of a child of ours; text may be cut where it broke. */
static void take_answer(struct maintainer *m)
{
	const struct maintain_report *a = &m->answer;

	m->stats.n_runs++;
	m->stats.n_busy += a->outcome == MAINTAIN_BUSY;
	m->stats.n_made += a->compact.n_files;
	m->stats.n_merged += a->compact.n_merged;
	m->stats.n_unreadable += a->compact.n_unreadable;
	m->stats.n_removed += a->n_removed;
	m->stats.n_removed_bytes += a->n_removed_bytes;
	if (a->outcome == MAINTAIN_BUSY)
		return;
	m->stats.fault[0] = 0;
	if (a->outcome == MAINTAIN_FAILED) {
		char step[sizeof(a->step) + 1];

		snprintf(step, sizeof(step), "%.*s", (int)sizeof(a->step), a->step);
		fail(m, step, a->error);
		return;
	}
	m->stats.has_report = true;
	m->stats.report = *a;
	m->stats.last_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	if (a->compact.n_failed)
		fail(m, "windows cannot be merged", a->compact.last_error);
	else if (a->outcome == MAINTAIN_HELD)
		fail(m, "losses.json is of a newer version: nothing is let go of", 0);
}

static void reap(struct maintainer *m)
{
	uint64_t cpu_ns;
	int status;

	receive(m);
	if (!child_process_reap(&m->process, &status, &cpu_ns))
		return;
	m->stats.cpu_ns += cpu_ns;
	if (m->has_answer)
		take_answer(m);
	else if (m->is_late)
		fail(m, "the child hung and was killed", 0);
	else if (WIFSIGNALED(status))
		fail(m, strsignal(WTERMSIG(status)), 0);
	else
		fail(m, "the child ended without a report", 0);
}

int maintainer_fd(const struct maintainer *m)
{
	return m->process.pid_fd;
}

bool maintainer_dispatch(struct maintainer *m, uint64_t now_ns)
{
	char before[MAINTAINER_FAULT_BYTES];

	memcpy(before, m->stats.fault, sizeof(before));
	if (m->process.pid != 0)
		reap(m);
	if (m->process.pid != 0 && !m->is_late && now_ns >= m->started_ns + MAX_RUN_NS) {
		m->is_late = true;
		m->stats.n_killed++;
		child_process_kill(&m->process);
	}
	if (m->process.pid == 0 && now_ns >= m->due_ns)
		start(m, now_ns);
	return strcmp(before, m->stats.fault) != 0;
}
