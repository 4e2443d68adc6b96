// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "agent/daemon-inside.h"
#include "agent/live-feed.h"
#include "agent/recorder.h"
#include "common/clock.h"
#include "common/log.h"

#define STACKS_LIMIT_BYTES ((size_t)64 << 20) /* of the folded stacks of a window */

uint64_t daemon_window_ns(const struct daemon *d)
{
	return daemon_config(d)->agent.window_ns * (d->budget.step >= BUDGET_LONG_WINDOWS ? BUDGET_WINDOW_FACTOR : 1);
}

uint64_t daemon_period_ns(const struct daemon *d)
{
	uint64_t hz = daemon_config(d)->agent.frequency_hz;

	return NS_PER_S / (d->budget.step >= BUDGET_FEW_TICKS && hz > BUDGET_FEW_HZ ? BUDGET_FEW_HZ : hz);
}

void daemon_apply(struct daemon *d)
{
	if (!d->recorder)
		return;
	windows_set_length(&d->windows, daemon_window_ns(d), d->budget.step != BUDGET_FULL);
	recorder_set_period(d->recorder, daemon_period_ns(d));
	recorder_set_debug_info(d->recorder,
				daemon_config(d)->symbols.debug_info && d->budget.step < BUDGET_NO_DEBUG_INFO);
}

/* The first time loads the program; later ones go on where it was paused. */
static int sample(struct daemon *d)
{
	const struct config *c = d->started;
	const struct recorder_config config = {
		.period_ns = daemon_period_ns(d),
		.filter = FILTER_EXCEPT,
		.cache_dir = c->agent.cache_dir,
		.debug_dirs = c->symbols.debug_dirs.items,
		.n_debug_dirs = c->symbols.debug_dirs.n,
		.debuginfod_urls = c->symbols.debuginfod_urls.items,
		.n_debuginfod_urls = c->symbols.debuginfod_urls.n,
		.debuginfod_cache_bytes = c->symbols.debuginfod_cache_mb << 20,
		.unwind_table_mb = (unsigned int)c->limits.unwind_table_mb,
		.stacks_limit_bytes = STACKS_LIMIT_BYTES,
	};
	int e;

	if (d->recorder) {
		e = recorder_resume(d->recorder);
		return e == 0 ? windows_resume(&d->windows) : e;
	}
	e = recorder_new(&config, &d->recorder);
	if (e == 0)
		e = recorder_configure(d->recorder, daemon_config(d));
	if (e == 0)
		e = recorder_start(d->recorder);
	if (e == 0)
		e = windows_begin(&d->windows, d->recorder, d->writer, daemon_host(d), daemon_window_ns(d),
				  d->has_last ? &d->last : NULL);
	d->judged_ns = clock_now_ns(CLOCK_MONOTONIC);
	daemon_apply(d);
	return e;
}

static int stop_sampling(struct daemon *d, const char *why)
{
	int e;

	live_profiles_end(&d->live, d->recorder, d->gateway, why);
	live_feed_end(d->setup.live, d->recorder);
	e = windows_close(&d->windows);
	return e == 0 ? recorder_pause(d->recorder) : e;
}

static enum status_idle wanted_idle(const struct daemon *d, uint64_t now_ns)
{
	const char *kill_switch = daemon_config(d)->agent.kill_switch;

	if (kill_switch && access(kill_switch, F_OK) == 0)
		return STATUS_KILL_SWITCH;
	if (d->verdict == START_BOOT_LOOP)
		return STATUS_BOOT_LOOP;
	if (d->verdict == START_CRASH_LOOP && now_ns < d->start_ns + START_GUARD_CRASHES_NS)
		return STATUS_CRASH_LOOP;
	return STATUS_SAMPLING;
}

static void say_idle(const struct daemon *d)
{
	const struct status s = {
		.idle = d->idle,
		.kill_switch = daemon_config(d)->agent.kill_switch,
		.state_dir = d->started->agent.state_dir,
	};
	char why[STATUS_ERROR_SIZE];

	if (status_is_ready(&s, why) == STATUS_NOT_READY)
		log_warning("%s", why);
}

int daemon_look(struct daemon *d, uint64_t now_ns)
{
	enum status_idle wanted = wanted_idle(d, now_ns);
	bool was_sampling = d->idle == STATUS_SAMPLING;
	int e = 0;

	d->looked_ns = now_ns;
	if (wanted == d->idle)
		return 0;
	d->idle = wanted;
	d->idle_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	if (wanted == STATUS_SAMPLING)
		e = sample(d);
	else if (was_sampling)
		e = stop_sampling(d, "sampling was switched off meanwhile");
	say_idle(d);
	notify_send(&d->notify, wanted == STATUS_SAMPLING ? "STATUS=sampling" : "STATUS=idle: nothing is sampled");
	return e;
}

int daemon_judge(struct daemon *d, uint64_t now_ns)
{
	struct budget_usage usage;
	struct status status;
	uint64_t cpu_ns;
	int e;

	e = daemon_gather(d, &status);
	if (e < 0)
		return e;
	cpu_ns = status_cpu_ns(&status);
	usage = (struct budget_usage){
		.wall_ns = now_ns - d->judged_ns,
		.cpu_ns = cpu_ns - d->judged_cpu_ns,
		.rss_bytes = status_rss_bytes(&status),
		.map_bytes = status.recorder.map_bytes,
	};
	d->judged_ns = now_ns;
	d->judged_cpu_ns = cpu_ns;
	if (!budget_judge(&d->budget, &status.limits, &usage))
		return 0;
	log_warning("budget: now at step '%s' (%s; %.2f %% of a core, %" PRIu64 " MiB, %" PRIu64 " MiB of maps)",
		    budget_step_to_string(d->budget.step), budget_reason_to_string(d->budget.reason),
		    (double)d->budget.cpu_permyriad / 100, usage.rss_bytes >> 20, usage.map_bytes >> 20);
	daemon_apply(d);
	return 0;
}
