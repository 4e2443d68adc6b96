// SPDX-License-Identifier: Apache-2.0
/* status as JSON: the line that `cpuhound status` reads. */
#include <string.h>

#include "agent/status.h"
#include "agent/upload-status.h"
#include "common/json.h"
#include "pprof/ledger-json.h"

static int add_bool(struct json_object *parent, const char *name, bool value)
{
	return json_add(parent, name, json_object_new_boolean(value));
}

/* Null where there is none. */
static int add_text(struct json_object *parent, const char *name, const char *text)
{
	return text && text[0] ? json_add_string(parent, name, text) : json_add_null(parent, name);
}

static int add_limit(struct json_object *parent, const char *name, uint64_t limit)
{
	return limit == UINT64_MAX ? json_add_null(parent, name)
				   : json_add(parent, name, json_object_new_uint64(limit));
}

static int add_object_of_counts(struct json_object *top, const char *name, const struct json_count *counts, size_t n)
{
	struct json_object *object = NULL;
	int r;

	r = json_add_object(top, name, &object);
	return r < 0 ? r : json_add_counts(object, counts, n);
}

static int add_agent(struct json_object *top, const struct status *s)
{
	const struct json_count counts[] = {
		{ "pid", (uint64_t)s->pid },
		{ "start_realtime_ns", (uint64_t)s->start_realtime_ns },
		{ "now_realtime_ns", (uint64_t)s->now_realtime_ns },
		{ "state_realtime_ns", (uint64_t)s->idle_realtime_ns },
		{ "window_ns", s->window_ns },
		{ "period_ns", s->period_ns },
		{ "n_cpus", s->recorder.n_cpus },
	};
	int r;

	r = add_text(top, "version", s->version);
	if (r == 0)
		r = add_text(top, "host", s->host);
	if (r == 0)
		r = add_text(top, "state_dir", s->state_dir);
	if (r == 0)
		r = add_text(top, "listen", s->listen);
	if (r == 0)
		r = add_text(top, "metrics_listen", s->metrics_listen);
	return r < 0 ? r : json_add_counts(top, counts, ARRAY_SIZE(counts));
}

static int add_state(struct json_object *top, const struct status *s)
{
	char why[STATUS_ERROR_SIZE] = "";
	int r;

	r = status_is_ready(s, why);
	if (r >= 0)
		r = json_add_string(top, "state", status_idle_to_string(s->idle));
	if (r == 0)
		r = add_text(top, "not_sampling", why);
	if (r == 0)
		r = add_bool(top, "is_paused", s->recorder.is_paused);
	if (r == 0)
		r = add_bool(top, "is_debug_info_read", s->recorder.is_debug_info_read);
	return r < 0 ? r : add_bool(top, "is_pid_namespace_nested", s->recorder.is_pid_namespace_nested);
}

static int add_last_window(struct json_object *top, const struct status *s)
{
	struct json_object *object = NULL;
	int r;

	if (s->last_window_realtime_ns == 0)
		return json_add_null(top, "last_window");
	r = json_add_object(top, "last_window", &object);
	if (r == 0)
		r = json_add_number(object, "end_realtime_ns", s->last_window_realtime_ns);
	return r < 0 ? r : ledger_json_add(object, "ledger", &s->last_window);
}

static int add_totals(struct json_object *top, const struct recorder_stats *r)
{
	const struct json_count counts[] = {
		{ "user_samples", r->n_user },
		{ "kernel_samples", r->n_kernel },
		{ "stacks_copied", r->n_copied },
		{ "stacks_without_copy", r->n_copy_lost },
		{ "copies_unfinished", r->n_copy_unfinished },
		{ "news_lost", r->n_sideband_lost },
		{ "news_dropped", r->n_sideband_dropped },
		{ "cgroups_lost", r->n_cgroups_lost },
		{ "cpus_joined", r->n_cpus_joined },
		{ "workloads_without_room", r->n_workloads_no_room },
		{ "relabel_given_up", r->n_relabel_given_up },
		{ "containers_named", r->n_containers_named },
		{ "containers_unnamed", r->n_containers_unnamed },
		{ "runtime_unanswered", r->n_runtime_unanswered },
		{ "bpf_run_ns", r->bpf_run_ns },
		{ "bpf_runs", r->bpf_runs },
		{ "jit_maps_read", r->n_jit_read },
		{ "tables_evicted", r->n_tables_evicted },
		{ "tables_no_room", r->n_tables_no_room },
		{ "tables_too_large", r->n_tables_too_large },
	};
	struct json_object *object = NULL;
	int e;

	e = json_add_object(top, "totals", &object);
	if (e == 0)
		e = ledger_json_add(object, "ledger", &r->ledger);
	return e < 0 ? e : json_add_counts(object, counts, ARRAY_SIZE(counts));
}

