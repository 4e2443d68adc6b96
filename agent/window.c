// SPDX-License-Identifier: Apache-2.0
#include "agent/window.h"

#include <stdio.h>
#include <string.h>

#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/resolve.h"
#include "agent/stack-table.h"
#include "agent/tap.h"
#include "agent/workloads.h"
#include "common/buf.h"
#include "pprof/build.h"
#include "symbolizer/binary.h"
#include "symbolizer/kallsyms.h"

#define PAGE_BYTES 4096ULL
#define MAX_INLINED 64                  /* functions at one address */
#define MAX_OWN_LABELS 3                /* beside the workload's: of the stack, the process and the thread */
#define MAX_UNREADABLE 40               /* files named in comments */
#define ID_PREFIX_MIN 4                 /* characters, as in workload/cgroup-table.c */
#define KERNEL_IMAGE_BYTES (1ULL << 30) /* the kernel's share of the address space: image and its room */
#define KERNEL_MODULE_BYTES (256ULL << 20)

/* A module as this profile tells it. */
struct named_module {
	const struct binary *binary; /* NULL: no names */
	char build_id[BUILD_ID_HEX_SIZE];
	const char *reason;       /* why there is no index */
	const char *debug_reason; /* why there are no lines; NULL: there are, or they exist nowhere */
	bool has_samples;
};

/* What has been found out of a frame of the stacks. */
struct located {
	bool is_known;
	uint8_t n_named, n_module_only, n_unreadable; /* frames of the profile: inlined calls have their own */
	uint32_t location;
};

/* And of a set of labels. */
struct labelled {
	bool is_known;
	bool is_left_out; /* of this profile */
	bool is_filtered; /* of all */
	uint32_t set;
};

struct naming {
	const struct window_sources *sources;
	struct named_module *modules;
	struct located *located;        /* by the number of the frame */
	struct labelled *labelled;      /* by the number of the labels */
	struct buf locations, location; /* of the stack at hand, and of the frame */

	/* The frame at hand: what it is in the profile, the mapping that it points to, and that one's name. */
	struct located *at;
	struct frame frames[MAX_INLINED];
	size_t n_frames;
	struct profile_mapping mapping;
	char bracketed[80];
};

static void naming_done(struct naming *n)
{
	free(n->modules);
	free(n->located);
	free(n->labelled);
	buf_done(&n->locations);
	buf_done(&n->location);
}

static const char *why_without_debug(const struct binary *binary)
{
	switch (binary->debug_state) {
	case BINARY_DEBUG_PENDING:
		return "not read in time";
	case BINARY_DEBUG_MISSING:
		return strcmp(binary->debug_reason, BINARY_NO_DEBUG_INFO) == 0 ? NULL : binary->debug_reason;
	default:
		return NULL;
	}
}

static void describe_module(const struct module *m, struct named_module *ret)
{
	const struct binary *binary = m->binary;

	ret->reason = m->reason;
	if (!binary)
		return;
	if (binary->state == BINARY_PENDING) {
		ret->reason = "not read in time";
	} else if (binary->state == BINARY_UNREADABLE) {
		ret->reason = binary->reason;
	} else {
		build_id_to_hex(&binary->build_id, ret->build_id);
		ret->binary = binary;
		ret->debug_reason = why_without_debug(binary);
	}
}

static int naming_init(struct naming *n, const struct window_sources *sources)
{
	size_t n_modules = modules_end(sources->modules);

	*n = (struct naming){
		.sources = sources,
		.modules = calloc(n_modules, sizeof(*n->modules)),
		.located = calloc(stack_table_n_frames(sources->stacks) + 1, sizeof(*n->located)),
		.labelled = calloc(stack_table_n_labels(sources->stacks) + 1, sizeof(*n->labelled)),
	};
	if (!n->modules || !n->located || !n->labelled)
		return -ENOMEM;
	for (size_t id = MODULE_FIRST_FILE; id < n_modules; id++)
		if (modules_get(sources->modules, (uint32_t)id))
			describe_module(modules_get(sources->modules, (uint32_t)id), &n->modules[id]);
	return 0;
}

