// SPDX-License-Identifier: Apache-2.0
#include "agent/intake-sample.h"

#include <string.h>

#include "agent/intake-files.h"
#include "agent/intake.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/sampler.h"
#include "agent/stack-copies.h"
#include "agent/stack-table.h"
#include "agent/unwinding.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "workload/process.h"

#define REREADS_PER_DRAIN 20 /* of processes whose program counter lies in no known mapping */

static int open_mapped(struct intake *in, const struct sample_rec *rec, const struct mapping *m)
{
	const struct new_file new_file = { .file = m->file, .tgid = rec->tgid, .start = m->start, .end = m->end };

	return intake_open_file(in, &new_file);
}

/*
 * A file that the sample lies in is opened out of turn: somebody may map thousands that nobody runs. Each pass opens
 * one of the stack's files.
 */
static int resolve_with_files(struct intake *in, const struct sample_batch *batch, const struct sample_rec *rec)
{
	const struct resolve_tables tables = { .processes = in->processes, .jit = in->jit };
	const struct finished_stack *finished = NULL;
	const struct mapping *m;
	int e = 0;

	if (in->copies && rec->flags & SAMPLE_COPIED)
		finished = stack_copies_find(in->copies, rec->tid, rec->time_ns);
	resolve_sample(&tables, batch, rec, finished, &in->resolved);
	for (size_t i = 0; e == 0 && (m = in->resolved.unopened) && i < CPUHOUND_MAX_USER_FRAMES; i++) {
		e = open_mapped(in, rec, m);
		resolve_sample(&tables, batch, rec, finished, &in->resolved);
	}
	return e;
}

/* A live process runs code that no news told of (mremap tells none): look at its mappings once more. */
static int resolve_again(struct intake *in, const struct sample_batch *batch, const struct sample_rec *rec)
{
	int e;

	if (in->n_rereads >= REREADS_PER_DRAIN)
		return 0;
	in->n_rereads++;
	e = processes_read_one(in->processes, in->opener.proc_fd, in->hierarchy.id, rec->tgid);
	if (e < 0)
		return e;
	return resolve_with_files(in, batch, rec);
}

static bool found_no_user_code(const struct intake *in, const struct sample_rec *rec)
{
	enum truncation t = in->resolved.truncation;

	return rec->ustack && rec->tgid &&
	       (t == TRUNCATION_UNKNOWN_PROCESS ||
		(t == TRUNCATION_NO_MAPPING && !(rec->flags & SAMPLE_KERNEL_MODE) && in->resolved.n_frames == 1));
}

static void count_copy(struct intake *in, const struct sample_rec *rec)
{
	if (rec->flags & SAMPLE_COPY_LOST)
		in->counts.n_copy_lost++;
	if (rec->flags & SAMPLE_COPIED && in->resolved.is_finished)
		in->counts.n_copied++;
	else if (rec->flags & SAMPLE_COPIED)
		in->counts.n_copy_unfinished++;
}

/* The module of the executable; it is opened out of turn, as what a sample lies in is. */
static int find_executable(struct intake *in, const struct sample_rec *rec, uint32_t *ret)
{
	const struct process *process = in->resolved.process;
	const struct mapping *m =
		process && process->exe ? process_find_mapping(process, process->exe_addr, rec->time_ns) : NULL;
	int e = 0;

	*ret = MODULE_NONE;
	if (!m || !m->file || strcmp(m->file->path, process->exe) != 0)
		return 0;
	if (!m->file->binary_slot && m->file->wants_opening) {
		e = open_mapped(in, rec, m);
		m = e == 0 ? process_find_mapping(process, process->exe_addr, rec->time_ns) : NULL;
	}
	if (m && m->file)
		*ret = m->file->binary_slot;
	return e;
}

static int find_workload(struct intake *in, const struct sample_rec *rec)
{
	struct stack_labels *labels = &in->resolved.labels;
	char comm[sizeof(rec->comm)] = {};
	struct workload_sighting seen = {
		.cgroup_id = rec->cgroup_id,
		.tgid = rec->tgid,
		.process = in->resolved.process,
		.comm = comm,
	};
	int e = find_executable(in, rec, &seen.exe_module);

	memcpy(comm, rec->comm, strnlen(rec->comm, sizeof(rec->comm)));
	seen.exe = in->resolved.exe;
	if (workloads_tells_pid(in->workloads))
		labels->tgid = rec->tgid;
	if (workloads_tells_tid(in->workloads))
		labels->tid = rec->tid;
	return e == 0 ? workloads_add(in->workloads, &seen, clock_now_ns(CLOCK_MONOTONIC), &labels->workload) : e;
}

/* From now on it costs no more than a counter. Where the kernel's list is full, it begins anew. */
static int filter(struct intake *in, const struct sample_rec *rec, enum workload_verdict verdict)
{
	int e = 0;

	in->counts.n_filtered++;
	if (!in->sampler)
		return 0;
	if (verdict == WORKLOAD_OUT_BY_CGROUP)
		e = sampler_filter_cgroup(in->sampler, rec->cgroup_id);
	else if (verdict == WORKLOAD_OUT_BY_PROCESS && rec->tgid)
		e = sampler_filter_process(in->sampler, rec->tgid, rec->start_ns);
	if (e == -E2BIG)
		sampler_unfilter_all(in->sampler);
	return e == -E2BIG ? 0 : e;
}

/* Into the window's stacks, and those of whoever listens. */
static int fold(struct intake *in, uint32_t tgid, uint64_t period_ns)
{
	const struct resolved *sample = &in->resolved;
	int e = 0;

	for (size_t i = 0; e == 0 && i < TAPS_MAX; i++)
		if (in->taps[i])
			e = tap_add(in->taps[i], tgid, sample, period_ns);
	return e == 0 ? stack_table_add(in->stacks, &sample->labels, sample->frames, sample->n_frames, period_ns) : e;
}

int intake_take_sample(struct intake *in, const struct sample_batch *batch, const struct sample_rec *rec,
		       uint64_t period_ns)
{
	enum workload_verdict verdict;
	int e;

	in->counts.n_read++;
	in->counts.n_kernel_mode += rec->flags & SAMPLE_KERNEL_MODE ? 1 : 0;
	e = news_find_cgroup(&in->news, rec->cgroup_id);
	if (e < 0)
		return e;
	e = resolve_with_files(in, batch, rec);
	if (e < 0)
		return e;
	if (found_no_user_code(in, rec)) {
		e = resolve_again(in, batch, rec);
		if (e < 0)
			return e;
	}
	e = find_workload(in, rec);
	if (e < 0)
		return e;
	verdict = workloads_judge(in->workloads, in->resolved.labels.workload);
	if (verdict != WORKLOAD_KEPT && verdict != WORKLOAD_UNDECIDED)
		return filter(in, rec, verdict);
	e = intake_want_debug(in, rec);
	if (e < 0)
		return e;
	if (in->unwinding)
		unwinding_note_sample(in->unwinding, rec, &in->resolved);
	count_copy(in, rec);
	e = kernel_code_take(in->kernel, in->resolved.frames, in->resolved.n_frames, rec->time_ns);
	if (e < 0)
		return e;
	e = fold(in, rec->tgid, period_ns);
	if (e == STACK_TABLE_FULL)
		in->counts.n_window_full++;
	else if (e == 0 && in->resolved.truncation != TRUNCATION_NONE)
		in->counts.n_truncated[in->resolved.truncation]++;
	return e < 0 ? e : 0;
}
