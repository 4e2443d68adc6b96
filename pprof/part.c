// SPDX-License-Identifier: Apache-2.0
#include "pprof/part.h"

#include <string.h>

#include "pprof/build.h"

/* One encoding: the builder makes strings valid, gives numbers, and adds up stacks that a cut made equal. */
struct encoder {
	const struct profile_part *part;
	const struct profile_part_options *options;
	struct profile_builder *builder;
	struct profile_mapping *mappings; /* of the whole profile, as the builder takes them */
	uint32_t *locations;              /* likewise: 0, or one more than the builder's number */
	struct buf frames, labels;        /* struct frame, struct label: of one location or sample */
	struct buf stack;                 /* uint32_t */
};

static void encoder_done(struct encoder *e)
{
	profile_builder_free(e->builder);
	free(e->mappings);
	free(e->locations);
	buf_done(&e->frames);
	buf_done(&e->labels);
	buf_done(&e->stack);
}

static bool is_type(const struct profile *p, size_t column, const char *type, const char *unit)
{
	return column < p->n_sample_types && strcmp(p->sample_types[column].type, type) == 0 &&
	       strcmp(p->sample_types[column].unit, unit) == 0;
}

static int encoder_init(struct encoder *e)
{
	const struct profile *p = e->part->profile;

	if (p->n_sample_types != 2 || !is_type(p, PROFILE_PART_COUNT, "samples", "count") ||
	    !is_type(p, PROFILE_PART_CPU_NS, "cpu", "nanoseconds"))
		return -EINVAL;
	e->mappings = calloc(p->n_mappings + 1, sizeof(*e->mappings));
	e->locations = calloc(p->n_locations + 1, sizeof(*e->locations));
	if (!e->mappings || !e->locations)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_mappings; i++)
		e->mappings[i] = (struct profile_mapping){
			.start = p->mappings[i].start,
			.limit = p->mappings[i].limit,
			.file_offset = p->mappings[i].file_offset,
			.filename = p->mappings[i].filename,
			.build_id = p->mappings[i].build_id,
		};
	return profile_builder_new(&e->builder);
}

static uint32_t to_line(int64_t line)
{
	return line < 0 || line > UINT32_MAX ? 0 : (uint32_t)line;
}

static int add_frame(struct encoder *e, const struct profile_location *l, const struct profile_line *line)
{
	const struct profile_function *f = line ? line->function : NULL;
	struct frame frame = { .addr = l->address };

	if (l->mapping)
		frame.mapping = &e->mappings[l->mapping - e->part->profile->mappings];
	if (f) {
		frame.function = f->name;
		frame.linkage_name = f->system_name;
		frame.file = f->filename;
		frame.line = to_line(line->line);
		frame.start_line = to_line(f->start_line);
	}
	frame.inlined = line && line + 1 < l->lines + l->n_lines;
	return buf_add(&e->frames, &frame, sizeof(frame));
}

/* The program itself stays the first of the mappings where the part has it. */
static int note_main(struct encoder *e, const struct profile_location *l)
{
	if (!l->mapping || l->mapping != e->part->profile->mappings)
		return 0;
	return profile_builder_set_main(e->builder, &e->mappings[0]);
}

/* Adds its number to the stack. */
static int add_new_location(struct encoder *e, const struct profile_location *l)
{
	int r = note_main(e, l);

	buf_clear(&e->frames);
	for (size_t i = 0; r == 0 && i < l->n_lines; i++)
		r = add_frame(e, l, &l->lines[i]);
	if (r == 0 && l->n_lines == 0)
		r = add_frame(e, l, NULL);
	if (r < 0)
		return r;
	return profile_builder_add_frames(e->builder, (const void *)e->frames.data,
					  e->frames.size / sizeof(struct frame), &e->stack);
}

static int add_location(struct encoder *e, const struct profile_location *l)
{
	uint32_t *known = &e->locations[l - e->part->profile->locations], number;
	int r;

	if (*known > 0) {
		number = *known - 1;
		return buf_add(&e->stack, &number, sizeof(number));
	}
	r = add_new_location(e, l);
	if (r < 0)
		return r;
	memcpy(&number, e->stack.data + e->stack.size - sizeof(number), sizeof(number));
	*known = number + 1;
	return 0;
}

/* Stores cut a deep stack at its leaf, which is where the time went: it must be short enough before. */
static int add_stack(struct encoder *e, const struct profile_sample *s)
{
	static const struct frame truncated = { .function = "[truncated: target]" };
	size_t max = e->options->max_frames, n = s->n_locations;
	bool is_cut = max > 0 && n > max;
	int r = 0;

	buf_clear(&e->stack);
	if (is_cut)
		n = max - 1;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_location(e, s->locations[i]);
	if (r == 0 && is_cut)
		r = profile_builder_add_frames(e->builder, &truncated, 1, &e->stack);
	return r;
}

static bool is_of_series(const struct profile_part *part, const struct profile_label *label)
{
	for (size_t i = 0; i < part->n_series; i++)
		if (strcmp(part->series[i].key, label->key) == 0)
			return true;
	return false;
}

static int add_labels(struct encoder *e, const struct profile_sample *s)
{
	int r = 0;

	buf_clear(&e->labels);
	for (size_t i = 0; r == 0 && i < s->n_labels; i++) {
		const struct profile_label *l = &s->labels[i];
		const struct label label = { l->key, l->str, l->num, l->num_unit };

		if (!e->options->drops_series_labels || !is_of_series(e->part, l))
			r = buf_add(&e->labels, &label, sizeof(label));
	}
	return r;
}

static int add_sample(struct encoder *e, const struct profile_sample *s)
{
	uint32_t label_set;
	int r;

	r = add_stack(e, s);
	if (r < 0)
		return r;
	r = add_labels(e, s);
	if (r < 0)
		return r;
	r = profile_builder_add_labels(e->builder, (const void *)e->labels.data, e->labels.size / sizeof(struct label),
				       &label_set);
	if (r < 0)
		return r;
	/* A negative value is beyond what the builder takes: -ERANGE. */
	return profile_builder_add_sample(e->builder, label_set, (const void *)e->stack.data,
					  e->stack.size / sizeof(uint32_t), (uint64_t)s->values[PROFILE_PART_COUNT],
					  (uint64_t)s->values[PROFILE_PART_CPU_NS]);
}

static int add_all(struct encoder *e)
{
	const struct profile *p = e->part->profile;
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->part->n_samples; i++)
		r = add_sample(e, e->part->samples[i]);
	for (size_t i = 0; r == 0 && i < p->n_comments; i++)
		r = profile_builder_add_comment(e->builder, p->comments[i]);
	return r;
}

int profile_part_encode(const struct profile_part *part, const struct profile_part_options *options, struct buf *ret)
{
	_cleanup_(encoder_done) struct encoder e = { .part = part, .options = options };
	const struct profile_meta meta = {
		.time_ns = part->profile->time_ns + options->shift_ns,
		.duration_ns = part->profile->duration_ns,
		.period_ns = part->profile->period,
		.doc_url = part->profile->doc_url,
	};
	int r;

	r = encoder_init(&e);
	if (r < 0)
		return r;
	r = add_all(&e);
	if (r < 0)
		return r;
	return profile_builder_encode(e.builder, &meta, ret);
}