static struct frame *push_frame(struct naming *n, uint64_t addr)
{
	struct frame *frame = &n->frames[n->n_frames++];

	*frame = (struct frame){ .addr = addr };
	return frame;
}

static const struct profile_mapping *push_mapping(struct naming *n, const struct profile_mapping *mapping)
{
	n->mapping = *mapping;
	return &n->mapping;
}

/* A marker that is no code: why the stack is cut, or whose work it is. */
static void name_marker(struct naming *n, const struct stack_frame *f)
{
	static const char *const markers[TRUNCATION_N + 1] = {
		[TRUNCATION_COMPAT32] = "[truncated: compat32]",
		[TRUNCATION_READ_FAULT] = "[truncated: read_fault]",
		[TRUNCATION_BAD_PC] = "[truncated: bad_pc]",
		[TRUNCATION_NOT_ADVANCING] = "[truncated: not_advancing]",
		[TRUNCATION_DEPTH] = "[truncated: depth]",
		[TRUNCATION_STACKS_FULL] = "[truncated: stacks_full]",
		[TRUNCATION_KERNEL_FAULT] = "[truncated: kernel_fault]",
		[TRUNCATION_NO_MAPPING] = "[truncated: no_mapping]",
		[TRUNCATION_UNKNOWN_PROCESS] = "[truncated: unknown_process]",
		[TRUNCATION_NO_PROCESS] = "[truncated: no_process]",
		[TRUNCATION_NO_ROWS] = "[truncated: no_rows]",
		[TRUNCATION_NO_CFI] = "[truncated: no_cfi]",
		[TRUNCATION_JIT] = "[truncated: jit]",
		[TRUNCATION_UNENCODABLE] = "[truncated: unencodable]",
		[TRUNCATION_STALE_MAPPINGS] = "[truncated: stale_mappings]",
		[TRUNCATION_COPY_SHORT] = "[truncated: copy_short]",
		[TRUNCATION_COPY_UNWIND] = "[truncated: copy_unwind]",
		[TRUNCATION_COPY_NO_BINARY] = "[truncated: copy_no_binary]",
		[TRUNCATION_OUTSIDE] = "[truncated: outside_pid_namespace]",
		[RESOLVE_ADDR_IRQ] = "[irq]",
	};

	const char *marker = markers[f->addr];

	if (f->addr == TRUNCATION_UNKNOWN_PROCESS && n->sources->is_sideband_lost)
		marker = "[truncated: sideband_lost]"; /* as the ledger calls it */
	push_frame(n, 0)->function = marker;
}

static void name_anon(struct naming *n, unsigned int flags, uint64_t addr)
{
	static const struct profile_mapping unknown = { .limit = 1ULL << 40, .filename = "[anon]" },
					    too_many = { .limit = 1ULL << 40, .filename = "[anon: too many programs]" },
					    gone = { .limit = 1ULL << 40, .filename = "[anon: gone too soon]" };
	const struct profile_mapping *mapping = &unknown;

	if (flags & STACK_FRAME_IS_ONE_TOO_MANY)
		mapping = &too_many;
	else if (flags & STACK_FRAME_IS_OF_GONE)
		mapping = &gone;
	push_frame(n, addr)->mapping = mapping;
	n->at->n_module_only++;
}

/* The innermost function first; all but the outermost are inlined into the next. */
static void push_functions(struct naming *n, const struct index_frame *functions, size_t n_functions, uint64_t addr,
			   const struct profile_mapping *mapping)
{
	if (n_functions == 0) {
		push_frame(n, addr)->mapping = mapping;
		n->at->n_module_only++;
	}
	n->at->n_named = (uint8_t)n_functions;
	for (size_t i = 0; i < n_functions; i++) {
		struct frame *frame = push_frame(n, addr);

		frame->mapping = mapping;
		frame->function = functions[i].function;
		frame->linkage_name = functions[i].linkage_name;
		frame->file = functions[i].file;
		frame->line = functions[i].line;
		frame->start_line = functions[i].start_line;
		frame->inlined = i + 1 < n_functions;
	}
}

