// SPDX-License-Identifier: Apache-2.0
#include "pprof/profile.h"

#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/compress.h"
#include "common/utf8.h"
#include "pprof/id-index.h"
#include "pprof/model.h"
#include "pprof/wire.h"

/* From the tree to the model; a count is how much of the model's array is filled. */
struct decoder {
	Perftools__Profiles__Profile *tree;
	struct model *model;
	struct id_index mappings, functions, locations;
	size_t n_lines, n_stacks, n_values, n_labels;
};

struct profile *profile_free(struct profile *p)
{
	model_free((struct model *)p); /* its first member */
	return NULL;
}

static void decoder_done(struct decoder *d)
{
	wire_free(d->tree);
	model_free(d->model);
	id_index_done(&d->mappings);
	id_index_done(&d->functions);
	id_index_done(&d->locations);
}

static int new_model(struct decoder *d)
{
	const Perftools__Profiles__Profile *t = d->tree;
	struct model_sizes sizes = {
		.n_sample_types = t->n_sample_type,
		.n_mappings = t->n_mapping,
		.n_functions = t->n_function,
		.n_locations = t->n_location,
		.n_samples = t->n_sample,
		.n_comments = t->n_comment,
	};

	for (size_t i = 0; i < t->n_location; i++)
		sizes.n_lines += t->location[i]->n_line;
	for (size_t i = 0; i < t->n_sample; i++) {
		sizes.n_stacks += t->sample[i]->n_location_id;
		sizes.n_values += t->sample[i]->n_value;
		sizes.n_labels += t->sample[i]->n_label;
	}
	return model_new(&sizes, &d->model);
}

static int new_indices(struct decoder *d)
{
	int r;

	r = id_index_init(&d->mappings, d->tree->n_mapping);
	if (r < 0)
		return r;
	r = id_index_init(&d->functions, d->tree->n_function);
	if (r < 0)
		return r;
	return id_index_init(&d->locations, d->tree->n_location);
}

static int take_strings(struct decoder *d)
{
	Perftools__Profiles__Profile *t = d->tree;

	if (t->n_string_table == 0 || *t->string_table[0])
		return -EBADMSG;
	d->model->strings = take_ptr(t->string_table);
	d->model->n_strings = t->n_string_table;
	t->n_string_table = 0;
	return 0;
}

/* Strings are known by their place in the table. */
static int get_string(const struct decoder *d, int64_t index, const char **ret)
{
	if ((uint64_t)index >= d->model->n_strings) /* or negative */
		return -EBADMSG;
	*ret = d->model->strings[index];
	return 0;
}

static int get_two(const struct decoder *d, int64_t first, const char **ret_first, int64_t second,
		   const char **ret_second)
{
	int r = get_string(d, first, ret_first);

	return r < 0 ? r : get_string(d, second, ret_second);
}

static int decode_sample_types(struct decoder *d)
{
	const Perftools__Profiles__Profile *t = d->tree;

	if (t->n_sample_type == 0)
		return -EBADMSG;
	for (size_t i = 0; i < t->n_sample_type; i++) {
		struct profile_value_type *type = &d->model->sample_types[i];
		int r;

		r = get_two(d, t->sample_type[i]->type, &type->type, t->sample_type[i]->unit, &type->unit);
		if (r < 0)
			return r;
	}
	return 0;
}

static int decode_default_type(struct decoder *d)
{
	struct profile *p = &d->model->profile;
	const char *name;
	int r;

	r = get_string(d, d->tree->default_sample_type, &name);
	if (r < 0)
		return r;
	for (p->default_type = 0; p->default_type < p->n_sample_types - 1; p->default_type++)
		if (strcmp(p->sample_types[p->default_type].type, name) == 0)
			break;
	return 0;
}

