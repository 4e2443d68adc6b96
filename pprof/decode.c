// SPDX-License-Identifier: Apache-2.0
/* decode: bytes to the model, which is made as large as it has to be, and filled: names before what they name. */
#include <string.h>

#include "common/buf.h"
#include "common/compress.h"
#include "common/hash.h"
#include "pprof/contents.h"
#include "pprof/id-index.h"

#define N_KNOWN_SETS 256                       /* a power of two */
#define HASH_SEED UINT64_C(0x9e3779b97f4a7c15) /* where all hashes are equal no set is known, and that is all */

/* Labels with which a sample ended: its bytes from the first one on, and what was made of them. */
struct known_set {
	struct wire bytes; /* at NULL: there was none yet */
	const struct profile_label *labels;
	size_t n_labels;
};

/* A count is how much of the model's array is filled. */
struct decoder {
	struct contents contents;
	struct model *model;
	struct id_index mappings, functions, locations;
	size_t n_text_bytes, n_stacks, n_values, n_labels;
	struct known_set known_sets[N_KNOWN_SETS]; /* by their hash: the last one that had it */
};

static void decoder_done(struct decoder *d)
{
	model_free(d->model);
	id_index_done(&d->mappings);
	id_index_done(&d->functions);
	id_index_done(&d->locations);
}

/* The next field of this number. Others may lie between. */
_inlined_ int next_of(struct wire *span, uint32_t number, struct wire_field *ret)
{
	int r;

	do {
		r = wire_next(span, ret);
	} while (r == 0 && ret->number != number);
	return r;
}

/* Calls one() with each message of this number, and its position among them. */
static int for_each(struct decoder *d, uint32_t number, int (*one)(struct decoder *, struct wire, size_t))
{
	struct wire span = d->contents.spans[number];
	struct wire_field f;
	int r;

	for (size_t i = 0; (r = next_of(&span, number, &f)) == 0; i++) {
		r = one(d, f.bytes, i);
		if (r < 0)
			break;
	}
	return r < 0 ? r : 0;
}

static int keep_string(struct decoder *d, struct wire text, size_t i)
{
	size_t size = wire_left(&text);
	char *to = d->model->text + d->n_text_bytes;

	memcpy(to, text.at, size);
	to[size] = 0;
	d->model->strings[i] = to;
	d->n_text_bytes += size + 1;
	return 0;
}

static int decode_strings(struct decoder *d)
{
	int r = for_each(d, PROFILE_STRING, keep_string);

	return r == 0 && (d->contents.sizes.n_strings == 0 || *d->model->strings[0]) ? -EBADMSG : r;
}

/* Strings are known by their place in the table. */
static int get_string(const struct decoder *d, uint64_t index, const char **ret)
{
	if (index >= d->contents.sizes.n_strings) /* or negative */
		return -EBADMSG;
	*ret = d->model->strings[index];
	return 0;
}

static int get_two(const struct decoder *d, uint64_t first, const char **ret_first, uint64_t second,
		   const char **ret_second)
{
	int r = get_string(d, first, ret_first);

	return r < 0 ? r : get_string(d, second, ret_second);
}

static int decode_sample_type(struct decoder *d, struct wire message, size_t i)
{
	struct profile_value_type *to = &d->model->sample_types[i];
	uint64_t from[VALUE_TYPE_N_FIELDS];
	int r = wire_numbers(message, from, ARRAY_SIZE(from));

	return r < 0 ? r : get_two(d, from[VALUE_TYPE_TYPE], &to->type, from[VALUE_TYPE_UNIT], &to->unit);
}

static int decode_sample_types(struct decoder *d)
{
	return d->contents.sizes.n_sample_types == 0 ? -EBADMSG : for_each(d, PROFILE_SAMPLE_TYPE, decode_sample_type);
}

static int decode_default_type(struct decoder *d)
{
	struct profile *p = &d->model->profile;
	const char *name;
	int r;

	r = get_string(d, d->contents.numbers[PROFILE_DEFAULT_TYPE], &name);
	if (r < 0)
		return r;
	for (p->default_type = 0; p->default_type < p->n_sample_types - 1; p->default_type++)
		if (strcmp(p->sample_types[p->default_type].type, name) == 0)
			break;
	return 0;
}