/*
 * Where a function lies differs from process to process, and changes while it runs: a named frame has no address, so
 * the same stack of several processes is one.
 */
static void name_own_code(struct naming *n, const struct stack_frame *f)
{
	static const struct profile_mapping mapping = { .limit = 1ULL << 40, .filename = "[jit]" };
	bool is_caller = f->flags & STACK_FRAME_IS_CALLER;
	struct index_frame functions[MAX_INLINED];
	size_t n_functions = jit_maps_lookup(n->sources->jit, f->module & ~MODULE_OWN_CODE, f->addr - is_caller,
					     functions, MAX_INLINED);

	if (n_functions == 0)
		name_anon(n, f->flags, (uint64_t)f->n_pages * PAGE_BYTES + f->addr % PAGE_BYTES);
	else
		push_functions(n, functions, n_functions, 0, &mapping);
}

static const struct profile_mapping *push_kernel_mapping(struct naming *n, const struct kernel_location *location)
{
	struct profile_mapping mapping = { .limit = KERNEL_MODULE_BYTES, .build_id = location->build_id };

	if (location->module[0]) {
		snprintf(n->bracketed, sizeof(n->bracketed), "[%s]", location->module);
		mapping.filename = n->bracketed;
	} else {
		mapping.start = KALLSYMS_KERNEL_LINK_START;
		mapping.limit = KALLSYMS_KERNEL_LINK_START + KERNEL_IMAGE_BYTES;
		mapping.filename = "[kernel.kallsyms]";
	}
	return push_mapping(n, &mapping);
}

static void name_kernel(struct naming *n, const struct stack_frame *f)
{
	struct kernel_location location = { .addr = KALLSYMS_KERNEL_LINK_START, .module = "", .build_id = "" };
	struct index_frame functions[MAX_INLINED];
	size_t n_functions = kernel_code_lookup(n->sources->kernel, f, &location, functions, MAX_INLINED);

	if (n_functions == 0) { /* the raw address would tell where the kernel lies */
		push_frame(n, location.addr)->mapping = push_kernel_mapping(n, &location);
		n->frames[n->n_frames - 1].function = "[kernel]";
		n->at->n_module_only++;
		return;
	}
	push_functions(n, functions, n_functions, location.addr, push_kernel_mapping(n, &location));
}

static void name_file(struct naming *n, const struct stack_frame *f)
{
	const struct module *module = modules_get(n->sources->modules, f->module);
	struct named_module *named = &n->modules[f->module];
	struct index_frame functions[MAX_INLINED];
	bool is_caller = f->flags & STACK_FRAME_IS_CALLER;
	struct profile_mapping mapping = { .filename = module->path, .build_id = named->build_id };
	const struct index_segment *segment = NULL;
	uint64_t vaddr;

	if (named->binary)
		segment = index_find_segment(named->binary->index, f->addr - is_caller);
	if (!segment) {
		/* Without the file's segments an address is an offset in it. */
		push_frame(n, f->addr)->mapping = push_mapping(n, &mapping);
		if (named->binary)
			n->at->n_module_only++;
		else
			n->at->n_unreadable++;
		return;
	}
	mapping.start = segment->vaddr & ~(PAGE_BYTES - 1);
	mapping.limit = (segment->vaddr + segment->mem_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	mapping.file_offset = segment->file_offset & ~(PAGE_BYTES - 1);
	vaddr = f->addr - segment->file_offset + segment->vaddr;
	push_functions(n, functions, binary_lookup(named->binary, vaddr - is_caller, functions, MAX_INLINED), vaddr,
		       push_mapping(n, &mapping));
}

static void name_frame(struct naming *n, const struct stack_frame *f)
{
	if (f->module & MODULE_OWN_CODE) {
		name_own_code(n, f);
		return;
	}
	switch (f->module) {
	case MODULE_NONE:
		name_marker(n, f);
		break;
	case MODULE_KERNEL:
		name_kernel(n, f);
		break;
	case MODULE_ANON:
		name_anon(n, f->flags, f->addr);
		break;
	default:
		name_file(n, f);
	}
}

/* The labels of one stack; what they point to lives in the workload. */
struct named_labels {
	struct label labels[WORKLOAD_MAX_LABELS + MAX_OWN_LABELS];
	size_t n;
};

/* 0, or WORKLOAD_LEFT_OUT. */
static int name_labels(const struct window_sources *s, const struct stack_labels *labels, struct named_labels *ret)
{
	const struct workload_label *of_workload;
	size_t n;
	int r;

	r = workloads_labels(s->workloads, labels->workload, &of_workload, &n);
	if (r != 0)
		return r;
	for (ret->n = 0; ret->n < n; ret->n++)
		ret->labels[ret->n] =
			(struct label){ .key = of_workload[ret->n].name, .str = of_workload[ret->n].value };
	if (labels->flags & STACK_LABEL_GUESSED)
		ret->labels[ret->n++] = (struct label){ .key = "stack", .str = "guessed" };
	else if (labels->flags & STACK_LABEL_COPIED)
		ret->labels[ret->n++] = (struct label){ .key = "stack", .str = "copied" };
	if (labels->tgid)
		ret->labels[ret->n++] = (struct label){ .key = "pid", .num = labels->tgid };
	if (labels->tid)
		ret->labels[ret->n++] = (struct label){ .key = "tid", .num = labels->tid };
	return 0;
}

static const char *find_label(const struct named_labels *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->labels[i].str && strcmp(l->labels[i].key, key) == 0)
			return l->labels[i].str;
	return "";
}

