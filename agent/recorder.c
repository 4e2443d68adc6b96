// SPDX-License-Identifier: Apache-2.0
#include "agent/recorder.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "agent/descendants.h"
#include "agent/fetching.h"
#include "agent/host-facts.h"
#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/recorder-inside.h"
#include "agent/sideband-rings.h"
#include "agent/stack-copies.h"
#include "agent/unwinding.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "common/log.h"
#include "common/priority.h"
#include "symbolizer/binary.h"
#include "workload/cgroup.h"

#define PREPARE_NS (300 * NS_PER_MS)
#define LONGEST_WAIT_MS 1000        /* buffers are looked at this often, were a wake-up lost */
#define DRAIN_AT 0.5                /* how full a buffer is when it is drained */
#define DRAIN_ALL_NS (5 * NS_PER_S) /* and all of them so often: then what has exited can be forgotten */

/* Each CPU costs two descriptors, each file in the indexer's queue one. */
static void raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_debug("cannot raise the limit of open files: %m, going on");
}

static void read_origin(struct recorder *r)
{
	_cleanup_(buf_done) struct buf boot_id = {};

	r->origin.start_ns = clock_now_ns(CLOCK_BOOTTIME);
	r->origin.pid = (uint64_t)getpid();
	if (fs_read(r->intake.opener.proc_fd, "sys/kernel/random/boot_id", sizeof(r->origin.boot_id), &boot_id) == 0)
		memcpy(r->origin.boot_id, boot_id.data, boot_id.size);
}

/* 0: the host's own, where processes need no other numbers than the kernel's. */
static int read_pid_namespace(const struct recorder *r, uint32_t *ret)
{
	struct stat st;

	if (fstatat(r->intake.opener.proc_fd, "self/ns/pid", &st, 0) < 0)
		return -errno;
	*ret = st.st_ino == INITIAL_PID_NAMESPACE ? 0 : (uint32_t)st.st_ino;
	return 0;
}

/* What it is that is readable. */
enum watched {
	NEWS,
	HELPER
};

static int watch(struct recorder *r, int fd, enum watched what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = what };

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int init_sampling(struct recorder *r)
{
	struct sampler_config config = {
		.period_ns = r->config.period_ns,
		.filter = r->config.filter,
		.follow = r->config.follow,
		.cgroup_v1_memory = r->intake.hierarchy.id != CGROUP_V2,
	};
	int e;

	e = read_pid_namespace(r, &config.pid_namespace);
	if (e < 0)
		return e;
	r->is_namespace_nested = config.pid_namespace != 0;
	e = sampler_new(&config, &r->sampler);
	if (e < 0)
		return e;
	r->batches = calloc(sampler_n_cpus(r->sampler), sizeof(*r->batches));
	if (!r->batches)
		return -ENOMEM;
	return intake_attach(&r->intake, r->sampler, (size_t)r->config.unwind_table_mb << 20);
}

static int init_epoll(struct recorder *r)
{
	int e;

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0)
		return -errno;
	e = watch(r, sideband_rings_fd(r->intake.news.rings), NEWS);
	if (e < 0)
		return e;
	e = watch(r, sampler_events_fd(r->sampler), NEWS);
	if (e < 0)
		return e;
	e = watch(r, unwinding_fd(r->intake.unwinding), HELPER);
	if (e < 0)
		return e;
	e = watch(r, stack_copies_fd(r->intake.copies), HELPER);
	if (e < 0)
		return e;
	e = watch(r, workloads_fd(r->intake.workloads), HELPER);
	if (e < 0)
		return e;
	e = r->intake.fetching ? watch(r, fetching_fd(r->intake.fetching), HELPER) : 0;
	if (e < 0)
		return e;
	e = watch(r, jit_maps_fd(r->intake.jit), HELPER);
	if (e < 0)
		return e;
	return watch(r, binaries_fd(r->intake.binaries), HELPER);
}