static int decode_comments(struct decoder *d)
{
	for (size_t i = 0; i < d->tree->n_comment; i++) {
		int r = get_string(d, d->tree->comment[i], &d->model->comments[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* What stands in the message itself. The names of drop_frames and keep_frames must exist; nobody here uses them. */
static int decode_head(struct decoder *d)
{
	const Perftools__Profiles__Profile *t = d->tree;
	struct profile *p = &d->model->profile;
	const char *unused;
	int r;

	p->time_ns = t->time_nanos;
	p->duration_ns = t->duration_nanos;
	p->period = t->period;
	p->period_type = (struct profile_value_type){ "", "" };
	if (t->period_type) {
		r = get_two(d, t->period_type->type, &p->period_type.type, t->period_type->unit, &p->period_type.unit);
		if (r < 0)
			return r;
	}
	r = get_two(d, t->drop_frames, &unused, t->keep_frames, &unused);
	if (r < 0)
		return r;
	r = get_string(d, t->doc_url, &p->doc_url);
	if (r < 0)
		return r;
	return decode_default_type(d);
}

static int decode_mappings(struct decoder *d)
{
	for (size_t i = 0; i < d->tree->n_mapping; i++) {
		const Perftools__Profiles__Mapping *from = d->tree->mapping[i];
		struct profile_map *to = &d->model->mappings[i];
		int r;

		r = get_two(d, from->filename, &to->filename, from->build_id, &to->build_id);
		if (r < 0)
			return r;
		to->start = from->memory_start;
		to->limit = from->memory_limit;
		to->file_offset = from->file_offset;
		to->has_functions = from->has_functions;
		to->has_filenames = from->has_filenames;
		to->has_line_numbers = from->has_line_numbers;
		to->has_inline_frames = from->has_inline_frames;
		id_index_put(&d->mappings, i, from->id);
	}
	return id_index_sort(&d->mappings);
}

static int decode_functions(struct decoder *d)
{
	for (size_t i = 0; i < d->tree->n_function; i++) {
		const Perftools__Profiles__Function *from = d->tree->function[i];
		struct profile_function *to = &d->model->functions[i];
		int r;

		r = get_two(d, from->name, &to->name, from->system_name, &to->system_name);
		if (r < 0)
			return r;
		r = get_string(d, from->filename, &to->filename);
		if (r < 0)
			return r;
		to->start_line = from->start_line;
		id_index_put(&d->functions, i, from->id);
	}
	return id_index_sort(&d->functions);
}

static int decode_lines(struct decoder *d, const Perftools__Profiles__Location *from, struct profile_location *to)
{
	to->lines = d->model->lines + d->n_lines;
	to->n_lines = from->n_line;
	for (size_t i = 0; i < from->n_line; i++) {
		struct profile_line *line = &d->model->lines[d->n_lines++];
		size_t position;
		int r;

		line->line = from->line[i]->line;
		if (from->line[i]->function_id == 0)
			continue;
		r = id_index_get(&d->functions, from->line[i]->function_id, &position);
		if (r < 0)
			return r;
		line->function = &d->model->functions[position];
	}
	return 0;
}

static int decode_locations(struct decoder *d)
{
	for (size_t i = 0; i < d->tree->n_location; i++) {
		const Perftools__Profiles__Location *from = d->tree->location[i];
		struct profile_location *to = &d->model->locations[i];
		size_t position;
		int r;

		to->address = from->address;
		to->is_folded = from->is_folded;
		if (from->mapping_id != 0) {
			r = id_index_get(&d->mappings, from->mapping_id, &position);
			if (r < 0)
				return r;
			to->mapping = &d->model->mappings[position];
		}
		r = decode_lines(d, from, to);
		if (r < 0)
			return r;
		id_index_put(&d->locations, i, from->id);
	}
	return id_index_sort(&d->locations);
}

static int decode_stack(struct decoder *d, const Perftools__Profiles__Sample *from, struct profile_sample *to)
{
	to->locations = d->model->stacks + d->n_stacks;
	to->n_locations = from->n_location_id;
	for (size_t i = 0; i < from->n_location_id; i++) {
		size_t position;
		int r;

		r = id_index_get(&d->locations, from->location_id[i], &position);
		if (r < 0)
			return r;
		d->model->stacks[d->n_stacks++] = &d->model->locations[position];
	}
	return 0;
}

static int decode_labels(struct decoder *d, const Perftools__Profiles__Sample *from, struct profile_sample *to)
{
	to->labels = d->model->labels + d->n_labels;
	to->n_labels = from->n_label;
	for (size_t i = 0; i < from->n_label; i++) {
		struct profile_label *label = &d->model->labels[d->n_labels++];
		int r;

		r = get_two(d, from->label[i]->key, &label->key, from->label[i]->num_unit, &label->num_unit);
		if (r < 0)
			return r;
		r = get_string(d, from->label[i]->str, &label->str);
		if (r < 0)
			return r;
		label->num = from->label[i]->num;
		if (from->label[i]->str == 0)
			label->str = NULL;
	}
	return 0;
}

static int decode_sample(struct decoder *d, const Perftools__Profiles__Sample *from, struct profile_sample *to)
{
	int r;

	if (from->n_value != d->tree->n_sample_type)
		return -EBADMSG;
	to->values = d->model->values + d->n_values;
	memcpy(d->model->values + d->n_values, from->value, from->n_value * sizeof(*from->value));
	d->n_values += from->n_value;
	r = decode_stack(d, from, to);
	if (r < 0)
		return r;
	return decode_labels(d, from, to);
}

static int decode_samples(struct decoder *d)
{
	for (size_t i = 0; i < d->tree->n_sample; i++) {
		int r = decode_sample(d, d->tree->sample[i], &d->model->samples[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Each step needs what the ones before it have made. */
static int decode_tree(struct decoder *d)
{
	static int (*const steps[])(struct decoder *) = {
		new_model,       new_indices,     take_strings,     decode_sample_types, decode_head,
		decode_comments, decode_mappings, decode_functions, decode_locations,    decode_samples,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](d);
	return r;
}

static int unpack(const void *data, size_t size, Perftools__Profiles__Profile **ret)
{
	_cleanup_(buf_done) struct buf raw = { .limit_bytes = PROFILE_MAX_RAW_BYTES };
	int r;

	if (size > PROFILE_MAX_FILE_BYTES)
		return -EFBIG;
	if (compression_of(data, size) == COMPRESSION_NONE)
		return wire_unpack(data, size, WIRE_MAX_TREE_BYTES, ret);
	r = decompress_add(data, size, PROFILE_MAX_RAW_BYTES, &raw);
	if (r < 0)
		return r;
	return wire_unpack(raw.data, raw.size, WIRE_MAX_TREE_BYTES, ret);
}

int profile_decode(const void *data, size_t size, struct profile **ret)
{
	_cleanup_(decoder_done) struct decoder d = {};
	int r;

	r = unpack(data, size, &d.tree);
	if (r < 0)
		return r;
	r = decode_tree(&d);
	if (r < 0)
		return r;
	*ret = &take_ptr(d.model)->profile;
	return 0;
}

const char *profile_module(const struct profile_location *l)
{
	const char *path = l->mapping ? l->mapping->filename : "";
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void profile_keep_samples(struct profile *p, const bool *is_kept)
{
	struct profile_sample *samples = ((struct model *)p)->samples; /* as in profile_free() */
	size_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		if (is_kept[i])
			samples[n++] = samples[i];
	p->n_samples = n;
}

int profile_add_frame_name(const struct profile_location *l, const struct profile_line *line, struct buf *ret)
{
	bool is_named = line && line->function && *line->function->name;
	const char *name = is_named ? line->function->name : profile_module(l);
	int r = utf8_add_valid(ret, name, strlen(name), PROFILE_MAX_NAME_BYTES);

	if (r < 0 || is_named)
		return r;
	return buf_printf(ret, "%s0x%" PRIx64, *name ? "+" : "", l->address);
}

const struct profile_label *profile_find_label(const struct profile_sample *s, const char *key)
{
	for (size_t i = 0; i < s->n_labels; i++)
		if (strcmp(s->labels[i].key, key) == 0)
			return &s->labels[i];
	return NULL;
}
