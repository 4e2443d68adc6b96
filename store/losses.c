// SPDX-License-Identifier: Apache-2.0
#include "store/losses.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "common/fsutil.h"
#include "common/json.h"
#include "store/files.h"

#define BAD_NAME "losses.json.bad"
#define SPARE_NAME "losses.json.spare"
#define VERSION 1
#define FILE_BYTES ((size_t)256 << 10)
#define OTHERS "others"

const char *loss_reason_name(enum loss_reason r)
{
	static const char *const names[] = {
		[LOSS_AGE] = "age",
		[LOSS_LIMIT] = "limit",
		[LOSS_DISK] = "disk_full",
	};

	return names[r];
}

void loss_count_add(struct loss_count *sum, const struct loss_count *more)
{
	if (__builtin_add_overflow(sum->n_windows, more->n_windows, &sum->n_windows))
		sum->n_windows = UINT64_MAX;
	if (__builtin_add_overflow(sum->n_samples, more->n_samples, &sum->n_samples))
		sum->n_samples = UINT64_MAX;
}

void losses_add_unsent(struct losses *l, const char *target, const struct loss_count *more)
{
	size_t i = 0;

	while (i < l->n_targets && strcmp(l->targets[i].name, target) != 0)
		i++;
	if (i == LOSSES_MAX_TARGETS) {
		losses_add_unsent(l, OTHERS, more); /* is there: the last place is kept for it */
		return;
	}
	if (i == l->n_targets) {
		bool is_last = i == LOSSES_MAX_TARGETS - 1;

		l->n_targets++;
		snprintf(l->targets[i].name, sizeof(l->targets[i].name), "%s", is_last ? OTHERS : target);
	}
	loss_count_add(&l->targets[i].unsent, more);
}

void losses_add(struct losses *sum, const struct losses *more)
{
	for (size_t i = 0; i < LOSS_N_REASONS; i++)
		loss_count_add(&sum->lost[i], &more->lost[i]);
	for (size_t i = 0; i < more->n_targets; i++)
		losses_add_unsent(sum, more->targets[i].name, &more->targets[i].unsent);
}

static struct loss_count read_count(struct json_object *object)
{
	return (struct loss_count){
		.n_windows = json_find_number(object, "windows"),
		.n_samples = json_find_number(object, "samples"),
	};
}

static void read_counts(struct json_object *top, struct losses *ret)
{
	struct json_object *lost = json_find(top, "lost"), *unsent = json_find(top, "unsent");

	for (size_t i = 0; i < LOSS_N_REASONS; i++)
		ret->lost[i] = read_count(json_find(lost, loss_reason_name(i)));
	if (!json_object_is_type(unsent, json_type_object))
		return;
	json_object_object_foreach(unsent, name, object)
	{
		const struct loss_count count = read_count(object);

		losses_add_unsent(ret, name, &count);
	}
}

/* Only what a window is called: nothing else is ever removed by this file's word. */
static bool read_path(struct json_object *text, struct window_path *ret)
{
	const char *path = json_object_is_type(text, json_type_string) ? json_object_get_string(text) : "";
	const char *slash = strrchr(path, '/');
	struct window_name name;

	if (!slash || (size_t)(slash - path) >= sizeof(ret->folder) || strlen(slash + 1) >= sizeof(ret->file))
		return false;
	snprintf(ret->folder, sizeof(ret->folder), "%.*s", (int)(slash - path), path);
	snprintf(ret->file, sizeof(ret->file), "%s", slash + 1);
	for (enum window_tier tier = 0; tier < WINDOW_N_TIERS; tier++) {
		struct window_path spelled;

		if (name_parse(tier, ret->file, &name) == 0 && name_format(&name, &spelled) == 0 &&
		    strcmp(spelled.folder, ret->folder) == 0)
			return true;
	}
	return false;
}

static void read_going(struct json_object *list, struct losses *ret)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && ret->n_going < LOSSES_MAX_GOING; i++)
		ret->n_going += read_path(json_object_array_get_idx(list, i), &ret->going[ret->n_going]);
}

int losses_parse(const char *text, size_t size, struct losses *ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	*ret = (struct losses){};
	r = json_parse(text, size, &top);
	if (r < 0)
		return r;
	if (r == JSON_NOT_ONE || json_find_number(top, "version") == 0)
		return LOSSES_DAMAGED;
	if (json_find_number(top, "version") > VERSION)
		return LOSSES_NEWER;
	read_counts(top, ret);
	read_going(json_find(top, "going"), ret);
	return 0;
}

static int take_turn(int store_fd, int operation, int *ret)
{
	_cleanup_close_ int fd = openat(store_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, operation) < 0)
		return -errno;
	*ret = take_fd(fd);
	return 0;
}

static int read_in_turn(int store_fd, struct losses *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = fs_read(store_fd, LOSSES_NAME, FILE_BYTES, &text);

	*ret = (struct losses){};
	if (r == -ENOENT)
		return 0;
	if (r == -EFBIG)
		return LOSSES_DAMAGED;
	return r == 0 ? losses_parse(text.data, text.size, ret) : r;
}

/* In turn: the file that is read is the spare one as soon as it is replaced, and then written in place. */
int losses_read(int store_fd, struct losses *ret)
{
	_cleanup_close_ int turn = -1;
	int r = take_turn(store_fd, LOCK_SH, &turn);

	return r == 0 ? read_in_turn(store_fd, ret) : r;
}

int losses_read_text(int store_fd, struct buf *ret)
{
	_cleanup_close_ int turn = -1;
	int r = take_turn(store_fd, LOCK_SH, &turn);

	return r == 0 ? fs_read(store_fd, LOSSES_NAME, FILE_BYTES, ret) : r;
}

