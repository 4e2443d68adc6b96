// SPDX-License-Identifier: Apache-2.0
#include "report/pyroscope-sum.h"

#include "pprof/build.h"
#include "pprof/profile.h"
#include "report/engine-frames.h"
#include "report/engine-server.h"

void pyroscope_sum_done(struct pyroscope_sum *s)
{
	buf_done(&s->frames);
	buf_done(&s->locations);
}

/* What had no name was given one to be pushed. */
static struct frame frame_of(const struct profile_location *l, const struct profile_line *line,
			     const struct profile_mapping *mapping)
{
	struct frame f = { .mapping = mapping, .addr = l->address };

	if (!line || !line->function || engine_frame_is_place(line->function->name, profile_module(l), &f.addr))
		return f;
	f.function = line->function->name;
	f.linkage_name = line->function->system_name;
	f.file = line->function->filename;
	f.line = line->line > 0 && line->line <= UINT32_MAX ? (uint32_t)line->line : 0;
	f.start_line = line->function->start_line > 0 && line->function->start_line <= UINT32_MAX
			       ? (uint32_t)line->function->start_line
			       : 0;
	return f;
}

static int add_location(struct buf *frames, const struct profile_location *l, const struct profile_mapping *mapping)
{
	size_t n = l->n_lines ? l->n_lines : 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct frame f = frame_of(l, l->n_lines ? &l->lines[i] : NULL, mapping);

		f.inlined = i + 1 < n;
		r = buf_add(frames, &f, sizeof(f));
	}
	return r;
}

static int make_mappings(const struct profile *profile, struct profile_mapping **ret)
{
	struct profile_mapping *mappings = calloc(profile->n_mappings + 1, sizeof(*mappings));

	if (!mappings)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_mappings; i++) {
		const struct profile_map *m = &profile->mappings[i];

		mappings[i] = (struct profile_mapping){ m->start, m->limit, m->file_offset, m->filename, m->build_id };
	}
	*ret = mappings;
	return 0;
}

/* The stack's locations into sum->locations. */
static int add_stack(struct pyroscope_sum *sum, const struct profile *profile, const struct profile_mapping *mappings,
		     const struct profile_sample *s)
{
	int r = 0;

	buf_clear(&sum->frames);
	buf_clear(&sum->locations);
	for (size_t i = 0; r == 0 && i < s->n_locations; i++) {
		const struct profile_location *l = s->locations[i];

		r = add_location(&sum->frames, l, l->mapping ? &mappings[l->mapping - profile->mappings] : NULL);
	}
	return r < 0 ? r
		     : profile_builder_add_frames(sum->builder, (const struct frame *)(const void *)sum->frames.data,
						  sum->frames.size / sizeof(struct frame), &sum->locations);
}

static int add_sample(struct pyroscope_sum *sum, const struct profile *profile, const struct profile_mapping *mappings,
		      const struct profile_sample *s)
{
	int64_t value = s->values[profile->default_type];
	int64_t *total = sum->is_cpu ? &sum->host->cpu_ns : &sum->host->n_samples;
	int r = value < 0 ? -EBADMSG : add_stack(sum, profile, mappings, s);

	if (r == 0 && __builtin_add_overflow(*total, value, total))
		r = -ERANGE;
	if (r < 0)
		return r;
	return profile_builder_add_sample(sum->builder, sum->labels,
					  (const uint32_t *)(const void *)sum->locations.data,
					  sum->locations.size / sizeof(uint32_t), sum->is_cpu ? 0 : (uint64_t)value,
					  sum->is_cpu ? (uint64_t)value : 0);
}

int pyroscope_sum_add(struct pyroscope_sum *sum, const struct profile *profile)
{
	_cleanup_free_ struct profile_mapping *mappings = NULL;
	int r = make_mappings(profile, &mappings);

	for (size_t i = 0; r == 0 && i < profile->n_samples; i++)
		r = add_sample(sum, profile, mappings, &profile->samples[i]);
	return r;
}
