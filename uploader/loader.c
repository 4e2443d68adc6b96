// SPDX-License-Identifier: Apache-2.0
#include "uploader/loader.h"

#include <stdio.h>

#include "common/buf.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "store/selection.h"
#include "store/store.h"

int loader_init(struct loader *l, struct store *store, const struct selection *selection)
{
	*l = (struct loader){ .store = store, .selection = selection };
	return merge_new(&l->merge);
}

void loader_done(struct loader *l)
{
	merge_free(l->merge);
	*l = (struct loader){};
}

int loader_note_gone(struct loader *l)
{
	l->loaded.n_gone++;
	return 0;
}

static int merge(struct loader *l, struct profile *profile)
{
	int r = l->selection ? selection_keep_samples(l->selection, profile) : 0;

	return r < 0 ? r : merge_add(l->merge, profile);
}

int loader_add(struct loader *l, const struct window_info *info)
{
	_cleanup_(profile_freep) struct profile *profile = NULL;
	int r = store_load(l->store, info, &profile);

	if (r == STORE_GONE)
		return loader_note_gone(l);
	if (r == 0)
		r = merge(l, profile);
	if (r < 0)
		return r;
	l->loaded.n_unreadable += r > 0; /* STORE_BAD, MERGE_FOREIGN */
	l->loaded.n_windows += r == 0;
	if (r == 0)
		snprintf(l->loaded.host, sizeof(l->loaded.host), "%s", info->host);
	return 0;
}

int loader_end(struct loader *l, const char *id, struct loaded *ret)
{
	const struct merge_options options = { .id = id };
	_cleanup_(buf_done) struct buf merged = {};
	int r = 0;

	if (l->loaded.n_windows > 0)
		r = merge_encode(l->merge, &options, &merged);
	if (r == 0 && l->loaded.n_windows > 0)
		r = profile_decode(merged.data, merged.size, &l->loaded.profile);
	if (r == 0)
		*ret = l->loaded;
	return r;
}
