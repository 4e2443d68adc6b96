// SPDX-License-Identifier: Apache-2.0
/*
 * metrics: status in the Prometheus exposition format 0.0.4. Base units; what only grows ends in _total; no label has
 * values that the host's workload makes.
 */
#include <string.h>

#include "agent/metrics-parts.h"
#include "agent/metrics-text.h"
#include "agent/status.h"
#include "agent/upload-status.h"
#include "common/clock.h"

static bool has_reason(const struct ledger_reason *reasons, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(reasons[i].name, name) == 0)
			return true;
	return false;
}

/* always: names that are told when they are 0, too, so that a sum over them is never empty; NULL at the end. */
static int add_reasons(struct buf *b, const struct family *f, const struct ledger_reason *reasons, size_t n,
		       const char *const *always)
{
	int r;

	r = metrics_text_add_head(b, f);
	for (; r == 0 && *always; always++)
		if (!has_reason(reasons, n, *always))
			r = metrics_text_add_labelled(b, f, *always, 0);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = metrics_text_add_labelled(b, f, reasons[i].name, reasons[i].n);
	return r;
}

static int add_state(struct buf *b, const struct status *s)
{
	static const struct family state = { "state", GAUGE, ONE, "state",
					     "1 for what the agent does now: anything but 'sampling' is a reason "
					     "why nothing is sampled." };
	const struct metric metrics[] = {
		{ "start_time_seconds", GAUGE, NANO, (uint64_t)s->start_realtime_ns, "When the agent started." },
		{ "state_since_timestamp_seconds", GAUGE, NANO, (uint64_t)s->idle_realtime_ns, "Since when." },
		{ "cpus", GAUGE, ONE, s->recorder.n_cpus, "CPUs that are sampled." },
		{ "window_seconds", GAUGE, NANO, s->window_ns, "Length of a window." },
		{ "debug_info_read", GAUGE, ONE, s->recorder.is_debug_info_read,
		  "Whether inlined calls and lines are read." },
		{ "pid_namespace_nested", GAUGE, ONE, s->recorder.is_pid_namespace_nested,
		  "Whether the agent runs in a PID namespace of its own, where processes outside of it have no pid." },
	};
	struct labelled states[STATUS_N_IDLE];
	int r;

	for (enum status_idle i = 0; i < STATUS_N_IDLE; i++)
		states[i] = (struct labelled){ status_idle_to_string(i), s->idle == i };
	r = metrics_text_add_family(b, &state, states, ARRAY_SIZE(states));
	return r < 0 ? r : metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
}

/* 19 Hz are a period of 52631578 ns: not quite 19. */
static int add_rate(struct buf *b, const struct status *s)
{
	static const struct family rate = { "sampling_hz", GAUGE, ONE, NULL,
					    "Ticks a second on each CPU; 0 where nothing is sampled." };
	int r = metrics_text_add_head(b, &rate);

	if (r < 0)
		return r;
	return buf_printf(b, METRICS_PREFIX "sampling_hz %.6g\n",
			  s->idle == STATUS_SAMPLING && s->period_ns ? (double)NS_PER_S / (double)s->period_ns : 0.0);
}

static int add_ticks(struct buf *b, const struct ledger *l)
{
	static const struct family not_delivered = { "ticks_not_delivered_total", COUNTER, ONE, "reason",
						     "Due ticks that did not come." };
	const struct metric metrics[] = {
		{ "ticks_due_total", COUNTER, ONE, l->due,
		  "Ticks that were due in closed windows: taken and not delivered." },
		{ "ticks_taken_total", COUNTER, ONE, l->taken,
		  "Ticks that came: idle, filtered, in profiles, and lost." },
		{ "ticks_idle_total", COUNTER, ONE, l->idle, "Ticks that met an idle CPU." },
		{ "ticks_filtered_total", COUNTER, ONE, l->filtered, "Ticks that met what is not to be sampled." },
		{ "samples_in_profile_total", COUNTER, ONE, l->in_profile, "Samples in the profiles of windows." },
		{ "windows_reduced_total", COUNTER, ONE, l->reduced_windows,
		  "Windows with less detail than asked for, to keep within a budget." },
		{ "down_seconds_total", COUNTER, NANO, l->down_ns,
		  "Time between windows in which nothing was sampled: before this start, and while it was switched "
		  "off." },
	};
	const struct labelled reasons[] = {
		{ "idle_cpu", l->not_delivered.idle_cpu },
		{ "throttled", l->not_delivered.throttled },
		{ "other", l->not_delivered.other },
	};
	int r;

	r = metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
	return r < 0 ? r : metrics_text_add_family(b, &not_delivered, reasons, ARRAY_SIZE(reasons));
}

