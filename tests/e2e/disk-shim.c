// SPDX-License-Identifier: Apache-2.0
/*
 * disk shim: LD_PRELOADed into a program that writes below one directory (DISK_SHIM_DIR). Each call that changes what
 * lies there is a numbered point: write, pwrite, ftruncate, fsync, fdatasync, rename, unlink, mkdir, rmdir, link, and
 * an open that makes or empties a file.
 *
 * DISK_SHIM_EXIT_AT=N: the process ends at point N (1, 2, ...), before it happens; a write has happened by half.
 * DISK_SHIM_JOURNAL=FILE: what happened is appended there, for tests/e2e/lib/power_cut.py: a line for each point, for
 *     writes followed by the bytes. Paths are relative to the directory, files known by inode.
 * DISK_SHIM_COUNT=FILE: the number of points, written at exit.
 *
 * What a program changes by mapping a file is not seen. One process: children have their own count.
 */
#undef _FILE_OFFSET_BITS /* else a name of one function means another here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define KILLED_STATUS 137

/* The function behind the one that is replaced. */
#define REAL(name)                                                                                                     \
	({                                                                                                             \
		static __typeof__(name) *real_;                                                                        \
		if (!real_)                                                                                            \
			real_ = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                           \
		real_;                                                                                                 \
	})

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static struct {
	bool is_ready;
	char dir[PATH_MAX];
	size_t dir_size;
	unsigned long exit_at, n;
	int journal_fd; /* -1: none */
} shim = { .journal_fd = -1 };

