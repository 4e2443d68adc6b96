// SPDX-License-Identifier: Apache-2.0
#include "agent/resolve.h"

#include <string.h>

#include "agent/jit-maps.h"
#include "agent/modules.h"
#include "agent/stack-copies.h"
#include "workload/process.h"

#define PAGE_SHIFT 12

/* The walk's reasons that leave a stack whole are NONE: there is nothing above what was walked. */
static const enum truncation truncation_of_stop[WALK_STOP_N] = {
	[WALK_STOP_ROOT] = TRUNCATION_NONE,
	[WALK_STOP_KTHREAD] = TRUNCATION_NONE,
	[WALK_STOP_EXITING] = TRUNCATION_NONE,
	[WALK_STOP_COMPAT32] = TRUNCATION_COMPAT32,
	[WALK_STOP_READ_FAULT] = TRUNCATION_READ_FAULT,
	[WALK_STOP_BAD_PC] = TRUNCATION_BAD_PC,
	[WALK_STOP_NOT_ADVANCING] = TRUNCATION_NOT_ADVANCING,
	[WALK_STOP_DEPTH] = TRUNCATION_DEPTH,
	[WALK_STOP_STACKS_FULL] = TRUNCATION_STACKS_FULL,
	[WALK_STOP_KERNEL_FAULT] = TRUNCATION_KERNEL_FAULT,
	[WALK_STOP_NO_PROCESS] = TRUNCATION_NO_PROCESS,
	[WALK_STOP_NO_MAPPING] = TRUNCATION_NO_MAPPING,
	[WALK_STOP_NO_ROWS] = TRUNCATION_NO_ROWS,
	[WALK_STOP_NO_CFI] = TRUNCATION_NO_CFI,
	[WALK_STOP_JIT] = TRUNCATION_JIT,
	[WALK_STOP_UNENCODABLE] = TRUNCATION_UNENCODABLE,
	[WALK_STOP_OUTSIDE] = TRUNCATION_OUTSIDE,
};

static const enum truncation truncation_of_finish[FINISHER_STOP_N] = {
	[FINISHER_ROOT] = TRUNCATION_NONE,
	[FINISHER_SHORT] = TRUNCATION_COPY_SHORT,
	[FINISHER_READ_FAULT] = TRUNCATION_READ_FAULT,
	[FINISHER_NO_MAPPING] = TRUNCATION_NO_MAPPING,
	[FINISHER_NO_BINARY] = TRUNCATION_COPY_NO_BINARY,
	[FINISHER_NO_CFI] = TRUNCATION_NO_CFI,
	[FINISHER_JIT] = TRUNCATION_JIT,
	[FINISHER_BAD_CFI] = TRUNCATION_COPY_UNWIND,
	[FINISHER_NOT_ADVANCING] = TRUNCATION_NOT_ADVANCING,
	[FINISHER_DEPTH] = TRUNCATION_DEPTH,
	[FINISHER_FATAL] = TRUNCATION_COPY_UNWIND,
	[FINISHER_LOST] = TRUNCATION_COPY_UNWIND,
};

const char *truncation_to_string(enum truncation t)
{
	static const char *const names[TRUNCATION_N] = {
		[TRUNCATION_NONE] = "none",
		[TRUNCATION_COMPAT32] = "compat32",
		[TRUNCATION_READ_FAULT] = "read_fault",
		[TRUNCATION_BAD_PC] = "bad_pc",
		[TRUNCATION_NOT_ADVANCING] = "not_advancing",
		[TRUNCATION_DEPTH] = "depth",
		[TRUNCATION_STACKS_FULL] = "stacks_full",
		[TRUNCATION_KERNEL_FAULT] = "kernel_fault",
		[TRUNCATION_NO_MAPPING] = "no_mapping",
		[TRUNCATION_UNKNOWN_PROCESS] = "unknown_process",
		[TRUNCATION_NO_PROCESS] = "no_process",
		[TRUNCATION_NO_ROWS] = "no_rows",
		[TRUNCATION_NO_CFI] = "no_cfi",
		[TRUNCATION_JIT] = "jit",
		[TRUNCATION_UNENCODABLE] = "unencodable",
		[TRUNCATION_STALE_MAPPINGS] = "stale_mappings",
		[TRUNCATION_COPY_SHORT] = "copy_short",
		[TRUNCATION_COPY_UNWIND] = "copy_unwind",
		[TRUNCATION_COPY_NO_BINARY] = "copy_no_binary",
		[TRUNCATION_OUTSIDE] = "outside_pid_namespace",
	};

	return names[t];
}

