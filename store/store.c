// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "common/buf.h"
#include "common/compress.h"
#include "store/store-inside.h"

#define LOCK_NAME "store.lock"

int store_lock(struct store *s)
{
	int fd = openat(s->dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILES_MODE);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int e = errno;

		close_fd(fd);
		return e == EWOULDBLOCK ? STORE_BUSY : -e;
	}
	s->lock_fd = fd;
	return 0;
}

void store_unlock(struct store *s)
{
	s->lock_fd = close_fd(s->lock_fd);
}

/* What a writer must know of all files: their bytes, and the greatest number. */
static void count_file(struct store *s, int folder_fd, const char *file)
{
	uint64_t sequence;
	struct stat st;

	if (fstatat(folder_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	s->counts.n_files++;
	s->counts.n_disk_bytes += files_disk_bytes(&st);
	if (name_find_sequence(file, &sequence) && sequence >= s->next_sequence)
		s->next_sequence = sequence + 1;
}

static int count_folder(struct store *s, const char *folder)
{
	_cleanup_(files_listing_done) struct files_listing files = {};
	_cleanup_close_ int fd = openat(s->dir_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? 0 : files_list(s->dir_fd, folder, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++)
		count_file(s, fd, files.names[i]);
	return r;
}

static int count_files(struct store *s)
{
	int r = 0;

	s->counts.n_files = s->counts.n_disk_bytes = 0;
	for (enum window_tier tier = 0; r == 0 && tier < WINDOW_N_TIERS; tier++) {
		_cleanup_(files_listing_done) struct files_listing folders = {};

		r = files_list_folders(s->dir_fd, tier, &folders);
		for (size_t i = 0; r == 0 && i < folders.n; i++)
			r = count_folder(s, folders.names[i]);
	}
	return r;
}

/* The greatest of what the mark, the rows and (for who numbers windows) the files say. */
static int find_sequence(struct store *s)
{
	uint64_t of_rows = 0;
	int r = files_read_mark(s->dir_fd, &s->next_sequence);

	if (r == 0 && s->access == STORE_WRITE)
		r = count_files(s);
	if (r == 0 && s->catalogue && catalogue_next_sequence(s->catalogue, &of_rows) == 0 &&
	    of_rows > s->next_sequence)
		s->next_sequence = of_rows;
	return r;
}

static int remove_leftovers(struct store *s)
{
	int r = 0;

	for (enum window_tier tier = WINDOW_MINUTE; r == 0 && tier < WINDOW_N_TIERS; tier++)
		r = files_remove_temporaries(s->dir_fd, name_of_tier_dir(tier), name_tier_depth(tier));
	return r;
}

/* By windows/ who reads sees that it is a store. That it cannot be made is told by the first write. */
static int open_parts(struct store *s)
{
	int r = 0;

	if (s->access == STORE_WRITE)
		mkdirat(s->dir_fd, name_of_tier_dir(WINDOW_RAW), FILES_DIR_MODE);
	else if (faccessat(s->dir_fd, name_of_tier_dir(WINDOW_RAW), F_OK, 0) < 0)
		return errno == ENOENT ? STORE_NONE : -errno;
	if (s->access == STORE_MAINTAIN)
		r = store_lock(s);
	if (r == 0 && s->access == STORE_MAINTAIN)
		r = remove_leftovers(s);
	if (r == 0)
		r = store_open_catalogue(s);
	return r == 0 ? find_sequence(s) : r;
}

int store_open(int dir_fd, enum store_access access, struct store **ret)
{
	_cleanup_(store_freep) struct store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->dir_fd = s->writer.store_fd = dir_fd;
	s->access = access;
	s->lock_fd = -1;
	s->limit_bytes = UINT64_MAX;
	r = open_parts(s);
	if (r == 0)
		*ret = take_ptr(s);
	return r;
}

struct store *store_free(struct store *s)
{
	if (!s)
		return NULL;
	store_close_catalogue(s);
	store_unlock(s);
	free(s);
	return NULL;
}

uint64_t store_next_sequence(const struct store *s)
{
	return s->next_sequence;
}

void store_limit(struct store *s, uint64_t limit_bytes, unsigned int min_free_percent)
{
	s->limit_bytes = limit_bytes;
	s->min_free_percent = min_free_percent;
}

/* Of the greatest number only the mark tells afterwards. */
int store_keep_sequence(struct store *s, uint64_t sequence)
{
	return sequence + 1 >= s->next_sequence ? files_raise_mark(s->dir_fd, sequence + 1) : 0;
}

static void note_gone(struct store *s, uint64_t n_disk_bytes)
{
	s->counts.n_files -= s->counts.n_files > 0;
	s->counts.n_disk_bytes -= n_disk_bytes < s->counts.n_disk_bytes ? n_disk_bytes : s->counts.n_disk_bytes;
}

/* By its row: the file itself is not decoded for it. */
static int find_row(struct store *s, const struct window_name *name, struct window_info *ret)
{
	_cleanup_(catalogue_rows_done) struct catalogue_rows rows = {};
	int r = store_look_at_catalogue(s);

	if (r < 0 || !s->catalogue)
		return r < 0 ? r : STORE_GONE;
	r = catalogue_find_by_sequence(s->catalogue, name->tier, name->last, name->last, false, 1, &rows);
	if (r < 0 || rows.n == 0)
		return r < 0 ? r : STORE_GONE;
	return catalogue_get(s->catalogue, rows.rows[0].row, ret);
}

/* What nothing tells of, or a newer losses.json does not take, goes all the same: the next window needs its room. */
static int announce_evicted(struct store *s, enum window_tier tier, const struct window_path *path,
			    enum loss_reason reason)
{
	_cleanup_free_ struct losses *more = calloc(1, sizeof(*more));
	struct window_info info;
	struct window_name name;
	int r;

	r = more ? name_parse(tier, path->file, &name) : -ENOMEM;
	if (r == 0)
		r = find_row(s, &name, &info);
	if (r == 0)
		r = retention_count(s, &info, reason, more);
	if (r != 0) {
		s->counts.n_uncounted++;
		return 0;
	}
	more->going[more->n_going++] = *path;
	r = losses_announce(s->dir_fd, more);
	s->counts.n_uncounted += r == LOSSES_NEWER;
	return r < 0 ? r : 0;
}

/* STORE_GONE: this one cannot make way. The mark may find no room on a full disk, and the file goes all the same. */
static int evict_file(struct store *s, enum window_tier tier, const char *folder, const char *file,
		      enum loss_reason reason)
{
	struct window_path path = {};
	char name[FOLDER_BYTES + NAME_BYTES];
	uint64_t sequence;
	struct stat st;
	int r;

	snprintf(path.folder, sizeof(path.folder), "%s", folder);
	snprintf(path.file, sizeof(path.file), "%s", file);
	snprintf(name, sizeof(name), "%s/%s", folder, file);
	if (fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return STORE_GONE;
	if (name_find_sequence(file, &sequence))
		s->counts.n_mark_failures += store_keep_sequence(s, sequence) < 0;
	r = announce_evicted(s, tier, &path, reason);
	if (r < 0)
		return r;
	if (files_remove(s->dir_fd, &path) < 0)
		return STORE_GONE;
	s->counts.n_evicted++;
	s->counts.n_evicted_bytes += files_disk_bytes(&st);
	note_gone(s, files_disk_bytes(&st));
	store_remove_row(s, &path);
	return 0;
}

/* Of this tier. STORE_GONE: there is none. */
static int evict_oldest_of(struct store *s, enum window_tier tier, enum loss_reason reason)
{
	_cleanup_(files_listing_done) struct files_listing folders = {};
	int r = files_list_folders(s->dir_fd, tier, &folders);

	for (size_t i = 0; r == 0 && i < folders.n; i++) {
		_cleanup_(files_listing_done) struct files_listing files = {};

		r = files_list(s->dir_fd, folders.names[i], &files);
		for (size_t j = 0; r == 0 && j < files.n; j++) {
			int e = evict_file(s, tier, folders.names[i], files.names[j], reason);

			if (e != STORE_GONE)
				return e;
		}
	}
	return r < 0 ? r : STORE_GONE;
}

/* -ENOSPC: none is left that could make way. */
static int evict_oldest(struct store *s, enum loss_reason reason)
{
	int r = STORE_GONE;

	for (enum window_tier tier = 0; r == STORE_GONE && tier < WINDOW_N_TIERS; tier++)
		r = evict_oldest_of(s, tier, reason);
	return r == STORE_GONE ? -ENOSPC : r;
}

/* What others have added and removed: the rows know, once they are of all files. */
static void recount(struct store *s)
{
	uint64_t n_files = 0, n_disk_bytes = 0;

	if (!s->catalogue || !catalogue_is_complete(s->catalogue))
		return;
	for (enum window_tier tier = 0; tier < WINDOW_N_TIERS; tier++) {
		struct window_totals totals;

		if (catalogue_totals(s->catalogue, tier, &totals) < 0)
			return;
		n_files += totals.n_files;
		n_disk_bytes += totals.n_disk_bytes;
	}
	s->counts.n_files = n_files;
	s->counts.n_disk_bytes = n_disk_bytes;
}

static int make_room(struct store *s, size_t more_bytes)
{
	int e = 0;

	if (more_bytes > s->limit_bytes)
		return -EFBIG;
	recount(s);
	while (e == 0 && s->counts.n_disk_bytes + more_bytes > s->limit_bytes)
		e = evict_oldest(s, LOSS_LIMIT);
	return e;
}

static int write_file(struct store *s, const struct window_path *path, const struct buf *packed, bool may_evict,
		      struct stat *ret)
{
	int e;

	do
		e = files_write(&s->writer, path, packed->data, packed->size, ret);
	while (may_evict && (e == -ENOSPC || e == -EDQUOT) && evict_oldest(s, LOSS_DISK) == 0);
	return e;
}

static int compress(enum window_tier tier, const struct buf *profile, struct buf *ret)
{
	if (tier == WINDOW_HOUR)
		return compress_add_dense(profile->data, profile->size, ret);
	return compress_add(COMPRESSION_ZSTD, profile->data, profile->size, ret);
}

int store_write(struct store *s, struct window_info *info, const struct label_values *labels, const struct buf *profile)
{
	_cleanup_(buf_done) struct buf packed = {};
	bool may_evict = info->tier == WINDOW_RAW;
	struct window_name name;
	struct window_path path;
	int64_t below_free = 0;
	struct stat st = {};
	int e;

	name_of_window(info, &name);
	e = name_format(&name, &path);
	if (e == 0)
		e = compress(info->tier, profile, &packed);
	if (e == 0)
		e = retention_bytes_below_free(s, s->min_free_percent, &below_free);
	if (e == 0 && below_free > 0)
		return STORE_LOW;
	if (may_evict && !s->is_reserved)
		s->is_reserved = losses_reserve(s->dir_fd) == 0;
	if (e == 0 && may_evict)
		e = make_room(s, packed.size);
	if (e == 0)
		e = write_file(s, &path, &packed, may_evict, &st);
	if (e < 0)
		return e;
	strcpy(info->host, name.host);
	info->n_bytes = (uint64_t)st.st_size;
	info->n_disk_bytes = files_disk_bytes(&st);
	info->n_raw_bytes = profile->size;
	s->counts.n_files++;
	s->counts.n_disk_bytes += info->n_disk_bytes;
	if (info->last >= s->next_sequence)
		s->next_sequence = info->last + 1;
	store_put_row(s, &path, info, labels);
	return 0;
}

static int path_of(const struct window_info *info, struct window_path *ret)
{
	struct window_name name;

	name_of_window(info, &name);
	return name_format(&name, ret);
}

int store_remove(struct store *s, const struct window_info *info)
{
	struct window_path path;
	int r = path_of(info, &path);

	if (r == 0)
		r = store_keep_sequence(s, info->last);
	if (r == 0)
		r = files_remove(s->dir_fd, &path);
	if (r < 0)
		return r;
	note_gone(s, info->n_disk_bytes);
	store_remove_row(s, &path);
	return r == FILES_GONE ? STORE_GONE : 0;
}

/* By who may change the store: another may be adding to bad/ now, and will take care of this one too. */
static int set_bad_aside(struct store *s, const struct window_path *path)
{
	bool has_lock = s->lock_fd >= 0;
	int r = has_lock ? 0 : store_lock(s);

	if (r == 0)
		r = quarantine_file(s, path);
	if (r == 0)
		store_remove_row(s, path);
	else
		s->counts.n_bad_seen++;
	if (!has_lock)
		store_unlock(s);
	return r == -ENOMEM ? r : STORE_BAD;
}

int store_load(struct store *s, const struct window_info *info, struct profile **ret)
{
	uint64_t n_raw_bytes;
	struct window_path path;
	int r = path_of(info, &path);

	if (r == 0)
		r = window_file_load(s->dir_fd, &path, ret, &n_raw_bytes);
	return r == STORE_BAD ? set_bad_aside(s, &path) : r;
}

int store_read_bytes(struct store *s, const struct window_info *info, struct buf *ret)
{
	struct window_path path;
	int r = path_of(info, &path);

	return r == 0 ? window_file_read(s->dir_fd, &path, ret) : r;
}

int store_decode(const struct buf *bytes, struct profile **ret)
{
	uint64_t n_raw_bytes;

	return window_file_decode(bytes, ret, &n_raw_bytes);
}

int store_quarantine(struct store *s, const struct window_info *info)
{
	struct window_path path;
	int r = path_of(info, &path);

	return r == 0 ? set_bad_aside(s, &path) : r;
}

int store_reconcile(struct store *s)
{
	int r = store_refresh(s, 0, INT64_MAX);

	if (r == 0)
		r = catalogue_forget_labels(s->catalogue);
	return r == 0 ? catalogue_set_complete(s->catalogue) : r;
}

int store_rebuild(struct store *s)
{
	int r;

	if (s->is_private)
		return STORE_BAD;
	r = store_discard_catalogue(s);
	if (r == 0)
		r = store_open_catalogue(s);
	return r == 0 ? store_reconcile(s) : r;
}

int store_losses(struct store *s, struct losses *ret)
{
	int r = losses_read(s->dir_fd, ret);

	return r > 0 ? STORE_BAD : r;
}

int store_stats(struct store *s, struct store_stats *ret)
{
	struct store_stats stats = {};
	int r = quarantine_count(s, &stats.n_bad_files, &stats.n_bad_bytes);

	if (r == 0)
		r = store_refresh(s, 0, INT64_MAX);
	for (enum window_tier tier = 0; r == 0 && tier < WINDOW_N_TIERS; tier++)
		r = catalogue_totals(s->catalogue, tier, &stats.tiers[tier]);
	if (r == 0)
		*ret = stats;
	return r;
}

void store_counts(const struct store *s, struct store_counts *ret)
{
	*ret = s->counts;
}
