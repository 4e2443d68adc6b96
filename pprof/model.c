// SPDX-License-Identifier: Apache-2.0
#include "pprof/model.h"

/* An array behind the ones before it; at is NULL while all is only measured. What has no alignment comes last. */
static void *lay_out(char *at, size_t *size, size_t n, size_t element_bytes)
{
	char *array = at ? at + *size : NULL;

	*size += n * element_bytes;
	return array;
}

/* Returns the bytes of all. */
static size_t lay_out_arrays(struct model *m, const struct model_sizes *sizes, char *at)
{
	size_t size = sizeof(*m);

	m->sample_types = lay_out(at, &size, sizes->n_sample_types, sizeof(*m->sample_types));
	m->mappings = lay_out(at, &size, sizes->n_mappings, sizeof(*m->mappings));
	m->functions = lay_out(at, &size, sizes->n_functions, sizeof(*m->functions));
	m->locations = lay_out(at, &size, sizes->n_locations, sizeof(*m->locations));
	m->samples = lay_out(at, &size, sizes->n_samples, sizeof(*m->samples));
	m->stacks = lay_out(at, &size, sizes->n_stacks, sizeof(const struct profile_location *));
	m->values = lay_out(at, &size, sizes->n_values, sizeof(*m->values));
	m->labels = lay_out(at, &size, sizes->n_labels, sizeof(*m->labels));
	m->comments = lay_out(at, &size, sizes->n_comments, sizeof(const char *));
	m->strings = lay_out(at, &size, sizes->n_strings, sizeof(const char *));
	m->text = lay_out(at, &size, sizes->n_text_bytes, 1);
	return size;
}

int model_new(const struct model_sizes *sizes, struct model **ret)
{
	size_t size = lay_out_arrays(&(struct model){}, sizes, NULL);
	struct model *m;

	if (size > MODEL_MAX_BYTES)
		return -EFBIG;
	m = malloc(size);
	if (!m)
		return -ENOMEM;
	*m = (struct model){ .n_bytes = size };
	lay_out_arrays(m, sizes, (char *)m);
	m->profile = (struct profile){
		.sample_types = m->sample_types,
		.n_sample_types = sizes->n_sample_types,
		.samples = m->samples,
		.n_samples = sizes->n_samples,
		.mappings = m->mappings,
		.n_mappings = sizes->n_mappings,
		.locations = m->locations,
		.n_locations = sizes->n_locations,
		.functions = m->functions,
		.n_functions = sizes->n_functions,
		.comments = m->comments,
		.n_comments = sizes->n_comments,
	};
	*ret = m;
	return 0;
}

/* Most locations have one. */
int model_more_lines(struct model *m)
{
	size_t more = m->lines_capacity ? m->lines_capacity : m->profile.n_locations + 1;
	struct profile_line *lines;

	if (more * sizeof(*lines) > MODEL_MAX_BYTES - m->n_bytes)
		return -EFBIG;
	lines = reallocarray(m->lines, m->lines_capacity + more, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	m->lines = lines;
	m->lines_capacity += more;
	m->n_bytes += more * sizeof(*lines);
	return 0;
}

void model_place_lines(struct model *m)
{
	const struct profile_line *next = m->lines;

	if (!next)
		return; /* no location has any */
	for (size_t i = 0; i < m->profile.n_locations; i++) {
		m->locations[i].lines = next;
		next += m->locations[i].n_lines;
	}
}

struct model *model_free(struct model *m)
{
	if (!m)
		return NULL;
	free(m->lines);
	free(m->more_labels);
	free(m);
	return NULL;
}