static int add_samples(struct buf *b, const struct recorder_stats *s)
{
	static const struct family samples = { "samples_total", COUNTER, ONE, "kind",
					       "Ticks that were read, by what they met." };
	static const struct family lost = { "samples_lost_total", COUNTER, ONE, "reason",
					    "Ticks that were taken and are in no profile." };
	static const struct family truncated = { "stacks_truncated_total", COUNTER, ONE, "reason",
						 "Samples in profiles whose stack ends short." };
	static const struct family copied = { "stacks_copied_total", COUNTER, ONE, "outcome",
					      "Stacks that only a copy could finish." };
	static const struct family frames = { "frames_total", COUNTER, ONE, "symbolized",
					      "Frames of samples in profiles, by what is known of them." };
	static const char *const always_lost[] = { "log_full", "window_full", NULL };
	static const char *const none[] = { NULL };
	const struct ledger *l = &s->ledger;
	const struct labelled kinds[] = { { "user", s->n_user }, { "kernel", s->n_kernel }, { "idle", l->idle } };
	const struct labelled copies[] = { { "finished", s->n_copied },
					   { "no_room", s->n_copy_lost },
					   { "unfinished", s->n_copy_unfinished } };
	const struct labelled names[] = {
		{ "named", l->frames.named },
		{ "module_only", l->frames.module_only },
		{ "unreadable", l->frames.unreadable },
	};
	int r;

	r = metrics_text_add_family(b, &samples, kinds, ARRAY_SIZE(kinds));
	if (r == 0)
		r = add_reasons(b, &lost, l->lost, l->n_lost, always_lost);
	if (r == 0)
		r = add_reasons(b, &truncated, l->truncated, l->n_truncated, none);
	if (r == 0)
		r = metrics_text_add_family(b, &copied, copies, ARRAY_SIZE(copies));
	return r < 0 ? r : metrics_text_add_family(b, &frames, names, ARRAY_SIZE(names));
}

static int add_news(struct buf *b, const struct recorder_stats *s)
{
	const struct metric metrics[] = {
		{ "sideband_lost_total", COUNTER, ONE, s->n_sideband_lost,
		  "Records of processes and mappings that the kernel had no room for; /proc was read again." },
		{ "sideband_dropped_total", COUNTER, ONE, s->n_sideband_dropped,
		  "Processes and mappings beyond the limits." },
		{ "cgroups_lost_total", COUNTER, ONE, s->n_cgroups_lost,
		  "New cgroups that could not be told; they were looked for." },
		{ "cpus_joined_total", COUNTER, ONE, s->n_cpus_joined, "Times that a CPU came online while sampling." },
		{ "workloads_without_room_total", COUNTER, ONE, s->n_workloads_no_room,
		  "Samples without names, because there were too many workloads." },
		{ "relabel_given_up_total", COUNTER, ONE, s->n_relabel_given_up,
		  "Matches of relabelling rules that took too many steps." },
		{ "containers_named_total", COUNTER, ONE, s->n_containers_named,
		  "Containers of which their runtime told." },
		{ "containers_unnamed_total", COUNTER, ONE, s->n_containers_unnamed,
		  "Containers of which nothing was found." },
		{ "runtime_unanswered_total", COUNTER, ONE, s->n_runtime_unanswered,
		  "Questions to container runtimes without an answer that can be read." },
	};

	return metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
}

