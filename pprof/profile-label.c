// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "pprof/model.h"

static size_t count_missing(const struct profile *p, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		if (!profile_find_label(&p->samples[i], key))
			n += p->samples[i].n_labels + 1;
	return n;
}

int profile_set_missing_label(struct profile *p, const char *key, const char *value)
{
	struct model *m = (struct model *)p; /* as in profile_free() */
	size_t n = count_missing(p, key);
	struct profile_label *labels;

	assert(!m->more_labels);
	if (n == 0)
		return 0;
	labels = m->more_labels = calloc(n, sizeof(*labels));
	if (!labels)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_samples; i++) {
		struct profile_sample *s = &m->samples[i];

		if (profile_find_label(s, key))
			continue;
		if (s->n_labels > 0)
			memcpy(labels, s->labels, s->n_labels * sizeof(*labels));
		s->labels = labels;
		labels += s->n_labels;
		*labels++ = (struct profile_label){ .key = key, .str = value };
		s->n_labels++;
	}
	return 0;
}