int recorder_new(const struct recorder_config *config, struct recorder **ret)
{
	_cleanup_(recorder_freep) struct recorder *r = calloc(1, sizeof(*r));
	const struct intake_config intake_config = {
		.cache_dir = config->cache_dir,
		.debug_dirs = config->debug_dirs,
		.n_debug_dirs = config->n_debug_dirs,
		.debuginfod_urls = config->debuginfod_urls,
		.n_debuginfod_urls = config->n_debuginfod_urls,
		.debuginfod_cache_bytes = config->debuginfod_cache_bytes,
		.stacks_limit_bytes = config->stacks_limit_bytes,
	};
	int e;

	if (!r)
		return -ENOMEM;
	r->config = *config;
	r->period_ns = config->period_ns;
	r->mode = INTAKE_FINISHING;
	r->epoll_fd = -1;
	raise_nofile();
	e = priority_be_prompt(RECORDER_NICE);
	if (e < 0)
		log_debug("cannot raise the priority: %s, going on", strerrordesc_np(-e));
	e = intake_init(&r->intake, &intake_config); /* first: recorder_free() needs it to have begun */
	if (e == 0)
		e = init_sampling(r);
	if (e == 0)
		e = init_epoll(r);
	if (e < 0)
		return e;
	read_origin(r);
	*ret = take_ptr(r);
	return 0;
}

struct recorder *recorder_free(struct recorder *r)
{
	if (!r)
		return NULL;
	while (r->windows)
		recorder_drop_window(r, r->windows);
	intake_done(&r->intake); /* first: it writes to the sampler's memory */
	sampler_free(r->sampler);
	close_fd(r->epoll_fd);
	free(r->batches);
	free(r);
	return NULL;
}

/* The children that a process already has; those to come are listed as they are forked. */
static int filter_descendants(struct recorder *r, pid_t pid)
{
	size_t n_before, n = 0;

	do {
		_cleanup_free_ pid_t *pids = NULL;
		int e;

		n_before = n;
		e = descendants_read(r->intake.opener.proc_fd, pid, &pids, &n);
		for (size_t i = 0; e == 0 && i < n; i++)
			e = sampler_filter_process(r->sampler, (uint32_t)pids[i], 0);
		if (e < 0)
			return e;
	} while (n > n_before);
	return 0;
}

int recorder_filter_process(struct recorder *r, pid_t pid)
{
	int e = sampler_filter_process(r->sampler, (uint32_t)pid, 0);

	return e == 0 && r->config.follow ? filter_descendants(r, pid) : e;
}

static int filter_found(struct recorder *r, int answer, const struct cgroup *cgroup)
{
	if (answer < 0)
		return answer;
	if (answer == CGROUP_AMBIGUOUS)
		return RECORDER_AMBIGUOUS;
	if (answer == CGROUP_NONE)
		return RECORDER_NOT_FOUND;
	return sampler_filter_cgroup(r->sampler, cgroup->id);
}

int recorder_filter_container(struct recorder *r, const char *id_prefix)
{
	const struct cgroup *cgroup = NULL;
	int answer = cgroups_find_container(r->intake.cgroups, id_prefix, &cgroup);

	return filter_found(r, answer, cgroup);
}

int recorder_filter_cgroup(struct recorder *r, const char *path)
{
	const struct cgroup *cgroup = NULL;
	int answer = cgroups_find_path(r->intake.cgroups, &r->intake.hierarchy, path, &cgroup);

	return filter_found(r, answer, cgroup);
}

/*
 * Before the first tick: the processes that run are read, and the rows of what is in the cache are loaded. What takes
 * longer comes while sampling.
 */
static int prepare(struct recorder *r)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC), until_ns = now_ns + PREPARE_NS;
	struct epoll_event event;
	int e = 0;

	while (e == 0 && !intake_is_ready(&r->intake) && now_ns < until_ns) {
		int timeout_ms = clock_sooner_ms(intake_timeout_ms(&r->intake, INTAKE_SAMPLING),
						 clock_ms_until(until_ns, now_ns));

		if (epoll_wait(r->epoll_fd, &event, 1, timeout_ms) < 0 && errno != EINTR)
			return -errno;
		now_ns = clock_now_ns(CLOCK_MONOTONIC);
		e = sampler_read_events(r->sampler, news_on_cgroup, &r->intake.news); /* or it would wake for ever */
		if (e == 0)
			e = intake_dispatch(&r->intake, now_ns, INTAKE_SAMPLING, true);
	}
	return e;
}

static int start_ticks(struct recorder *r)
{
	int e = sampler_start(r->sampler);

	if (e < 0)
		return e;
	r->since_ns = r->drained_ns = sampler_turned_ns(r->sampler);
	r->mode = INTAKE_SAMPLING;
	return 0;
}

