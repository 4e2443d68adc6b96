// SPDX-License-Identifier: Apache-2.0
#include "report/stack-reader.h"

#include <string.h>

#include "pprof/profile.h"
#include "report/frame-table.h"
#include "report/missing-remedies.h"
#include "report/samples-type.h"

/* What is known of a function of the profile. It is mostly in one binary, and at many lines. */
struct stack_reader_function {
	uint32_t number; /* in the table, plus one; 0: not yet looked up */
	uint32_t binary; /* of the frame that it was last */
	uint32_t frame;  /* plus one; 0: none yet */
};

/* What frames without a mapping have instead of a binary. */
enum {
	NO_MAPPING_USER,
	NO_MAPPING_MARKER,
	N_NO_MAPPINGS,
};

const char *stack_label(const struct stack *s, const char *key)
{
	for (size_t i = 0; i < s->n_labels; i++)
		if (strcmp(s->labels[i].key, key) == 0)
			return s->labels[i].str ? s->labels[i].str : "";
	return "";
}

static size_t n_frames_of(const struct profile_location *l)
{
	return l->n_lines ? l->n_lines : 1;
}

static int add_no_stack(struct stack_reader *r)
{
	static const struct frame_info no_stack = { .function = FRAME_NO_STACK, .kind = FRAME_MARKER };

	return frame_table_add(r->table, &no_stack, &r->no_stack);
}

/* Other tools call the kernel's code vmlinux, and perf names the symbol that its addresses count from. */
static bool is_kernel_file(const char *filename)
{
	return strcmp(filename, "vmlinux") == 0 || strncmp(filename, "[kernel.kallsyms]", 17) == 0 ||
	       strncmp(filename, "[guest.kernel.kallsyms", 22) == 0;
}

static enum frame_kind kind_of_file(const char *filename)
{
	if (is_kernel_file(filename))
		return FRAME_KERNEL;
	switch (missing_place_of(filename)) {
	case MISSING_IN_KERNEL:
	case MISSING_IN_MODULE:
	case MISSING_IN_GONE_KERNEL:
		return FRAME_KERNEL;
	case MISSING_IN_JIT:
	case MISSING_IN_MORE_JIT:
	case MISSING_IN_GONE_JIT:
		return FRAME_JIT;
	default:
		return FRAME_USER;
	}
}

static int add_binaries(struct stack_reader *r)
{
	static const enum frame_kind kinds[] = {
		[NO_MAPPING_USER] = FRAME_USER,
		[NO_MAPPING_MARKER] = FRAME_MARKER,
	};
	const struct profile *p = r->profile;
	int error = 0;

	for (size_t i = 0; error == 0 && i < p->n_mappings; i++) {
		const struct profile_map *m = &p->mappings[i];

		error = frame_table_add_binary(r->table, profile_map_module(m), m->build_id, kind_of_file(m->filename),
					       &r->binaries[i]);
	}
	for (size_t i = 0; error == 0 && i < ARRAY_SIZE(kinds); i++)
		error = frame_table_add_binary(r->table, "", "", kinds[i], &r->binaries[p->n_mappings + i]);
	return error;
}

int stack_reader_init(struct stack_reader *r, struct frame_table *table, const struct profile *p)
{
	size_t n = 0;
	int error;

	*r = (struct stack_reader){
		.table = table, .profile = p, .samples_type = samples_type_of(p), .value_type = p->default_type
	};
	r->first_frames = calloc(p->n_locations + 1, sizeof(*r->first_frames));
	if (!r->first_frames)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_locations; i++) {
		r->first_frames[i] = n;
		n += n_frames_of(&p->locations[i]);
	}
	r->first_frames[p->n_locations] = n;
	r->frames = calloc(n + 1, sizeof(*r->frames));
	r->functions = calloc(p->n_functions + 1, sizeof(*r->functions));
	r->binaries = calloc(p->n_mappings + N_NO_MAPPINGS, sizeof(*r->binaries));
	if (!r->frames || !r->functions || !r->binaries)
		return -ENOMEM;
	error = add_binaries(r);
	return error < 0 ? error : add_no_stack(r);
}

int stack_reader_skip_names(struct stack_reader *r)
{
	static const struct frame_info some_code = { .function = "", .kind = FRAME_USER, .is_named = true };

	r->innermost = calloc(r->profile->n_locations + 1, sizeof(*r->innermost));
	return r->innermost ? frame_table_add(r->table, &some_code, &r->some_code) : -ENOMEM;
}

void stack_reader_done(struct stack_reader *r)
{
	free(r->innermost);
	free(r->first_frames);
	free(r->frames);
	free(r->functions);
	free(r->binaries);
	buf_done(&r->name);
	buf_done(&r->stack);
	buf_done(&r->inlined);
}

static bool is_marker(const struct profile_location *l, const char *function)
{
	return !l->mapping && (function[0] == '[' || function[0] == '(');
}

static uint32_t binary_of(const struct stack_reader *r, const struct profile_location *l, const char *function)
{
	const struct profile *p = r->profile;

	if (l->mapping)
		return r->binaries[l->mapping - p->mappings];
	return r->binaries[p->n_mappings + (is_marker(l, function) ? NO_MAPPING_MARKER : NO_MAPPING_USER)];
}