static bool is_container(const struct named_labels *l, const char *wanted)
{
	size_t size = strlen(wanted);

	return strcmp(find_label(l, "container"), wanted) == 0 ||
	       (size >= ID_PREFIX_MIN && strncmp(find_label(l, "container_id"), wanted, size) == 0);
}

static bool matches(const struct tap_config *only, const struct named_labels *l)
{
	if (only->service && strcmp(find_label(l, "service_name"), only->service) != 0)
		return false;
	return !only->container || is_container(l, only->container);
}

static int locate(struct naming *n, uint32_t number, struct profile_builder *b, struct located **ret)
{
	struct located *at = *ret = &n->located[number];
	int r;

	if (at->is_known)
		return 0;
	n->at = at;
	n->n_frames = 0;
	name_frame(n, stack_table_frame(n->sources->stacks, number));
	buf_clear(&n->location);
	r = profile_builder_add_frames(b, n->frames, n->n_frames, &n->location);
	if (r < 0)
		return r;
	memcpy(&at->location, n->location.data, sizeof(at->location)); /* inlined calls are one with their caller */
	at->is_known = true;
	return 0;
}

static int label(struct naming *n, uint32_t number, struct profile_builder *b, struct labelled **ret)
{
	const struct window_sources *sources = n->sources;
	struct labelled *at = *ret = &n->labelled[number];
	struct named_labels labels;
	int r;

	if (at->is_known)
		return 0;
	r = name_labels(sources, stack_table_labels(sources->stacks, number), &labels);
	if (r < 0)
		return r;
	at->is_known = true;
	at->is_filtered = r > 0; /* WORKLOAD_LEFT_OUT */
	at->is_left_out = at->is_filtered || (sources->only && !matches(sources->only, &labels));
	return at->is_left_out ? 0 : profile_builder_add_labels(b, labels.labels, labels.n, &at->set);
}

/* Why the stack is cut, if it is: the marker is its outermost frame. */
static void count_filtered(const struct naming *n, const struct stack *stack, struct window_counts *counts)
{
	const struct stack_frame *last =
		stack->n_frames ? stack_table_frame(n->sources->stacks, stack->frames[stack->n_frames - 1]) : NULL;

	counts->n_filtered += stack->n_samples;
	if (last && last->module == MODULE_NONE && last->addr < TRUNCATION_N)
		counts->n_filtered_truncated[last->addr] += stack->n_samples;
}

