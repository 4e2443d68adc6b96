// SPDX-License-Identifier: Apache-2.0
/*
 * store ls: a line for each window.
 *
 *	START                     SECONDS  TIER    WINDOWS  SAMPLES        SIZE  SEQUENCE   HOST
 *	2026-11-29 01:42:40.000Z    10.00  raw           1      380    20.5 KiB  7          db-7
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/json.h"
#include "cli/store-verbs.h"
#include "cli/value.h"
#include "common/clock.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "store/window-json.h"

#define TIME_BYTES 40
#define SEQUENCES_BYTES 48

static void format_time(int64_t ns, char ret[static TIME_BYTES])
{
	time_t seconds = (time_t)(ns / (int64_t)NS_PER_S);
	struct tm tm = {};
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(ret, TIME_BYTES, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(ret + n, TIME_BYTES - n, ".%03dZ", (int)(ns % (int64_t)NS_PER_S / (int64_t)NS_PER_MS));
}

static void print_window(const struct window_info *info, FILE *out)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	char start[TIME_BYTES], size[VALUE_TEXT_SIZE], sequences[SEQUENCES_BYTES];

	format_time(info->start_ns, start);
	value_format(&bytes, (int64_t)info->n_bytes, size);
	if (info->first == info->last)
		snprintf(sequences, sizeof(sequences), "%" PRIu64, info->first);
	else
		snprintf(sequences, sizeof(sequences), "%" PRIu64 "-%" PRIu64, info->first, info->last);
	fprintf(out, "%s %8.2f  %-6s %8" PRIu64 " %8" PRIu64 " %11s  %-9s  %s\n", start,
		(double)info->duration_ns / (double)NS_PER_S, window_tier_name(info->tier), info->ledger.windows,
		info->ledger.in_profile, size, sequences, info->host);
}

/* array: NULL prints lines. */
static int list(struct window_cursor *c, struct json_object *array, uint64_t *n_gone)
{
	struct window_info info;
	int r;

	while ((r = window_cursor_next(c, &info)) != STORE_END) {
		if (r < 0)
			return r;
		*n_gone += r == STORE_GONE;
		if (r == 0 && array)
			r = window_json_append(array, &info);
		else if (r == 0)
			print_window(&info, stdout);
		if (r < 0)
			return r;
	}
	return 0;
}

static int list_as_json(const struct store_options *o, struct window_cursor *c, uint64_t *n_gone)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *array = NULL;
	int r = json_new_top(&top);

	if (r == 0)
		r = json_add_string(top, "store", o->selection.store);
	if (r == 0)
		r = json_add_array(top, "windows", &array);
	if (r == 0)
		r = list(c, array, n_gone);
	return r == 0 ? json_print(top) : r;
}

static int list_as_text(struct window_cursor *c, uint64_t *n_gone)
{
	if (window_cursor_n(c))
		printf("%-24s %8s  %-6s %8s %8s %11s  %-9s  %s\n", "START", "SECONDS", "TIER", "WINDOWS", "SAMPLES",
		       "SIZE", "SEQUENCE", "HOST");
	return list(c, NULL, n_gone);
}

int store_ls(const struct store_options *o, struct store *s)
{
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct selection selection = o->selection.selection; /* its matchers stay the options' */
	struct store_counts counts;
	uint64_t n_gone = 0;
	int r;

	selection.files = SELECT_ALL;
	r = store_select(s, &selection, &c);
	if (r == 0)
		r = o->json ? list_as_json(o, c, &n_gone) : list_as_text(c, &n_gone);
	if (r < 0)
		return store_fail(o, "list the windows of", r);
	if (n_gone)
		log_warning("%" PRIu64 " windows went while they were listed", n_gone);
	store_counts(s, &counts);
	if (counts.n_bad_seen)
		log_warning("%" PRIu64 " files cannot be read: see 'cpuhound store verify'", counts.n_bad_seen);
	return EXIT_OK;
}
