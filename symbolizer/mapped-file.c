// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/mapped-file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fsutil.h"
#include "common/parse.h"

#define MAPS_BYTES ((size_t)16 << 20)
#define VDSO_BYTES ((uint64_t)1 << 20) /* it has 8 KiB; what claims more is not it */

int mapped_file_open(int proc_pid_fd, uint64_t start, uint64_t end, int *ret)
{
	char name[sizeof("map_files/-") + 2 * 16];

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, start, end);
	return fs_open_regular(proc_pid_fd, name, ret);
}

int mapped_file_open_by_path(int proc_pid_fd, const char *path, int *ret)
{
	_cleanup_close_ int root_fd = -1;

	root_fd = openat(proc_pid_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -errno;
	return fs_open_in_root(root_fd, path, ret);
}

int mapped_file_has_name(int mapped, const char *path)
{
	static const char deleted[] = " (deleted)";
	char link[sizeof("/proc/self/fd/") + 16], name[PATH_MAX + sizeof(deleted)];
	const char *meant = basename(path), *found;
	size_t n_meant = strlen(meant);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", mapped);
	n = readlink(link, name, sizeof(name) - 1);
	if (n < 0)
		return -errno;
	name[n] = '\0';
	found = basename(name);
	return strncmp(found, meant, n_meant) == 0 && (!found[n_meant] || strcmp(found + n_meant, deleted) == 0);
}

/*
 * overlayfs shows a name under a device of its own, while the mapping is of the file below it: the rest of what stat
 * tells is the lower file's. That file must lie on a block device: whoever makes up a file system of his own (FUSE)
 * could also make up the numbers.
 */
static bool is_below_overlay(const struct stat *mapped, int named, const struct stat *st)
{
	struct statfs fs;

	return fstatfs(named, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC && major(mapped->st_dev) != 0 &&
	       mapped->st_ino == st->st_ino && mapped->st_size == st->st_size &&
	       memcmp(&mapped->st_mtim, &st->st_mtim, sizeof(st->st_mtim)) == 0 &&
	       memcmp(&mapped->st_ctim, &st->st_ctim, sizeof(st->st_ctim)) == 0;
}

int mapped_file_is_named(int mapped, int named)
{
	struct stat st_mapped, st_named;

	if (fstat(mapped, &st_mapped) < 0 || fstat(named, &st_named) < 0)
		return -errno;
	if (st_mapped.st_dev == st_named.st_dev && st_mapped.st_ino == st_named.st_ino)
		return 1;
	return is_below_overlay(&st_mapped, named, &st_named);
}

/* The size of [vdso] in the text of /proc/self/maps; 0: not there. */
static uint64_t find_vdso_bytes(const char *maps, uint64_t vdso)
{
	const char *end = maps + strlen(maps), *line = maps;
	uint64_t from, to;

	while (line < end) {
		const char *p = line;

		if (parse_u64_at(&p, end, 16, &from) == 0 && from == vdso && *p++ == '-' &&
		    parse_u64_at(&p, end, 16, &to) == 0 && to > from)
			return to - from;
		line += strcspn(line, "\n");
		line += line < end;
	}
	return 0;
}

static int seal_copy(const void *data, uint64_t size, int *ret)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = memfd_create("cpuhound-vdso", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, data, size);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	*ret = take_fd(fd);
	return 0;
}

int mapped_file_open_vdso(int *ret)
{
	_cleanup_(buf_done) struct buf maps = {};
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR), size;
	int r;

	if (vdso == 0)
		return -ENOENT;
	r = fs_read(AT_FDCWD, "/proc/self/maps", MAPS_BYTES, &maps);
	if (r < 0)
		return r;
	size = find_vdso_bytes(maps.data, vdso);
	if (size == 0 || size > VDSO_BYTES)
		return -ENOENT;
	return seal_copy((const void *)(uintptr_t)vdso, size, ret);
}