static int add_stack(struct naming *n, const struct stack *stack, struct profile_builder *b,
		     struct window_counts *counts)
{
	struct ledger_frames *frames = &counts->frames;
	struct labelled *labels;
	int r;

	r = label(n, stack->labels, b, &labels);
	if (r == 0 && labels->is_filtered)
		count_filtered(n, stack, counts);
	if (r < 0 || labels->is_left_out)
		return r;
	buf_clear(&n->locations);
	for (size_t i = 0; r == 0 && i < stack->n_frames; i++) {
		struct located *at;

		r = locate(n, stack->frames[i], b, &at);
		if (r < 0)
			return r;
		frames->named += at->n_named * stack->n_samples;
		frames->module_only += at->n_module_only * stack->n_samples;
		frames->unreadable += at->n_unreadable * stack->n_samples;
		r = buf_add(&n->locations, &at->location, sizeof(at->location));
	}
	if (r < 0)
		return r;
	return profile_builder_add_sample(b, labels->set, (const void *)n->locations.data,
					  n->locations.size / sizeof(uint32_t), stack->n_samples, stack->cpu_ns);
}

int window_add_samples(const struct window_sources *sources, struct profile_builder *b, struct window_counts *counts)
{
	_cleanup_(naming_done) struct naming n = {};
	size_t n_stacks = stack_table_n_stacks(sources->stacks);
	int r;

	r = naming_init(&n, sources);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n_stacks; i++) {
		struct stack stack;

		stack_table_get(sources->stacks, i, &stack);
		r = add_stack(&n, &stack, b, counts);
	}
	return r;
}

const char *window_truncation_name(enum truncation t, bool is_sideband_lost)
{
	return t == TRUNCATION_UNKNOWN_PROCESS && is_sideband_lost ? "sideband_lost" : truncation_to_string(t);
}

void window_counts_filter(const struct window_counts *counts, bool is_sideband_lost, struct ledger *ret)
{
	ledger_filter(ret, counts->n_filtered);
	for (enum truncation t = TRUNCATION_NONE + 1; t < TRUNCATION_N; t++)
		ledger_sub_truncated(ret, window_truncation_name(t, is_sideband_lost), counts->n_filtered_truncated[t]);
}

static void mark_sampled(const struct window_sources *sources, struct named_module *modules)
{
	for (uint32_t i = 0; i < stack_table_n_frames(sources->stacks); i++) {
		uint32_t module = stack_table_frame(sources->stacks, i)->module;

		if (module_is_file(module))
			modules[module].has_samples = true;
	}
}

static int add_trouble(const char *path, const char *what, const char *reason, struct profile_builder *b)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = buf_printf(&text, "%s: %s: %s", what, path, reason);
	return r == 0 ? profile_builder_add_comment(b, text.data) : r;
}

static int add_jit_faults(const struct window_sources *sources, struct profile_builder *b)
{
	struct jit_fault faults[MAX_UNREADABLE];
	size_t n = jit_maps_faults(sources->jit, faults, MAX_UNREADABLE);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add_trouble(faults[i].path, faults[i].is_partial ? "incomplete" : "unreadable", faults[i].reason,
				b);
	return r;
}

int window_add_unreadable(const struct window_sources *sources, struct profile_builder *b)
{
	_cleanup_(naming_done) struct naming n = {};
	size_t n_unreadable = 0, n_without_debug = 0;
	int r;

	r = naming_init(&n, sources);
	if (r < 0)
		return r;
	mark_sampled(sources, n.modules);
	for (uint32_t id = MODULE_FIRST_FILE; r == 0 && id < modules_end(sources->modules); id++) {
		const struct named_module *named = &n.modules[id];
		const char *path;

		if (!named->has_samples)
			continue;
		path = modules_get(sources->modules, id)->path;
		if (!named->binary && n_unreadable++ < MAX_UNREADABLE)
			r = add_trouble(path, "unreadable", named->reason, b);
		else if (named->debug_reason && n_without_debug++ < MAX_UNREADABLE)
			r = add_trouble(path, "no debug info", named->debug_reason, b);
	}
	return r == 0 ? add_jit_faults(sources, b) : r;
}
