// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a profile, by our decoder and by protobuf-c: what protobuf-c cannot read is refused, and so is what it
 * reads but what refers to something that is not there; all else is accepted, and says the same.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/compress.h"
#include "oracle.pb-c.h"
#include "pprof/profile.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/proto-writer.h"

#define MAX_INPUT_BYTES ((size_t)8 << 10) /* ids are searched one by one */

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

/* Whether it tells a string; which one. */
static bool names(const Oracle__Profile *t, int64_t index, const char **ret)
{
	if (index < 0 || (uint64_t)index >= t->n_string_table)
		return false;
	*ret = t->string_table[index];
	return true;
}

static bool says(const Oracle__Profile *t, int64_t index, const char *text)
{
	const char *s;

	return names(t, index, &s) && strcmp(s, text) == 0;
}

/* The position of what has this id, of n; n: nothing has. Every message with an id begins with it. */
#define POSITION(messages, n, wanted)                                                                                  \
	({                                                                                                             \
		size_t at_ = 0;                                                                                        \
		while (at_ < (n) && (messages)[at_]->id != (wanted))                                                   \
			at_++;                                                                                         \
		at_;                                                                                                   \
	})

/* -- whether all that is referred to is there -- */

/* protobuf-c takes a field without a number for an unknown one where that is written in more bytes than one. */
static bool are_numbered(const ProtobufCMessage *message)
{
	for (unsigned int i = 0; i < message->n_unknown_fields; i++)
		if (message->unknown_fields[i].tag == 0)
			return false;
	return true;
}

static bool are_names(const Oracle__Profile *t, const int64_t *indices, size_t n)
{
	const char *unused;

	for (size_t i = 0; i < n; i++)
		if (!names(t, indices[i], &unused))
			return false;
	return true;
}

