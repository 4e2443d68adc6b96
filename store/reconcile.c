// SPDX-License-Identifier: Apache-2.0
/*
 * reconcile: rows and files agree again. A folder whose mtime is that of its rows is not looked into. The others are
 * listed, and what is new is decoded. Only what was listed at some time after the folder's last change may be trusted
 * for good: so its mtime is noted when it is old enough that no change can have the same one.
 *
 * Another process may add and remove files and rows meanwhile; both change the folder, so whatever is made wrong here
 * is looked at again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "pprof/label-values.h"
#include "pprof/profile.h"
#include "store/store-inside.h"

#define SETTLED_NS (2 * (int64_t)NS_PER_S) /* kernels stamp files with a clock of 1 to 10 ms; FAT with one of 2 s */

static int64_t mtime_of(const struct stat *st)
{
	return st->st_mtim.tv_sec * (int64_t)NS_PER_S + st->st_mtim.tv_nsec;
}

int folder_is_known(const struct store *s, const char *folder, bool *ret)
{
	int64_t known_ns;
	struct stat st;
	int r = catalogue_folder_mtime(s->catalogue, folder, &known_ns);

	*ret = r == 0 && fstatat(s->dir_fd, folder, &st, AT_SYMLINK_NOFOLLOW) == 0 && mtime_of(&st) == known_ns;
	return r;
}

static bool is_settled(int64_t mtime_ns)
{
	int64_t age_ns = (int64_t)clock_now_ns(CLOCK_REALTIME) - mtime_ns;

	return age_ns > SETTLED_NS || age_ns < -SETTLED_NS;
}

