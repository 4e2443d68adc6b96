// SPDX-License-Identifier: Apache-2.0
#include "pprof/part.h"

#include "pprof/build.h"
#include "pprof/copier.h"

static bool is_of_main(const struct profile_part *part, const struct profile_sample *s)
{
	for (size_t i = 0; i < s->n_locations; i++)
		if (s->locations[i]->mapping && s->locations[i]->mapping == part->profile->mappings)
			return true;
	return false;
}

/* The program itself stays the first of the mappings where the part has any of it. */
static int set_main(struct profile_builder *b, const struct profile_part *part)
{
	const struct profile_map *m = part->profile->mappings;

	for (size_t i = 0; i < part->n_samples; i++)
		if (is_of_main(part, part->samples[i])) {
			const struct profile_mapping mapping = { m->start, m->limit, m->file_offset, m->filename,
								 m->build_id };

			return profile_builder_set_main(b, &mapping);
		}
	return 0;
}

static int add_samples(struct profile_builder *b, const struct profile_part *part,
		       const struct profile_part_options *options)
{
	_cleanup_(copier_done) struct copier c = {};
	int r = copier_init(&c, b, NULL, part->profile);

	c.max_locations = options->max_frames;
	c.names_frames = options->names_frames;
	c.without = part->series;
	c.n_without = options->drops_series_labels ? part->n_series : 0;
	for (size_t i = 0; r == 0 && i < part->n_samples; i++)
		r = copier_add(&c, part->samples[i]);
	return r;
}

int profile_part_encode(const struct profile_part *part, const struct profile_part_options *options, struct buf *ret)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	const struct profile *p = part->profile;
	const struct profile_meta meta = {
		.time_ns = p->time_ns + options->shift_ns,
		.duration_ns = p->duration_ns,
		.period_ns = p->period,
		.doc_url = p->doc_url,
	};
	int r;

	r = profile_builder_new(&b);
	if (r == 0)
		r = set_main(b, part);
	if (r == 0)
		r = add_samples(b, part, options);
	for (size_t i = 0; r == 0 && i < p->n_comments; i++)
		r = profile_builder_add_comment(b, p->comments[i]);
	return r < 0 ? r : profile_builder_encode(b, &meta, ret);
}