static int decode_comments(struct decoder *d)
{
	struct wire span = d->contents.spans[PROFILE_COMMENT];
	struct wire_field f;
	size_t n = 0;
	int r;

	while ((r = next_of(&span, PROFILE_COMMENT, &f)) == 0) {
		while (wire_left(&f.bytes) > 0) {
			uint64_t index;

			r = wire_varint(&f.bytes, WIRE_VARINT_BYTES, &index);
			if (r == 0)
				r = get_string(d, index, &d->model->comments[n++]);
			if (r < 0)
				return r;
		}
	}
	return r < 0 ? r : 0;
}

/* What stands in the message itself. The names of drop_frames and keep_frames must exist; nobody here uses them. */
static int decode_head(struct decoder *d)
{
	struct profile *p = &d->model->profile;
	const char *unused;
	int r;

	p->time_ns = (int64_t)d->contents.numbers[PROFILE_TIME];
	p->duration_ns = (int64_t)d->contents.numbers[PROFILE_DURATION];
	p->period = (int64_t)d->contents.numbers[PROFILE_PERIOD];
	r = get_two(d, d->contents.period_type[VALUE_TYPE_TYPE], &p->period_type.type,
		    d->contents.period_type[VALUE_TYPE_UNIT], &p->period_type.unit);
	if (r == 0)
		r = get_two(d, d->contents.numbers[PROFILE_DROP_FRAMES], &unused,
			    d->contents.numbers[PROFILE_KEEP_FRAMES], &unused);
	if (r == 0)
		r = get_string(d, d->contents.numbers[PROFILE_DOC_URL], &p->doc_url);
	return r < 0 ? r : decode_default_type(d);
}

static int decode_mapping(struct decoder *d, struct wire message, size_t i)
{
	struct profile_map *to = &d->model->mappings[i];
	uint64_t from[MAPPING_N_FIELDS];
	int r = wire_numbers(message, from, ARRAY_SIZE(from));

	if (r == 0)
		r = get_two(d, from[MAPPING_FILENAME], &to->filename, from[MAPPING_BUILD_ID], &to->build_id);
	if (r < 0)
		return r;
	to->start = from[MAPPING_START];
	to->limit = from[MAPPING_LIMIT];
	to->file_offset = from[MAPPING_OFFSET];
	to->has_functions = from[MAPPING_HAS_FUNCTIONS];
	to->has_filenames = from[MAPPING_HAS_FILENAMES];
	to->has_line_numbers = from[MAPPING_HAS_LINE_NUMBERS];
	to->has_inline_frames = from[MAPPING_HAS_INLINE_FRAMES];
	return id_index_put(&d->mappings, i, from[MAPPING_ID]);
}

static int decode_mappings(struct decoder *d)
{
	int r;

	d->mappings.n = d->contents.sizes.n_mappings;
	r = for_each(d, PROFILE_MAPPING, decode_mapping);
	return r < 0 ? r : id_index_sort(&d->mappings);
}

static int decode_function(struct decoder *d, struct wire message, size_t i)
{
	struct profile_function *to = &d->model->functions[i];
	uint64_t from[FUNCTION_N_FIELDS];
	int r = wire_numbers(message, from, ARRAY_SIZE(from));

	if (r == 0)
		r = get_two(d, from[FUNCTION_NAME], &to->name, from[FUNCTION_SYSTEM_NAME], &to->system_name);
	if (r == 0)
		r = get_string(d, from[FUNCTION_FILENAME], &to->filename);
	if (r < 0)
		return r;
	to->start_line = (int64_t)from[FUNCTION_START_LINE];
	return id_index_put(&d->functions, i, from[FUNCTION_ID]);
}

static int decode_functions(struct decoder *d)
{
	int r;

	d->functions.n = d->contents.sizes.n_functions;
	r = for_each(d, PROFILE_FUNCTION, decode_function);
	return r < 0 ? r : id_index_sort(&d->functions);
}

