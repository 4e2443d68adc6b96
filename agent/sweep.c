// SPDX-License-Identifier: Apache-2.0
#include "agent/sweep.h"

#include <utlist.h>

#include "agent/closed-window.h"
#include "agent/intake.h"
#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/stack-table.h"
#include "agent/unwinding.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "symbolizer/binary.h"
#include "workload/process.h"

/* Between two scans for cgroups that have gone, for each that is known: to find one takes 10 us. */
#define CGROUP_NS (120 * NS_PER_MS)
#define CGROUPS_MAX_NS (60 * NS_PER_S)

static void keep_stacks(struct intake *in, const struct stack_table *stacks)
{
	for (uint32_t i = 0; i < stack_table_n_frames(stacks); i++) {
		uint32_t module = stack_table_frame(stacks, i)->module;

		if (module_is_file(module))
			modules_keep(in->modules, module);
	}
}

static void keep_workloads(struct intake *in, const struct stack_table *stacks)
{
	for (uint32_t i = 0; i < stack_table_n_labels(stacks); i++)
		workloads_keep(in->workloads, stack_table_labels(stacks, i)->workload);
}

typedef void (*keep_fn)(struct intake *in, const struct stack_table *stacks);

static void keep_all_stacks(struct intake *in, const struct closed_window *windows, keep_fn keep)
{
	const struct closed_window *w;

	keep(in, in->stacks);
	DL_FOREACH (windows, w)
		keep(in, w->stacks);
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (in->taps[i])
			keep(in, tap_stacks(in->taps[i]));
}

static void keep_mapped(struct intake *in)
{
	const struct mapped_file *file = NULL;

	while ((file = processes_next_file(in->processes, file)))
		if (file->binary_slot)
			modules_keep(in->modules, file->binary_slot);
}

static int forget_modules(struct intake *in, const struct closed_window *windows)
{
	uint32_t id;
	int r = 0;

	keep_all_stacks(in, windows, keep_stacks);
	keep_mapped(in);
	opener_keep(&in->opener);
	debug_queue_keep(&in->debug);
	while ((id = modules_sweep(in->modules)) != MODULE_NONE)
		if (in->unwinding && r == 0)
			r = unwinding_forget(in->unwinding, id);
	return r;
}

static void forget_binaries(struct intake *in)
{
	for (uint32_t id = MODULE_FIRST_FILE; id < modules_end(in->modules); id++)
		if (modules_get(in->modules, id))
			binaries_keep(modules_get(in->modules, id)->binary);
	binaries_keep(in->opener.vdso);
	kernel_code_keep(in->kernel);
	binaries_sweep(in->binaries);
	opener_forget_roots(&in->opener);
}

/* The oldest window that somebody still has samples of: its number in jit_maps, and its start. */
static void find_oldest(const struct intake *in, const struct closed_window *windows, uint64_t *ret_jit_window,
			uint64_t *ret_ns)
{
	*ret_jit_window = windows ? windows->jit_window : in->jit_window;
	*ret_ns = windows ? windows->start_boottime_ns : in->window_ns;
	for (size_t i = 0; i < TAPS_MAX; i++) {
		if (in->taps[i] && tap_jit_window(in->taps[i]) < *ret_jit_window) {
			*ret_jit_window = tap_jit_window(in->taps[i]);
			*ret_ns = tap_window_ns(in->taps[i]);
		}
	}
}

static int forget_code(struct intake *in, const struct closed_window *windows)
{
	uint64_t jit_window, start_ns;
	int r = 0;

	find_oldest(in, windows, &jit_window, &start_ns);
	if (jit_window > 0)
		r = jit_maps_expire(in->jit, jit_window - 1);
	return r == 0 ? kernel_code_expire(in->kernel, start_ns) : r;
}

/* Where there are no more than after the last time, nothing has to go. */
static int forget_cgroups(struct intake *in, uint64_t now_ns)
{
	size_t n = cgroups_n(in->cgroups);
	uint64_t pause_ns = n * CGROUP_NS < CGROUPS_MAX_NS ? n * CGROUP_NS : CGROUPS_MAX_NS;
	int r;

	if (now_ns - in->cgroups_ns < pause_ns || n <= in->n_cgroups || !in->hierarchy.mount_point[0])
		return 0;
	r = cgroups_expire(in->cgroups, &in->hierarchy);
	in->cgroups_ns = now_ns;
	in->n_cgroups = cgroups_n(in->cgroups);
	return r == -ENOMEM ? r : 0; /* else it is tried again: names of what has gone do no harm */
}

int sweep(struct intake *in, const struct closed_window *windows, uint64_t now_ns)
{
	int r = forget_modules(in, windows);

	if (r < 0)
		return r;
	forget_binaries(in);
	keep_all_stacks(in, windows, keep_workloads);
	workloads_sweep(in->workloads);
	r = forget_code(in, windows);
	return r == 0 ? forget_cgroups(in, now_ns) : r;
}
