// SPDX-License-Identifier: Apache-2.0
#include "agent/descendants.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/fsutil.h"
#include "common/parse.h"

#define MAX_STAT_BYTES 4096

struct kin {
	pid_t pid, parent;
	bool is_descendant;
};

struct kins {
	struct kin *items;
	size_t n, capacity;
};

static void kins_done(struct kins *k)
{
	free(k->items);
}

/* The fourth field of /proc/PID/stat; the second is a name in parentheses, which may hold anything. */
static pid_t parent_in(const char *stat)
{
	const char *p = strrchr(stat, ')');
	uint64_t parent;

	if (!p || strlen(p) < 5)
		return 0;
	p += 4; /* ") S " */
	return parse_u64_at(&p, p + strlen(p), 10, &parent) < 0 || parent > INT32_MAX ? 0 : (pid_t)parent;
}

static int add_kin(struct kins *k, int proc_fd, pid_t pid, struct buf *text)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/stat", pid);
	if (fs_read(proc_fd, path, MAX_STAT_BYTES, text) < 0)
		return 0; /* gone */
	if (k->n == k->capacity) {
		size_t capacity = k->capacity ? 2 * k->capacity : 256;
		struct kin *items = reallocarray(k->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		k->items = items;
		k->capacity = capacity;
	}
	k->items[k->n++] = (struct kin){ .pid = pid, .parent = parent_in(text->data) };
	return 0;
}

static int read_all(int proc_fd, struct kins *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	struct dirent *entry;
	DIR *dir;
	int r;

	r = fs_open_dir(proc_fd, &dir);
	if (r < 0)
		return r;
	while (r == 0 && (entry = readdir(dir))) {
		uint64_t pid;

		if (parse_u64(entry->d_name, 10, &pid) == 0 && pid <= INT32_MAX)
			r = add_kin(ret, proc_fd, (pid_t)pid, &text);
	}
	closedir(dir);
	return r;
}

static bool is_descendant(const struct kins *k, pid_t ancestor, pid_t pid)
{
	if (pid == ancestor)
		return true;
	for (size_t i = 0; i < k->n; i++)
		if (k->items[i].pid == pid)
			return k->items[i].is_descendant;
	return false;
}

int descendants_read(int proc_fd, pid_t pid, pid_t **ret, size_t *ret_n)
{
	_cleanup_(kins_done) struct kins k = {};
	pid_t *pids;
	size_t n = 0;
	bool found;
	int r;

	r = read_all(proc_fd, &k);
	if (r < 0)
		return r;
	pids = calloc(k.n + 1, sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	do { /* a generation a round */
		found = false;
		for (size_t i = 0; i < k.n; i++) {
			struct kin *kin = &k.items[i];

			if (kin->is_descendant || kin->pid == pid || !is_descendant(&k, pid, kin->parent))
				continue;
			kin->is_descendant = found = true;
			pids[n++] = kin->pid;
		}
	} while (found);
	*ret = pids;
	*ret_n = n;
	return 0;
}
