// SPDX-License-Identifier: Apache-2.0
/* status check: whether an agent does its work: it samples, and what it samples comes to the disk. */
#include <inttypes.h>

#include "cli/status-view.h"
#include "cli/text.h"
#include "common/clock.h"
#include "common/json.h"

#define MAX_WINDOWS 3            /* that may pass without one being written */
#define NAMING_NS (5 * NS_PER_S) /* for so long a closed window waits for names (agent/windows.c) */

static int fail(struct buf *ret, const char *before, const char *why)
{
	int r;

	r = buf_add_str(ret, before);
	if (r == 0)
		r = text_add(ret, why, TEXT_MAX_CHARS);
	return r < 0 ? r : STATUS_VIEW_FAILS;
}

/* Since the last window that was written; without one, or with sampling begun anew, since then. */
static uint64_t age_ns(struct json_object *status)
{
	uint64_t now_ns = json_find_number(status, "now_realtime_ns");
	uint64_t since_ns = json_find_number(status, "state_realtime_ns");
	uint64_t written_ns = json_find_number(status, "windows.last_end_realtime_ns");
	uint64_t from_ns = written_ns > since_ns ? written_ns : since_ns;

	return now_ns > from_ns ? now_ns - from_ns : 0;
}

int status_view_check(struct json_object *status, struct buf *ret)
{
	const char *why = json_find_string(status, "not_sampling");
	const char *error = json_find_string(status, "windows.last_error");
	uint64_t window_ns = json_find_number(status, "window_ns");
	uint64_t late_ns = age_ns(status);
	int r;

	if (why)
		return fail(ret, "", why);
	if (error)
		return fail(ret, "windows cannot be written: ", error);
	if (window_ns == 0)
		return fail(ret, "", "the agent does not tell how long its windows are");
	if (late_ns > window_ns * MAX_WINDOWS + NAMING_NS) {
		r = buf_printf(ret,
			       "no window was written for %" PRIu64 " s, and one is due every %" PRIu64
			       " s: the disk is too slow, or the agent gets no CPU time",
			       late_ns / (uint64_t)NS_PER_S, window_ns / (uint64_t)NS_PER_S);
		return r < 0 ? r : STATUS_VIEW_FAILS;
	}
	return buf_printf(ret, "sampling; %" PRIu64 " windows written", json_find_number(status, "windows.written"));
}