static int add_budget(struct json_object *top, const struct status *s)
{
	const struct json_count counts[] = {
		{ "step_number", s->budget.step },
		{ "windows_over", s->budget.n_over },
		{ "windows_under", s->budget.n_under },
		{ "steps_down", s->budget.n_steps_down },
		{ "steps_up", s->budget.n_steps_up },
		{ "cpu_permyriad", s->budget.cpu_permyriad },
		{ "cpu_limit_permyriad", s->limits.cpu_permyriad },
		{ "rss_bytes", status_rss_bytes(s) },
		{ "rss_limit_bytes", s->limits.rss_bytes },
		{ "map_bytes", s->recorder.map_bytes },
		{ "disk_bytes", s->writer.store.n_disk_bytes },
		{ "disk_limit_bytes", s->disk_limit_bytes },
	};
	struct json_object *object = NULL;
	int r;

	r = json_add_object(top, "budget", &object);
	if (r == 0)
		r = json_add_string(object, "step", budget_step_to_string(s->budget.step));
	if (r == 0)
		r = json_add_string(object, "over", budget_reason_to_string(s->budget.reason));
	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	return r < 0 ? r : add_limit(object, "map_limit_bytes", s->limits.map_bytes);
}

static int add_known(struct json_object *top, const struct recorder_stats *r)
{
	const struct json_count counts[] = {
		{ "processes", r->n_processes },
		{ "mappings", r->n_mappings },
		{ "files", r->n_files },
		{ "process_bytes", r->process_bytes },
		{ "cgroups", r->n_cgroups },
		{ "max_cgroups", r->max_cgroups },
		{ "containers", r->n_containers },
		{ "cpus_refused", r->n_cpus_refused },
		{ "workloads", r->n_workloads },
		{ "max_workloads", r->max_workloads },
		{ "modules", r->n_modules },
		{ "max_modules", r->max_modules },
		{ "binaries", r->n_binaries },
		{ "max_binaries", r->max_binaries },
		{ "binaries_unnamed", r->n_unnamed },
		{ "binaries_without_debug_info", r->n_debug_unread },
		{ "index_bytes", r->index_bytes },
		{ "cache_bytes", r->cache_bytes },
		{ "stack_bytes", r->stack_bytes },
		{ "jit_programs", r->n_jit_programs },
		{ "jit_index_bytes", r->jit_index_bytes },
		{ "windows_closed", r->n_closed_windows },
		{ "live_profiles", r->n_taps },
	};

	return add_object_of_counts(top, "known", counts, ARRAY_SIZE(counts));
}

static int add_rows(struct json_object *top, const struct recorder_stats *r)
{
	const struct json_count counts[] = {
		{ "tables", r->n_tables }, { "tables_waiting", r->n_tables_waiting }, { "rows", r->n_rows },
		{ "bytes", r->row_bytes }, { "limit_bytes", r->row_limit_bytes },
	};

	return add_object_of_counts(top, "unwind_rows", counts, ARRAY_SIZE(counts));
}

static int add_debuginfod(struct json_object *top, const struct recorder_stats *r)
{
	struct json_count counts[FETCH_N + 2];
	size_t n = 0;

	if (!r->asks_debuginfod)
		return json_add_null(top, "debuginfod");
	for (enum fetch_status i = 0; i < FETCH_N; i++)
		counts[n++] = (struct json_count){ fetch_status_to_string(i), r->fetched.n_answers[i] };
	counts[n++] = (struct json_count){ "waiting", r->fetched.n_waiting };
	counts[n++] = (struct json_count){ "refused", r->fetched.n_refused };
	return add_object_of_counts(top, "debuginfod", counts, n);
}

