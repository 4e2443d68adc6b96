// SPDX-License-Identifier: Apache-2.0
/* status as text: what matters first: does it sample, what came of it, what does it cost, what is wrong. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/status-view.h"
#include "cli/tables.h"
#include "cli/text.h"
#include "cli/value.h"
#include "common/clock.h"
#include "common/json.h"
#include "pprof/ledger-json.h"
#include "pprof/ledger.h"
#include "pprof/profile.h"

#define NAME_WIDTH 14 /* of what stands before a line */
#define KIND_WIDTH 12
#define STATE_WIDTH 9
#define TIME_SIZE 64
#define MAX_ROWS 32 /* of processes and errors, whatever the agent says */

static void print_name(FILE *out, const char *name)
{
	fprintf(out, "%-*s", NAME_WIDTH, name);
}

/* A foreign string; without one, nothing. */
static int print_text(FILE *out, const char *text)
{
	_cleanup_(buf_done) struct buf safe = {};
	int r;

	r = text_add(&safe, text ?: "", TEXT_MAX_CHARS);
	if (r == 0)
		fputs(safe.size ? safe.data : "", out);
	return r;
}

static int print_line(FILE *out, const char *name, const char *text)
{
	int r;

	print_name(out, name);
	r = print_text(out, text ?: "(not told)");
	fputc('\n', out);
	return r;
}

static void format_size(uint64_t n_bytes, char ret[static VALUE_TEXT_SIZE])
{
	static const struct profile_value_type bytes = { "size", "bytes" };

	value_format(&bytes, n_bytes > INT64_MAX ? INT64_MAX : (int64_t)n_bytes, ret);
}

/* "2026-11-29 02:28:07 UTC"; "" where there is none. */
static void format_time(uint64_t realtime_ns, char ret[static TIME_SIZE])
{
	time_t s = (time_t)(realtime_ns / NS_PER_S);
	struct tm tm;

	ret[0] = 0;
	if (realtime_ns && gmtime_r(&s, &tm))
		strftime(ret, TIME_SIZE, "%F %T UTC", &tm);
}

static double seconds_since(struct json_object *status, uint64_t realtime_ns)
{
	uint64_t now_ns = json_find_number(status, "now_realtime_ns");

	return now_ns > realtime_ns ? (double)(now_ns - realtime_ns) / NS_PER_S : 0;
}

static int print_state(FILE *out, struct json_object *status)
{
	uint64_t since_ns = json_find_number(status, "state_realtime_ns");
	uint64_t period_ns = json_find_number(status, "period_ns");
	const char *why = json_find_string(status, "not_sampling");
	char since[TIME_SIZE];
	int r;

	format_time(since_ns, since);
	print_name(out, "state");
	r = print_text(out, why ?: json_find_string(status, "state"));
	if (r < 0)
		return r;
	fprintf(out, "%s%s (%.0f s)", why ? "; like this since " : " since ", since, seconds_since(status, since_ns));
	if (!why && period_ns)
		fprintf(out, ", %.4g times a second on each of %" PRIu64 " CPUs, in windows of %.0f s",
			(double)NS_PER_S / (double)period_ns, json_find_number(status, "n_cpus"),
			(double)json_find_number(status, "window_ns") / NS_PER_S);
	fputc('\n', out);
	return 0;
}

static int print_agent(FILE *out, struct json_object *status)
{
	char start[TIME_SIZE];
	int r;

	format_time(json_find_number(status, "start_realtime_ns"), start);
	print_name(out, "agent");
	r = print_text(out, json_find_string(status, "version"));
	if (r < 0)
		return r;
	fprintf(out, ", pid %" PRIu64 " since %s, on ", json_find_number(status, "pid"), start);
	r = print_text(out, json_find_string(status, "host"));
	fputc('\n', out);
	return r;
}

static int print_address(FILE *out, struct json_object *status, const char *name, const char *member)
{
	const char *address = json_find_string(status, member);

	return address ? print_line(out, name, address) : 0;
}

/* Those that are not 0, and the end of the line. */
static int print_counts(FILE *out, struct json_object *counts)
{
	int r = 0;

	json_object_object_foreach(counts, name, value)
	{
		if (r < 0 || json_object_get_uint64(value) == 0)
			continue;
		fprintf(out, ", %" PRIu64 " ", json_object_get_uint64(value));
		r = print_text(out, name);
	}
	fputc('\n', out);
	return r;
}

/* Requests that were answered, and all that is not as it should be. */
static int print_gateway(FILE *out, struct json_object *status)
{
	struct json_object *counts = json_find(status, "gateway.counts");

	if (!counts || !json_object_is_type(counts, json_type_object))
		return 0;
	print_name(out, "gateway");
	fputs(json_object_get_boolean(json_find(status, "gateway.serves")) ? "serves" : "DOES NOT SERVE", out);
	return print_counts(out, counts);
}