static void push(struct resolved *ret, uint32_t module, uint64_t addr, bool is_caller)
{
	ret->frames[ret->n_frames++] = (struct stack_frame){
		.addr = addr,
		.module = module,
		.flags = is_caller ? STACK_FRAME_IS_CALLER : 0,
	};
}

/* Whose code it is that lies in no file. */
struct own_code {
	struct jit_maps *jit;
	struct process *process;
	uint64_t time_ns;
};

static void resolve_kernel(const struct sample_batch *batch, const struct sample_rec *rec, struct resolved *ret)
{
	const __u64 *pcs;
	size_t n = sample_stack(batch, rec->kstack, &pcs);

	for (size_t i = 0; i < n && i < CPUHOUND_MAX_KERNEL_FRAMES; i++)
		push(ret, MODULE_KERNEL, pcs[i], i > 0);
}

/*
 * Who made it may tell its name, and only by where it lies in that process. What nobody can tell of is told relative to
 * its mapping.
 */
static void push_own_code(const struct own_code *own, const struct mapping *m, uint64_t pc, bool is_caller,
			  struct resolved *ret)
{
	uint64_t n_pages = (pc - m->start) >> PAGE_SHIFT;
	struct stack_frame *frame = &ret->frames[ret->n_frames];
	uint32_t number = 0;
	int r = own->jit ? jit_maps_sampled(own->jit, own->process, own->time_ns, &number) : 0;

	if (number == 0) {
		push(ret, MODULE_ANON, pc - m->start, is_caller);
	} else {
		push(ret, MODULE_OWN_CODE | number, pc, is_caller);
		frame->n_pages = n_pages < STACK_FRAME_MAX_PAGES ? n_pages : STACK_FRAME_MAX_PAGES;
	}
	if (r == JIT_MAPS_GONE)
		frame->flags |= STACK_FRAME_IS_OF_GONE;
	else if (r != 0)
		frame->flags |= STACK_FRAME_IS_ONE_TOO_MANY;
}

/* Pushes the frame of one user address in this mapping; false: its file has to be opened first. */
static bool push_user(const struct own_code *own, const struct mapping *m, uint64_t pc, bool is_caller,
		      struct resolved *ret)
{
	if (mapping_is_own_code(m))
		push_own_code(own, m, pc, is_caller, ret);
	else if (m->file->binary_slot)
		push(ret, m->file->binary_slot, pc - m->start + m->file_offset, is_caller);
	else
		ret->unopened = m;
	return !ret->unopened;
}

/*
 * The walk went by an older list, in which other code lay there: it left the frame by that code's rows. The frame
 * itself is right.
 */
static bool is_stale(const struct process *process, const struct mapping *m, uint64_t addr,
		     const struct sample_rec *rec)
{
	return rec->news_ns != 0 && !process_had_mapping(process, m, addr, rec->news_ns);
}

/* Where the user frames come from. */
struct user_stack {
	const __u64 *pcs;
	size_t n, n_walked; /* n_walked: by the kernel side */
	enum truncation truncation;
	bool is_finished;
};

/* The finished stack, if it leads as far as the walk. */
static void choose_stack(const struct sample_batch *batch, const struct sample_rec *rec,
			 const struct finished_stack *finished, struct user_stack *ret)
{
	ret->n = ret->n_walked = sample_stack(batch, rec->ustack, &ret->pcs);
	ret->truncation = truncation_of_stop[rec->ustop];
	ret->is_finished = finished && (finished->stop == FINISHER_ROOT || finished->n_pcs >= ret->n);
	if (!ret->is_finished)
		return;
	ret->pcs = finished->pcs;
	ret->n = finished->n_pcs;
	ret->truncation = truncation_of_finish[finished->stop];
}

