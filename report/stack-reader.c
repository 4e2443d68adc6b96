// SPDX-License-Identifier: Apache-2.0
#include "report/stack-reader.h"

#include <string.h>

#include "pprof/profile.h"
#include "report/frame-table.h"
#include "report/missing-remedies.h"
#include "report/samples-type.h"
#include "report/stack-facts.h"

/* What is known of a function of the profile. It is mostly in one binary, and at many lines. */
struct stack_reader_function {
	uint32_t binary; /* of the frame that it was last */
	uint32_t frame;  /* plus one; 0: not yet looked up */
};

/* What is known of a location, from the first sample on that needs it. */
struct stack_reader_location {
	uint32_t first_frame, n_frames; /* in the reader's */
	bool is_known;
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

static int init(struct stack_reader *r, struct frame_table *table, const struct profile *p, bool skips_frames)
{
	size_t n = 0;
	int error;

	*r = (struct stack_reader){
		.table = table,
		.profile = p,
		.samples_type = samples_type_of(p),
		.value_type = p->default_type,
		.skips_frames = skips_frames,
	};
	r->locations = calloc(p->n_locations + 1, sizeof(*r->locations));
	if (!r->locations)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_locations; i++) {
		r->locations[i].first_frame = (uint32_t)n; /* MODEL_MAX_BYTES is less than 2^32 of them */
		r->locations[i].n_frames = skips_frames ? 1 : (uint32_t)n_frames_of(&p->locations[i]);
		n += r->locations[i].n_frames;
	}
	r->frames = calloc(n + 1, sizeof(*r->frames));
	r->functions = calloc(p->n_functions + 1, sizeof(*r->functions));
	r->binaries = calloc(p->n_mappings + N_NO_MAPPINGS, sizeof(*r->binaries));
	if (!r->frames || !r->functions || !r->binaries)
		return -ENOMEM;
	error = add_binaries(r);
	return error < 0 ? error : add_no_stack(r);
}

int stack_reader_init(struct stack_reader *r, struct frame_table *table, const struct profile *p)
{
	return init(r, table, p, false);
}

int stack_reader_init_innermost(struct stack_reader *r, struct frame_table *table, const struct profile *p)
{
	return init(r, table, p, true);
}

void stack_reader_done(struct stack_reader *r)
{
	free(r->locations);
	free(r->frames);
	free(r->functions);
	free(r->binaries);
	buf_done(&r->name);
	buf_done(&r->stack);
	buf_done(&r->inlined);
}

static uint32_t binary_of(const struct stack_reader *r, const struct profile_location *l, const char *function)
{
	const struct profile *p = r->profile;

	if (l->mapping)
		return r->binaries[l->mapping - p->mappings];
	return r->binaries[p->n_mappings + (stack_facts_is_marker(l, function) ? NO_MAPPING_MARKER : NO_MAPPING_USER)];
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
	uint32_t binary = binary_of(r, l, f->name);
	int error = 0;

	if (!known->frame || known->binary != binary) {
		error = frame_table_add_named(r->table, f->name, f->filename, binary, ret);
		if (error < 0)
			return error;
		*known = (struct stack_reader_function){ .binary = binary, .frame = *ret + 1 };
	}
	*ret = known->frame - 1;
	return 0;
}

static const struct profile_line *line_of(const struct profile_location *l, size_t line)
{
	return line < l->n_lines ? &l->lines[line] : NULL;
}

static const char *name_at(const struct profile_line *line)
{
	return line && line->function ? line->function->name : "";
}

static int look_up(struct stack_reader *r, const struct profile_location *l, size_t line, uint32_t *ret)
{
	const struct profile_line *at = line_of(l, line);

	return *name_at(at) ? look_up_named(r, l, at->function, ret) : look_up_unnamed(r, l, at, ret);
}

static int look_up_location(struct stack_reader *r, const struct profile_location *l,
			    struct stack_reader_location *known)
{
	int error = 0;

	for (uint32_t i = 0; error == 0 && i < known->n_frames; i++)
		error = look_up(r, l, i, &r->frames[known->first_frame + i]);
	known->is_known = error == 0;
	return error;
}

/* Onto the stack. */
static int push_location(struct stack_reader *r, const struct profile_location *l)
{
	struct stack_reader_location *known = &r->locations[l - r->profile->locations];
	int error = known->is_known ? 0 : look_up_location(r, l, known);
	uint32_t n = known->n_frames;

	if (error == 0)
		error = buf_add(&r->stack, r->frames + known->first_frame, n * sizeof(*r->frames));
	if (error == 0)
		error = buf_reserve(&r->inlined, n);
	if (error < 0)
		return error;
	/* All lines of a location but the last are inlined. */
	memset(r->inlined.data + r->inlined.size, true, n - 1);
	r->inlined.size += n;
	r->inlined.data[r->inlined.size - 1] = false;
	return 0;
}

static int push_stack(struct stack_reader *r, const struct profile_sample *s)
{
	size_t n = r->skips_frames ? 1 : s->n_locations;
	int error = 0;

	for (size_t i = 0; error == 0 && i < n; i++)
		error = push_location(r, s->locations[i]);
	return error;
}

static int push_no_stack(struct stack_reader *r)
{
	int error = buf_add(&r->stack, &r->no_stack, sizeof(r->no_stack));

	return error == 0 ? buf_add(&r->inlined, &(bool){ false }, sizeof(bool)) : error;
}

int stack_reader_read(struct stack_reader *r, size_t sample, struct stack *ret)
{
	const struct profile_sample *s = &r->profile->samples[sample];
	int error;

	buf_clear(&r->stack);
	buf_clear(&r->inlined);
	error = s->n_locations == 0 ? push_no_stack(r) : push_stack(r, s);
	if (error < 0)
		return error;
	*ret = (struct stack){
		.frames = (const uint32_t *)(const void *)r->stack.data,
		.is_inlined = r->skips_frames ? NULL : (const bool *)r->inlined.data,
		.n_frames = r->stack.size / sizeof(uint32_t),
		.n_samples = s->values[r->samples_type],
		.value = s->values[r->value_type],
		.labels = s->labels,
		.n_labels = s->n_labels,
	};
	return 0;
}