static int add_windows(struct buf *b, const struct status *s)
{
	static const struct family lost = { "windows_lost_total", COUNTER, ONE, "reason",
					    "Windows that are in no file." };
	static const struct family bytes = { "profile_bytes_total", COUNTER, ONE, "stage",
					     "Bytes of the windows that were written, before and after compression." };
	const struct window_writer_stats *w = &s->writer;
	const struct labelled reasons[] = { { "disk_too_slow", w->n_refused },
					    { "write_failed", w->n_failed },
					    { "disk_low", w->n_low } };
	const struct labelled stages[] = { { "raw", w->n_raw_bytes }, { "zstd", w->n_written_bytes } };
	const struct metric metrics[] = {
		{ "windows_closed_total", COUNTER, ONE, s->recorder.ledger.windows, "Windows that have ended." },
		{ "windows_written_total", COUNTER, ONE, w->n_written, "Windows that are in a file." },
		{ "windows_evicted_total", COUNTER, ONE, w->store.n_evicted,
		  "Files of windows that were removed to make room for new ones." },
		{ "windows_evicted_bytes_total", COUNTER, ONE, w->store.n_evicted_bytes, "Their bytes." },
		{ "windows_naming", GAUGE, ONE, s->recorder.n_closed_windows,
		  "Closed windows that are not encoded yet." },
		{ "windows_waiting", GAUGE, ONE, w->n_waiting, "Windows that wait for the disk." },
		{ "windows_write_failing", GAUGE, ONE, w->last_error != 0, "Whether the last write failed." },
		{ "catalogue_failures_total", COUNTER, ONE, w->store.n_catalogue_failures,
		  "Windows that are in a file, and whose row could not be written." },
		{ "windows_stored", GAUGE, ONE, w->store.n_files, "Files of windows." },
		{ "windows_stored_bytes", GAUGE, ONE, w->store.n_disk_bytes, "Their bytes." },
		{ "windows_stored_limit_bytes", GAUGE, ONE, s->disk_limit_bytes, "What they may need." },
		{ "last_window_timestamp_seconds", GAUGE, NANO, (uint64_t)w->last_end_realtime_ns,
		  "End of the window that was written last; 0: none yet." },
		{ "live_profiles", GAUGE, ONE, s->recorder.n_taps, "Live profiles under way." },
	};
	int r;

	r = metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
	if (r == 0)
		r = metrics_text_add_family(b, &lost, reasons, ARRAY_SIZE(reasons));
	return r < 0 ? r : metrics_text_add_family(b, &bytes, stages, ARRAY_SIZE(stages));
}

/* A limit that is none has no sample. */
static int add_map_limit(struct buf *b, uint64_t limit_bytes)
{
	const struct metric limit = { "bpf_map_limit_bytes", GAUGE, ONE, limit_bytes, "What they may need." };

	return limit_bytes == UINT64_MAX ? 0 : metrics_text_add(b, &limit, 1);
}

static int add_budget(struct buf *b, const struct status *s)
{
	static const struct family steps = { "budget_steps_total", COUNTER, ONE, "direction",
					     "Steps taken on the ladder." };
	static const struct family over = { "budget_over", GAUGE, ONE, "resource",
					    "1 for what was beyond its limit when judged last." };
	const struct budget *budget = &s->budget;
	const struct labelled directions[] = { { "down", budget->n_steps_down }, { "up", budget->n_steps_up } };
	const struct labelled resources[] = {
		{ "cpu", budget->reason == BUDGET_CPU },
		{ "rss", budget->reason == BUDGET_RSS },
		{ "maps", budget->reason == BUDGET_MAPS },
	};
	const struct metric metrics[] = {
		{ "budget_step", GAUGE, ONE, budget->step,
		  "0: all is done; 1: no debug info is read; 2: and windows are 3 times as long; 3: and 7 Hz." },
		{ "budget_cpu_ratio", GAUGE, PERMYRIAD, budget->cpu_permyriad,
		  "CPU time that all of the agent used, of one core, when judged last." },
		{ "budget_cpu_limit_ratio", GAUGE, PERMYRIAD, s->limits.cpu_permyriad, "What it may use." },
		{ "resident_limit_bytes", GAUGE, ONE, s->limits.rss_bytes,
		  "What cpuhound_self_resident_bytes may be in all." },
		{ "bpf_map_bytes", GAUGE, ONE, s->recorder.map_bytes, "Memory of BPF maps." },
	};
	int r;

	r = metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
	if (r == 0)
		r = add_map_limit(b, s->limits.map_bytes);
	if (r == 0)
		r = metrics_text_add_family(b, &steps, directions, ARRAY_SIZE(directions));
	return r < 0 ? r : metrics_text_add_family(b, &over, resources, ARRAY_SIZE(resources));
}