/* Did the walk go by what it knew of the i-th frame, be it to find nothing sound behind it? */
static bool was_left(const struct sample_rec *rec, const struct user_stack *stack, size_t i)
{
	if (stack->is_finished)
		return false; /* by what was mapped at its own time */
	return i + 1 < stack->n || (rec->ustop != WALK_STOP_NO_MAPPING && rec->ustop != WALK_STOP_DEPTH);
}

static void resolve_user(const struct own_code *own, const struct user_stack *stack, const struct sample_rec *rec,
			 struct resolved *ret)
{
	const struct process *process = own->process;

	if (stack->n > 0 && !process) {
		ret->truncation = TRUNCATION_UNKNOWN_PROCESS;
		return;
	}
	ret->truncation = stack->truncation;
	for (size_t i = 0; i < stack->n && i < CPUHOUND_MAX_USER_FRAMES; i++) {
		uint64_t addr = i > 0 ? stack->pcs[i] - 1 : stack->pcs[i];
		const struct mapping *m = process_find_mapping(process, addr, rec->time_ns);

		if (!m) {
			ret->truncation = TRUNCATION_NO_MAPPING;
			return;
		}
		if (!push_user(own, m, stack->pcs[i], i > 0, ret))
			return;
		if (rec->ustop == WALK_STOP_NO_ROWS && i + 1 == stack->n_walked)
			ret->without_rows = ret->frames[ret->n_frames - 1].module;
		if (was_left(rec, stack, i) && is_stale(process, m, addr, rec)) {
			ret->truncation = TRUNCATION_STALE_MAPPINGS;
			return;
		}
	}
}

/* The frames of user space, and what the process is called. */
static void resolve_process(const struct resolve_tables *tables, const struct user_stack *stack,
			    const struct sample_rec *rec, struct resolved *ret)
{
	struct process *process = processes_find(tables->processes, rec->tgid, rec->start_ns, rec->time_ns);
	const struct own_code own = { .jit = tables->jit, .process = process, .time_ns = rec->time_ns };

	ret->process = process;
	ret->exe = process ? process->exe : NULL;
	resolve_user(&own, stack, rec, ret);
}

static void label_sample(const struct sample_rec *rec, const struct finished_stack *finished, bool is_finished,
			 struct stack_labels *ret)
{
	bool is_guessed = is_finished ? finished->is_guessed : rec->flags & SAMPLE_GUESSED;

	memset(ret, 0, sizeof(*ret)); /* its bytes are a key */
	ret->flags = (is_guessed ? STACK_LABEL_GUESSED : 0) | (is_finished ? STACK_LABEL_COPIED : 0);
}

void resolve_sample(const struct resolve_tables *tables, const struct sample_batch *batch, const struct sample_rec *rec,
		    const struct finished_stack *finished, struct resolved *ret)
{
	static const char kernel[] = "[kernel]";
	struct user_stack stack;

	choose_stack(batch, rec, finished, &stack);
	label_sample(rec, finished, stack.is_finished, &ret->labels);
	ret->is_finished = stack.is_finished;
	ret->without_rows = MODULE_NONE;
	ret->n_frames = 0;
	ret->exe = NULL;
	ret->process = NULL;
	ret->unopened = NULL;
	ret->truncation = TRUNCATION_NONE;

	resolve_kernel(batch, rec, ret);
	if (rec->flags & SAMPLE_IRQ)
		push(ret, MODULE_NONE, RESOLVE_ADDR_IRQ, false);
	if (rec->flags & SAMPLE_KTHREAD)
		ret->exe = kernel;
	else
		resolve_process(tables, &stack, rec, ret);
	if (ret->truncation == TRUNCATION_NONE)
		ret->truncation = truncation_of_stop[rec->kstop];
	if (ret->truncation != TRUNCATION_NONE)
		push(ret, MODULE_NONE, ret->truncation, false);
}
