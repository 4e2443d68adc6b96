/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status fixture: a status whose numbers are all different, so that a test can look for each of them in what is made of
 * it.
 */
#pragma once

#include <string.h>

#include "agent/status.h"
#include "tests/unit/cmocka-all.h"

#define STATUS_FIRST_NUMBER UINT64_C(7000000000001)
#define STATUS_MAX_FIELDS 170

struct status_field {
	const char *name;
	uint64_t *n; /* also of signed ones and sizes: the same bits */
	bool in_metrics;
};
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "sizes are looked at as numbers");

#define SHOWN(field)                                                                                                   \
	{                                                                                                              \
#field, (void *)&s->field, true                                                                        \
	}
#define ONLY_JSON(field)                                                                                               \
	{                                                                                                              \
#field, (void *)&s->field, false                                                                       \
	}
#define LEDGER(KIND, l)                                                                                                \
	KIND(l.due), KIND(l.taken), KIND(l.idle), KIND(l.filtered), KIND(l.in_profile),                                \
		KIND(l.not_delivered.idle_cpu), KIND(l.not_delivered.throttled), KIND(l.not_delivered.other),          \
		KIND(l.frames.named), KIND(l.frames.module_only), KIND(l.frames.unreadable), KIND(l.windows),          \
		KIND(l.reduced_windows), KIND(l.down_ns), KIND(l.lost[0].n), KIND(l.lost[1].n),                        \
		KIND(l.truncated[0].n), KIND(l.truncated[1].n)
#define PROCESS(p) SHOWN(p.cpu_ns), SHOWN(p.rss_anon_bytes), SHOWN(p.n_restarts)

/* Every number of 64 bits. */
static size_t status_fields(struct status *s, struct status_field ret[static STATUS_MAX_FIELDS])
{
	const struct status_field fields[] = {
		SHOWN(start_realtime_ns),
		ONLY_JSON(now_realtime_ns),
		SHOWN(idle_realtime_ns),
		SHOWN(window_ns),
		ONLY_JSON(period_ns), /* the metric is a frequency */
		LEDGER(SHOWN, recorder.ledger),
		SHOWN(recorder.n_user),
		SHOWN(recorder.n_kernel),
		SHOWN(recorder.n_sideband_lost),
		SHOWN(recorder.n_sideband_dropped),
		SHOWN(recorder.n_cgroups_lost),
		SHOWN(recorder.n_copied),
		SHOWN(recorder.n_copy_lost),
		SHOWN(recorder.n_copy_unfinished),
		SHOWN(recorder.n_cpus),
		SHOWN(recorder.n_cpus_refused),
		SHOWN(recorder.n_cpus_joined),
		SHOWN(recorder.n_workloads_no_room),
		SHOWN(recorder.n_containers_named),
		SHOWN(recorder.n_containers_unnamed),
		SHOWN(recorder.n_runtime_unanswered),
		SHOWN(recorder.n_relabel_given_up),
		SHOWN(recorder.n_workloads),
		SHOWN(recorder.max_workloads),
		SHOWN(recorder.n_closed_windows),
		SHOWN(recorder.n_taps),
		SHOWN(recorder.n_processes),
		SHOWN(recorder.n_mappings),
		SHOWN(recorder.n_files),
		SHOWN(recorder.process_bytes),
		SHOWN(recorder.n_modules),
		SHOWN(recorder.max_modules),
		SHOWN(recorder.n_binaries),
		SHOWN(recorder.max_binaries),
		SHOWN(recorder.n_cgroups),
		SHOWN(recorder.n_containers),
		SHOWN(recorder.max_cgroups),
		SHOWN(recorder.index_bytes),
		SHOWN(recorder.cache_bytes),
		SHOWN(recorder.stack_bytes),
		SHOWN(recorder.n_unnamed),
		SHOWN(recorder.n_debug_unread),
		SHOWN(recorder.n_tables),
		SHOWN(recorder.n_tables_waiting),
		SHOWN(recorder.n_rows),
		SHOWN(recorder.row_bytes),
		SHOWN(recorder.row_limit_bytes),
		SHOWN(recorder.n_tables_evicted),
		SHOWN(recorder.n_tables_no_room),
		SHOWN(recorder.n_tables_too_large),
		SHOWN(recorder.map_bytes),
		SHOWN(recorder.bpf_run_ns),
		SHOWN(recorder.bpf_runs),
		SHOWN(recorder.n_jit_programs),
		SHOWN(recorder.jit_index_bytes),
		SHOWN(recorder.n_jit_read),
		SHOWN(recorder.fetched.n_answers[FETCH_FOUND]),
		SHOWN(recorder.fetched.n_answers[FETCH_MISSING]),
		SHOWN(recorder.fetched.n_answers[FETCH_TOO_LARGE]),
		SHOWN(recorder.fetched.n_answers[FETCH_FAILED]),
		SHOWN(recorder.fetched.n_refused),
		SHOWN(recorder.fetched.n_waiting),
		PROCESS(recorder.self),
		PROCESS(recorder.children[0].stats),
		PROCESS(recorder.children[1].stats),
		PROCESS(recorder.children[2].stats),
		PROCESS(recorder.children[3].stats),
		PROCESS(recorder.children[4].stats),
		PROCESS(gateway),
		SHOWN(writer.n_written),
		SHOWN(writer.n_written_bytes),
		SHOWN(writer.n_raw_bytes),
		SHOWN(writer.n_refused),
		SHOWN(writer.n_failed),
		SHOWN(writer.store.n_files),
		SHOWN(writer.store.n_disk_bytes),
		SHOWN(writer.store.n_evicted),
		SHOWN(writer.store.n_evicted_bytes),
		SHOWN(writer.store.n_catalogue_failures),
		SHOWN(writer.n_waiting),
		SHOWN(writer.last_end_realtime_ns),
		SHOWN(budget.n_steps_down),
		SHOWN(budget.n_steps_up),
		SHOWN(budget.cpu_permyriad),
		SHOWN(limits.cpu_permyriad),
		SHOWN(limits.rss_bytes),
		SHOWN(limits.map_bytes),
		SHOWN(disk_limit_bytes),
		SHOWN(n_live_clients),
		SHOWN(n_live_hung_up[LIVE_FEED_NO_ROOM]),
		SHOWN(n_live_hung_up[LIVE_FEED_SLOW]),
		SHOWN(n_live_hung_up[LIVE_FEED_NOT_UNDERSTOOD]),
		SHOWN(n_live_hung_up[LIVE_FEED_FAILED]),
		SHOWN(reload_realtime_ns),
		LEDGER(ONLY_JSON, last_window),
		ONLY_JSON(last_window_realtime_ns),
		ONLY_JSON(errors[0].realtime_ns),
		ONLY_JSON(errors[0].n),
	};
	size_t n = ARRAY_SIZE(fields);

	memcpy(ret, fields, sizeof(fields));
	for (size_t c = 0; c < WEB_N_COUNTS; c++)
		ret[n++] = (struct status_field){ web_count_name(c), &s->web.n[c], true };
	assert_true(n <= STATUS_MAX_FIELDS);
	return n;
}

