// SPDX-License-Identifier: Apache-2.0
#include "cli/named-twice.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/text.h"
#include "common/log.h"

struct named {
	const char *path;
	dev_t device;
	ino_t inode;
	size_t position; /* among the arguments */
};

static bool look_at(const char *path, size_t position, struct named *ret)
{
	struct stat st;

	if ((strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st)) < 0)
		return false;
	*ret = (struct named){ .path = path, .device = st.st_dev, .inode = st.st_ino, .position = position };
	return true;
}

static int by_file(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->position > y->position) - (x->position < y->position);
}

static enum exit_code refuse(const struct named *first, const struct named *again)
{
	_cleanup_(buf_done) struct buf name = {}, why = {};
	int r = text_add(&name, first->path, TEXT_MAX_CHARS);

	if (r == 0 && strcmp(first->path, again->path) == 0)
		r = buf_add_str(&why, "it is named twice: its samples would count twice");
	else if (r == 0)
		r = buf_printf(&why, "it is the same file as '%s': its samples would count twice", name.data);
	text_fail("read", again->path, r == 0 ? why.data : strerror(-r));
	return EXIT_USAGE;
}

enum exit_code named_twice_check(char *const *paths, size_t n_paths)
{
	_cleanup_free_ struct named *files = calloc(n_paths + 1, sizeof(*files));
	size_t n = 0;

	if (!files) {
		log_error("cannot go on: %s", strerror(ENOMEM));
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < n_paths; i++)
		n += look_at(paths[i], i, &files[n]);
	qsort(files, n, sizeof(*files), by_file);
	for (size_t i = 1; i < n; i++)
		if (files[i].device == files[i - 1].device && files[i].inode == files[i - 1].inode)
			return refuse(&files[i - 1], &files[i]);
	return EXIT_OK;
}
