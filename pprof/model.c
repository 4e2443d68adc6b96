// SPDX-License-Identifier: Apache-2.0
#include "pprof/model.h"

static void *new_array(size_t n, size_t size)
{
	return calloc(n ? n : 1, size);
}

static int new_arrays(struct model *m, const struct model_sizes *sizes)
{
	m->sample_types = new_array(sizes->n_sample_types, sizeof(*m->sample_types));
	m->mappings = new_array(sizes->n_mappings, sizeof(*m->mappings));
	m->functions = new_array(sizes->n_functions, sizeof(*m->functions));
	m->locations = new_array(sizes->n_locations, sizeof(*m->locations));
	m->lines = new_array(sizes->n_lines, sizeof(*m->lines));
	m->samples = new_array(sizes->n_samples, sizeof(*m->samples));
	m->stacks = new_array(sizes->n_stacks, sizeof(const struct profile_location *));
	m->values = new_array(sizes->n_values, sizeof(*m->values));
	m->labels = new_array(sizes->n_labels, sizeof(*m->labels));
	m->comments = new_array(sizes->n_comments, sizeof(*m->comments));
	if (!m->sample_types || !m->mappings || !m->functions || !m->locations || !m->lines || !m->samples ||
	    !m->stacks || !m->values || !m->labels || !m->comments)
		return -ENOMEM;
	return 0;
}

int model_new(const struct model_sizes *sizes, struct model **ret)
{
	_cleanup_(model_freep) struct model *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	r = new_arrays(m, sizes);
	if (r < 0)
		return r;
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
	*ret = take_ptr(m);
	return 0;
}

struct model *model_free(struct model *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; i < m->n_strings; i++)
		free(m->strings[i]);
	free(m->strings);
	free(m->sample_types);
	free(m->mappings);
	free(m->functions);
	free(m->locations);
	free(m->lines);
	free(m->samples);
	free(m->stacks);
	free(m->values);
	free(m->labels);
	free(m->more_labels);
	free(m->comments);
	free(m);
	return NULL;
}
