// SPDX-License-Identifier: Apache-2.0
#include "pprof/copier.h"

#include <string.h>

#include "pprof/binary-names.h"
#include "pprof/build.h"
#include "pprof/profile.h"
#include "pprof/tables.h"

static bool is_type(const struct profile_value_type *t, const char *type, const char *unit)
{
	return strcmp(t->type, type) == 0 && strcmp(t->unit, unit) == 0;
}

static bool fits_line(int64_t line)
{
	return line >= 0 && line <= UINT32_MAX;
}

bool copier_takes(const struct profile *p)
{
	if (p->n_sample_types != COPIER_N_COLUMNS || !is_type(&p->sample_types[COPIER_COUNT], "samples", "count") ||
	    !is_type(&p->sample_types[COPIER_CPU_NS], "cpu", "nanoseconds") ||
	    !is_type(&p->period_type, "cpu", "nanoseconds") || p->time_ns < 0 || p->duration_ns < 0 || p->period < 0)
		return false;
	for (size_t i = 0; i < p->n_samples; i++)
		if (p->samples[i].values[COPIER_COUNT] < 0 || p->samples[i].values[COPIER_CPU_NS] < 0)
			return false;
	for (size_t i = 0; i < p->n_functions; i++)
		if (!fits_line(p->functions[i].start_line))
			return false;
	for (size_t i = 0; i < p->n_locations; i++) {
		if (p->locations[i].is_folded)
			return false;
		for (size_t j = 0; j < p->locations[i].n_lines; j++)
			if (!fits_line(p->locations[i].lines[j].line))
				return false;
	}
	return true;
}

int copier_init(struct copier *c, struct profile_builder *builder, struct binary_names *names, const struct profile *p)
{
	*c = (struct copier){ .builder = builder, .names = names, .profile = p };
	c->locations = calloc(p->n_locations + 1, sizeof(*c->locations));
	if (!c->locations)
		return -ENOMEM;
	return pool_init(&c->label_sets, PROFILE_MAX_LABEL_SETS, UINT32_MAX);
}

void copier_done(struct copier *c)
{
	free(c->locations);
	pool_done(&c->label_sets);
	buf_done(&c->set_numbers);
	buf_done(&c->frames);
	buf_done(&c->labels);
	buf_done(&c->name);
	buf_done(&c->stack);
}

static int add_frame(struct buf *frames, struct frame f, const struct profile_line *line, bool is_inlined)
{
	if (line && line->function) {
		f.function = line->function->name;
		f.linkage_name = line->function->system_name;
		f.file = line->function->filename;
		f.start_line = (uint32_t)line->function->start_line;
		f.line = (uint32_t)line->line;
	}
	f.inlined = is_inlined;
	return buf_add(frames, &f, sizeof(f));
}

/* Borrowed as binary_names_map() says. */
static int map(struct copier *c, const struct profile_map *from, struct profile_mapping *ret)
{
	if (c->names)
		return binary_names_map(c->names, from, ret);
	*ret = (struct profile_mapping){ from->start, from->limit, from->file_offset, from->filename, from->build_id };
	return 0;
}

/* It stays NULL where names are not asked for. */
static int name_frame(struct copier *c, const struct profile_location *l, struct frame *ret)
{
	int r;

	if (!c->names_frames)
		return 0;
	buf_clear(&c->name);
	r = profile_add_frame_name(l, NULL, &c->name);
	ret->function = c->name.data;
	return r;
}

static int add_location(struct copier *c, const struct profile_location *l)
{
	struct profile_mapping mapping;
	struct frame f = { .addr = l->address, .mapping = l->mapping ? &mapping : NULL };
	int r = l->mapping ? map(c, l->mapping, &mapping) : 0;

	buf_clear(&c->frames);
	for (size_t i = 0; r == 0 && i < l->n_lines; i++)
		r = add_frame(&c->frames, f, &l->lines[i], i + 1 < l->n_lines);
	if (r == 0 && l->n_lines == 0)
		r = name_frame(c, l, &f);
	if (r == 0 && l->n_lines == 0)
		r = add_frame(&c->frames, f, NULL, false);
	return r == 0 ? profile_builder_add_frames(c->builder, (const void *)c->frames.data, c->frames.size / sizeof(f),
						   &c->stack)
		      : r;
}

/* Appends the location's number to the stack. */
static int push_location(struct copier *c, const struct profile_location *l)
{
	uint32_t *number = &c->locations[l - c->profile->locations];
	int r;

	if (*number) {
		const uint32_t known = *number - 1;

		return buf_add(&c->stack, &known, sizeof(known));
	}
	r = add_location(c, l);
	if (r == 0) {
		memcpy(number, c->stack.data + c->stack.size - sizeof(*number), sizeof(*number));
		++*number;
	}
	return r;
}

static bool is_without(const struct copier *c, const struct profile_label *l)
{
	for (size_t i = 0; i < c->n_without; i++)
		if (strcmp(c->without[i].key, l->key) == 0)
			return true;
	return false;
}

static int add_labels(struct copier *c, const struct profile_sample *s, uint32_t *ret)
{
	int r = 0;

	buf_clear(&c->labels);
	for (size_t i = 0; r == 0 && i < s->n_labels; i++) {
		const struct profile_label *from = &s->labels[i];
		const struct label label = {
			.key = from->key, .str = from->str, .num = from->num, .num_unit = from->num_unit
		};

		if (!is_without(c, from))
			r = buf_add(&c->labels, &label, sizeof(label));
	}
	return r == 0 ? profile_builder_add_labels(c->builder, (const void *)c->labels.data,
						   c->labels.size / sizeof(struct label), ret)
		      : r;
}

/* Ten labels are twenty strings to look up, and most samples have a set that another one had. */
static int find_label_set(struct copier *c, const struct profile_sample *s, uint32_t *ret)
{
	uint32_t known, number;
	int r;

	r = pool_add(&c->label_sets, s->labels, s->n_labels * sizeof(*s->labels), &known);
	if (r == 0 && known == c->set_numbers.size / sizeof(number)) {
		r = add_labels(c, s, &number);
		if (r == 0)
			r = buf_add(&c->set_numbers, &number, sizeof(number));
	}
	if (r == 0)
		memcpy(ret, c->set_numbers.data + known * sizeof(number), sizeof(number));
	return r;
}

static int add_sample(struct copier *c, const struct profile_sample *s)
{
	uint32_t label_set;
	int r;

	r = find_label_set(c, s, &label_set);
	return r == 0 ? profile_builder_add_sample(c->builder, label_set, (const void *)c->stack.data,
						   c->stack.size / sizeof(uint32_t), (uint64_t)s->values[COPIER_COUNT],
						   (uint64_t)s->values[COPIER_CPU_NS])
		      : r;
}

static int push_function(struct copier *c, const char *function)
{
	const struct frame frame = { .function = function };

	return profile_builder_add_frames(c->builder, &frame, 1, &c->stack);
}

int copier_add(struct copier *c, const struct profile_sample *s)
{
	bool is_cut = c->max_locations > 0 && s->n_locations > c->max_locations;
	size_t n = is_cut ? c->max_locations - 1 : s->n_locations;
	int r = 0;

	buf_clear(&c->stack);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = push_location(c, s->locations[i]);
	if (r == 0 && is_cut)
		r = push_function(c, COPIER_TRUNCATED);
	return r == 0 ? add_sample(c, s) : r;
}

int copier_add_as(struct copier *c, const struct profile_sample *s, const char *function)
{
	int r;

	buf_clear(&c->stack);
	r = push_function(c, function);
	return r == 0 ? add_sample(c, s) : r;
}