static int decode_line(struct decoder *d, struct wire message)
{
	uint64_t from[LINE_N_FIELDS];
	struct profile_line *to = NULL;
	size_t position;
	int r = wire_numbers(message, from, ARRAY_SIZE(from));

	if (r == 0)
		r = model_add_line(d->model, &to);
	if (r < 0)
		return r;
	*to = (struct profile_line){ .line = (int64_t)from[LINE_LINE] };
	if (from[LINE_FUNCTION] == 0)
		return 0;
	r = id_index_get(&d->functions, from[LINE_FUNCTION], &position);
	if (r == 0)
		to->function = &d->model->functions[position];
	return r;
}

/* The message's numbers; its lines go where the model's are. */
static int read_location(struct decoder *d, struct wire message, uint64_t ret[static LOCATION_N_FIELDS])
{
	struct wire_field f;
	int r;

	for (uint32_t i = 1; i < LOCATION_LINE; i++)
		wire_take_number(&message, i, &ret[i]);
	while ((r = wire_next(&message, &f)) == 0) {
		if (f.number == LOCATION_LINE)
			r = f.type == WIRE_BYTES ? decode_line(d, f.bytes) : -EBADMSG;
		else
			r = wire_number(&f, ret, LOCATION_N_FIELDS);
		if (r < 0)
			break;
	}
	return r < 0 ? r : 0;
}

static int decode_location(struct decoder *d, struct wire message, size_t i)
{
	struct profile_location *to = &d->model->locations[i];
	uint64_t from[LOCATION_N_FIELDS] = {};
	size_t n_lines = d->model->n_lines, position;
	int r = read_location(d, message, from);

	if (r < 0)
		return r;
	to->n_lines = d->model->n_lines - n_lines;
	to->mapping = NULL;
	to->address = from[LOCATION_ADDRESS];
	to->is_folded = from[LOCATION_IS_FOLDED];
	r = id_index_put(&d->locations, i, from[LOCATION_ID]);
	if (r < 0 || from[LOCATION_MAPPING] == 0)
		return r;
	r = id_index_get(&d->mappings, from[LOCATION_MAPPING], &position);
	if (r == 0)
		to->mapping = &d->model->mappings[position];
	return r;
}

static int decode_locations(struct decoder *d)
{
	int r;

	d->locations.n = d->contents.sizes.n_locations;
	r = for_each(d, PROFILE_LOCATION, decode_location);
	if (r < 0)
		return r;
	model_place_lines(d->model);
	return id_index_sort(&d->locations);
}

static int decode_stack(struct decoder *d, struct wire ids)
{
	while (wire_left(&ids) > 0) {
		uint64_t id;
		size_t position;
		int r = wire_varint(&ids, WIRE_VARINT_BYTES, &id);

		if (r == 0)
			r = id_index_get(&d->locations, id, &position);
		if (r != 0)
			return r;
		d->model->stacks[d->n_stacks++] = &d->model->locations[position];
	}
	return 0;
}

static int decode_values(struct decoder *d, struct wire values)
{
	while (wire_left(&values) > 0) {
		uint64_t value;
		int r = wire_varint(&values, WIRE_VARINT_BYTES, &value);

		if (r < 0)
			return r;
		d->model->values[d->n_values++] = (int64_t)value;
	}
	return 0;
}

static int decode_label(struct decoder *d, struct wire message)
{
	struct profile_label *to = &d->model->labels[d->n_labels++];
	uint64_t from[LABEL_N_FIELDS];
	int r = wire_numbers(message, from, ARRAY_SIZE(from));

	if (r == 0)
		r = get_two(d, from[LABEL_KEY], &to->key, from[LABEL_NUM_UNIT], &to->num_unit);
	if (r == 0)
		r = get_string(d, from[LABEL_STR], &to->str);
	if (r < 0)
		return r;
	to->num = (int64_t)from[LABEL_NUM];
	if (from[LABEL_STR] == 0)
		to->str = NULL;
	return 0;
}

