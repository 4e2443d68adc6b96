// SPDX-License-Identifier: Apache-2.0
/* store catalogue: which catalogue a store goes by, and its rows, without which it can do. */
#include "store/store-inside.h"

void store_close_catalogue(struct store *s)
{
	chosen_done(&s->chosen);
	s->catalogue = catalogue_unref(s->catalogue);
	s->is_private = s->is_copy = false;
}

int store_discard_catalogue(struct store *s)
{
	int r = s->is_private ? 0 : catalogue_discard(take_ptr(s->catalogue), s->dir_fd);

	store_close_catalogue(s);
	return r;
}

/* One who adds rows and cannot does not gather them; one who reads makes his own. */
int store_open_catalogue(struct store *s)
{
	enum catalogue_access access = s->access == STORE_READ ? CATALOGUE_READ : CATALOGUE_WRITE;
	int r;

	store_close_catalogue(s);
	r = catalogue_open(s->dir_fd, access, &s->catalogue, &s->catalogue_fault);
	s->counts.catalogue_fault = s->catalogue_fault;
	if (r != CATALOGUE_UNUSABLE || s->access == STORE_WRITE)
		return r < 0 ? r : 0;
	s->is_private = true;
	return catalogue_open(s->dir_fd, CATALOGUE_MEMORY, &s->catalogue, &(const char *){ NULL });
}

int store_look_at_catalogue(struct store *s)
{
	if (s->catalogue && !s->is_copy && !catalogue_is_stale(s->catalogue))
		return 0;
	return store_open_catalogue(s);
}

/* For what is kept of it in memory: a reader goes on, whatever is wrong with the one on disk. */
static int use_memory(struct store *s)
{
	store_close_catalogue(s);
	s->is_private = true;
	s->counts.catalogue_fault = "is damaged";
	return catalogue_open(s->dir_fd, CATALOGUE_MEMORY, &s->catalogue, &(const char *){ NULL });
}

int store_refresh(struct store *s, int64_t since_ns, int64_t until_ns)
{
	int r = store_look_at_catalogue(s);

	if (r == 0 && !s->catalogue) /* of one who writes: he would gather rows */
		return -EROFS;
	if (r == 0)
		r = reconcile(s, since_ns, until_ns);
	if (r < 0 && r != -ENOMEM && !s->is_private) {
		if (r == -EBADMSG && s->access == STORE_MAINTAIN && store_discard_catalogue(s) == 0)
			r = store_open_catalogue(s);
		else
			r = use_memory(s);
		if (r == 0)
			r = reconcile(s, since_ns, until_ns);
	}
	return r;
}

/* Rows that cannot be written are made anew from the files, by whoever can. */
static void note_row(struct store *s, int r)
{
	s->counts.n_catalogue_failures += r < 0;
	if (r == 0)
		s->counts.catalogue_fault = s->catalogue_fault;
	if (r == -EBADMSG && store_discard_catalogue(s) < 0)
		s->counts.catalogue_fault = "is damaged";
}

/* A catalogue that can be written, or -errno. */
static int prepare_catalogue(struct store *s)
{
	if (!s->is_private && !catalogue_has_room(s->dir_fd)) {
		s->counts.catalogue_fault = "finds no room on the disk";
		return -ENOSPC;
	}
	return store_look_at_catalogue(s) < 0 || !s->catalogue ? -EROFS : 0;
}

void store_put_row(struct store *s, const struct window_path *path, const struct window_info *info,
		   const struct label_values *labels)
{
	int r = prepare_catalogue(s);

	note_row(s, r == 0 ? catalogue_put(s->catalogue, path, info, labels) : r);
}

void store_remove_row(struct store *s, const struct window_path *path)
{
	int r = prepare_catalogue(s);

	note_row(s, r == 0 ? catalogue_remove(s->catalogue, path) : r);
}
