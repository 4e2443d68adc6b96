// SPDX-License-Identifier: Apache-2.0
#include "report/stack-reader.h"

#include <string.h>

#include "pprof/profile.h"
#include "report/frame-table.h"
#include "report/missing-remedies.h"
#include "report/samples-type.h"

/* A function is mostly in one mapping, and at many lines. */
struct stack_reader_memo {
	const struct profile_map *mapping;
	uint32_t frame; /* plus one; 0: none yet */
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

int stack_reader_init(struct stack_reader *r, struct frame_table *table, const struct profile *p)
{
	size_t n = 0;

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
	r->memo = calloc(p->n_functions + 1, sizeof(*r->memo));
	return r->frames && r->memo ? add_no_stack(r) : -ENOMEM;
}

void stack_reader_done(struct stack_reader *r)
{
	free(r->first_frames);
	free(r->frames);
	free(r->memo);
	buf_done(&r->name);
	buf_done(&r->stack);
	buf_done(&r->inlined);
}

/* Other tools call the kernel's code vmlinux, and perf names the symbol that its addresses count from. */
static bool is_kernel_file(const char *filename)
{
	return strcmp(filename, "vmlinux") == 0 || strncmp(filename, "[kernel.kallsyms]", 17) == 0 ||
	       strncmp(filename, "[guest.kernel.kallsyms", 22) == 0;
}

static enum frame_kind kind_of(const struct profile_location *l, const char *function)
{
	if (!l->mapping)
		return function[0] == '[' || function[0] == '(' ? FRAME_MARKER : FRAME_USER;
	if (is_kernel_file(l->mapping->filename))
		return FRAME_KERNEL;
	switch (missing_place_of(l->mapping->filename)) {
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

static int add_frame(struct stack_reader *r, const struct profile_location *l, size_t line, uint32_t *ret)
{
	const struct profile_line *at = line < l->n_lines ? &l->lines[line] : NULL;
	struct frame_info frame = {
		.library = profile_module(l),
		.build_id = l->mapping ? l->mapping->build_id : "",
		.file = at && at->function ? at->function->filename : "",
		.is_named = at && at->function && at->function->name[0],
	};
	int error;

	buf_clear(&r->name);
	error = profile_add_frame_name(l, at, &r->name);
	if (error < 0)
		return error;
	frame.function = r->name.data;
	frame.kind = (uint32_t)kind_of(l, frame.function);
	return frame_table_add(r->table, &frame, ret);
}

static int look_up(struct stack_reader *r, const struct profile_location *l, size_t line, uint32_t *ret)
{
	const struct profile_function *f = line < l->n_lines ? l->lines[line].function : NULL;
	struct stack_reader_memo *memo = f && f->name[0] ? &r->memo[f - r->profile->functions] : NULL;
	int error;

	if (memo && memo->frame && memo->mapping == l->mapping) {
		*ret = memo->frame - 1;
		return 0;
	}
	error = add_frame(r, l, line, ret);
	if (error == 0 && memo)
		*memo = (struct stack_reader_memo){ .mapping = l->mapping, .frame = *ret + 1 };
	return error;
}

static int add_location(struct stack_reader *r, const struct profile_location *l)
{
	size_t first = r->first_frames[l - r->profile->locations], n = n_frames_of(l);

	for (size_t i = 0; i < n && r->frames[first] == 0; i++) {
		/* From the last to the first: the first one tells that all are there. */
		size_t line = n - 1 - i;
		uint32_t number;
		int error = look_up(r, l, line, &number);

		if (error < 0)
			return error;
		r->frames[first + line] = number + 1;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t number = r->frames[first + i] - 1;
		int error = buf_add(&r->stack, &number, sizeof(number));

		if (error < 0)
			return error;
	}
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
	for (size_t i = 0; error == 0 && i < s->n_locations; i++)
		error = add_location(r, s->locations[i]);
	if (error == 0)
		error = tell_inlined(r, s, r->stack.size / sizeof(uint32_t));
	if (error < 0)
		return error;
	*ret = (struct stack){
		.frames = (const uint32_t *)(const void *)r->stack.data,
		.is_inlined = (const bool *)r->inlined.data,
		.n_frames = r->stack.size / sizeof(uint32_t),
		.n_samples = s->values[r->samples_type],
		.value = s->values[r->value_type],
		.labels = s->labels,
		.n_labels = s->n_labels,
	};
	return 0;
}
