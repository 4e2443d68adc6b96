// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup table: ids to paths. It is not told of a cgroup's end, when a sample may still name it: a scan does not find
 * it any more. When the table is full, the one that was confirmed longest ago (by a scan or a mkdir event) makes way.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "workload/cgroup.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define DEPTH_MAX 64 /* an open directory for each level */
#define ID_PREFIX_MIN 4

struct entry {
	struct cgroup cgroup;
	UT_hash_handle hh;
	struct entry *prev, *next; /* the longest unconfirmed first */
	uint64_t round;            /* in which it was confirmed last */
	bool is_kept;
	char path[];
};

struct cgroups {
	struct entry *by_id;
	struct entry *order;
	size_t max_cgroups;
	uint64_t round; /* of cgroups_expire() */
};

int cgroups_new(size_t max_cgroups, struct cgroups **ret)
{
	struct cgroups *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->max_cgroups = max_cgroups;
	*ret = c;
	return 0;
}

static void entry_free(struct cgroups *c, struct entry *e)
{
	HASH_DEL(c->by_id, e); /* NOLINT(clang-analyzer-core.NullDereference): e is in it */
	DL_DELETE(c->order, e);
	free(e);
}

struct cgroups *cgroups_free(struct cgroups *c)
{
	struct entry *e, *next;

	if (!c)
		return NULL;
	DL_FOREACH_SAFE (c->order, e, next)
		entry_free(c, e);
	free(c);
	return NULL;
}

static struct entry *find_entry(const struct cgroups *c, uint64_t id)
{
	struct entry *e = NULL;

	HASH_FIND(hh, c->by_id, &id, sizeof(id), e);
	return e;
}

