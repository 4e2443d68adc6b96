// SPDX-License-Identifier: Apache-2.0
#include "agent/intake-files.h"

#include <sys/resource.h>

#include "agent/fetching.h"
#include "agent/intake.h"
#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/unwinding.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "common/log.h"
#include "symbolizer/binary.h"
#include "workload/process.h"

#define OPENING_NS (2 * NS_PER_MS) /* of files at a stretch: news that comes meanwhile waits no longer */
#define DEBUG_TRIES_PER_DRAIN 256  /* to open what is no longer there */

int intake_open_file(struct intake *in, const struct new_file *new_file)
{
	if (in->unwinding)
		unwinding_note_files(in->unwinding);
	in->helpers_ns = 0;
	return opener_open(&in->opener, new_file);
}

/* A thousand files take most of a second: rings and buffers are looked at in between. */
int intake_open_new_files(struct intake *in)
{
	uint64_t until_ns = clock_now_ns(CLOCK_MONOTONIC) + OPENING_NS;
	struct new_file new_file;

	in->files_left = false;
	while (processes_take_new_file(in->processes, &new_file)) {
		int e = new_file.file->wants_opening ? intake_open_file(in, &new_file) : 0;

		if (e < 0)
			return e;
		if (clock_now_ns(CLOCK_MONOTONIC) > until_ns) {
			in->files_left = true;
			break;
		}
	}
	return 0;
}

/* A place where the process of the sample has the module's file mapped; false: none that is known. */
static bool find_place(struct intake *in, const struct sample_rec *rec, uint32_t module, struct opener_place *ret)
{
	const struct process *process = processes_find(in->processes, rec->tgid, rec->start_ns, rec->time_ns);
	size_t n = process ? process_mappings_at(process, rec->time_ns, in->found, INTAKE_MAX_MAPPINGS) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct mapping *m = in->found[i];

		if (!m->file || m->file->binary_slot != module)
			continue;
		*ret = (struct opener_place){
			.module = module,
			.tgid = rec->tgid,
			.start = m->start,
			.end = m->end,
			.file = m->file,
		};
		return true;
	}
	return false;
}

/* The file is opened once more, since few of all that are mapped are ever sampled. */
static int ask_for_debug(struct intake *in, const struct sample_rec *rec, uint32_t module)
{
	struct debug_wish_info wish = { .module = module, .path = modules_get(in->modules, module)->path };
	struct opener_place place;
	int e;

	if (in->n_debug_tries >= DEBUG_TRIES_PER_DRAIN)
		return 0;
	in->n_debug_tries++;
	if (!find_place(in, rec, module, &place) || opener_reopen(&in->opener, &place, &wish.fd) != 0)
		return 0; /* the next process that runs it may live longer */
	wish.root_fd = opener_open_root(&in->opener, &place, &wish.is_on_host);
	e = debug_queue_add(&in->debug, &wish);
	if (e == 0)
		modules_set_asked(in->modules, module);
	return e == -EAGAIN ? 0 : e;
}

int intake_want_debug(struct intake *in, const struct sample_rec *rec)
{
	int e = 0;

	for (size_t i = 0; e == 0 && !in->without_debug && i < in->resolved.n_frames; i++) {
		uint32_t module = in->resolved.frames[i].module;

		if (module_is_file(module) && !modules_is_asked(in->modules, module))
			e = ask_for_debug(in, rec, module);
	}
	return e;
}

void intake_set_debug_info(struct intake *in, bool is_read)
{
	in->without_debug = !is_read;
}

static void hurry(pid_t pid)
{
	if (pid > 0 && setpriority(PRIO_PROCESS, (id_t)pid, 0) < 0)
		log_debug("cannot raise the indexer's priority: %m, names may take their time");
}

void intake_hurry_indexer(struct intake *in)
{
	for (int lane = 0; lane < BINARY_N_LANES; lane++)
		hurry(binaries_indexer_pid(in->binaries, lane));
	hurry(jit_maps_indexer_pid(in->jit));
	hurry(workloads_indexer_pid(in->workloads));
}

static void dispatch_fetching(struct intake *in)
{
	if (!in->fetching)
		return;
	fetching_dispatch(in->fetching);
	if (fetching_take_news(in->fetching))
		modules_ask_again(in->modules, in->binaries);
}

int intake_dispatch_files(struct intake *in)
{
	size_t n_before = intake_n_unnamed(in);
	int e;

	e = binaries_dispatch(in->binaries);
	if (e == 0)
		e = workloads_dispatch(in->workloads, clock_now_ns(CLOCK_MONOTONIC));
	if (e == 0)
		e = kernel_code_dispatch(in->kernel);
	if (e == 0)
		e = opener_hand_in(&in->opener);
	if (e == 0)
		e = debug_queue_dispatch(&in->debug);
	dispatch_fetching(in);
	if (e == 0 && in->unwinding && intake_n_unnamed(in) != n_before)
		unwinding_note_files(in->unwinding);
	return e;
}

size_t intake_n_unnamed(const struct intake *in)
{
	return binaries_n_pending(in->binaries) + in->opener.n_waiting + kernel_code_n_waiting(in->kernel) +
	       jit_maps_n_pending(in->jit) + workloads_n_pending(in->workloads);
}

size_t intake_n_debug_unread(const struct intake *in)
{
	return in->debug.n;
}
