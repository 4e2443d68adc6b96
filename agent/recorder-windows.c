// SPDX-License-Identifier: Apache-2.0
#include <utlist.h>

#include "agent/encode.h"
#include "agent/modules.h"
#include "agent/recorder-inside.h"
#include "agent/stack-table.h"
#include "agent/sweep.h"
#include "agent/window.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "symbolizer/binary.h"

#define CLOCK_JUMP_NS ((int64_t)NS_PER_S) /* NTP slews by less in a window */

int64_t recorder_wall_offset_ns(void)
{
	return (int64_t)(clock_now_ns(CLOCK_REALTIME) - clock_now_ns(CLOCK_MONOTONIC));
}

static int add_totals(struct recorder *r, const struct closed_window *w, const struct intake_counts *counts)
{
	r->totals.n_kernel += counts->n_kernel_mode;
	r->totals.n_user += counts->n_read - counts->n_kernel_mode;
	r->totals.n_sideband_lost += w->n_sideband_lost;
	r->totals.n_copied += counts->n_copied;
	r->totals.n_copy_lost += counts->n_copy_lost;
	r->totals.n_copy_unfinished += counts->n_copy_unfinished;
	return ledger_add(&r->totals.ledger, &w->ledger);
}

static int fill_window(struct recorder *r, uint64_t now_ns, struct closed_window *w)
{
	struct sampler_account account;
	struct intake_window taken;
	int e;

	sampler_take_account(r->sampler, &account);
	e = intake_begin_window(&r->intake, now_ns, &taken);
	if (e < 0)
		return e;
	window_id_make(&r->origin, w->sequence, w->id);
	e = closed_window_fill(w, &account, &taken);
	return e == 0 ? add_totals(r, w, &taken.counts) : e;
}

static void begin_window(struct recorder *r, uint64_t cut_ns)
{
	r->sequence++;
	r->wall_ns = recorder_wall_offset_ns();
	r->start_realtime_ns = (int64_t)cut_ns + r->wall_ns;
	r->since_ns = cut_ns;
	r->sampled_ns = 0;
	r->period_ns = r->config.period_ns;
}

int recorder_close_window(struct recorder *r, struct closed_window **ret)
{
	uint64_t cut_ns, before_ns = clock_now_ns(CLOCK_BOOTTIME);
	_cleanup_(closed_window_freep) struct closed_window *w = calloc(1, sizeof(*w));
	bool is_sampling = r->mode == INTAKE_SAMPLING;
	int e;

	if (!w)
		return -ENOMEM;
	e = recorder_cut(r);
	cut_ns = is_sampling ? sampler_turned_ns(r->sampler) : clock_now_ns(CLOCK_MONOTONIC);
	w->sequence = r->sequence;
	w->start_realtime_ns = r->start_realtime_ns;
	w->duration_ns = r->sampled_ns + (is_sampling ? cut_ns - r->since_ns : 0);
	w->period_ns = r->period_ns;
	if (e == 0)
		e = fill_window(r, before_ns, w);
	if (e < 0)
		return e;
	begin_window(r, cut_ns);
	*ret = take_ptr(w);
	DL_APPEND(r->windows, *ret);
	if (!is_sampling)
		return 0;
	recorder_note_drained(r, before_ns);
	return sweep(&r->intake, r->windows, cut_ns);
}

bool recorder_has_clock_jumped(const struct recorder *r)
{
	int64_t jump_ns = recorder_wall_offset_ns() - r->wall_ns;

	return jump_ns <= -CLOCK_JUMP_NS || jump_ns >= CLOCK_JUMP_NS;
}

void recorder_drop_window(struct recorder *r, struct closed_window *w)
{
	if (!w)
		return;
	DL_DELETE(r->windows, w);
	closed_window_free(w);
}

static bool is_read(const struct modules *modules, uint32_t id)
{
	const struct module *module = modules_get(modules, id);

	return !module->is_waiting && (!module->binary || module->binary->state != BINARY_PENDING);
}