static int entry_new(struct cgroups *c, uint64_t id, const char *path, struct entry **ret)
{
	size_t size = strlen(path) + 1;
	struct entry *e = calloc(1, sizeof(*e) + size);

	if (!e)
		return -ENOMEM;
	memcpy(e->path, path, size);
	e->cgroup.id = id;
	e->cgroup.path = e->path;
	cgroup_identify(e->path, &e->cgroup.identity);
	HASH_ADD(hh, c->by_id, cgroup.id, sizeof(e->cgroup.id), e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	e->round = c->round;
	DL_APPEND(c->order, e);
	*ret = e;
	return 0;
}

static void confirm(struct cgroups *c, struct entry *e)
{
	DL_DELETE(c->order, e);
	DL_APPEND(c->order, e);
	e->round = c->round;
}

int cgroups_add(struct cgroups *c, uint64_t id, const char *path)
{
	struct entry *e = find_entry(c, id);

	if (e && strcmp(e->path, path) == 0) {
		confirm(c, e);
		return 0;
	}
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (c->max_cgroups == 0)
		return -ENOSPC;
	if (e) /* renamed, or its number is used again */
		entry_free(c, e);
	else if (HASH_COUNT(c->by_id) >= c->max_cgroups)
		entry_free(c, c->order);
	return entry_new(c, id, path, &e);
}

const struct cgroup *cgroups_find(const struct cgroups *c, uint64_t id)
{
	const struct entry *e = find_entry(c, id);

	return e ? &e->cgroup : NULL;
}

size_t cgroups_n(const struct cgroups *c)
{
	return HASH_COUNT(c->by_id);
}

static bool has_container(const struct cgroup *cgroup)
{
	return cgroup->identity.container_id[0] != 0;
}

/* The path of the directory above names the same container. */
static bool is_below_container(const struct cgroup *cgroup)
{
	const char *id = strstr(cgroup->path, cgroup->identity.container_id);

	return id && strchr(id, '/');
}

size_t cgroups_n_containers(const struct cgroups *c)
{
	const struct entry *e;
	size_t n = 0;

	DL_FOREACH (c->order, e)
		n += has_container(&e->cgroup) && !is_below_container(&e->cgroup);
	return n;
}

/* A container may have cgroups of its own below: the shortest path is the container. */
static bool is_better(const struct cgroup *candidate, const struct cgroup *best)
{
	return !best || strlen(candidate->path) <= strlen(best->path);
}

int cgroups_find_container(const struct cgroups *c, const char *id_prefix, const struct cgroup **ret)
{
	const struct cgroup *best = NULL, *exact = NULL;
	size_t size = strlen(id_prefix);
	bool is_ambiguous = false;
	const struct entry *e;

	if (size < ID_PREFIX_MIN)
		return CGROUP_NONE;
	DL_FOREACH (c->order, e) {
		const char *id = e->cgroup.identity.container_id;

		if (strncmp(id, id_prefix, size) != 0)
			continue;
		if (id[size] == 0 && is_better(&e->cgroup, exact))
			exact = &e->cgroup;
		if (best && strcmp(best->identity.container_id, id) != 0)
			is_ambiguous = true;
		else if (is_better(&e->cgroup, best))
			best = &e->cgroup;
	}
	if (exact)
		best = exact;
	else if (is_ambiguous)
		return CGROUP_AMBIGUOUS;
	if (!best)
		return CGROUP_NONE;
	*ret = best;
	return 0;
}

/* The path below the mount point, if it lies there; else as it is. */
static const char *below_mount(const char *path, const char *mount_point)
{
	size_t size = strlen(mount_point);

	if (size > 1 && strncmp(path, mount_point, size) == 0 && (path[size] == '/' || path[size] == 0))
		return path + size;
	return path;
}

static size_t size_without_slashes(const char *path)
{
	size_t size = strlen(path);

	while (size > 0 && path[size - 1] == '/')
		size--;
	return size;
}

int cgroups_find_path(const struct cgroups *c, const struct cgroup_hierarchy *h, const char *path,
		      const struct cgroup **ret)
{
	const char *wanted = below_mount(path, h->mount_point);
	size_t size = size_without_slashes(wanted);
	const struct entry *e, *found = NULL;

	DL_FOREACH (c->order, e) {
		if (size_without_slashes(e->path) == size && memcmp(e->path, wanted, size) == 0)
			found = e; /* the last confirmed wins: an earlier cgroup of that name is gone */
	}
	if (!found)
		return CGROUP_NONE;
	*ret = &found->cgroup;
	return 0;
}

/*
 * The id that the kernel gives to BPF: what a file handle of the directory holds. On 64 bit the inode number is the
 * same, and serves where the mount gives no handles.
 */
static int read_id(int dir_fd, uint64_t *ret)
{
	union {
		struct file_handle handle;
		unsigned char bytes[sizeof(struct file_handle) + sizeof(uint64_t)];
	} u = { .handle.handle_bytes = sizeof(uint64_t) };
	struct stat st;
	int mount_id;

	if (name_to_handle_at(dir_fd, "", &u.handle, &mount_id, AT_EMPTY_PATH) == 0 &&
	    u.handle.handle_bytes == sizeof(uint64_t)) {
		memcpy(ret, u.handle.f_handle, sizeof(*ret));
		return 0;
	}
	if (fstat(dir_fd, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

struct walk {
	struct cgroups *c;
	struct buf path; /* of the directory that is being read, from the hierarchy's root; "" is the root */
	size_t n_added;
};

static int add_here(struct walk *w, int dir_fd)
{
	uint64_t id = 0;
	int r;

	if (w->n_added++ >= w->c->max_cgroups)
		return -ENOSPC;
	r = read_id(dir_fd, &id);
	if (r < 0)
		return r;
	return cgroups_add(w->c, id, w->path.size ? w->path.data : "/");
}

static int walk_directory(struct walk *w, int dir_fd, unsigned int depth);

static int walk_child(struct walk *w, int dir_fd, const char *name, unsigned int depth)
{
	size_t size = w->path.size;
	int fd, r;

	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0; /* else: gone meanwhile */
	r = buf_add_char(&w->path, '/');
	if (r == 0)
		r = buf_add_str(&w->path, name);
	if (r < 0) {
		close_fd(fd);
		return r;
	}
	r = walk_directory(w, fd, depth);
	w->path.size = size;
	w->path.data[size] = 0;
	return r;
}

/* Takes over dir_fd. */
static int walk_directory(struct walk *w, int dir_fd, unsigned int depth)
{
	struct dirent *entry;
	DIR *dir;
	int r;

	dir = fdopendir(dir_fd);
	if (!dir) {
		r = -errno;
		close_fd(dir_fd);
		return r;
	}
	r = add_here(w, dir_fd);
	while (r == 0 && depth < DEPTH_MAX && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = walk_child(w, dir_fd, entry->d_name, depth + 1);
	}
	closedir(dir);
	return r;
}

int cgroups_scan(struct cgroups *c, const struct cgroup_hierarchy *h)
{
	struct walk w = { .c = c, .path.limit_bytes = PATH_MAX };
	int fd, r;

	fd = open(h->mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = buf_add_str(&w.path, "");
	if (r < 0)
		close_fd(fd);
	else
		r = walk_directory(&w, fd, 0);
	buf_done(&w.path);
	return r;
}

void cgroups_keep(struct cgroups *c, uint64_t id)
{
	struct entry *e = find_entry(c, id);

	if (e)
		e->is_kept = true;
}

int cgroups_expire(struct cgroups *c, const struct cgroup_hierarchy *h)
{
	struct entry *e, *next;
	int r;

	c->round++;
	r = cgroups_scan(c, h);
	if (r < 0)
		return r;
	DL_FOREACH_SAFE (c->order, e, next) {
		if (e->round != c->round && !e->is_kept)
			entry_free(c, e);
		else
			e->is_kept = false;
	}
	return 0;
}