static void get_ready(void)
{
	const char *dir = getenv("DISK_SHIM_DIR"), *exit_at = getenv("DISK_SHIM_EXIT_AT");
	const char *journal = getenv("DISK_SHIM_JOURNAL");

	if (shim.is_ready)
		return;
	shim.is_ready = true;
	if (!dir || !realpath(dir, shim.dir))
		return;
	shim.dir_size = strlen(shim.dir);
	shim.exit_at = exit_at ? strtoul(exit_at, NULL, 10) : 0;
	if (journal)
		shim.journal_fd = REAL(open)(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

__attribute__((destructor)) static void tell_count(void)
{
	const char *path = getenv("DISK_SHIM_COUNT");
	int fd = path ? REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		dprintf(fd, "%lu\n", shim.n);
}

/* The part of an absolute path below the directory; NULL: it lies elsewhere. "." is the directory itself. */
static const char *below(const char *path)
{
	if (!shim.dir_size || strncmp(path, shim.dir, shim.dir_size) != 0)
		return NULL;
	if (path[shim.dir_size] == 0)
		return ".";
	return path[shim.dir_size] == '/' ? path + shim.dir_size + 1 : NULL;
}

static bool fd_path(int fd, char ret[static PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret, PATH_MAX - 1);
	if (n < 0)
		return false;
	ret[n] = 0;
	return true;
}

struct place {
	char path[2 * PATH_MAX];
	const char *below; /* in path; NULL: not ours */
};

static void find_at(int dir_fd, const char *name, struct place *ret)
{
	char base[PATH_MAX] = "";

	ret->below = NULL;
	if (name[0] != '/' && (dir_fd == AT_FDCWD ? !getcwd(base, sizeof(base)) : !fd_path(dir_fd, base)))
		return;
	if (name[0] == '/')
		snprintf(ret->path, sizeof(ret->path), "%s", name);
	else
		snprintf(ret->path, sizeof(ret->path), "%s/%s", base, name);
	ret->below = below(ret->path);
}

static void find_fd(int fd, struct place *ret)
{
	ret->below = fd_path(fd, ret->path) ? below(ret->path) : NULL;
}

/* Counts a point; true: here it ends. */
static bool is_last(void)
{
	return ++shim.n == shim.exit_at;
}

static void end(void)
{
	_exit(KILLED_STATUS); /* no destructor of anybody: as SIGKILL */
}

static void journal(const void *data, size_t size)
{
	for (const char *p = data; size > 0;) {
		ssize_t n = REAL(write)(shim.journal_fd, p, size);

		if (n <= 0)
			abort(); /* a journal with a hole proves nothing */
		p += n;
		size -= (size_t)n;
	}
}

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
	char line[3 * PATH_MAX];
	va_list ap;
	int n;

	if (shim.journal_fd < 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	journal(line, (size_t)n);
}

static unsigned long long inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* The folder's time after a change of its names: what a catalogue goes by. */
static long long changed_ns(const struct place *p)
{
	char folder[2 * PATH_MAX], *slash;
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", p->path);
	slash = strrchr(folder, '/');
	if (!slash || (*slash = 0, stat(folder, &st) < 0))
		return 0;
	return st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}

static void note_written(int fd, long long offset, const void *data, ssize_t n)
{
	if (n <= 0 || shim.journal_fd < 0)
		return;
	note("write %llu %lld %zd\n", inode_of(fd), offset, n);
	journal(data, (size_t)n);
}

/* lseek() tells where a write begins; O_APPEND ones begin at the end, where it is afterwards. */
static ssize_t write_at(int fd, const void *data, size_t size, off_t offset)
{
	bool is_positioned = offset >= 0;
	struct place p;
	ssize_t n;

	pthread_mutex_lock(&lock);
	get_ready();
	find_fd(fd, &p);
	if (!p.below) {
		pthread_mutex_unlock(&lock);
		return is_positioned ? REAL(pwrite)(fd, data, size, offset) : REAL(write)(fd, data, size);
	}
	if (is_last()) {
		n = is_positioned ? REAL(pwrite)(fd, data, size / 2, offset) : REAL(write)(fd, data, size / 2);
		end();
	}
	n = is_positioned ? REAL(pwrite)(fd, data, size, offset) : REAL(write)(fd, data, size);
	note_written(fd, is_positioned ? offset : (long long)lseek(fd, 0, SEEK_CUR) - n, data, n);
	pthread_mutex_unlock(&lock);
	return n;
}

EXPORT ssize_t write(int fd, const void *data, size_t size)
{
	return write_at(fd, data, size, -1);
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return write_at(fd, data, size, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return write_at(fd, data, size, offset);
}

/* A point before a call on a descriptor: true when it is one of ours. The caller unlocks. */
static bool begin_fd(int fd, struct place *ret)
{
	pthread_mutex_lock(&lock);
	get_ready();
	find_fd(fd, ret);
	if (ret->below && is_last())
		end();
	return ret->below;
}

static int sync_fd(int fd, int (*real)(int))
{
	struct place p;
	bool is_ours = begin_fd(fd, &p);
	int r = real(fd);

	if (is_ours && r == 0)
		note("fsync %llu %s\n", inode_of(fd), p.below);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int fsync(int fd)
{
	return sync_fd(fd, REAL(fsync));
}

EXPORT int fdatasync(int fd)
{
	return sync_fd(fd, REAL(fdatasync));
}

EXPORT int ftruncate(int fd, off_t size)
{
	struct place p;
	bool is_ours = begin_fd(fd, &p);
	int r = REAL(ftruncate)(fd, size);

	if (is_ours && r == 0)
		note("truncate %llu %lld\n", inode_of(fd), (long long)size);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

/* The same for a name in a directory. */
static bool begin_at(int dir_fd, const char *name, struct place *ret)
{
	pthread_mutex_lock(&lock);
	get_ready();
	find_at(dir_fd, name, ret);
	if (ret->below && is_last())
		end();
	return ret->below;
}

static int finish_at(int r, const char *what, const struct place *p)
{
	if (p->below && r == 0)
		note("%s %lld %s\n", what, changed_ns(p), p->below);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int unlinkat(int dir_fd, const char *name, int flags)
{
	struct place p;

	begin_at(dir_fd, name, &p);
	return finish_at(REAL(unlinkat)(dir_fd, name, flags), flags & AT_REMOVEDIR ? "rmdir" : "unlink", &p);
}

EXPORT int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

EXPORT int rmdir(const char *name)
{
	return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

EXPORT int mkdirat(int dir_fd, const char *name, mode_t mode)
{
	struct place p;

	begin_at(dir_fd, name, &p);
	return finish_at(REAL(mkdirat)(dir_fd, name, mode), "mkdir", &p);
}

EXPORT int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

/* Both names in one line, with a tab between. */
static int finish_two(int r, const char *what, const struct place *from, const struct place *to)
{
	if (from->below && to->below && r == 0)
		note("%s %lld %s\t%s\n", what, changed_ns(to), from->below, to->below);
	pthread_mutex_unlock(&lock);
	return r;
}

EXPORT int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	struct place old, new;

	begin_at(from_fd, from, &old);
	find_at(to_fd, to, &new);
	return finish_two(REAL(renameat2)(from_fd, from, to_fd, to, flags),
			  flags & RENAME_EXCHANGE ? "exchange" : "rename", &old, &new);
}

EXPORT int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

EXPORT int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

EXPORT int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	struct place old, new;

	begin_at(to_fd, to, &new);
	find_at(from_fd, from, &old);
	return finish_two(REAL(linkat)(from_fd, from, to_fd, to, flags), "link", &old, &new);
}

EXPORT int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int open_changing(int dir_fd, const char *name, int flags, mode_t mode)
{
	struct place p;
	bool is_new;
	int fd;

	pthread_mutex_lock(&lock);
	get_ready();
	find_at(dir_fd, name, &p);
	is_new = p.below && faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	if (p.below && (is_new || flags & O_TRUNC) && is_last())
		end();
	fd = REAL(openat)(dir_fd, name, flags, mode);
	if (p.below && fd >= 0 && is_new)
		note("create %llu %lld %s\n", inode_of(fd), changed_ns(&p), p.below);
	else if (p.below && fd >= 0 && flags & O_TRUNC)
		note("truncate %llu 0\n", inode_of(fd));
	pthread_mutex_unlock(&lock);
	return fd;
}

/* Opens for writing are few: only those that make or empty a file are points. */
#define MODE_OF(flags)                                                                                                 \
	({                                                                                                             \
		va_list ap_;                                                                                           \
		mode_t mode_ = 0;                                                                                      \
		va_start(ap_, flags);                                                                                  \
		if ((flags) & (O_CREAT | O_TMPFILE))                                                                   \
			mode_ = va_arg(ap_, mode_t);                                                                   \
		va_end(ap_);                                                                                           \
		mode_;                                                                                                 \
	})

EXPORT int openat(int dir_fd, const char *name, int flags, ...)
{
	mode_t mode = MODE_OF(flags);

	if (flags & (O_CREAT | O_TRUNC))
		return open_changing(dir_fd, name, flags, mode);
	return REAL(openat)(dir_fd, name, flags, mode);
}

EXPORT int openat64(int dir_fd, const char *name, int flags, ...)
{
	return openat(dir_fd, name, flags, MODE_OF(flags));
}

EXPORT int open(const char *name, int flags, ...)
{
	return openat(AT_FDCWD, name, flags, MODE_OF(flags));
}

EXPORT int open64(const char *name, int flags, ...)
{
	return openat(AT_FDCWD, name, flags, MODE_OF(flags));
}
