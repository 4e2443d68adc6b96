// SPDX-License-Identifier: Apache-2.0
#include "agent/frame-names.h"

#include <stdio.h>
#include <string.h>

#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/window.h"
#include "symbolizer/kallsyms.h"

#define PAGE_BYTES 4096ULL
#define KERNEL_IMAGE_BYTES (1ULL << 30) /* the kernel's share of the address space: image and its room */
#define KERNEL_MODULE_BYTES (256ULL << 20)

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

int frame_names_init(struct frame_names *n, const struct window_sources *sources)
{
	size_t n_modules = modules_end(sources->modules);

	*n = (struct frame_names){
		.sources = sources,
		.modules = calloc(n_modules, sizeof(*n->modules)),
	};
	if (!n->modules)
		return -ENOMEM;
	for (size_t id = MODULE_FIRST_FILE; id < n_modules; id++)
		if (modules_get(sources->modules, (uint32_t)id))
			describe_module(modules_get(sources->modules, (uint32_t)id), &n->modules[id]);
	return 0;
}

void frame_names_done(struct frame_names *n)
{
	free(n->modules);
}

static struct frame *push_frame(struct frame_names *n, uint64_t addr)
{
	struct frame *frame = &n->frames[n->n_frames++];

	*frame = (struct frame){ .addr = addr };
	return frame;
}

static const struct profile_mapping *push_mapping(struct frame_names *n, const struct profile_mapping *mapping)
{
	n->mapping = *mapping;
	return &n->mapping;
}

/* A marker that is no code: why the stack is cut, or whose work it is. */
static void name_marker(struct frame_names *n, const struct stack_frame *f)
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

static void name_anon(struct frame_names *n, unsigned int flags, uint64_t addr)
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
	n->kinds.n_module_only++;
}

/* The innermost function first; all but the outermost are inlined into the next. */
static void push_functions(struct frame_names *n, const struct index_frame *functions, size_t n_functions,
			   uint64_t addr, const struct profile_mapping *mapping)
{
	if (n_functions == 0) {
		push_frame(n, addr)->mapping = mapping;
		n->kinds.n_module_only++;
	}
	n->kinds.n_named = (uint8_t)n_functions;
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
static void name_own_code(struct frame_names *n, const struct stack_frame *f)
{
	static const struct profile_mapping mapping = { .limit = 1ULL << 40, .filename = "[jit]" };
	bool is_caller = f->flags & STACK_FRAME_IS_CALLER;
	struct index_frame functions[FRAME_NAMES_MAX];
	size_t n_functions = jit_maps_lookup(n->sources->jit, f->module & ~MODULE_OWN_CODE, f->addr - is_caller,
					     functions, FRAME_NAMES_MAX);

	if (n_functions == 0)
		name_anon(n, f->flags, (uint64_t)f->n_pages * PAGE_BYTES + f->addr % PAGE_BYTES);
	else
		push_functions(n, functions, n_functions, 0, &mapping);
}

static const struct profile_mapping *push_kernel_mapping(struct frame_names *n, const struct kernel_location *location)
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

static void name_kernel(struct frame_names *n, const struct stack_frame *f)
{
	struct kernel_location location = { .addr = KALLSYMS_KERNEL_LINK_START, .module = "", .build_id = "" };
	struct index_frame functions[FRAME_NAMES_MAX];
	size_t n_functions = kernel_code_lookup(n->sources->kernel, f, &location, functions, FRAME_NAMES_MAX);

	if (n_functions == 0) { /* the raw address would tell where the kernel lies */
		push_frame(n, location.addr)->mapping = push_kernel_mapping(n, &location);
		n->frames[n->n_frames - 1].function = "[kernel]";
		n->kinds.n_module_only++;
		return;
	}
	push_functions(n, functions, n_functions, location.addr, push_kernel_mapping(n, &location));
}

static void name_file(struct frame_names *n, const struct stack_frame *f)
{
	const struct module *module = modules_get(n->sources->modules, f->module);
	struct named_module *named = &n->modules[f->module];
	struct index_frame functions[FRAME_NAMES_MAX];
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
			n->kinds.n_module_only++;
		else
			n->kinds.n_unreadable++;
		return;
	}
	mapping.start = segment->vaddr & ~(PAGE_BYTES - 1);
	mapping.limit = (segment->vaddr + segment->mem_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	mapping.file_offset = segment->file_offset & ~(PAGE_BYTES - 1);
	vaddr = f->addr - segment->file_offset + segment->vaddr;
	push_functions(n, functions, binary_lookup(named->binary, vaddr - is_caller, functions, FRAME_NAMES_MAX), vaddr,
		       push_mapping(n, &mapping));
}

void frame_names_find(struct frame_names *n, const struct stack_frame *f)
{
	n->n_frames = 0;
	n->kinds = (struct frame_kinds){};
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
