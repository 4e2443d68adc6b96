// SPDX-License-Identifier: Apache-2.0
#include "agent/window.h"

#include <string.h>

#include "agent/frame-names.h"
#include "agent/jit-maps.h"
#include "agent/modules.h"
#include "agent/stack-table.h"
#include "agent/tap.h"
#include "agent/workloads.h"
#include "common/buf.h"
#include "pprof/build.h"

#define MAX_OWN_LABELS 3  /* beside the workload's: of the stack, the process and the thread */
#define MAX_UNREADABLE 40 /* files named in comments */
#define ID_PREFIX_MIN 4   /* characters, as in workload/cgroup-table.c */

/* What has been found out of a frame of the stacks. */
struct located {
	bool is_known;
	struct frame_kinds kinds;
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
	struct frame_names names;
	struct located *located;        /* by the number of the frame */
	struct labelled *labelled;      /* by the number of the labels */
	struct buf locations, location; /* of the stack at hand, and of the frame */
};

static void naming_done(struct naming *n)
{
	frame_names_done(&n->names);
	free(n->located);
	free(n->labelled);
	buf_done(&n->locations);
	buf_done(&n->location);
}

static int naming_init(struct naming *n, const struct window_sources *sources)
{
	*n = (struct naming){
		.sources = sources,
		.located = calloc(stack_table_n_frames(sources->stacks) + 1, sizeof(*n->located)),
		.labelled = calloc(stack_table_n_labels(sources->stacks) + 1, sizeof(*n->labelled)),
	};
	if (!n->located || !n->labelled)
		return -ENOMEM;
	return frame_names_init(&n->names, sources);
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
	frame_names_find(&n->names, stack_table_frame(n->sources->stacks, number));
	buf_clear(&n->location);
	r = profile_builder_add_frames(b, n->names.frames, n->names.n_frames, &n->location);
	if (r < 0)
		return r;
	memcpy(&at->location, n->location.data, sizeof(at->location)); /* inlined calls are one with their caller */
	at->kinds = n->names.kinds;
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
		frames->named += at->kinds.n_named * stack->n_samples;
		frames->module_only += at->kinds.n_module_only * stack->n_samples;
		frames->unreadable += at->kinds.n_unreadable * stack->n_samples;
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
	_cleanup_(frame_names_done) struct frame_names names = {};
	size_t n_unreadable = 0, n_without_debug = 0;
	int r;

	r = frame_names_init(&names, sources);
	if (r < 0)
		return r;
	mark_sampled(sources, names.modules);
	for (uint32_t id = MODULE_FIRST_FILE; r == 0 && id < modules_end(sources->modules); id++) {
		const struct named_module *named = &names.modules[id];
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