/* Who watches, and why others were hung up on. */
static int print_live_view(FILE *out, struct json_object *status)
{
	struct json_object *counts = json_find(status, "live_view.hung_up");

	if (!counts || !json_object_is_type(counts, json_type_object))
		return 0;
	print_name(out, "live view");
	fprintf(out, "%" PRIu64 " clients", json_find_number(status, "live_view.clients"));
	return print_counts(out, counts);
}

static int print_windows(FILE *out, struct json_object *status)
{
	const char *error = json_find_string(status, "windows.last_error");
	char bytes[VALUE_TEXT_SIZE], limit[VALUE_TEXT_SIZE];
	int r;

	format_size(json_find_number(status, "budget.disk_bytes"), bytes);
	format_size(json_find_number(status, "budget.disk_limit_bytes"), limit);
	print_name(out, "state dir");
	r = print_text(out, json_find_string(status, "state_dir"));
	if (r < 0)
		return r;
	fprintf(out, ": %" PRIu64 " windows, %s of %s\n", json_find_number(status, "windows.files"), bytes, limit);
	print_name(out, "windows");
	fprintf(out, "%" PRIu64 " written, %" PRIu64 " lost, %" PRIu64 " removed to make room, %" PRIu64 " waiting\n",
		json_find_number(status, "windows.written"),
		json_find_number(status, "windows.refused") + json_find_number(status, "windows.failed"),
		json_find_number(status, "windows.evicted"), json_find_number(status, "windows.waiting"));
	return error ? print_line(out, "NOT WRITTEN", error) : 0;
}

static void print_ledger(FILE *out, struct json_object *object)
{
	struct ledger ledger;

	if (ledger_json_read(object, &ledger) < 0)
		fputs("ledger: damaged\n", out);
	else
		tables_print_ledger(out, &ledger);
}

static void print_ledgers(FILE *out, struct json_object *status)
{
	uint64_t end_ns = json_find_number(status, "last_window.end_realtime_ns");
	struct json_object *totals = json_find(status, "totals");

	if (end_ns) {
		fprintf(out, "\nlast window, which ended %.0f s ago\n", seconds_since(status, end_ns));
		print_ledger(out, json_find(status, "last_window.ledger"));
	}
	fprintf(out, "\n%" PRIu64 " windows since the agent started\n", json_find_number(totals, "ledger.windows"));
	print_ledger(out, json_find(totals, "ledger"));
	fprintf(out,
		"copied stacks: %" PRIu64 " finished, %" PRIu64 " had no room, %" PRIu64
		" unfinished; lost news: %" PRIu64 " records, %" PRIu64 " beyond the limits, %" PRIu64 " cgroups\n",
		json_find_number(totals, "stacks_copied"), json_find_number(totals, "stacks_without_copy"),
		json_find_number(totals, "copies_unfinished"), json_find_number(totals, "news_lost"),
		json_find_number(totals, "news_dropped"), json_find_number(totals, "cgroups_lost"));
}

static void print_use(FILE *out, const char *what, const char *used, const char *limit)
{
	fprintf(out, "%-*s%12s %12s\n", NAME_WIDTH, what, used, limit);
}

static void print_use_of_bytes(FILE *out, struct json_object *budget, const char *what, const char *used,
			       const char *limit)
{
	char used_text[VALUE_TEXT_SIZE], limit_text[VALUE_TEXT_SIZE];
	uint64_t limit_bytes = json_find_number(budget, limit);

	format_size(json_find_number(budget, used), used_text);
	format_size(limit_bytes, limit_text);
	print_use(out, what, used_text, limit_bytes ? limit_text : "none");
}

static int print_budget(FILE *out, struct json_object *status)
{
	struct json_object *budget = json_find(status, "budget");
	const char *over = json_find_string(budget, "over");
	char used[VALUE_TEXT_SIZE], limit[VALUE_TEXT_SIZE];
	int r;

	snprintf(used, sizeof(used), "%.2f %%", (double)json_find_number(budget, "cpu_permyriad") / 100);
	snprintf(limit, sizeof(limit), "%.2f %%", (double)json_find_number(budget, "cpu_limit_permyriad") / 100);
	fputc('\n', out);
	print_use(out, "BUDGET", "USED", "LIMIT");
	print_use(out, "one CPU", used, limit);
	print_use_of_bytes(out, budget, "memory", "rss_bytes", "rss_limit_bytes");
	print_use_of_bytes(out, budget, "BPF maps", "map_bytes", "map_limit_bytes");
	print_use_of_bytes(out, budget, "disk", "disk_bytes", "disk_limit_bytes");
	print_name(out, "step");
	r = print_text(out, json_find_string(budget, "step"));
	if (r < 0)
		return r;
	fprintf(out, " (%" PRIu64 "; %" PRIu64 " times down, %" PRIu64 " up); when judged last, ",
		json_find_number(budget, "step_number"), json_find_number(budget, "steps_down"),
		json_find_number(budget, "steps_up"));
	if (over && strcmp(over, "within") != 0)
		fputs("beyond the limit of ", out);
	r = print_text(out, over ?: "(not told)");
	fputc('\n', out);
	return r;
}

