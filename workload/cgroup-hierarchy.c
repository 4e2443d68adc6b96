// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup hierarchy: which one tells containers apart. Every runtime puts its containers into the hierarchy that has
 * the memory controller, be it v2's or one of v1's.
 */
#include <string.h>

#include "common/fsutil.h"
#include "common/parse.h"
#include "workload/cgroup-parse.h"

#define MOUNTINFO_LIMIT_BYTES (4 * 1024 * 1024) /* a node with thousands of container mounts has some 100 KiB */
#define CGROUPS_LIMIT_BYTES 65536

struct text {
	const char *s;
	size_t size;
};

static bool text_is(struct text t, const char *s)
{
	return t.size == strlen(s) && memcmp(t.s, s, t.size) == 0;
}

/* The next piece of *rest up to a separator, which is skipped; false: nothing left. */
static bool take_piece(struct text *rest, char separator, struct text *ret)
{
	const char *at;

	if (rest->size == 0)
		return false;
	at = memchr(rest->s, separator, rest->size);
	ret->s = rest->s;
	ret->size = at ? (size_t)(at - rest->s) : rest->size;
	rest->s += ret->size + (at ? 1 : 0);
	rest->size -= ret->size + (at ? 1 : 0);
	return true;
}

static bool list_has(struct text list, const char *word)
{
	struct text piece;

	while (take_piece(&list, ',', &piece)) {
		if (text_is(piece, word))
			return true;
	}
	return false;
}

struct mount {
	struct text root, point, type, options;
};

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL ...] - TYPE SOURCE SUPER-OPTIONS */
static bool parse_mount(struct text line, struct mount *ret)
{
	struct text field, source;

	for (int i = 0; i < 3; i++) {
		if (!take_piece(&line, ' ', &field))
			return false;
	}
	if (!take_piece(&line, ' ', &ret->root) || !take_piece(&line, ' ', &ret->point))
		return false;
	do {
		if (!take_piece(&line, ' ', &field))
			return false;
	} while (!text_is(field, "-"));
	return take_piece(&line, ' ', &ret->type) && take_piece(&line, ' ', &source) &&
	       take_piece(&line, ' ', &ret->options);
}

/* mountinfo writes space, tab, newline and backslash as three octal digits. */
static bool copy_path(struct text from, char *ret, size_t ret_size)
{
	size_t n = 0;

	for (size_t i = 0; i < from.size; i++) {
		const char *s = from.s + i;
		const char *end = s + 4;
		uint64_t byte = (unsigned char)*s;

		if (*s == '\\' && from.size - i >= 4) {
			s++;
			if (parse_u64_at(&s, end, 8, &byte) < 0 || s != end || byte == 0 || byte > 255)
				return false;
			i += 3;
		}
		if (n + 1 >= ret_size)
			return false;
		ret[n++] = (char)byte;
	}
	ret[n] = 0;
	return true;
}

static bool is_v2(const struct mount *m)
{
	return text_is(m->type, "cgroup2");
}

static bool is_v1_memory(const struct mount *m)
{
	return text_is(m->type, "cgroup") && list_has(m->options, "memory");
}

/*
 * How far above the reader's own cgroup namespace the root of a mount lies: 0 for "/", 1 for "/.."; -1: the mount is of
 * a part of the tree.
 */
static int levels_above(struct text root)
{
	int n = 0;

	if (text_is(root, "/"))
		return 0;
	while (root.size >= 3 && memcmp(root.s, "/..", 3) == 0) {
		root.s += 3;
		root.size -= 3;
		n++;
	}
	return n && root.size == 0 ? n : -1;
}

/*
 * The mount point of the largest tree of a kind: a part of it lacks the containers. In a container that is the host's
 * tree, where it is mounted, and not the container's own.
 */
static bool find_mount(const char *mountinfo, bool (*is_wanted)(const struct mount *m), char *ret, size_t ret_size)
{
	struct text rest = { mountinfo, strlen(mountinfo) }, line, point;
	int highest = -1;

	while (take_piece(&rest, '\n', &line)) {
		struct mount m;

		if (!parse_mount(line, &m) || !is_wanted(&m) || levels_above(m.root) <= highest)
			continue;
		highest = levels_above(m.root);
		point = m.point;
	}
	return highest >= 0 && copy_path(point, ret, ret_size);
}

/* The hierarchy in the line of the memory controller in /proc/cgroups. */
static bool find_memory(const char *cgroups, int *ret_id)
{
	struct text rest = { cgroups, strlen(cgroups) }, line;

	while (take_piece(&rest, '\n', &line)) {
		struct text name, id;
		uint64_t number;

		if (line.size == 0 || line.s[0] == '#')
			continue;
		if (!take_piece(&line, '\t', &name) || !take_piece(&line, '\t', &id))
			return false;
		if (!text_is(name, "memory"))
			continue;
		if (parse_u64_at(&id.s, id.s + id.size, 10, &number) < 0 || number > INT32_MAX)
			return false;
		*ret_id = (int)number;
		return true;
	}
	return false;
}

static bool choose_v1(const char *mountinfo, const char *cgroups, struct cgroup_hierarchy *ret)
{
	ret->name = "v1 memory";
	return find_memory(cgroups, &ret->id) && ret->id != CGROUP_V2 &&
	       find_mount(mountinfo, is_v1_memory, ret->mount_point, sizeof(ret->mount_point));
}

static bool choose_v2(const char *mountinfo, struct cgroup_hierarchy *ret)
{
	ret->name = "v2";
	ret->id = CGROUP_V2;
	return find_mount(mountinfo, is_v2, ret->mount_point, sizeof(ret->mount_point));
}

int cgroup_choose_from_text(const char *mountinfo, const char *cgroups, struct cgroup_hierarchy *ret)
{
	struct cgroup_hierarchy h = {};

	/* A controller is in one hierarchy only: memory on v1 is memory not on v2. */
	if (!choose_v1(mountinfo, cgroups, &h) && !choose_v2(mountinfo, &h))
		return CGROUP_NONE;
	*ret = h;
	return 0;
}

int cgroup_choose_hierarchy(int proc_fd, struct cgroup_hierarchy *ret)
{
	_cleanup_(buf_done) struct buf mountinfo = {}, cgroups = {};
	int r;

	r = fs_read(proc_fd, "self/mountinfo", MOUNTINFO_LIMIT_BYTES, &mountinfo);
	if (r < 0)
		return r;
	r = fs_read(proc_fd, "cgroups", CGROUPS_LIMIT_BYTES, &cgroups);
	if (r == -ENOENT) /* a kernel with v2 only may have none */
		r = buf_add_str(&cgroups, "");
	if (r < 0)
		return r;
	return cgroup_choose_from_text(mountinfo.data, cgroups.data, ret);
}

int cgroup_path_in(const char *text, int hierarchy, const char **ret, size_t *ret_size)
{
	struct text rest = { text, strlen(text) }, line;

	while (take_piece(&rest, '\n', &line)) {
		struct text id, controllers;
		uint64_t number;
		const char *p;

		if (!take_piece(&line, ':', &id) || !take_piece(&line, ':', &controllers))
			continue;
		p = id.s;
		if (parse_u64_at(&p, id.s + id.size, 10, &number) < 0 || p != id.s + id.size ||
		    number != (uint64_t)hierarchy || line.size == 0 || line.s[0] != '/')
			continue;
		*ret = line.s;
		*ret_size = line.size;
		return 0;
	}
	return CGROUP_NONE;
}