static int add_self(struct buf *b, const struct status *s)
{
	static const struct family cpu = { "self_cpu_seconds_total", COUNTER, NANO, "process",
					   "CPU time of the agent's own processes." };
	static const struct family rss = { "self_resident_bytes", GAUGE, ONE, "process", "Their anonymous memory." };
	static const struct family restarts = { "self_restarts_total", COUNTER, ONE, "process",
						"How often one was lost and replaced." };
	const struct metric bpf[] = {
		{ "bpf_run_seconds_total", COUNTER, NANO, s->recorder.bpf_run_ns,
		  "CPU time of the BPF programs; 0 where kernel.bpf_stats_enabled is off." },
		{ "bpf_runs_total", COUNTER, ONE, s->recorder.bpf_runs, "Their runs, likewise." },
	};
	struct status_process processes[STATUS_MAX_PROCESSES];
	size_t n = status_processes(s, processes);
	struct labelled cpu_of[STATUS_MAX_PROCESSES], rss_of[STATUS_MAX_PROCESSES], restarts_of[STATUS_MAX_PROCESSES];
	int r;

	for (size_t i = 0; i < n; i++) {
		cpu_of[i] = (struct labelled){ processes[i].name, processes[i].stats.cpu_ns };
		rss_of[i] = (struct labelled){ processes[i].name, processes[i].stats.rss_anon_bytes };
		restarts_of[i] = (struct labelled){ processes[i].name, processes[i].stats.n_restarts };
	}
	r = metrics_text_add_family(b, &cpu, cpu_of, n);
	if (r == 0)
		r = metrics_text_add_family(b, &rss, rss_of, n);
	if (r == 0)
		r = metrics_text_add_family(b, &restarts, restarts_of, n);
	return r < 0 ? r : metrics_text_add(b, bpf, ARRAY_SIZE(bpf));
}

static int add_known(struct buf *b, const struct recorder_stats *s)
{
	const struct metric metrics[] = {
		{ "process_tracked", GAUGE, ONE, s->n_processes, "Processes that are known." },
		{ "mappings_tracked", GAUGE, ONE, s->n_mappings, "Their executable mappings." },
		{ "files_tracked", GAUGE, ONE, s->n_files, "Files that are mapped." },
		{ "process_bytes", GAUGE, ONE, s->process_bytes, "Memory for what is known of processes." },
		{ "containers_tracked", GAUGE, ONE, s->n_containers, "Containers that are known." },
		{ "cpus_refused", GAUGE, ONE, s->n_cpus_refused, "CPUs that are online, and cannot be sampled." },
		{ "workloads", GAUGE, ONE, s->n_workloads, "Programs, threads and cgroups that have labels." },
		{ "workloads_limit", GAUGE, ONE, s->max_workloads, "How many may be." },
		{ "cgroups_tracked", GAUGE, ONE, s->n_cgroups, "Cgroups that are known." },
		{ "cgroups_limit", GAUGE, ONE, s->max_cgroups, "How many may be." },
		{ "modules", GAUGE, ONE, s->n_modules, "Binaries and the like that samples may lie in." },
		{ "modules_limit", GAUGE, ONE, s->max_modules, "How many may be." },
		{ "binaries", GAUGE, ONE, s->n_binaries, "Files whose names are read." },
		{ "binaries_limit", GAUGE, ONE, s->max_binaries, "How many may be." },
		{ "binaries_unnamed", GAUGE, ONE, s->n_unnamed, "Files that wait to be read." },
		{ "binaries_without_debug_info", GAUGE, ONE, s->n_debug_unread,
		  "Files whose debug info waits to be read." },
		{ "symbol_index_bytes", GAUGE, ONE, s->index_bytes, "Index files that are mapped." },
		{ "symbol_cache_bytes", GAUGE, ONE, s->cache_bytes, "Index files on disk." },
		{ "stack_bytes", GAUGE, ONE, s->stack_bytes, "Folded stacks of the open window." },
		{ "jit_programs", GAUGE, ONE, s->n_jit_programs, "Programs that make code." },
		{ "jit_index_bytes", GAUGE, ONE, s->jit_index_bytes, "Memory for the names of it." },
		{ "jit_maps_read_total", COUNTER, ONE, s->n_jit_read, "How often a map of such names was read." },
	};

	return metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
}

static int add_rows(struct buf *b, const struct recorder_stats *s)
{
	static const struct family refused = { "unwind_tables_without_room_total", COUNTER, ONE, "reason",
					       "Binaries whose unwind rows found no room." };
	const struct labelled reasons[] = { { "full", s->n_tables_no_room }, { "too_large", s->n_tables_too_large } };
	const struct metric metrics[] = {
		{ "unwind_tables", GAUGE, ONE, s->n_tables, "Binaries whose unwind rows are loaded." },
		{ "unwind_tables_waiting", GAUGE, ONE, s->n_tables_waiting, "Binaries that wait for it." },
		{ "unwind_tables_evicted_total", COUNTER, ONE, s->n_tables_evicted,
		  "Binaries whose rows made way for others." },
		{ "unwind_rows", GAUGE, ONE, s->n_rows, "Unwind rows." },
		{ "unwind_row_bytes", GAUGE, ONE, s->row_bytes, "Their memory." },
		{ "unwind_row_limit_bytes", GAUGE, ONE, s->row_limit_bytes,
		  "What they and the lists of mappings may need." },
	};
	int r;

	r = metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
	return r < 0 ? r : metrics_text_add_family(b, &refused, reasons, ARRAY_SIZE(reasons));
}

