/* SPDX-License-Identifier: Apache-2.0 */
/* state fixture: a directory below /tmp for the tests of what the agent keeps on disk. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "tests/unit/cmocka-all.h"

static char state_path[64];
static int state_fd = -1;

static int state_set_up(void **state)
{
	strcpy(state_path, "/tmp/test-state.XXXXXX");
	if (!mkdtemp(state_path))
		return -1;
	state_fd = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return state_fd < 0 ? -1 : 0;
}

static int state_tear_down(void **state)
{
	char command[128];

	state_fd = close_fd(state_fd);
	snprintf(command, sizeof(command), "rm -rf %s", state_path);
	return system(command);
}

_unused_ static void state_put(const char *name, const char *text)
{
	_cleanup_close_ int file = openat(state_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(file >= 0);
	assert_int_equal(fs_write_all(file, text, strlen(text)), 0);
}

_unused_ static bool state_has(const char *name)
{
	return faccessat(state_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
