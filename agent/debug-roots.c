// SPDX-License-Identifier: Apache-2.0
#include "agent/debug-roots.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/clean.h"

void debug_roots_done(struct debug_roots *d)
{
	while (d->n)
		close_fd(d->all[--d->n].fd);
}

/* Whatever it is: it is not opened to be read. */
static bool is_there(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd >= 0;
}

/* By the places that agent/debug-files.h tells. Its build id and link are not known yet: their usual names must do. */
static bool has_debug_files(int root_fd, const char *path)
{
	static const struct {
		const char *before, *behind;
	} names[] = { { "", ".debug" }, { "", ".dwp" }, { "usr/lib/debug", ".debug" }, { "usr/lib/debug", "" } };
	const char *slash = strrchr(path, '/');
	char text[PATH_MAX];

	if (!slash)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), "%s%s%s", names[i].before, path, names[i].behind);
		if (is_there(root_fd, text))
			return true;
	}
	snprintf(text, sizeof(text), "%.*s/.debug", (int)(slash - path), path);
	return is_there(root_fd, text) || is_there(root_fd, "usr/lib/debug/.build-id");
}

static uint32_t find(const struct debug_roots *d, const struct root_id *id)
{
	for (uint32_t i = 0; i < d->n; i++) {
		if (d->all[i].fd >= 0 && root_id_equal(&d->all[i].id, id))
			return i + 1;
	}
	return 0;
}

static uint32_t find_place(const struct debug_roots *d)
{
	uint32_t i = 0;

	while (i < d->n && d->all[i].fd >= 0)
		i++;
	return i;
}

static uint32_t find_or_add(struct debug_roots *d, const struct root_id *id, int root_fd)
{
	uint32_t number = find(d, id), place;
	int fd;

	if (number)
		return number;
	place = find_place(d);
	fd = place < DEBUG_ROOTS_MAX ? fcntl(root_fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (fd < 0) {
		d->n_refused++;
		return 0;
	}
	d->all[place].id = *id;
	d->all[place].fd = fd;
	d->all[place].is_claimed = false;
	if (place == d->n)
		d->n++;
	return place + 1;
}

static bool is_claimed(const struct debug_roots *d, const struct root_id *id)
{
	uint32_t number = find(d, id);

	return number && d->all[number - 1].is_claimed;
}

uint32_t debug_roots_number(struct debug_roots *d, const struct root_id *id, int root_fd, const char *path)
{
	return is_claimed(d, id) || has_debug_files(root_fd, path) ? find_or_add(d, id, root_fd) : 0;
}

uint32_t debug_roots_claim(struct debug_roots *d, const struct root_id *id, int root_fd)
{
	uint32_t number = find_or_add(d, id, root_fd);

	if (number)
		d->all[number - 1].is_claimed = true;
	return number;
}

void debug_roots_drop(struct debug_roots *d, uint32_t number)
{
	d->all[number - 1].fd = close_fd(d->all[number - 1].fd);
}
