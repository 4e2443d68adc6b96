// SPDX-License-Identifier: Apache-2.0
#include "agent/news.h"

#include <errno.h>
#include <string.h>

#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/sampler.h"
#include "agent/sideband-rings.h"
#include "common/clock.h"
#include "common/log.h"
#include "workload/cgroup.h"
#include "workload/process.h"

#define QUEUE_BYTES ((size_t)16 << 20) /* a burst of 100,000 records */
#define BATCH_NS (3 * NS_PER_MS)       /* from the first news to the read, and between reads while there is any */
#define LOOK_PERIODS 5                 /* of the ticks, at most, between looks for news that wakes nobody */
#define LOOK_MOST_NS (250 * NS_PER_MS)

int news_init(struct news *n)
{
	int e;

	*n = (struct news){ .tables = { .proc_fd = -1 } };
	e = sideband_queue_new(QUEUE_BYTES, &n->queue);
	return e == 0 ? sideband_rings_new(&n->rings) : e;
}

void news_done(struct news *n)
{
	sideband_rings_free(n->rings);
	sideband_queue_free(n->queue);
}

/* Beyond their limit the ones confirmed longest ago make way: their samples carry no name, which is no fault. */
static int scan_cgroups(struct news *n)
{
	int e = cgroups_scan(n->tables.cgroups, n->tables.hierarchy);

	return e == -ENOSPC ? 0 : e;
}

static bool are_cgroups_mounted(const struct news *n)
{
	return n->tables.hierarchy->mount_point[0];
}

int news_attach(struct news *n, const struct news_tables *tables)
{
	n->tables = *tables;
	return are_cgroups_mounted(n) ? scan_cgroups(n) : 0;
}

/* What there is no room for carries no name. */
static int note_cgroup(struct news *n, uint64_t id, const char *path)
{
	int e = cgroups_add(n->tables.cgroups, id, path);

	return e == -ENOSPC ? 0 : e;
}

void news_on_cgroup(void *context, const struct event_cgroup *event)
{
	struct news *n = context;

	if ((int)event->hierarchy != n->tables.hierarchy->id)
		return;
	if (event->path_bytes == 0 || event->path_bytes >= CPUHOUND_MAX_CGROUP_PATH)
		n->counts.n_cut_cgroup_paths++;
	else if (note_cgroup(n, event->id, event->path) < 0)
		log_debug("cannot note a cgroup, its samples will carry no name");
}

static int on_sideband(struct news *n, const struct sideband_event *event)
{
	switch (event->kind) {
	case SIDEBAND_KSYMBOL:
		return kernel_code_on_event(n->tables.kernel, event);
	case SIDEBAND_CGROUP:
		return n->tables.hierarchy->id == CGROUP_V2 ? note_cgroup(n, event->id, event->name) : 0;
	case SIDEBAND_LOST:
		n->counts.n_lost += event->id;
		n->is_scanned = false;
		if (n->sampler)
			sampler_unfilter_all(n->sampler); /* who execed is not known */
		break;
	case SIDEBAND_EXEC:
		if (n->sampler)
			sampler_unfilter_process(n->sampler, event->pid); /* it may have been listed late */
		break;
	case SIDEBAND_MMAP:
		jit_maps_note_mapping(n->tables.jit, event->pid, event->name);
		break;
	default:
		break;
	}
	return processes_apply(n->tables.processes, n->tables.proc_fd, event);
}

static int note_lost(struct news *n)
{
	const struct sideband_event lost = { .kind = SIDEBAND_LOST, .id = 1, .name = "" };

	return on_sideband(n, &lost);
}

/* Until it is due, no exec wakes us: a storm of them is read by the clock. */
static void set_due(struct news *n, uint64_t due_ns)
{
	n->due_ns = due_ns;
	if (n->sampler)
		sampler_await_exec(n->sampler, due_ns == 0);
}

static bool has_exec_begun(const struct news *n)
{
	return n->sampler && !sampler_awaits_exec(n->sampler);
}