bool recorder_is_named(const struct recorder *r, const struct closed_window *w)
{
	if (intake_n_unnamed(&r->intake) == 0)
		return true;
	for (uint32_t i = 0; i < stack_table_n_labels(w->stacks); i++)
		if (!workloads_is_named(r->intake.workloads, stack_table_labels(w->stacks, i)->workload))
			return false;
	for (uint32_t i = 0; i < stack_table_n_frames(w->stacks); i++) {
		uint32_t module = stack_table_frame(w->stacks, i)->module;

		if (module_is_file(module) && !is_read(r->intake.modules, module))
			return false;
	}
	return true;
}

static struct window_sources sources_of(const struct recorder *r, const struct stack_table *stacks)
{
	return (struct window_sources){
		.stacks = stacks,
		.modules = r->intake.modules,
		.jit = r->intake.jit,
		.kernel = r->intake.kernel,
		.workloads = r->intake.workloads,
	};
}

static struct encode_facts facts_of(const struct recorder *r)
{
	return (struct encode_facts){
		.host = &r->intake.host,
		.n_cpus = sampler_n_sampled(r->sampler),
		.period_ns = r->period_ns,
	};
}

static void add_frames(struct ledger_frames *sum, const struct ledger_frames *frames)
{
	sum->named += frames->named;
	sum->module_only += frames->module_only;
	sum->unreadable += frames->unreadable;
}

int recorder_encode(struct recorder *r, struct closed_window *w, struct buf *ret, struct ledger *ret_ledger,
		    struct label_values *ret_labels)
{
	struct window_sources sources = sources_of(r, w->stacks);
	const struct encode_facts facts = facts_of(r);
	struct window_counts counts;
	int e;

	sources.is_sideband_lost = w->n_sideband_lost > 0;
	recorder_tell_faults(r);
	e = encode_window(&sources, &facts, w, ret, &counts, ret_labels);
	if (e < 0)
		return e;
	if (!w->is_encoded) {
		add_frames(&r->totals.ledger.frames, &counts.frames);
		window_counts_filter(&counts, sources.is_sideband_lost, &r->totals.ledger);
	}
	w->is_encoded = true;
	*ret_ledger = w->ledger;
	return 0;
}

static struct tap **find_tap(struct recorder *r, const struct tap *tap)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (r->intake.taps[i] == tap)
			return &r->intake.taps[i];
	return NULL;
}

int recorder_tap_open(struct recorder *r, const struct tap_config *config, struct tap **ret)
{
	struct tap **place = find_tap(r, NULL);
	int e;

	if (r->mode != INTAKE_SAMPLING)
		return -ENODATA;
	if (!place)
		return -EBUSY;
	e = recorder_drain(r, 0); /* what was taken before is not its own */
	if (e == 0)
		e = tap_new(config, sampler_turned_ns(r->sampler), r->intake.jit_window, r->intake.window_ns, place);
	if (e == 0)
		*ret = *place;
	return e;
}

static int encode(struct recorder *r, struct tap *tap, struct buf *ret)
{
	struct window_sources sources = sources_of(r, tap_stacks(tap));
	const struct encode_facts facts = facts_of(r);

	sources.only = tap_config(tap);
	return encode_tap(&sources, &facts, tap, sampler_turned_ns(r->sampler), ret);
}

int recorder_tap_encode(struct recorder *r, struct tap *tap, struct buf *ret)
{
	int e = r->mode == INTAKE_SAMPLING ? recorder_drain(r, 0) : 0;

	return e == 0 ? encode(r, tap, ret) : e;
}

int recorder_tap_next(struct recorder *r, struct tap *tap, struct buf *ret, uint64_t *ret_left_out)
{
	int e = r->mode == INTAKE_SAMPLING ? recorder_drain(r, 0) : -ENODATA;

	if (e == 0)
		e = encode(r, tap, ret);
	if (e < 0)
		return e;
	*ret_left_out = tap_n_left_out(tap);
	return tap_restart(tap, sampler_turned_ns(r->sampler), r->intake.jit_window, r->intake.window_ns);
}

void recorder_tap_free(struct recorder *r, struct tap *tap)
{
	if (tap)
		*find_tap(r, tap) = tap_free(tap);
}