/* Of a place whose function has no name: what people call it is a function of its own. */
static int look_up_unnamed(struct stack_reader *r, const struct profile_location *l, const struct profile_line *line,
			   uint32_t *ret)
{
	const char *file = line && line->function ? line->function->filename : "";
	uint32_t function;
	int error;

	buf_clear(&r->name);
	error = profile_add_frame_name(l, line, &r->name);
	if (error == 0)
		error = frame_table_add_function(r->table, r->name.data, file, false, &function);
	return error == 0 ? frame_table_add_pair(r->table, function, binary_of(r, l, r->name.data), ret) : error;
}

static int look_up_named(struct stack_reader *r, const struct profile_location *l, const struct profile_function *f,
			 uint32_t *ret)
{
	struct stack_reader_function *known = &r->functions[f - r->profile->functions];
	uint32_t binary = binary_of(r, l, f->name), number;
	int error;

	if (known->frame && known->binary == binary) {
		*ret = known->frame - 1;
		return 0;
	}
	if (!known->number) {
		error = frame_table_add_function(r->table, f->name, f->filename, true, &number);
		if (error < 0)
			return error;
		known->number = number + 1; /* 0 of FRAME_NO_ROOM: it is looked up again */
	}
	error = frame_table_add_pair(r->table, known->number - 1, binary, ret);
	if (error == 0) {
		known->binary = binary;
		known->frame = *ret + 1;
	}
	return error;
}

static int look_up(struct stack_reader *r, const struct profile_location *l, size_t line, bool skips_name,
		   uint32_t *ret)
{
	const struct profile_line *at = line < l->n_lines ? &l->lines[line] : NULL;

	if (!at || !at->function || !at->function->name[0])
		return look_up_unnamed(r, l, at, ret);
	if (!skips_name || is_marker(l, at->function->name))
		return look_up_named(r, l, at->function, ret);
	*ret = r->some_code;
	return 0;
}

static int look_up_location(struct stack_reader *r, const struct profile_location *l, uint32_t *frames)
{
	/* From the last to the first: the first one tells that all are there. */
	for (size_t line = n_frames_of(l); line-- > 0;) {
		uint32_t number;
		int error = look_up(r, l, line, r->innermost, &number);

		if (error < 0)
			return error;
		frames[line] = number + 1;
	}
	return 0;
}

/* Onto the stack, which has room for it. */
static int push_location(struct stack_reader *r, const struct profile_location *l)
{
	uint32_t *stack = (uint32_t *)(void *)(r->stack.data + r->stack.size);
	size_t number = (size_t)(l - r->profile->locations), n = n_frames_of(l);
	uint32_t *frames = r->frames + r->first_frames[number];
	int error = frames[0] == 0 ? look_up_location(r, l, frames) : 0;

	if (error < 0)
		return error;
	for (size_t i = 0; i < n; i++)
		stack[i] = frames[i] - 1;
	r->stack.size += n * sizeof(uint32_t);
	return 0;
}

static int push_stack(struct stack_reader *r, const struct profile_sample *s)
{
	size_t n_frames = 0;
	int error;

	for (size_t i = 0; i < s->n_locations; i++)
		n_frames += n_frames_of(s->locations[i]);
	error = buf_reserve(&r->stack, n_frames * sizeof(uint32_t));
	for (size_t i = 0; error == 0 && i < s->n_locations; i++)
		error = push_location(r, s->locations[i]);
	return error;
}

/* Where names are skipped: in the place of what stands for it. */
static int name_innermost(struct stack_reader *r, const struct profile_location *l)
{
	uint32_t *frame = &r->innermost[l - r->profile->locations], number;
	int error = *frame == 0 ? look_up(r, l, 0, false, &number) : 0;

	if (error < 0)
		return error;
	if (*frame == 0)
		*frame = number + 1;
	*(uint32_t *)(void *)r->stack.data = *frame - 1;
	return 0;
}

/* All lines of a location but the last are inlined. */
static int tell_inlined(struct stack_reader *r, const struct profile_sample *s, size_t n_frames)
{
	size_t at = 0;
	int error;

	buf_clear(&r->inlined);
	error = buf_reserve(&r->inlined, n_frames * sizeof(bool));
	if (error < 0)
		return error;
	memset(r->inlined.data, false, n_frames);
	for (size_t i = 0; i < s->n_locations; i++) {
		size_t n = n_frames_of(s->locations[i]);

		if (n > 1)
			memset(r->inlined.data + at, true, n - 1);
		at += n;
	}
	return 0;
}

int stack_reader_read(struct stack_reader *r, size_t sample, struct stack *ret)
{
	const struct profile_sample *s = &r->profile->samples[sample];
	int error = 0;

	buf_clear(&r->stack);
	if (s->n_locations == 0)
		error = buf_add(&r->stack, &r->no_stack, sizeof(r->no_stack));
	else
		error = push_stack(r, s);
	if (error == 0 && !r->innermost)
		error = tell_inlined(r, s, r->stack.size / sizeof(uint32_t));
	else if (error == 0 && s->n_locations > 0)
		error = name_innermost(r, s->locations[0]);
	if (error < 0)
		return error;
	*ret = (struct stack){
		.frames = (const uint32_t *)(const void *)r->stack.data,
		.is_inlined = r->innermost ? NULL : (const bool *)r->inlined.data,
		.n_frames = r->stack.size / sizeof(uint32_t),
		.n_samples = s->values[r->samples_type],
		.value = s->values[r->value_type],
		.labels = s->labels,
		.n_labels = s->n_labels,
	};
	return 0;
}
