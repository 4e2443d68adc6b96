// SPDX-License-Identifier: Apache-2.0
#include "pprof/profile.h"

#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "pprof/model.h"

struct profile *profile_free(struct profile *p)
{
	model_free((struct model *)p); /* its first member */
	return NULL;
}

const char *profile_map_module(const struct profile_map *m)
{
	const char *slash = strrchr(m->filename, '/');

	return slash && slash[1] ? slash + 1 : m->filename;
}

const char *profile_module(const struct profile_location *l)
{
	return l->mapping ? profile_map_module(l->mapping) : "";
}

void profile_keep_samples(struct profile *p, const bool *is_kept)
{
	struct profile_sample *samples = ((struct model *)p)->samples; /* as in profile_free() */
	size_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		if (is_kept[i])
			samples[n++] = samples[i];
	p->n_samples = n;
}

int profile_add_frame_name(const struct profile_location *l, const struct profile_line *line, struct buf *ret)
{
	bool is_named = line && line->function && *line->function->name;
	const char *name = is_named ? line->function->name : profile_module(l);
	int r = utf8_add_valid(ret, name, strlen(name), PROFILE_MAX_NAME_BYTES);

	if (r < 0 || is_named)
		return r;
	return buf_printf(ret, "%s0x%" PRIx64, *name ? "+" : "", l->address);
}

const struct profile_label *profile_find_label(const struct profile_sample *s, const char *key)
{
	for (size_t i = 0; i < s->n_labels; i++)
		if (strcmp(s->labels[i].key, key) == 0)
			return &s->labels[i];
	return NULL;
}
