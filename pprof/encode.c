// SPDX-License-Identifier: Apache-2.0
#include "pprof/encode.h"

#include <assert.h>
#include <string.h>

#include "pprof/fields.h"
#include "pprof/message.h"
#include "pprof/profile.pb-c.h"

/* Numbers count from 0 in the tables and from 1 in the format. */
#define ID(number) ((uint64_t)(number) + 1)

/* What the largest message of each kind needs, used again for every one. */
struct scratch {
	uint64_t *location_ids;
	Perftools__Profiles__Label *labels;
	Perftools__Profiles__Label **label_ptrs;
	Perftools__Profiles__Line *lines;
	Perftools__Profiles__Line **line_ptrs;
	Perftools__Profiles__Mapping *mappings; /* all of them, in the tables' order */
};

static void scratch_done(struct scratch *s)
{
	free(s->location_ids);
	free(s->labels);
	free(s->label_ptrs);
	free(s->lines);
	free(s->line_ptrs);
	free(s->mappings);
}

static int scratch_init(struct scratch *s, const struct tables *t)
{
	size_t n_ids = t->samples.largest_bytes / sizeof(uint32_t) + 1;
	size_t n_labels = t->label_sets.largest_bytes / sizeof(struct label_record) + 1;
	size_t n_lines = t->locations.largest_bytes / sizeof(struct line_record) + 1;

	s->location_ids = calloc(n_ids, sizeof(*s->location_ids));
	s->labels = calloc(n_labels, sizeof(*s->labels));
	s->label_ptrs = calloc(n_labels, sizeof(Perftools__Profiles__Label *));
	s->lines = calloc(n_lines, sizeof(*s->lines));
	s->line_ptrs = calloc(n_lines, sizeof(Perftools__Profiles__Line *));
	s->mappings = calloc(t->mappings.n + 1, sizeof(*s->mappings));
	if (!s->location_ids || !s->labels || !s->label_ptrs || !s->lines || !s->line_ptrs || !s->mappings)
		return -ENOMEM;
	for (size_t i = 0; i < n_labels; i++)
		s->label_ptrs[i] = &s->labels[i];
	for (size_t i = 0; i < n_lines; i++)
		s->line_ptrs[i] = &s->lines[i];
	return 0;
}

static int fill_value_type(struct tables *t, const char *type, const char *unit, Perftools__Profiles__ValueType *ret)
{
	uint32_t type_number, unit_number;
	int r;

	r = tables_add_string(t, type, &type_number);
	if (r < 0)
		return r;
	r = tables_add_string(t, unit, &unit_number);
	if (r < 0)
		return r;
	perftools__profiles__value_type__init(ret);
	ret->type = type_number;
	ret->unit = unit_number;
	return 0;
}

/* A Profile message of its own: in the wire format, messages one behind the other are one message. */
static int encode_head_with(const struct profile_head *head, Perftools__Profiles__ValueType *samples,
			    Perftools__Profiles__ValueType *cpu, struct buf *b)
{
	Perftools__Profiles__ValueType *types[] = { samples, cpu };
	Perftools__Profiles__Profile m = PERFTOOLS__PROFILES__PROFILE__INIT;
	_cleanup_free_ int64_t *comments = calloc(head->n_comments + 1, sizeof(*comments));

	if (!comments)
		return -ENOMEM;
	for (size_t i = 0; i < head->n_comments; i++)
		comments[i] = head->comments[i];
	m.sample_type = types;
	m.n_sample_type = ARRAY_SIZE(types);
	m.time_nanos = head->time_ns;
	m.duration_nanos = head->duration_ns;
	m.period_type = cpu;
	m.period = head->period_ns;
	m.comment = comments;
	m.n_comment = head->n_comments;
	m.default_sample_type = cpu->type;
	m.doc_url = head->doc_url;
	return message_add(b, &m.base);
}

static int encode_head(struct tables *t, const struct profile_head *head, struct buf *b)
{
	Perftools__Profiles__ValueType samples, cpu;
	int r;

	r = fill_value_type(t, "samples", "count", &samples);
	if (r < 0)
		return r;
	r = fill_value_type(t, "cpu", "nanoseconds", &cpu);
	if (r < 0)
		return r;
	return encode_head_with(head, &samples, &cpu, b);
}

static int encode_strings(const struct tables *t, struct buf *b)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < t->strings.n; i++) {
		size_t size;
		const char *s = tables_string(t, i, &size);

		r = message_add_bytes(b, PROFILE_STRING, s, size);
	}
	return r;
}

static size_t fill_labels(const struct tables *t, uint32_t label_set, struct scratch *s)
{
	size_t n;
	const struct label_record *records = tables_label_set(t, label_set, &n);

	for (size_t i = 0; i < n; i++) {
		perftools__profiles__label__init(&s->labels[i]);
		s->labels[i].key = records[i].key;
		s->labels[i].str = records[i].str;
		s->labels[i].num = records[i].num;
		s->labels[i].num_unit = records[i].num_unit;
	}
	return n;
}

