// SPDX-License-Identifier: Apache-2.0
#include "pprof/tables.h"

#include <stdbool.h>
#include <string.h>

#include "common/utf8.h"

_Static_assert(sizeof(struct mapping_record) == 32, "no padding");
_Static_assert(sizeof(struct location_record) == 16, "no padding");
_Static_assert(sizeof(struct label_record) == 24, "no padding");

int tables_init(struct tables *t)
{
	const struct {
		struct pool *pool;
		size_t max_records, max_bytes;
	} limits[] = {
		{ &t->strings, PROFILE_MAX_STRINGS, PROFILE_MAX_STRINGS_BYTES },
		{ &t->mappings, PROFILE_MAX_MAPPINGS, PROFILE_MAX_MAPPINGS * sizeof(struct mapping_record) },
		{ &t->functions, PROFILE_MAX_FUNCTIONS, PROFILE_MAX_FUNCTIONS * sizeof(struct function_record) },
		{ &t->locations, PROFILE_MAX_LOCATIONS, PROFILE_MAX_LOCATIONS_BYTES },
		{ &t->label_sets, PROFILE_MAX_LABEL_SETS, PROFILE_MAX_LABEL_SETS_BYTES },
		{ &t->samples, PROFILE_MAX_SAMPLES, PROFILE_MAX_SAMPLES_BYTES },
	};
	uint32_t empty;
	int r;

	*t = (struct tables){};
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		r = pool_init(limits[i].pool, limits[i].max_records, limits[i].max_bytes);
		if (r < 0)
			return r;
	}
	return pool_add(&t->strings, "", 0, &empty);
}

void tables_done(struct tables *t)
{
	pool_done(&t->strings);
	pool_done(&t->mappings);
	pool_done(&t->functions);
	pool_done(&t->locations);
	pool_done(&t->label_sets);
	pool_done(&t->samples);
	free(t->values);
	*t = (struct tables){};
}

/*
 * Printable ASCII is valid as it is: nearly every string, spared a copy. Eight bytes at once: the high bit of a byte
 * is set in one of the three where it is no printable one; a borrow or carry only comes from such a byte.
 */
static bool is_plain(const char *s, size_t size)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t word, odd = 0;

	for (; size >= sizeof(word); s += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		odd |= word | (word + ones) | (word - ones * ' ');
	}
	word = ones * ' ';
	if (size)
		memcpy(&word, s, size);
	odd |= word | (word + ones) | (word - ones * ' ');
	return (odd & ones << 7) == 0;
}

static int add_made_valid(struct tables *t, const char *s, size_t size, uint32_t *ret)
{
	_cleanup_(buf_done) struct buf valid = {};
	int r;

	r = utf8_add_valid(&valid, s, size, PROFILE_MAX_STRING_BYTES);
	if (r < 0)
		return r;
	return pool_add(&t->strings, valid.data, valid.size, ret);
}

int tables_add_string(struct tables *t, const char *s, uint32_t *ret)
{
	size_t size = s ? strnlen(s, PROFILE_MAX_STRING_BYTES + 1) : 0;

	if (size > PROFILE_MAX_STRING_BYTES || !is_plain(s, size))
		return add_made_valid(t, s, size, ret);
	return pool_add(&t->strings, s, size, ret);
}

int tables_add_mapping(struct tables *t, const struct profile_mapping *m, uint32_t *ret)
{
	struct mapping_record record = { .start = m->start, .limit = m->limit, .file_offset = m->file_offset };
	int r;

	r = tables_add_string(t, m->filename, &record.filename);
	if (r < 0)
		return r;
	r = tables_add_string(t, m->build_id, &record.build_id);
	if (r < 0)
		return r;
	return pool_add(&t->mappings, &record, sizeof(record), ret);
}

int tables_add_function(struct tables *t, const struct frame *f, uint32_t *ret)
{
	struct function_record record = { .start_line = f->start_line };
	int r;

	r = tables_add_string(t, f->function, &record.name);
	if (r < 0)
		return r;
	record.system_name = record.name;
	if (f->linkage_name)
		r = tables_add_string(t, f->linkage_name, &record.system_name);
	if (r < 0)
		return r;
	r = tables_add_string(t, f->file, &record.filename);
	if (r < 0)
		return r;
	return pool_add(&t->functions, &record, sizeof(record), ret);
}

static int reserve_values(struct tables *t)
{
	size_t capacity = t->values_capacity ? 2 * t->values_capacity : 64;
	struct sample_values *values;

	if (t->samples.n < t->values_capacity)
		return 0;
	values = reallocarray(t->values, capacity, sizeof(*values));
	if (!values)
		return -ENOMEM;
	t->values = values;
	t->values_capacity = capacity;
	return 0;
}

static bool add_overflows(uint64_t sum, uint64_t more)
{
	return more > INT64_MAX || sum > INT64_MAX - more;
}

int tables_add_sample(struct tables *t, const struct sample_record *s, size_t size, uint64_t count, uint64_t cpu_ns)
{
	size_t n_before = t->samples.n;
	struct sample_values *values;
	uint32_t number;
	int r;

	if (add_overflows(0, count) || add_overflows(0, cpu_ns))
		return -ERANGE;
	r = reserve_values(t);
	if (r < 0)
		return r;
	r = pool_add(&t->samples, s, size, &number);
	if (r < 0)
		return r;
	values = &t->values[number];
	if (number == n_before)
		*values = (struct sample_values){};
	if (add_overflows(values->count, count) || add_overflows(values->cpu_ns, cpu_ns))
		return -ERANGE;
	values->count += count;
	values->cpu_ns += cpu_ns;
	return 0;
}

const char *tables_string(const struct tables *t, uint32_t number, size_t *ret_size)
{
	return pool_get(&t->strings, number, ret_size);
}

const struct mapping_record *tables_mapping(const struct tables *t, uint32_t number)
{
	size_t size;

	return pool_get(&t->mappings, number, &size);
}

const struct function_record *tables_function(const struct tables *t, uint32_t number)
{
	size_t size;

	return pool_get(&t->functions, number, &size);
}

const struct location_record *tables_location(const struct tables *t, uint32_t number)
{
	size_t size;

	return pool_get(&t->locations, number, &size);
}

const struct label_record *tables_label_set(const struct tables *t, uint32_t number, size_t *ret_n)
{
	size_t size;
	const struct label_record *labels = pool_get(&t->label_sets, number, &size);

	*ret_n = size / sizeof(*labels);
	return labels;
}

const struct sample_record *tables_sample(const struct tables *t, uint32_t number, size_t *ret_n_locations)
{
	size_t size;
	const struct sample_record *sample = pool_get(&t->samples, number, &size);

	*ret_n_locations = (size - sizeof(*sample)) / sizeof(sample->locations[0]);
	return sample;
}