static int print_process(FILE *out, struct json_object *process)
{
	_cleanup_(buf_done) struct buf name = {};
	char rss[VALUE_TEXT_SIZE];
	uint64_t pid = json_find_number(process, "pid");
	int r;

	r = text_add(&name, json_find_string(process, "name") ?: "", NAME_WIDTH - 1);
	if (r < 0)
		return r;
	format_size(json_find_number(process, "rss_anon_bytes"), rss);
	print_name(out, name.size ? name.data : "");
	if (pid)
		fprintf(out, "%12" PRIu64, pid);
	else
		fprintf(out, "%12s", "-");
	fprintf(out, " %10.2f s %12s %9" PRIu64 "\n", (double)json_find_number(process, "cpu_ns") / NS_PER_S, rss,
		json_find_number(process, "restarts"));
	return 0;
}

static size_t n_rows(struct json_object *array)
{
	size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;

	return n < MAX_ROWS ? n : MAX_ROWS;
}

static int print_processes(FILE *out, struct json_object *status)
{
	struct json_object *array = json_find(status, "own_processes");
	int r = 0;

	fprintf(out, "\n%-*s%12s %12s %12s %9s\n", NAME_WIDTH, "PROCESS", "PID", "CPU", "MEMORY", "RESTARTS");
	for (size_t i = 0; r == 0 && i < n_rows(array); i++)
		r = print_process(out, json_object_array_get_idx(array, i));
	return r;
}

static int print_cell(FILE *out, const char *text, int width)
{
	_cleanup_(buf_done) struct buf safe = {};
	int r = text_add(&safe, text ?: "", (size_t)width - 1);

	if (r == 0)
		fprintf(out, "%-*s", width, safe.size ? safe.data : "");
	return r;
}

static int print_target(FILE *out, struct json_object *status, struct json_object *target)
{
	uint64_t oldest_ns = json_find_number(target, "oldest_realtime_ns");
	struct json_object *counts = json_find(target, "counts");
	const char *fault = json_find_string(target, "fault");
	int r = print_cell(out, json_find_string(target, "name"), NAME_WIDTH);

	if (r == 0)
		r = print_cell(out, json_find_string(target, "kind"), KIND_WIDTH);
	if (r == 0)
		r = print_cell(out, json_find_string(target, "state"), STATE_WIDTH);
	if (r < 0)
		return r;
	fprintf(out, "%10" PRIu64 " %9.0fs %10" PRIu64 " %10" PRIu64 "\n", json_find_number(target, "queued_windows"),
		oldest_ns ? seconds_since(status, oldest_ns) : 0.0, json_find_number(counts, "sent_windows"),
		json_find_number(counts, "refused_windows") + json_find_number(counts, "too_old_windows") +
			json_find_number(counts, "evicted_windows"));
	if (!fault)
		return 0;
	fprintf(out, "%-*s", NAME_WIDTH, "");
	r = print_text(out, fault);
	fputc('\n', out);
	return r;
}

static int print_targets(FILE *out, struct json_object *status)
{
	struct json_object *array = json_find(status, "targets");
	int r = 0;

	if (n_rows(array) == 0)
		return 0;
	fprintf(out, "\n%-*s%-*s%-*s%10s %10s %10s %10s\n", NAME_WIDTH, "TARGET", KIND_WIDTH, "KIND", STATE_WIDTH,
		"STATE", "QUEUED", "OLDEST", "SENT", "LOST");
	for (size_t i = 0; r == 0 && i < n_rows(array); i++)
		r = print_target(out, status, json_object_array_get_idx(array, i));
	return r;
}