static int encode_sample(const struct tables *t, uint32_t number, struct scratch *s, struct buf *b)
{
	Perftools__Profiles__Sample m = PERFTOOLS__PROFILES__SAMPLE__INIT;
	const struct sample_values *values = &t->values[number];
	int64_t columns[] = { (int64_t)values->count, (int64_t)values->cpu_ns };
	const struct sample_record *record = tables_sample(t, number, &m.n_location_id);

	for (size_t i = 0; i < m.n_location_id; i++)
		s->location_ids[i] = ID(record->locations[i]);
	m.location_id = s->location_ids;
	m.value = columns;
	m.n_value = ARRAY_SIZE(columns);
	m.label = s->label_ptrs;
	m.n_label = fill_labels(t, record->label_set, s);
	return message_add_field(b, PROFILE_SAMPLE, &m.base);
}

static int encode_samples(const struct tables *t, struct scratch *s, struct buf *b)
{
	for (uint32_t i = 0; i < t->samples.n; i++) {
		int r = encode_sample(t, i, s, b);

		if (r < 0)
			return r;
	}
	return 0;
}

static int encode_functions(const struct tables *t, struct buf *b)
{
	for (uint32_t i = 0; i < t->functions.n; i++) {
		Perftools__Profiles__Function m = PERFTOOLS__PROFILES__FUNCTION__INIT;
		const struct function_record *record = tables_function(t, i);
		int r;

		m.id = ID(i);
		m.name = record->name;
		m.system_name = record->system_name;
		m.filename = record->filename;
		m.start_line = record->start_line;
		r = message_add_field(b, PROFILE_FUNCTION, &m.base);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The main mapping moves to the front, those before it one back. */
static uint64_t mapping_id(uint32_t number, uint32_t main_mapping)
{
	if (number == main_mapping)
		return 1;
	return number < main_mapping ? ID(number) + 1 : ID(number);
}

static void fill_mappings(const struct tables *t, uint32_t main_mapping, Perftools__Profiles__Mapping *mappings)
{
	for (uint32_t i = 0; i < t->mappings.n; i++) {
		const struct mapping_record *record = tables_mapping(t, i);

		perftools__profiles__mapping__init(&mappings[i]);
		mappings[i].id = mapping_id(i, main_mapping);
		mappings[i].memory_start = record->start;
		mappings[i].memory_limit = record->limit;
		mappings[i].file_offset = record->file_offset;
		mappings[i].filename = record->filename;
		mappings[i].build_id = record->build_id;
	}
}

/* What this location tells of its mapping: the flags say what is really there. */
static void note_known(const struct tables *t, const struct location_record *location, Perftools__Profiles__Mapping *m)
{
	for (uint32_t i = 0; i < location->n_lines; i++) {
		m->has_functions = true;
		m->has_filenames |= tables_function(t, location->lines[i].function)->filename != 0;
		m->has_line_numbers |= location->lines[i].line != 0;
	}
	m->has_inline_frames |= location->n_lines > 1;
}

static int encode_location(const struct tables *t, uint32_t number, struct scratch *s, struct buf *b)
{
	Perftools__Profiles__Location m = PERFTOOLS__PROFILES__LOCATION__INIT;
	const struct location_record *record = tables_location(t, number);

	m.id = ID(number);
	m.address = record->address;
	if (record->mapping != NO_MAPPING) {
		m.mapping_id = s->mappings[record->mapping].id;
		note_known(t, record, &s->mappings[record->mapping]);
	}
	for (uint32_t i = 0; i < record->n_lines; i++) {
		perftools__profiles__line__init(&s->lines[i]);
		s->lines[i].function_id = ID(record->lines[i].function);
		s->lines[i].line = record->lines[i].line;
	}
	m.line = s->line_ptrs;
	m.n_line = record->n_lines;
	return message_add_field(b, PROFILE_LOCATION, &m.base);
}

static int encode_locations(const struct tables *t, struct scratch *s, struct buf *b)
{
	for (uint32_t i = 0; i < t->locations.n; i++) {
		int r = encode_location(t, i, s, b);

		if (r < 0)
			return r;
	}
	return 0;
}

static int encode_mappings(const struct tables *t, uint32_t main_mapping, struct scratch *s, struct buf *b)
{
	int r;

	if (t->mappings.n == 0)
		return 0;
	assert(main_mapping < t->mappings.n);
	r = message_add_field(b, PROFILE_MAPPING, &s->mappings[main_mapping].base);
	for (uint32_t i = 0; r == 0 && i < t->mappings.n; i++)
		if (i != main_mapping)
			r = message_add_field(b, PROFILE_MAPPING, &s->mappings[i].base);
	return r;
}

static int encode_tables(const struct tables *t, uint32_t main_mapping, struct buf *b)
{
	_cleanup_(scratch_done) struct scratch s = {};
	int r;

	r = scratch_init(&s, t);
	if (r < 0)
		return r;
	fill_mappings(t, main_mapping, s.mappings);
	r = encode_samples(t, &s, b);
	if (r < 0)
		return r;
	r = encode_locations(t, &s, b); /* before the mappings: it finds out their has_* flags */
	if (r < 0)
		return r;
	r = encode_mappings(t, main_mapping, &s, b);
	if (r < 0)
		return r;
	r = encode_functions(t, b);
	if (r < 0)
		return r;
	return encode_strings(t, b);
}

int encode_profile(struct tables *t, const struct profile_head *head, struct buf *ret)
{
	size_t start = ret->size;
	int r;

	r = encode_head(t, head, ret);
	if (r == 0)
		r = encode_tables(t, head->main_mapping, ret);
	if (r < 0 && ret->data) {
		ret->size = start;
		ret->data[start] = 0;
	}
	return r;
}