static bool is_there(int dir_fd, const struct window_path *path)
{
	char name[FOLDER_BYTES + NAME_BYTES];

	snprintf(name, sizeof(name), "%s/%s", path->folder, path->file);
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* What the catalogue says can be changed: the shared one with the lock, else a copy. */
static int be_able_to_change(struct store *s)
{
	struct catalogue *copy;
	int r;

	if (s->is_private || (s->lock_fd >= 0 && catalogue_has_room(s->dir_fd)))
		return 0;
	if (catalogue_is_shared(s->catalogue) && catalogue_has_room(s->dir_fd) && store_lock(s) == 0)
		return 0;
	r = catalogue_copy(s->catalogue, &copy);
	if (r < 0)
		return r;
	store_close_catalogue(s);
	s->catalogue = copy;
	s->is_private = s->is_copy = true;
	return 0;
}

/* A folder under examination. */
struct folder {
	enum window_tier tier;
	const char *path;
	bool is_right; /* rows and files are the same */
};

static int pass_over(struct store *s, struct folder *f, const struct window_path *path)
{
	int r = 0;

	f->is_right = false;
	if (s->lock_fd >= 0)
		r = quarantine_file(s, path);
	if (r < 0 || s->lock_fd < 0)
		s->counts.n_bad_seen++;
	return r == -ENOMEM ? r : 0;
}

/* What cannot be read now may be readable later: only what is damaged for sure is set aside. */
static int add_file(struct store *s, struct folder *f, const char *file)
{
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(profile_freep) struct profile *profile = NULL;
	struct window_path path;
	struct window_name name;
	struct window_info info;
	int r;

	if (name_parse(f->tier, file, &name) != 0 || name_format(&name, &path) < 0 || strcmp(path.folder, f->path) != 0)
		return 0; /* somebody else's */
	r = be_able_to_change(s);
	if (r < 0)
		return r;
	r = window_file_inspect(s->dir_fd, &path, &name, &info, &profile);
	if (r == STORE_BAD)
		return pass_over(s, f, &path);
	if (r == STORE_GONE || r < 0) {
		f->is_right = false;
		s->counts.n_bad_seen += r < 0;
		return r == -ENOMEM ? r : 0;
	}
	r = label_values_of_profile(profile, &labels);
	return r == 0 ? catalogue_put(s->catalogue, &path, &info, &labels) : r;
}

static int remove_row(struct store *s, struct folder *f, const char *file)
{
	struct window_path path = {};
	int r;

	snprintf(path.folder, sizeof(path.folder), "%s", f->path);
	snprintf(path.file, sizeof(path.file), "%s", file);
	if (is_there(s->dir_fd, &path)) { /* it came after the listing */
		f->is_right = false;
		return 0;
	}
	r = be_able_to_change(s);
	return r == 0 ? catalogue_remove(s->catalogue, &path) : r;
}

/* Both listings are in order. */
static int compare_lists(struct store *s, struct folder *f, const struct files_listing *files,
			 const struct files_listing *rows)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < files->n || j < rows->n)) {
		int order = i == files->n ? 1 : j == rows->n ? -1 : strcmp(files->names[i], rows->names[j]);

		if (order < 0)
			r = add_file(s, f, files->names[i]);
		else if (order > 0)
			r = remove_row(s, f, rows->names[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

static int compare_folder(struct store *s, struct folder *f)
{
	_cleanup_(files_listing_done) struct files_listing files = {}, rows = {};
	int r = files_list(s->dir_fd, f->path, &files);

	if (r == 0)
		r = catalogue_list(s->catalogue, f->path, &rows);
	return r == 0 ? compare_lists(s, f, &files, &rows) : r;
}

/* Only who may change the catalogue notes it: others look again next time. */
static int look_at_folder(struct store *s, enum window_tier tier, const char *path)
{
	struct folder f = { .tier = tier, .path = path, .is_right = true };
	int64_t known_ns, mtime_ns = 0;
	struct stat st;
	bool is_gone = fstatat(s->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0;
	int r;

	if (is_gone && errno != ENOENT)
		return 0; /* of a disk that fails */
	r = catalogue_folder_mtime(s->catalogue, path, &known_ns);
	if (!is_gone)
		mtime_ns = mtime_of(&st);
	if (r < 0 || (!is_gone && mtime_ns == known_ns))
		return r;
	r = compare_folder(s, &f);
	if (r < 0 || !f.is_right)
		return r;
	if (!is_gone && !is_settled(mtime_ns))
		return 0;
	if (!s->is_private && s->lock_fd < 0)
		return 0;
	return is_gone ? catalogue_forget_folder(s->catalogue, path)
		       : catalogue_set_folder_mtime(s->catalogue, path, tier, mtime_ns);
}

static bool is_between(const char *folder, const struct window_path *first, const struct window_path *last)
{
	return strcmp(folder, first->folder) >= 0 && strcmp(folder, last->folder) <= 0;
}

/* Folders of either listing, in order, once each. */
static int look_at_folders(struct store *s, enum window_tier tier, const struct window_path *first,
			   const struct window_path *last)
{
	_cleanup_(files_listing_done) struct files_listing there = {}, known = {};
	size_t i = 0, j = 0;
	int r = files_list_folders(s->dir_fd, tier, &there);

	if (r == 0)
		r = catalogue_list_folders(s->catalogue, tier, &known);
	while (r == 0 && (i < there.n || j < known.n)) {
		int order = i == there.n ? 1 : j == known.n ? -1 : strcmp(there.names[i], known.names[j]);
		const char *path = order <= 0 ? there.names[i] : known.names[j];

		if (is_between(path, first, last))
			r = look_at_folder(s, tier, path);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

static int format_time(enum window_tier tier, int64_t ns, struct window_path *ret)
{
	const int64_t max_ms = INT64_MAX / (int64_t)NS_PER_MS; /* before the year 9999 */
	struct window_name name = { .tier = tier, .start_ms = ns < 0 ? 0 : ns / (int64_t)NS_PER_MS, .host = "_" };

	if (name.start_ms > max_ms)
		name.start_ms = max_ms;
	return name_format(&name, ret);
}

static int look_at_all(struct store *s, int64_t since_ns, int64_t until_ns)
{
	int r = 0;

	for (enum window_tier tier = 0; r == 0 && tier < WINDOW_N_TIERS; tier++) {
		struct window_path first, last;

		r = format_time(tier, since_ns, &first);
		if (r == 0)
			r = format_time(tier, until_ns, &last);
		if (r == 0)
			r = look_at_folders(s, tier, &first, &last);
	}
	return r;
}

int reconcile(struct store *s, int64_t since_ns, int64_t until_ns)
{
	bool has_lock = s->lock_fd >= 0;
	int r = look_at_all(s, since_ns, until_ns);

	if (!has_lock)
		store_unlock(s);
	return r;
}