int recorder_start(struct recorder *r)
{
	int e;

	e = prepare(r);
	r->intake.window_ns = clock_now_ns(CLOCK_BOOTTIME);
	if (e == 0)
		e = start_ticks(r);
	if (e < 0)
		return e;
	r->wall_ns = recorder_wall_offset_ns();
	r->start_realtime_ns = (int64_t)r->since_ns + r->wall_ns;
	if (binaries_cache_fault(r->intake.binaries))
		log_warning("the cache of names in '%s' is not used: %s", r->config.cache_dir,
			    binaries_cache_fault(r->intake.binaries));
	return 0;
}

int recorder_fd(const struct recorder *r)
{
	return r->epoll_fd;
}

int recorder_timeout_ms(const struct recorder *r)
{
	int timeout_ms = intake_timeout_ms(&r->intake, r->mode);

	if (r->mode == INTAKE_PAUSED)
		return timeout_ms;
	return clock_sooner_ms(timeout_ms, LONGEST_WAIT_MS);
}

static int has_ready_helper(const struct recorder *r, bool *ret)
{
	struct epoll_event ready[8]; /* as many as are watched */
	int n = epoll_wait(r->epoll_fd, ready, ARRAY_SIZE(ready), 0);

	*ret = false;
	for (int i = 0; i < n; i++)
		*ret |= ready[i].data.u32 == HELPER;
	return n < 0 ? -errno : 0;
}

int recorder_dispatch(struct recorder *r)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	bool is_ready = false;
	int e;

	e = has_ready_helper(r, &is_ready); /* first: to ask takes a ring's wake-up, and rings are looked at below */
	if (e < 0)
		return e;
	e = sampler_read_events(r->sampler, news_on_cgroup, &r->intake.news);
	if (e == 0 && r->mode == INTAKE_SAMPLING && sampler_cpus_changed(r->sampler))
		e = recorder_follow_cpus(r);
	if (e == 0)
		e = intake_dispatch(&r->intake, now_ns, r->mode, is_ready);
	if (e < 0 || r->mode != INTAKE_SAMPLING)
		return e;
	return recorder_drain(r, now_ns - r->drained_ns >= DRAIN_ALL_NS ? 0 : DRAIN_AT);
}

static int stop_ticks(struct recorder *r)
{
	int e = sampler_stop(r->sampler);

	if (e < 0)
		return e;
	r->sampled_ns += sampler_turned_ns(r->sampler) - r->since_ns;
	kernel_code_look_again(r->intake.kernel);
	return recorder_drain(r, 0);
}

int recorder_stop(struct recorder *r)
{
	int e = r->mode == INTAKE_SAMPLING ? stop_ticks(r) : 0, finished;

	r->mode = INTAKE_FINISHING;
	recorder_tell_faults(r);
	intake_detach(&r->intake);
	finished = intake_finish(&r->intake);
	return e < 0 ? e : finished;
}

int recorder_pause(struct recorder *r)
{
	int e;

	if (r->mode != INTAKE_SAMPLING)
		return 0;
	e = stop_ticks(r);
	news_pause(&r->intake.news);
	sampler_sleep(r->sampler);
	r->mode = INTAKE_PAUSED;
	return e;
}

int recorder_resume(struct recorder *r)
{
	int e;

	if (r->mode != INTAKE_PAUSED)
		return 0;
	e = sampler_wake(r->sampler);
	if (e == 0)
		e = news_resume(&r->intake.news);
	if (e == 0)
		e = prepare(r);
	return e == 0 ? start_ticks(r) : e;
}

void recorder_set_period(struct recorder *r, uint64_t period_ns)
{
	sampler_set_period(r->sampler, period_ns);
	r->config.period_ns = period_ns;
}

int recorder_configure(struct recorder *r, const struct config *config)
{
	return intake_configure(&r->intake, config);
}

void recorder_set_debug_info(struct recorder *r, bool is_read)
{
	r->without_debug = !is_read;
	intake_set_debug_info(&r->intake, is_read);
}

size_t recorder_n_unnamed(const struct recorder *r)
{
	return intake_n_unnamed(&r->intake) + intake_n_debug_unread(&r->intake);
}

size_t recorder_n_debug_unread(const struct recorder *r)
{
	return intake_n_debug_unread(&r->intake);
}