static struct known_set *place_of_set(struct decoder *d, struct wire bytes)
{
	return &d->known_sets[hash_bytes(HASH_SEED, bytes.at, wire_left(&bytes)) & (N_KNOWN_SETS - 1)];
}

/* A profile has hundreds of samples, and a few sets of labels, which they share. */
static bool take_known_set(struct decoder *d, struct wire bytes, struct profile_sample *to)
{
	const struct known_set *known = place_of_set(d, bytes);

	if (!known->bytes.at || wire_left(&known->bytes) != wire_left(&bytes) ||
	    memcmp(known->bytes.at, bytes.at, wire_left(&bytes)) != 0)
		return false;
	to->labels = known->labels;
	to->n_labels = known->n_labels;
	return true;
}

static void keep_set(struct decoder *d, struct wire bytes, struct profile_sample *to)
{
	to->n_labels = (size_t)(d->model->labels + d->n_labels - to->labels);
	if (bytes.at)
		*place_of_set(d, bytes) = (struct known_set){ bytes, to->labels, to->n_labels };
}

static int read_sample(struct decoder *d, struct wire message, struct profile_sample *to)
{
	struct wire labels = {}; /* from the first one on: everybody writes them last */
	struct wire_field f;
	bool are_last = true;
	int r;

	for (const uint8_t *begin = message.at; (r = wire_next(&message, &f)) == 0; begin = message.at) {
		are_last &= !labels.at || f.number == SAMPLE_LABEL;
		if (f.number == SAMPLE_LABEL && !labels.at) {
			labels = (struct wire){ begin, message.end };
			if (take_known_set(d, labels, to))
				return 0;
		}
		if (f.number == SAMPLE_LOCATION)
			r = decode_stack(d, f.bytes);
		else if (f.number == SAMPLE_VALUE)
			r = decode_values(d, f.bytes);
		else if (f.number == SAMPLE_LABEL)
			r = decode_label(d, f.bytes);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	keep_set(d, are_last ? labels : (struct wire){}, to);
	return 0;
}

static int decode_sample(struct decoder *d, struct wire message, size_t i)
{
	struct profile_sample *to = &d->model->samples[i];
	size_t n_values = d->n_values;
	int r;

	to->locations = d->model->stacks + d->n_stacks;
	to->values = d->model->values + d->n_values;
	to->labels = d->model->labels + d->n_labels;
	r = read_sample(d, message, to);
	if (r < 0)
		return r;
	to->n_locations = (size_t)(d->model->stacks + d->n_stacks - to->locations);
	return d->n_values - n_values == d->contents.sizes.n_sample_types ? 0 : -EBADMSG;
}

static int decode_samples(struct decoder *d)
{
	return for_each(d, PROFILE_SAMPLE, decode_sample);
}

static int new_model(struct decoder *d)
{
	return model_new(&d->contents.sizes, &d->model);
}

/* Each step needs what the ones before it have made. */
static int decode(struct wire message, struct profile **ret)
{
	static int (*const steps[])(struct decoder *) = {
		new_model,       decode_strings,   decode_sample_types, decode_head,    decode_comments,
		decode_mappings, decode_functions, decode_locations,    decode_samples,
	};
	_cleanup_(decoder_done) struct decoder d = {};
	int r = contents_measure(message, &d.contents);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&d);
	if (r == 0)
		*ret = &take_ptr(d.model)->profile;
	return r;
}

int profile_decode(const void *data, size_t size, struct profile **ret)
{
	_cleanup_(buf_done) struct buf raw = {};
	const uint8_t *bytes = data;
	int r;

	if (size > PROFILE_MAX_FILE_BYTES)
		return -EFBIG;
	if (size == 0)
		return -EBADMSG; /* not even names */
	if (compression_of(data, size) != COMPRESSION_NONE) {
		r = decompress_add(data, size, PROFILE_MAX_RAW_BYTES, &raw);
		if (r < 0)
			return r;
		bytes = (const uint8_t *)raw.data;
		size = raw.size;
	}
	return decode((struct wire){ bytes, bytes + size }, ret);
}