/* What a look finds has waited for it already; what comes soon upon other news, or begins with an exec, goes on. */
void news_note(struct news *n, uint64_t now_ns)
{
	if (n->due_ns)
		return;
	if (has_exec_begun(n))
		set_due(n, now_ns + BATCH_NS);
	else if (sideband_rings_pending(n->rings))
		set_due(n, now_ns - n->last_ns < BATCH_NS ? now_ns + BATCH_NS : now_ns);
}

bool news_is_due(const struct news *n, uint64_t now_ns)
{
	return n->due_ns && now_ns >= n->due_ns;
}

/* A dlopen() wakes nobody. Most follow soon upon an exec, or another one: so each look waits twice as long as all was
 * silent before. */
static uint64_t look_ns(const struct news *n, uint64_t now_ns)
{
	uint64_t wait_ns = 2 * (now_ns - n->last_ns), most_ns = LOOK_MOST_NS;

	if (n->sampler && LOOK_PERIODS * sampler_period_ns(n->sampler) < most_ns)
		most_ns = LOOK_PERIODS * sampler_period_ns(n->sampler);
	return wait_ns < most_ns ? wait_ns : most_ns;
}

int news_timeout_ms(const struct news *n)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	uint64_t due_ns = n->due_ns ? n->due_ns : now_ns + look_ns(n, now_ns);

	return clock_ms_until(due_ns, now_ns);
}

bool news_has_sequel(const struct sideband_event *event)
{
	return event->kind == SIDEBAND_EXEC || event->kind == SIDEBAND_MMAP || event->kind == SIDEBAND_LOST ||
	       (event->kind == SIDEBAND_FORK && event->pid == event->tid);
}

int news_apply(struct news *n)
{
	struct sideband_event event;
	uint64_t before_ns = 0, now_ns;
	bool more_follows = false;
	int r, e;

	r = sideband_rings_read(n->rings, n->queue, &before_ns);
	if (r == -ENOSPC || r == -EBADMSG) { /* the rings are empty all the same */
		r = note_lost(n);
		if (r < 0)
			return r;
		before_ns = UINT64_MAX;
	} else if (r < 0) {
		return r;
	} else {
		n->complete_ns = before_ns - 1;
	}
	while ((e = sideband_queue_take(n->queue, before_ns, &event)) > 0) {
		more_follows |= news_has_sequel(&event);
		e = on_sideband(n, &event);
		if (e < 0)
			return e;
	}
	if (e < 0)
		return e;
	now_ns = clock_now_ns(CLOCK_MONOTONIC);
	if (more_follows)
		n->last_ns = now_ns;
	set_due(n, more_follows || !sideband_queue_is_empty(n->queue) ? now_ns + BATCH_NS : 0);
	news_note(n, now_ns);
	return 0;
}

int news_scan(struct news *n)
{
	int e = n->is_scanned ? 0 : processes_scan(n->tables.processes, n->tables.proc_fd, n->tables.hierarchy->id);

	if (e < 0)
		return e;
	n->is_scanned = true;
	return 0;
}

int news_find_cgroup(struct news *n, uint64_t id)
{
	if (cgroups_find(n->tables.cgroups, id) || n->cgroups_reread || !are_cgroups_mounted(n))
		return 0;
	n->cgroups_reread = true;
	return scan_cgroups(n);
}

void news_pause(struct news *n)
{
	sideband_rings_sleep(n->rings);
}

int news_resume(struct news *n)
{
	int e = sideband_rings_wake(n->rings);

	n->is_scanned = false;
	return e == 0 && are_cgroups_mounted(n) ? scan_cgroups(n) : e;
}

/* Until now nothing was told of them: what began there meanwhile is read from /proc. */
int news_follow_cpus(struct news *n, const struct sampler *sampler)
{
	for (size_t i = 0; i < sampler_n_cpus(sampler); i++) {
		int e = sampler_has_joined(sampler, i) ? sideband_rings_reopen(n->rings, i, n->queue) : 0;

		if (e < 0)
			log_warning("news of processes on CPU %zu is lost: %s", i, strerrordesc_np(-e));
	}
	return note_lost(n);
}
