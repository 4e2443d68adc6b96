// SPDX-License-Identifier: Apache-2.0
#include "agent/debug-files.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/fetch-cache.h"
#include "common/fsutil.h"

#define PATH_BYTES 4096

void debug_files_init(struct debug_files *f, const char *host_dir)
{
	*f = (struct debug_files){ .host_dir = host_dir, .fetched_fd = -1 };
}

void debug_files_done(struct debug_files *f)
{
	while (f->n_dirs)
		close_fd(f->dirs[--f->n_dirs].fd);
}

int debug_files_add_dir(struct debug_files *f, const char *path)
{
	int fd;

	if (f->n_dirs == DEBUG_FILES_MAX_DIRS)
		return -ENOSPC;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	f->dirs[f->n_dirs].path = path;
	f->dirs[f->n_dirs++].fd = fd;
	return 0;
}

struct search {
	const struct debug_files *files;
	struct debug_place *place;
	const struct debug_need *need;
	uint32_t n_before; /* that are there, and were not asked for */
	int host_fd;       /* its /usr/lib/debug; -1: none, or searched as the process's */
	/* What was found. */
	int fd;
	unsigned int root;
	char path[PATH_BYTES]; /* in that root */
};

static int root_fd_of(const struct search *s, unsigned int root)
{
	switch (root) {
	case DEBUG_ROOT_PROCESS:
		return s->place->root_fd;
	case DEBUG_ROOT_HOST:
		return s->host_fd;
	case DEBUG_ROOT_FETCHED:
		return s->files->fetched_fd;
	default:
		return s->files->dirs[root - DEBUG_ROOT_FIRST_DIR].fd;
	}
}

/* libdebuginfod keeps an empty file where no server had one. */
static bool is_of_a_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size > 0 && (uint64_t)st.st_size <= DEBUG_FILE_BYTES;
}

/* true: this is the one. A path that is too long leads nowhere. */
static bool look(struct search *s, unsigned int root, const char *fmt, ...) _printf_(3, 4);
static bool look(struct search *s, unsigned int root, const char *fmt, ...)
{
	_cleanup_close_ int fd = -1;
	int root_fd = root_fd_of(s, root), n;
	va_list args;

	va_start(args, fmt);
	n = vsnprintf(s->path, sizeof(s->path), fmt, args);
	va_end(args);
	if (root_fd < 0 || n < 0 || n >= PATH_BYTES || fs_open_in_root(root_fd, s->path, &fd) != 0)
		return false;
	if (!is_of_a_size(fd) || s->n_before++ < s->need->candidate)
		return false;
	s->root = root;
	s->fd = take_fd(fd);
	return true;
}

/* The length of the directory in a path, without the slash at its end. */
static int dir_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash - path) : 0;
}

/* How the directories of debug files are searched: the process's own one is a part of its root. */
static const char *prefix_of(unsigned int root)
{
	return root == DEBUG_ROOT_PROCESS ? "usr/lib/debug/" : "";
}

static bool look_by_build_id(struct search *s, unsigned int root)
{
	char hex[BUILD_ID_HEX_SIZE];

	if (s->need->build_id.n_bytes < 2)
		return false;
	build_id_to_hex(&s->need->build_id, hex);
	if (root == DEBUG_ROOT_FETCHED)
		return look(s, root, "%s/" FETCH_CACHE_FILE, hex);
	return look(s, root, "%s.build-id/%.2s/%s.debug", prefix_of(root), hex, hex + 2);
}

static bool look_by_link(struct search *s, unsigned int root)
{
	const char *path = s->place->path, *name = s->need->name;
	int n = dir_bytes(path);

	if (!name[0])
		return false;
	if (root == DEBUG_ROOT_PROCESS &&
	    (look(s, root, "%.*s/%s", n, path, name) || look(s, root, "%.*s/.debug/%s", n, path, name)))
		return true;
	if (look(s, root, "%s%.*s/%s", prefix_of(root), n, path, name))
		return true;
	return root >= DEBUG_ROOT_FIRST_DIR && look(s, root, "%s", name); /* a directory with nothing else in it */
}

static bool look_for_file(struct search *s, unsigned int root)
{
	return look_by_build_id(s, root) || look_by_link(s, root);
}

/* By its name, which dwz writes as an absolute path or from where the debug file lies. */
static bool look_by_alt_name(struct search *s, unsigned int root)
{
	static const char usual[] = DEBUG_FILES_HOST_DIR "/";
	const struct debug_place *p = s->place;
	const char *name = s->need->name, *near = p->found_path[0] ? p->found_path : p->path;

	if (!name[0])
		return false;
	if (name[0] != '/')
		return root == p->found_root && look(s, root, "%.*s/%s", dir_bytes(near), near, name);
	if (root == DEBUG_ROOT_PROCESS)
		return look(s, root, "%s", name);
	return strncmp(name, usual, strlen(usual)) == 0 && look(s, root, "%s", name + strlen(usual));
}

