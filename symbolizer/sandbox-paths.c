// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/sandbox-paths.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the first version, and what the second adds: to rename from one directory to another. */
#define READ_FILE ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE)
#define READ_BELOW (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE (READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define WRITE_BELOW                                                                                                    \
	(READ_BELOW | WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                    \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
#define FIRST_VERSION ((uint64_t)((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1))

static uint64_t access_for(const struct sandbox_path *path, int fd, int version)
{
	uint64_t refer = version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return path->is_writable ? WRITE_BELOW | refer : READ_BELOW;
	return path->is_writable ? WRITE_FILE : READ_FILE;
}

bool sandbox_add_folder(const char *file, struct sandbox_path *ret)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *folder = slash ? strndup(file, (size_t)(slash - file) + 1) : NULL;

	if (folder)
		*ret = (struct sandbox_path){ .path = folder };
	return folder;
}

/* For who connects: how names are looked up, and certificates. */
static const struct sandbox_path network[] = {
	{ .path = "/etc/resolv.conf" },
	{ .path = "/etc/hosts" },
	{ .path = "/etc/host.conf" },
	{ .path = "/etc/nsswitch.conf" },
	{ .path = "/etc/gai.conf" },
	{ .path = "/etc/services" },
	{ .path = "/etc/gnutls" },
	{ .path = "/etc/ssl" },
	{ .path = "/usr/lib/ssl" },
	{ .path = "/usr/share/ca-certificates" },
	{ .path = "/usr/local/share/ca-certificates" },
};

static int allow(int ruleset_fd, const struct sandbox_path *path, int version)
{
	_cleanup_close_ int fd = open(path->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rule.allowed_access = access_for(path, fd, version);
	return syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int sandbox_restrict_paths(const struct sandbox_limits *limits)
{
	struct landlock_ruleset_attr ruleset = { .handled_access_fs = FIRST_VERSION };
	_cleanup_close_ int fd = -1;
	int version, r = 0;

	if (limits->n_paths == 0)
		return 0;
	version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 0) /* EPERM: the filter of a container or service around us does not know it */
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM ? 0 : -errno;
	if (version >= 2)
		ruleset.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < limits->n_paths; i++)
		r = allow(fd, &limits->paths[i], version);
	for (size_t i = 0; r == 0 && limits->may_connect && i < ARRAY_SIZE(network); i++)
		r = allow(fd, &network[i], version);
	if (r < 0)
		return r;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}
