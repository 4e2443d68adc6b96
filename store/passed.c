// SPDX-License-Identifier: Apache-2.0
#include "store/passed.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/fsutil.h"
#include "common/json.h"
#include "common/suffix.h"

#define TARGETS_DIR "targets"
#define SUFFIX ".json"
#define VERSION 1
#define FILE_BYTES ((size_t)64 << 10)

static bool read_range(struct json_object *pair, struct passed_target *t)
{
	struct json_object *first = json_object_array_get_idx(pair, 0), *last = json_object_array_get_idx(pair, 1);

	if (!json_object_is_type(first, json_type_int) || !json_object_is_type(last, json_type_int))
		return false;
	t->ranges[t->n_ranges].first = json_object_get_uint64(first);
	t->ranges[t->n_ranges].last = json_object_get_uint64(last);
	t->n_ranges++;
	return true;
}

/* All or nothing: half of a damaged list would say that windows may go which are still wanted. */
static void read_ranges(struct json_object *list, struct passed_target *t)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *pair = json_object_array_get_idx(list, i);

		if (n > PASSED_MAX_RANGES || !json_object_is_type(pair, json_type_array) || !read_range(pair, t)) {
			t->n_ranges = 0;
			return;
		}
	}
}

bool passed_parse(const char *text, size_t size, struct passed_target *ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *enabled;

	ret->n_ranges = 0;
	if (json_parse(text, size, &top) != 0)
		return true;
	enabled = json_find(top, "enabled");
	if (json_object_is_type(enabled, json_type_boolean) && !json_object_get_boolean(enabled))
		return false;
	if (json_find_number(top, "version") == VERSION)
		read_ranges(json_find(top, "passed"), ret);
	return true;
}

/* Who cannot be read wants all. */
static bool read_target(int targets_fd, const char *file, struct passed_target *ret)
{
	size_t size = strlen(file) - strlen(SUFFIX);
	_cleanup_(buf_done) struct buf text = {};

	ret->n_ranges = 0;
	if (fs_read(targets_fd, file, FILE_BYTES, &text) == 0 && !passed_parse(text.data, text.size, ret))
		return false;
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)size, file);
	return true;
}

static int read_targets(int targets_fd, DIR *dir, struct passed *p)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		struct passed_target target;

		if (entry->d_name[0] == '.' || !has_suffix(entry->d_name, SUFFIX) ||
		    !read_target(targets_fd, entry->d_name, &target))
			continue;
		if (p->n_targets == PASSED_MAX_TARGETS)
			return -E2BIG;
		p->targets[p->n_targets++] = target;
	}
	return 0;
}

int passed_read(int store_fd, struct passed *ret)
{
	_cleanup_close_ int fd = openat(store_fd, TARGETS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;
	int r;

	ret->n_targets = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = fs_open_dir(fd, &dir);
	if (r < 0)
		return r;
	r = read_targets(fd, dir, ret);
	closedir(dir);
	return r;
}

bool passed_by(const struct passed_target *t, uint64_t sequence)
{
	for (size_t i = 0; i < t->n_ranges; i++)
		if (t->ranges[i].first <= sequence && sequence <= t->ranges[i].last)
			return true;
	return false;
}

bool passed_by_all(const struct passed *p, uint64_t sequence)
{
	for (size_t i = 0; i < p->n_targets; i++)
		if (!passed_by(&p->targets[i], sequence))
			return false;
	return true;
}