static bool look_for_alt(struct search *s, unsigned int root)
{
	return look_by_build_id(s, root) || look_by_alt_name(s, root);
}

static bool look_for_dwp(struct search *s, unsigned int root)
{
	const struct debug_place *p = s->place;

	if (p->found_path[0] && root == p->found_root && look(s, root, "%s.dwp", p->found_path))
		return true;
	return look(s, root, "%s.dwp", p->path);
}

static bool look_for_dwo(struct search *s, unsigned int root)
{
	const struct debug_need *need = s->need;

	if (!need->name[0])
		return false;
	if (need->name[0] == '/' || !need->dir[0])
		return look(s, root, "%s", need->name);
	return look(s, root, "%s/%s", need->dir, need->name);
}

static bool look_in(struct search *s, unsigned int root)
{
	switch (s->need->kind) {
	case DEBUG_NEED_FILE:
		return look_for_file(s, root);
	case DEBUG_NEED_ALT:
		return look_for_alt(s, root);
	case DEBUG_NEED_DWP:
		return look_for_dwp(s, root);
	case DEBUG_NEED_DWO:
		return look_for_dwo(s, root);
	}
	return false;
}

static bool look_everywhere(struct search *s)
{
	if (look_in(s, DEBUG_ROOT_PROCESS))
		return true;
	for (unsigned int i = 0; i < s->files->n_dirs; i++) {
		if (look_in(s, DEBUG_ROOT_FIRST_DIR + i))
			return true;
	}
	return look_in(s, DEBUG_ROOT_HOST) || look_in(s, DEBUG_ROOT_FETCHED);
}

static const char *dir_of(const struct search *s)
{
	if (s->root >= DEBUG_ROOT_FIRST_DIR)
		return s->files->dirs[s->root - DEBUG_ROOT_FIRST_DIR].path;
	if (s->root == DEBUG_ROOT_FETCHED)
		return s->files->fetched_path;
	return s->root == DEBUG_ROOT_HOST ? s->files->host_dir : "";
}

/* Cut where it does not fit. */
static void name_found(const struct search *s, char *ret)
{
	char text[2 * PATH_BYTES];

	snprintf(text, sizeof(text), "%s/%s", dir_of(s), s->path + (s->path[0] == '/'));
	snprintf(ret, DEBUG_NEED_NAME_BYTES, "%.*s", DEBUG_NEED_NAME_BYTES - 1, text);
}

static bool read_fd_link(int fd, char ret[static PATH_BYTES])
{
	char link[sizeof("/proc/self/fd/") + 12];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret, PATH_BYTES - 1);
	if (n < 0)
		return false;
	ret[n] = 0;
	return true;
}

/* Names of build ids are links into another directory, on some distributions: where they lead to, in the same root. */
static void follow_links(struct search *s)
{
	char root[PATH_BYTES], found[PATH_BYTES];
	size_t n;

	if (!read_fd_link(root_fd_of(s, s->root), root) || !read_fd_link(s->fd, found))
		return;
	n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(found, root, n) == 0 && found[n] == '/')
		strcpy(s->path, found + n);
}

static void note_found(struct search *s)
{
	struct debug_place *p = s->place;

	if (s->need->kind != DEBUG_NEED_FILE)
		return;
	follow_links(s);
	p->found_path[0] = 0;
	if (strlen(s->path) < sizeof(p->found_path))
		strcpy(p->found_path, s->path);
	p->found_root = s->root;
}

bool debug_files_are_in_root(const struct debug_files *f, const struct debug_place *place, int root_fd,
			     const struct debug_need *need)
{
	struct debug_place inside = *place;
	struct search s = { .files = f, .place = &inside, .need = need, .host_fd = -1, .fd = -1 };

	inside.root_fd = root_fd;
	if (!look_in(&s, DEBUG_ROOT_PROCESS))
		return false;
	close_fd(s.fd);
	return true;
}

int debug_files_find(const struct debug_files *f, struct debug_place *place, const struct debug_need *need, int *ret_fd,
		     char *ret_path)
{
	/* Opened each time: it may have been made since. */
	_cleanup_close_ int host_fd = place->is_on_host ? -1 : open(f->host_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct search s = { .files = f, .place = place, .need = need, .host_fd = host_fd, .fd = -1 };

	if (!look_everywhere(&s))
		return DEBUG_NEED_NONE;
	name_found(&s, ret_path);
	note_found(&s);
	*ret_fd = s.fd;
	return 0;
}