static int append_process(struct json_object *array, const struct status_process *p)
{
	const struct json_count counts[] = {
		{ "pid", (uint64_t)p->stats.pid },
		{ "cpu_ns", p->stats.cpu_ns },
		{ "rss_anon_bytes", p->stats.rss_anon_bytes },
		{ "restarts", p->stats.n_restarts },
	};
	struct json_object *object = NULL;
	int r;

	r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, "name", p->name);
	return r < 0 ? r : json_add_counts(object, counts, ARRAY_SIZE(counts));
}

static int add_processes(struct json_object *top, const struct status *s)
{
	struct status_process processes[STATUS_MAX_PROCESSES];
	size_t n = status_processes(s, processes);
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, "own_processes", &array);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = append_process(array, &processes[i]);
	return r;
}

static int add_windows(struct json_object *top, const struct status *s)
{
	const struct window_writer_stats *w = &s->writer;
	const struct json_count counts[] = {
		{ "written", w->n_written },
		{ "written_bytes", w->n_written_bytes },
		{ "raw_bytes", w->n_raw_bytes },
		{ "refused", w->n_refused },
		{ "failed", w->n_failed },
		{ "disk_low", w->n_low },
		{ "waiting", w->n_waiting },
		{ "last_end_realtime_ns", (uint64_t)w->last_end_realtime_ns },
		{ "files", w->store.n_files },
		{ "evicted", w->store.n_evicted },
		{ "evicted_bytes", w->store.n_evicted_bytes },
		{ "catalogue_failures", w->store.n_catalogue_failures },
	};
	struct json_object *object = NULL;
	int r;

	r = json_add_object(top, "windows", &object);
	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	return r < 0 ? r : add_text(object, "last_error", w->last_error ? strerrordesc_np(-w->last_error) : NULL);
}

static int add_tiers(struct json_object *store, const struct maintain_report *r)
{
	int e = 0;

	for (enum window_tier tier = 0; e == 0 && tier < WINDOW_N_TIERS; tier++) {
		const struct window_totals *t = &r->tiers[tier];
		const struct json_count counts[] = {
			{ "files", t->n_files },
			{ "windows", t->n_windows },
			{ "disk_bytes", t->n_disk_bytes },
			{ "oldest_realtime_ns", (uint64_t)t->oldest_ns },
			{ "newest_realtime_ns", (uint64_t)t->newest_ns },
		};

		e = add_object_of_counts(store, window_tier_name(tier), counts, ARRAY_SIZE(counts));
	}
	return e;
}

static int add_loss(struct json_object *parent, const char *name, const struct loss_count *c)
{
	const struct json_count counts[] = { { "windows", c->n_windows }, { "samples", c->n_samples } };

	return add_object_of_counts(parent, name, counts, ARRAY_SIZE(counts));
}

/* What the store has lost and what targets were not sent, for good: not only since the start. */
static int add_losses(struct json_object *store, const struct maintain_report *r)
{
	struct json_object *lost, *unsent;
	int e;

	e = json_add_object(store, "lost", &lost);
	for (size_t i = 0; e == 0 && i < LOSS_N_REASONS; i++)
		e = add_loss(lost, loss_reason_name(i), &r->lost[i]);
	if (e == 0)
		e = json_add_object(store, "unsent", &unsent);
	for (size_t i = 0; e == 0 && i < r->n_targets; i++)
		e = add_loss(unsent, r->targets[i].name, &r->targets[i].unsent);
	return e;
}

static int add_store(struct json_object *top, const struct status *s)
{
	const struct maintainer_stats *m = &s->maintainer;
	const struct json_count counts[] = {
		{ "runs", m->n_runs },
		{ "runs_busy", m->n_busy },
		{ "runs_failed", m->n_failed },
		{ "last_run_realtime_ns", (uint64_t)m->last_realtime_ns },
		{ "files_merged", m->n_merged },
		{ "files_made", m->n_made },
		{ "files_unreadable", m->n_unreadable },
		{ "files_removed", m->n_removed },
		{ "bad_files", m->report.n_bad_files },
		{ "bad_bytes", m->report.n_bad_bytes },
	};
	struct json_object *object = NULL;
	int r;

	r = json_add_object(top, "store", &object);
	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	if (r < 0 || !m->has_report)
		return r;
	r = add_tiers(object, &m->report);
	return r == 0 ? add_losses(object, &m->report) : r;
}