#define ARE_NAMES(t, ...)                                                                                              \
	are_names(t, (const int64_t[]){ __VA_ARGS__ }, sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static bool is_head_sound(const Oracle__Profile *t)
{
	if (t->n_string_table == 0 || t->string_table[0][0] || t->n_sample_type == 0 || !are_numbered(&t->base))
		return false;
	for (size_t i = 0; i < t->n_sample_type; i++)
		if (!are_numbered(&t->sample_type[i]->base) ||
		    !ARE_NAMES(t, t->sample_type[i]->type, t->sample_type[i]->unit))
			return false;
	if (t->period_type && !are_numbered(&t->period_type->base))
		return false;
	return ARE_NAMES(t, t->drop_frames, t->keep_frames, t->default_sample_type, t->doc_url) &&
	       (!t->period_type || ARE_NAMES(t, t->period_type->type, t->period_type->unit)) &&
	       are_names(t, t->comment, t->n_comment);
}

static bool are_tables_sound(const Oracle__Profile *t)
{
	for (size_t i = 0; i < t->n_mapping; i++) {
		const Oracle__Mapping *m = t->mapping[i];

		if (m->id == 0 || POSITION(t->mapping, i, m->id) < i || !are_numbered(&m->base) ||
		    !ARE_NAMES(t, m->filename, m->build_id))
			return false;
	}
	for (size_t i = 0; i < t->n_function; i++) {
		const Oracle__Function *f = t->function[i];

		if (f->id == 0 || POSITION(t->function, i, f->id) < i || !are_numbered(&f->base) ||
		    !ARE_NAMES(t, f->name, f->system_name, f->filename))
			return false;
	}
	return true;
}

static bool is_location_sound(const Oracle__Profile *t, size_t i)
{
	const Oracle__Location *l = t->location[i];

	if (l->id == 0 || POSITION(t->location, i, l->id) < i || !are_numbered(&l->base))
		return false;
	if (l->mapping_id && POSITION(t->mapping, t->n_mapping, l->mapping_id) == t->n_mapping)
		return false;
	for (size_t j = 0; j < l->n_line; j++) {
		uint64_t id = l->line[j]->function_id;

		if (!are_numbered(&l->line[j]->base))
			return false;
		if (id && POSITION(t->function, t->n_function, id) == t->n_function)
			return false;
	}
	return true;
}

static bool is_sample_sound(const Oracle__Profile *t, const Oracle__Sample *s)
{
	if (s->n_value != t->n_sample_type || !are_numbered(&s->base))
		return false;
	for (size_t i = 0; i < s->n_location_id; i++)
		if (POSITION(t->location, t->n_location, s->location_id[i]) == t->n_location)
			return false;
	for (size_t i = 0; i < s->n_label; i++)
		if (!are_numbered(&s->label[i]->base) ||
		    !ARE_NAMES(t, s->label[i]->key, s->label[i]->str, s->label[i]->num_unit))
			return false;
	return true;
}

static bool is_sound(const Oracle__Profile *t)
{
	if (!is_head_sound(t) || !are_tables_sound(t))
		return false;
	for (size_t i = 0; i < t->n_location; i++)
		if (!is_location_sound(t, i))
			return false;
	for (size_t i = 0; i < t->n_sample; i++)
		if (!is_sample_sound(t, t->sample[i]))
			return false;
	return true;
}

/* -- whether both say the same -- */

static void compare_head(const Oracle__Profile *t, const struct profile *p)
{
	size_t default_type = 0;

	must(p->n_sample_types == t->n_sample_type && p->n_comments == t->n_comment);
	for (size_t i = 0; i < p->n_sample_types; i++)
		must(says(t, t->sample_type[i]->type, p->sample_types[i].type) &&
		     says(t, t->sample_type[i]->unit, p->sample_types[i].unit));
	for (size_t i = 0; i < p->n_comments; i++)
		must(says(t, t->comment[i], p->comments[i]));
	must(p->time_ns == t->time_nanos && p->duration_ns == t->duration_nanos && p->period == t->period);
	must(says(t, t->period_type ? t->period_type->type : 0, p->period_type.type) &&
	     says(t, t->period_type ? t->period_type->unit : 0, p->period_type.unit));
	must(says(t, t->doc_url, p->doc_url));
	while (default_type + 1 < p->n_sample_types &&
	       !says(t, t->default_sample_type, p->sample_types[default_type].type))
		default_type++;
	must(p->default_type == default_type);
}

static void compare_tables(const Oracle__Profile *t, const struct profile *p)
{
	must(p->n_mappings == t->n_mapping && p->n_functions == t->n_function);
	for (size_t i = 0; i < p->n_mappings; i++) {
		const struct profile_map *m = &p->mappings[i];
		const Oracle__Mapping *of = t->mapping[i];

		must(m->start == of->memory_start && m->limit == of->memory_limit && m->file_offset == of->file_offset);
		must(says(t, of->filename, m->filename) && says(t, of->build_id, m->build_id));
		must(m->has_functions == !!of->has_functions && m->has_filenames == !!of->has_filenames &&
		     m->has_line_numbers == !!of->has_line_numbers && m->has_inline_frames == !!of->has_inline_frames);
	}
	for (size_t i = 0; i < p->n_functions; i++) {
		const struct profile_function *f = &p->functions[i];
		const Oracle__Function *of = t->function[i];

		must(says(t, of->name, f->name) && says(t, of->system_name, f->system_name) &&
		     says(t, of->filename, f->filename) && f->start_line == of->start_line);
	}
}

static void compare_line(const Oracle__Profile *t, const struct profile *p, const Oracle__Line *of,
			 const struct profile_line *l)
{
	must(l->line == of->line && !l->function == !of->function_id);
	if (l->function)
		must(l->function == &p->functions[POSITION(t->function, t->n_function, of->function_id)]);
}

static void compare_locations(const Oracle__Profile *t, const struct profile *p)
{
	must(p->n_locations == t->n_location);
	for (size_t i = 0; i < p->n_locations; i++) {
		const struct profile_location *l = &p->locations[i];
		const Oracle__Location *of = t->location[i];

		must(l->address == of->address && l->is_folded == !!of->is_folded && !l->mapping == !of->mapping_id);
		if (l->mapping)
			must(l->mapping == &p->mappings[POSITION(t->mapping, t->n_mapping, of->mapping_id)]);
		must(l->n_lines == of->n_line);
		for (size_t j = 0; j < l->n_lines; j++)
			compare_line(t, p, of->line[j], &l->lines[j]);
	}
}

static void compare_label(const Oracle__Profile *t, const Oracle__Label *of, const struct profile_label *l)
{
	must(says(t, of->key, l->key) && says(t, of->num_unit, l->num_unit) && l->num == of->num);
	must(l->str ? of->str && says(t, of->str, l->str) : !of->str);
}

static void compare_samples(const Oracle__Profile *t, const struct profile *p)
{
	must(p->n_samples == t->n_sample);
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		const Oracle__Sample *of = t->sample[i];

		must(memcmp(s->values, of->value, of->n_value * sizeof(*of->value)) == 0);
		must(s->n_locations == of->n_location_id && s->n_labels == of->n_label);
		for (size_t j = 0; j < s->n_locations; j++)
			must(s->locations[j] ==
			     &p->locations[POSITION(t->location, t->n_location, of->location_id[j])]);
		for (size_t j = 0; j < s->n_labels; j++)
			compare_label(t, of->label[j], &s->labels[j]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	Oracle__Profile *t;
	int r;

	if (size > MAX_INPUT_BYTES || compression_of(data, size) != COMPRESSION_NONE)
		return 0;
	t = oracle__profile__unpack(NULL, size, data);
	r = profile_decode(data, size, &p);
	must(r == (t && is_sound(t) ? 0 : -EBADMSG));
	if (p) {
		compare_head(t, p);
		compare_tables(t, p);
		compare_locations(t, p);
		compare_samples(t, p);
	}
	if (t)
		oracle__profile__free_unpacked(t, NULL);
	return 0;
}

/* -- seeds -- */

static void put_sample(struct buf *b, bool is_packed)
{
	struct buf sample = {}, list = {};

	proto_varint(&list, 7);
	proto_varint(&list, 900);
	if (is_packed)
		proto_field(&sample, 1, list.data, list.size);
	proto_number(&sample, 1, 900);
	PROTO_MESSAGE(&sample, 3, { 1, 4 }, { 2, 3 });
	proto_number(&sample, 2, (uint64_t)-1);
	PROTO_MESSAGE(&sample, 3, { 1, 4 }, { 3, 9 }, { 4, 2 });
	proto_field(&sample, 2, "\x05", 1);
	proto_field(b, 2, sample.data, sample.size);
	buf_done(&sample);
	buf_done(&list);
}

static void put_tables(struct buf *b)
{
	struct buf location = {};

	PROTO_MESSAGE(b, 3, { 1, 300 }, { 2, 0x1000 }, { 3, 0x2000 }, { 5, 4 }, { 7, 1 }, { 8, 1 }, { 9, 1 });
	proto_number(&location, 1, 7);
	proto_number(&location, 2, 300);
	proto_number(&location, 3, 0x1234);
	PROTO_MESSAGE(&location, 4, { 1, 1 }, { 2, 13 }, { 3, 2 });
	PROTO_MESSAGE(&location, 4, { 1, 2 }, { 2, 14 });
	proto_number(&location, 5, 1);
	proto_field(b, 4, location.data, location.size);
	buf_done(&location);
	PROTO_MESSAGE(b, 4, { 1, 900 }, { 3, 0x1300 });
	PROTO_MESSAGE(b, 5, { 1, 1 }, { 2, 3 }, { 3, 3 }, { 4, 4 }, { 5, 6 });
	PROTO_MESSAGE(b, 5, { 1, 2 }, { 2, 2 });
}

static void put_strings(struct buf *b)
{
	static const char *const strings[] = { "", "cpu", "nanoseconds", "main", "/bin/x" };

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		proto_field(b, 6, strings[i], strlen(strings[i]));
}

static void put_head(struct buf *b)
{
	for (unsigned int i = 7; i < 16; i++)
		if (i != 11 && i != 13)
			proto_number(b, i, i == 12 ? 10000000 : i % 4);
	PROTO_MESSAGE(b, 11, { 1, 1 });
	proto_number(b, 13, 3);
	PROTO_MESSAGE(b, 11, { 2, 2 });
	proto_field(b, 13, "\x03\x04", 2);
}

static void put_all(struct buf *b)
{
	PROTO_MESSAGE(b, 1, { 1, 1 }, { 2, 2 });
	put_sample(b, true);
	put_tables(b);
	put_sample(b, false);
	PROTO_MESSAGE(b, 1, { 1, 3 }, { 2, 4 });
}

static void put_location_without_lines(struct buf *b)
{
	PROTO_MESSAGE(b, 1, { 1, 1 }, { 2, 2 });
	PROTO_MESSAGE(b, 4, { 1, 900 }, { 3, 0x1300 });
}

/* As others write it, in our order and in another one, with what nobody knows yet, and with next to nothing. */
const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static struct buf seed = {};
	_cleanup_(profile_freep) struct profile *p = NULL;

	if (i > 3)
		return NULL;
	buf_clear(&seed);
	if (i == 1)
		put_strings(&seed);
	if (i == 3)
		put_location_without_lines(&seed);
	else
		put_all(&seed);
	if (i == 2)
		proto_bytes(&seed,
			    "\xf9\x06"
			    "12345678"
			    "\xfd\x06"
			    "1234"
			    "\xfa\x06\x03"
			    "abc",
			    22);
	if (i != 1)
		put_strings(&seed);
	put_head(&seed);
	must(profile_decode(seed.data, seed.size, &p) == 0);
	*ret_size = seed.size;
	return seed.data;
}