static int add_count_json(struct json_object *parent, const char *name, const struct loss_count *c)
{
	const struct json_count counts[] = { { "windows", c->n_windows }, { "samples", c->n_samples } };
	struct json_object *object;
	int r = json_add_object(parent, name, &object);

	return r == 0 ? json_add_counts(object, counts, ARRAY_SIZE(counts)) : r;
}

static int add_going_json(struct json_object *top, const struct losses *l)
{
	struct json_object *list;
	int r = json_add_array(top, "going", &list);

	for (size_t i = 0; r == 0 && i < l->n_going; i++) {
		char path[FOLDER_BYTES + NAME_BYTES];

		snprintf(path, sizeof(path), "%s/%s", l->going[i].folder, l->going[i].file);
		r = json_append(list, json_object_new_string(path));
	}
	return r;
}

static int format(const struct losses *l, struct buf *ret)
{
	_cleanup_(json_putp) struct json_object *top = json_object_new_object();
	struct json_object *lost, *unsent;
	int r;

	if (!top)
		return -ENOMEM;
	r = json_add_number(top, "version", VERSION);
	if (r == 0)
		r = json_add_object(top, "lost", &lost);
	for (size_t i = 0; r == 0 && i < LOSS_N_REASONS; i++)
		r = add_count_json(lost, loss_reason_name(i), &l->lost[i]);
	if (r == 0)
		r = json_add_object(top, "unsent", &unsent);
	for (size_t i = 0; r == 0 && i < l->n_targets; i++)
		r = add_count_json(unsent, l->targets[i].name, &l->targets[i].unsent);
	if (r == 0)
		r = add_going_json(top, l);
	return r == 0 ? json_add_text(top, ret) : r;
}

/* Blocks once written stay: the next text finds them. */
static int pad(struct buf *text)
{
	size_t n = text->size < LOSSES_FILE_BYTES ? LOSSES_FILE_BYTES - text->size : 0;
	int r = buf_reserve(text, n);

	if (r < 0)
		return r;
	memset(text->data + text->size, ' ', n);
	text->size += n;
	return 0;
}

static int write_spare(int store_fd, const struct buf *text)
{
	_cleanup_close_ int fd = openat(store_fd, SPARE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILES_MODE);
	int r = fd < 0 ? -errno : fs_write_all(fd, text->data, text->size);

	if (r < 0)
		return r;
	return ftruncate(fd, (off_t)text->size) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Where there is nothing to exchange with, or the file system cannot: then the next spare one needs room. */
static int exchange(int store_fd)
{
	int r = renameat2(store_fd, SPARE_NAME, store_fd, LOSSES_NAME, RENAME_EXCHANGE);

	if (r < 0 && (errno == ENOENT || errno == EINVAL))
		r = renameat(store_fd, SPARE_NAME, store_fd, LOSSES_NAME);
	return r < 0 || fsync(store_fd) < 0 ? -errno : 0;
}

/* What is spare must be so after a power cut, too: who was killed behind an exchange has not waited for it. */
static int write_durably(int store_fd, const struct losses *l)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = fsync(store_fd) < 0 ? -errno : 0;

	if (r == 0)
		r = format(l, &text);
	if (r == 0)
		r = pad(&text);
	if (r == 0)
		r = write_spare(store_fd, &text);
	return r == 0 ? exchange(store_fd) : r;
}

/* Durably: a file that a power cut brings back would be counted a second time. */
static int remove_going(int store_fd, const struct losses *l)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->n_going; i++)
		r = files_remove(store_fd, &l->going[i]); /* FILES_GONE: it was removed then */
	for (size_t i = 0; r >= 0 && i < l->n_going; i++)
		if (i == 0 || strcmp(l->going[i].folder, l->going[i - 1].folder) != 0)
			r = files_sync_folder(store_fd, l->going[i].folder);
	return r < 0 ? r : 0;
}

/* What is on disk, of which nothing is left to remove. */
static int read_settled(int store_fd, struct losses *ret)
{
	int r = read_in_turn(store_fd, ret);

	if (r == LOSSES_DAMAGED)
		return renameat(store_fd, LOSSES_NAME, store_fd, BAD_NAME) < 0 ? -errno : 0;
	return r == 0 ? remove_going(store_fd, ret) : r;
}

int losses_announce(int store_fd, const struct losses *more)
{
	_cleanup_close_ int turn = -1;
	struct losses sum;
	int r;

	r = take_turn(store_fd, LOCK_EX, &turn);
	if (r == 0)
		r = read_settled(store_fd, &sum);
	if (r != 0)
		return r;
	losses_add(&sum, more);
	memcpy(sum.going, more->going, sizeof(sum.going));
	sum.n_going = more->n_going;
	return write_durably(store_fd, &sum);
}

static bool has_blocks(int store_fd, const char *name)
{
	struct stat st;

	return fstatat(store_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && files_disk_bytes(&st) >= LOSSES_FILE_BYTES;
}

int losses_reserve(int store_fd)
{
	_cleanup_close_ int turn = -1;
	struct losses l;
	int r;

	r = take_turn(store_fd, LOCK_EX, &turn);
	if (r == 0)
		r = read_in_turn(store_fd, &l);
	for (int i = 0; r == 0 && i < 2; i++) /* each one gives one of the two its blocks */
		if (!has_blocks(store_fd, LOSSES_NAME) || !has_blocks(store_fd, SPARE_NAME))
			r = write_durably(store_fd, &l);
	return r < 0 ? r : 0;
}

int losses_recover(int store_fd)
{
	_cleanup_close_ int turn = -1;
	struct losses l;
	int r;

	r = take_turn(store_fd, LOCK_EX, &turn);
	return r == 0 ? read_settled(store_fd, &l) : r;
}