static void print_known(FILE *out, struct json_object *status)
{
	struct json_object *known = json_find(status, "known");
	struct json_object *rows = json_find(status, "unwind_rows");
	char index[VALUE_TEXT_SIZE], cache[VALUE_TEXT_SIZE], bytes[VALUE_TEXT_SIZE], limit[VALUE_TEXT_SIZE];

	format_size(json_find_number(known, "index_bytes"), index);
	format_size(json_find_number(known, "cache_bytes"), cache);
	format_size(json_find_number(rows, "bytes"), bytes);
	format_size(json_find_number(rows, "limit_bytes"), limit);
	fputc('\n', out);
	print_name(out, "knows");
	fprintf(out,
		"%" PRIu64 " processes with %" PRIu64 " mappings, %" PRIu64 " containers, %" PRIu64 " of %" PRIu64
		" cgroups\n",
		json_find_number(known, "processes"), json_find_number(known, "mappings"),
		json_find_number(known, "containers"), json_find_number(known, "cgroups"),
		json_find_number(known, "max_cgroups"));
	print_name(out, "names");
	fprintf(out,
		"%" PRIu64 " of %" PRIu64 " binaries (%" PRIu64 " wait, %" PRIu64 " for debug info), %" PRIu64
		" of %" PRIu64 " modules; indexes: %s mapped, %s on disk\n",
		json_find_number(known, "binaries"), json_find_number(known, "max_binaries"),
		json_find_number(known, "binaries_unnamed"), json_find_number(known, "binaries_without_debug_info"),
		json_find_number(known, "modules"), json_find_number(known, "max_modules"), index, cache);
	if (json_find(status, "debuginfod")) {
		print_name(out, "debuginfod");
		fprintf(out,
			"%" PRIu64 " files found, %" PRIu64 " missing, %" PRIu64 " too large; %" PRIu64
			" times no answer; %" PRIu64 " wait, %" PRIu64 " found no room\n",
			json_find_number(status, "debuginfod.found"), json_find_number(status, "debuginfod.missing"),
			json_find_number(status, "debuginfod.too_large"), json_find_number(status, "debuginfod.failed"),
			json_find_number(status, "debuginfod.waiting"), json_find_number(status, "debuginfod.refused"));
	}
	print_name(out, "unwind rows");
	fprintf(out,
		"%" PRIu64 " of %" PRIu64 " binaries (%" PRIu64 " wait, %" PRIu64 " made way, %" PRIu64
		" found no room), %s of %s\n",
		json_find_number(rows, "rows"), json_find_number(rows, "tables"),
		json_find_number(rows, "tables_waiting"), json_find_number(status, "totals.tables_evicted"),
		json_find_number(status, "totals.tables_no_room") + json_find_number(status, "totals.tables_too_large"),
		bytes, limit);
}

static int print_faults(FILE *out, struct json_object *status)
{
	struct json_object *faults = json_find(status, "faults");
	int r = 0;

	if (json_object_get_boolean(json_find(status, "is_pid_namespace_nested")))
		r = print_line(out, "note",
			       "the agent runs in a PID namespace of its own: processes outside of it "
			       "have no pid");
	if (!json_object_is_type(faults, json_type_object))
		return r;
	json_object_object_foreach(faults, name, value)
	{
		if (r < 0 || !json_object_is_type(value, json_type_string))
			continue;
		fputs("fault: ", out);
		r = print_text(out, name);
		fputs(": ", out);
		if (r == 0)
			r = print_text(out, json_object_get_string(value));
		fputc('\n', out);
	}
	return r;
}

static void print_reload(FILE *out, struct json_object *status)
{
	char time[TIME_SIZE];

	if (!json_find(status, "reload"))
		return;
	format_time(json_find_number(status, "reload.realtime_ns"), time);
	print_name(out, "reload");
	fprintf(out, "%s: %s\n", time,
		json_object_get_boolean(json_find(status, "reload.failed"))
			? "FAILED, the old configuration is in force"
			: "taken over");
}

static int print_errors(FILE *out, struct json_object *status)
{
	struct json_object *array = json_find(status, "errors");
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_rows(array); i++) {
		struct json_object *error = json_object_array_get_idx(array, i);
		uint64_t times = json_find_number(error, "times");
		char time[TIME_SIZE];

		format_time(json_find_number(error, "realtime_ns"), time);
		fprintf(out, "error: %s: ", time);
		r = print_text(out, json_find_string(error, "text"));
		if (times > 1)
			fprintf(out, " (%" PRIu64 " times)", times);
		fputc('\n', out);
	}
	return r;
}

int status_view_print(struct json_object *status, FILE *out)
{
	int r;

	r = print_state(out, status);
	if (r == 0)
		r = print_agent(out, status);
	if (r == 0)
		r = print_address(out, status, "listens", "listen");
	if (r == 0)
		r = print_address(out, status, "metrics", "metrics_listen");
	if (r == 0)
		r = print_gateway(out, status);
	if (r == 0)
		r = print_live_view(out, status);
	if (r == 0)
		r = print_windows(out, status);
	if (r < 0)
		return r;
	print_reload(out, status);
	print_ledgers(out, status);
	r = print_budget(out, status);
	if (r == 0)
		r = print_processes(out, status);
	if (r == 0)
		r = print_targets(out, status);
	if (r < 0)
		return r;
	print_known(out, status);
	r = print_faults(out, status);
	return r < 0 ? r : print_errors(out, status);
}