static void status_fill_ledger(struct ledger *l)
{
	l->n_lost = l->n_truncated = 2;
	strcpy(l->lost[0].name, "log_full");
	strcpy(l->lost[1].name, "of_another_day");
	strcpy(l->truncated[0].name, "jit");
	strcpy(l->truncated[1].name, "no_cfi");
}

static void status_fill(struct status *s)
{
	static const char *const children[] = { "indexer",       "indexer-large", "indexer-debug", "indexer-jit",
						"indexer-names", "finisher",      "fetcher" };
	struct status_field fields[STATUS_MAX_FIELDS];
	size_t n;

	*s = (struct status){
		.version = "1.2.3",
		.host = "db-7",
		.state_dir = "/var/lib/cpuhound",
		.listen = "127.0.0.1:7171",
		.metrics_listen = "",
		.kill_switch = "/etc/cpuhound/off",
		.pid = 4711,
		.idle = STATUS_SAMPLING,
		.budget = { .step = BUDGET_LONG_WINDOWS, .reason = BUDGET_RSS, .n_over = 4713, .n_under = 4714 },
		.recorder.asks_debuginfod = true,
		.has_gateway = true,
		.gateway_serves = true,
		.gateway_pid = 4712,
		.n_errors = 1,
		.errors[0].text = "the disk is full",
	};
	for (size_t i = 0; i < STATS_N_CHILDREN; i++)
		s->recorder.children[i].name = children[i];
	status_fill_ledger(&s->recorder.ledger);
	status_fill_ledger(&s->last_window);
	n = status_fields(s, fields);
	for (size_t i = 0; i < n; i++)
		*fields[i].n = STATUS_FIRST_NUMBER + i;
}

/* What is a truth changes the text when it changes. */
_unused_ static void status_check_truths(int (*add)(const struct status *s, struct buf *ret), bool is_metrics)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status s;
	const struct {
		bool *truth, in_metrics;
	} truths[] = {
		{ &s.recorder.is_paused, false }, /* the metric is the state */
		{ &s.recorder.is_debug_info_read, true },
		{ &s.recorder.is_pid_namespace_nested, true },
		{ &s.recorder.asks_debuginfod, true },
		{ &s.gateway_serves, true },
		{ &s.has_gateway, true },
		{ &s.reload_failed, true },
	};

	status_fill(&s);
	assert_int_equal(add(&s, &text), 0);
	for (size_t i = 0; i < ARRAY_SIZE(truths); i++) {
		_cleanup_(buf_done) struct buf other = {};

		*truths[i].truth = !*truths[i].truth;
		assert_int_equal(add(&s, &other), 0);
		*truths[i].truth = !*truths[i].truth;
		if (strcmp(text.data, other.data) == 0 && (truths[i].in_metrics || !is_metrics))
			fail_msg("truth %zu is not told", i);
	}
}