static int add_gateway(struct json_object *top, const struct status *s)
{
	struct json_count counts[WEB_N_COUNTS];
	struct json_object *object = NULL;
	int r;

	if (!s->has_gateway)
		return json_add_null(top, "gateway");
	for (enum web_count c = 0; c < WEB_N_COUNTS; c++)
		counts[c] = (struct json_count){ web_count_name(c), s->web.n[c] };
	r = json_add_object(top, "gateway", &object);
	if (r == 0)
		r = add_bool(object, "serves", s->gateway_serves);
	return r < 0 ? r : add_object_of_counts(object, "counts", counts, ARRAY_SIZE(counts));
}

static int add_live_view(struct json_object *top, const struct status *s)
{
	const struct json_count clients = { "clients", s->n_live_clients };
	struct json_count counts[LIVE_FEED_N_REASONS];
	struct json_object *object = NULL;
	int r;

	for (enum live_feed_reason i = 0; i < LIVE_FEED_N_REASONS; i++)
		counts[i] = (struct json_count){ live_feed_reason_to_string(i), s->n_live_hung_up[i] };
	r = json_add_object(top, "live_view", &object);
	if (r == 0)
		r = json_add_counts(object, &clients, 1);
	return r < 0 ? r : add_object_of_counts(object, "hung_up", counts, ARRAY_SIZE(counts));
}

static int add_reload(struct json_object *top, const struct status *s)
{
	struct json_object *object = NULL;
	int r;

	if (s->reload_realtime_ns == 0)
		return json_add_null(top, "reload");
	r = json_add_object(top, "reload", &object);
	if (r == 0)
		r = add_bool(object, "failed", s->reload_failed);
	return r < 0 ? r : json_add_number(object, "realtime_ns", s->reload_realtime_ns);
}

static int add_faults(struct json_object *top, const struct status *s)
{
	struct status_fault faults[STATUS_N_FAULTS];
	struct json_object *object = NULL;
	int r;

	status_faults(s, faults);
	r = json_add_object(top, "faults", &object);
	for (size_t i = 0; r == 0 && i < STATUS_N_FAULTS; i++)
		r = add_text(object, faults[i].what, faults[i].text);
	return r;
}

static int append_error(struct json_object *array, const struct status_error *error)
{
	struct json_object *object = NULL;
	int r;

	r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_number(object, "realtime_ns", error->realtime_ns);
	if (r == 0)
		r = json_add_number(object, "times", (int64_t)error->n);
	return r < 0 ? r : json_add_string(object, "text", error->text);
}

static int add_errors(struct json_object *top, const struct status *s)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, "errors", &array);
	for (size_t i = 0; r == 0 && i < s->n_errors; i++)
		r = append_error(array, &s->errors[i]);
	return r;
}

int status_add_json(const struct status *s, struct buf *ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	r = json_new_top(&top);
	if (r == 0)
		r = add_agent(top, s);
	if (r == 0)
		r = add_state(top, s);
	if (r == 0)
		r = add_last_window(top, s);
	if (r == 0)
		r = add_totals(top, &s->recorder);
	if (r == 0)
		r = add_budget(top, s);
	if (r == 0)
		r = add_known(top, &s->recorder);
	if (r == 0)
		r = add_rows(top, &s->recorder);
	if (r == 0)
		r = add_debuginfod(top, &s->recorder);
	if (r == 0)
		r = add_processes(top, s);
	if (r == 0)
		r = add_windows(top, s);
	if (r == 0)
		r = add_store(top, s);
	if (r == 0)
		r = upload_status_add_json(s->uploads, s->n_uploads, top);
	if (r == 0)
		r = add_gateway(top, s);
	if (r == 0)
		r = add_live_view(top, s);
	if (r == 0)
		r = add_reload(top, s);
	if (r == 0)
		r = add_faults(top, s);
	if (r == 0)
		r = add_errors(top, s);
	return r < 0 ? r : json_add_text(top, ret);
}
