// SPDX-License-Identifier: Apache-2.0
#include "pprof/contents.h"

static int count_bytes(const struct wire_field *f, size_t *n)
{
	++*n;
	return f->type == WIRE_BYTES ? 0 : -EBADMSG;
}

static int measure_sample(struct contents *c, struct wire message)
{
	struct wire_field f;
	int r;

	while ((r = wire_next(&message, &f)) == 0) {
		if (f.number == SAMPLE_LOCATION)
			r = wire_count(&f, &c->sizes.n_stacks);
		else if (f.number == SAMPLE_VALUE)
			r = wire_count(&f, &c->sizes.n_values);
		else if (f.number == SAMPLE_LABEL)
			r = count_bytes(&f, &c->sizes.n_labels);
		if (r < 0)
			break;
	}
	return r < 0 ? r : 0;
}

/* The last one is the period type, whole: what it leaves out is 0, whatever one before it said. */
static int take_period_type(struct contents *c, const struct wire_field *f)
{
	return f->type == WIRE_BYTES ? wire_numbers(f->bytes, c->period_type, VALUE_TYPE_N_FIELDS) : -EBADMSG;
}

static int measure_field(struct contents *c, const struct wire_field *f)
{
	struct model_sizes *sizes = &c->sizes;
	int r;

	switch (f->number) {
	case PROFILE_SAMPLE_TYPE:
		return count_bytes(f, &sizes->n_sample_types);
	case PROFILE_SAMPLE:
		r = count_bytes(f, &sizes->n_samples);
		return r < 0 ? r : measure_sample(c, f->bytes);
	case PROFILE_MAPPING:
		return count_bytes(f, &sizes->n_mappings);
	case PROFILE_LOCATION:
		return count_bytes(f, &sizes->n_locations);
	case PROFILE_FUNCTION:
		return count_bytes(f, &sizes->n_functions);
	case PROFILE_STRING:
		sizes->n_text_bytes += wire_left(&f->bytes) + 1;
		return count_bytes(f, &sizes->n_strings);
	case PROFILE_PERIOD_TYPE:
		return take_period_type(c, f);
	case PROFILE_COMMENT:
		return wire_count(f, &sizes->n_comments);
	default:
		return wire_number(f, c->numbers, PROFILE_N_FIELDS);
	}
}

int contents_measure(struct wire message, struct contents *ret)
{
	struct contents c = {};
	struct wire_field f;
	int r = 0;

	while (r == 0) {
		const uint8_t *begin = message.at;

		r = wire_next(&message, &f);
		if (r != 0)
			break;
		if (f.number >= PROFILE_N_FIELDS)
			continue;
		r = measure_field(&c, &f);
		if (!c.spans[f.number].at)
			c.spans[f.number].at = begin;
		c.spans[f.number].end = message.at;
	}
	if (r < 0)
		return r;
	*ret = c;
	return 0;
}
