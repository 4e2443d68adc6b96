// SPDX-License-Identifier: Apache-2.0
#include "agent/encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "agent/closed-window.h"
#include "agent/debug-roots.h"
#include "agent/kernel-code.h"
#include "agent/stack-table.h"
#include "agent/tap.h"
#include "agent/window.h"
#include "common/buf.h"
#include "common/clock.h"
#include "pprof/build.h"

static int add_comment(struct profile_builder *b, const char *fmt, ...) _printf_(2, 3);
static int add_comment(struct profile_builder *b, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : profile_builder_add_comment(b, text);
}

/* Who made it, where, and how. */
static int add_origin(struct profile_builder *b, const struct encode_facts *facts, uint64_t period_ns)
{
	const struct utsname *host = facts->host;
	int r;

	r = add_comment(b, "cpuhound %s", CPUHOUND_VERSION);
	if (r == 0)
		r = add_comment(b, "host %s, Linux %s %s", host->nodename, host->release, host->machine);
	if (r == 0)
		r = add_comment(b, "cpu-clock every %.6f ms on each of %zu CPUs (%.2f Hz)",
				(double)period_ns / NS_PER_MS, facts->n_cpus, (double)NS_PER_S / (double)period_ns);
	return r;
}

/* What is missing, and why. */
static int add_troubles(struct profile_builder *b, const struct window_sources *sources)
{
	const char *unnamed = kernel_code_unnamed(sources->kernel);
	int r = unnamed ? add_comment(b, "kernel functions are unnamed: %s", unnamed) : 0;

	if (r == 0 && kernel_code_n_refused(sources->kernel))
		r = add_comment(b,
				"kernel functions are unnamed: of %" PRIu64
				" BPF programs or modules, beyond those that are kept",
				kernel_code_n_refused(sources->kernel));

	return r == 0 ? window_add_unreadable(sources, b) : r;
}

static int add_ledger(struct profile_builder *b, const struct closed_window *w)
{
	_cleanup_(buf_done) struct buf line = {};
	int r;

	r = ledger_format(&w->ledger, w->id, &line);
	if (r == 0)
		r = profile_builder_add_comment(b, line.data);
	if (r == 0 && (w->n_copied || w->n_copy_lost || w->n_copy_unfinished))
		r = add_comment(b,
				"stack copies: %" PRIu64 " samples finished, %" PRIu64 " without room or time, %" PRIu64
				" not finished",
				w->n_copied, w->n_copy_lost, w->n_copy_unfinished);
	if (r == 0 && w->n_roots_refused)
		r = add_comment(b,
				"debug files in roots of containers were not used: of %" PRIu64
				" files that other roots share, or in roots beyond %d",
				w->n_roots_refused, DEBUG_ROOTS_MAX);
	return r;
}

int encode_window(const struct window_sources *sources, const struct encode_facts *facts, struct closed_window *w,
		  struct buf *ret, struct window_counts *ret_counts, struct label_values *ret_labels)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	const struct profile_meta meta = {
		.time_ns = w->start_realtime_ns,
		.duration_ns = (int64_t)w->duration_ns,
		.period_ns = (int64_t)w->period_ns,
	};
	struct window_counts counts = {};
	int r;

	r = profile_builder_new(&b);
	if (r == 0)
		r = window_add_samples(sources, b, &counts);
	if (r < 0)
		return r;
	w->ledger.frames = counts.frames;
	if (!w->is_encoded)
		window_counts_filter(&counts, sources->is_sideband_lost, &w->ledger);
	*ret_counts = counts;
	r = add_origin(b, facts, w->period_ns);
	if (r == 0)
		r = add_ledger(b, w);
	if (r == 0)
		r = add_troubles(b, sources);
	if (r == 0 && ret_labels)
		r = profile_builder_label_values(b, ret_labels);
	return r == 0 ? profile_builder_encode(b, &meta, ret) : r;
}

int encode_tap(const struct window_sources *sources, const struct encode_facts *facts, const struct tap *tap,
	       uint64_t end_ns, struct buf *ret)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	const struct profile_meta meta = {
		.time_ns = tap_start_realtime_ns(tap),
		.duration_ns = (int64_t)(end_ns - tap_start_ns(tap)),
		.period_ns = (int64_t)facts->period_ns,
	};
	struct window_counts counts = {};
	int r;

	r = profile_builder_new(&b);
	if (r == 0)
		r = window_add_samples(sources, b, &counts);
	if (r == 0)
		r = add_origin(b, facts, facts->period_ns);
	if (r == 0 && tap_n_left_out(tap))
		r = add_comment(b, "incomplete: %" PRIu64 " samples found no room", tap_n_left_out(tap));
	if (r == 0)
		r = add_troubles(b, sources);
	return r == 0 ? profile_builder_encode(b, &meta, ret) : r;
}