static int add_debuginfod(struct buf *b, const struct recorder_stats *s)
{
	static const struct family answers = { "debuginfod_answers_total", COUNTER, ONE, "answer",
					       "What servers of debug info said." };
	const struct metric metrics[] = {
		{ "debuginfod_waiting", GAUGE, ONE, s->fetched.n_waiting,
		  "Build ids that they are still to be asked for." },
		{ "debuginfod_refused_total", COUNTER, ONE, s->fetched.n_refused,
		  "Build ids that they were not asked for: too many." },
	};
	struct labelled items[FETCH_N];
	int r;

	if (!s->asks_debuginfod)
		return 0;
	for (enum fetch_status i = 0; i < FETCH_N; i++)
		items[i] = (struct labelled){ fetch_status_to_string(i), s->fetched.n_answers[i] };
	r = metrics_text_add_family(b, &answers, items, ARRAY_SIZE(items));
	return r < 0 ? r : metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
}

static int add_live_view(struct buf *b, const struct status *s)
{
	static const struct family family = { "live_view_hung_up_total", COUNTER, ONE, "reason",
					      "Clients of the live view (`cpuhound top`) that were hung up on." };
	const struct metric clients = { "live_view_clients", GAUGE, ONE, s->n_live_clients, "Those that watch." };
	struct labelled items[LIVE_FEED_N_REASONS];
	int r;

	for (enum live_feed_reason i = 0; i < LIVE_FEED_N_REASONS; i++)
		items[i] = (struct labelled){ live_feed_reason_to_string(i), s->n_live_hung_up[i] };
	r = metrics_text_add_family(b, &family, items, ARRAY_SIZE(items));
	return r < 0 ? r : metrics_text_add(b, &clients, 1);
}

static int add_faults(struct buf *b, const struct status *s)
{
	static const struct family family = { "fault", GAUGE, ONE, "part",
					      "1 for what does not work as it should: `cpuhound status` says why." };
	struct status_fault faults[STATUS_N_FAULTS];
	struct labelled items[STATUS_N_FAULTS];

	status_faults(s, faults);
	for (size_t i = 0; i < STATUS_N_FAULTS; i++)
		items[i] = (struct labelled){ faults[i].what, faults[i].text[0] != 0 };
	return metrics_text_add_family(b, &family, items, ARRAY_SIZE(items));
}

/* The start was the first reading. */
static int add_config(struct buf *b, const struct status *s)
{
	const struct metric metrics[] = {
		{ "config_reload_success", GAUGE, ONE, !s->reload_failed,
		  "0: the last reload failed, and the old configuration is in force." },
		{ "config_last_reload_timestamp_seconds", GAUGE, NANO,
		  (uint64_t)(s->reload_realtime_ns ?: s->start_realtime_ns),
		  "When the configuration was read last, with or without success." },
	};

	return metrics_text_add(b, metrics, ARRAY_SIZE(metrics));
}

int metrics_add(const struct status *s, struct buf *ret)
{
	int r;

	r = metrics_add_build(s->version, ret);
	if (r == 0)
		r = add_state(ret, s);
	if (r == 0)
		r = add_rate(ret, s);
	if (r == 0)
		r = add_ticks(ret, &s->recorder.ledger);
	if (r == 0)
		r = add_samples(ret, &s->recorder);
	if (r == 0)
		r = add_news(ret, &s->recorder);
	if (r == 0)
		r = add_windows(ret, s);
	if (r == 0)
		r = metrics_add_store(&s->maintainer, ret);
	if (r == 0)
		r = add_budget(ret, s);
	if (r == 0)
		r = add_self(ret, s);
	if (r == 0)
		r = add_known(ret, &s->recorder);
	if (r == 0)
		r = add_rows(ret, &s->recorder);
	if (r == 0)
		r = add_debuginfod(ret, &s->recorder);
	if (r == 0 && s->has_gateway)
		r = metrics_add_gateway(s->gateway_serves, &s->web, ret);
	if (r == 0)
		r = add_live_view(ret, s);
	if (r == 0)
		r = upload_status_add_metrics(s->uploads, s->n_uploads, ret);
	if (r == 0)
		r = add_faults(ret, s);
	return r < 0 ? r : add_config(ret, s);
}
