/* SPDX-License-Identifier: Apache-2.0 */
/* tool: what other programs say about the same file, and a directory to make files in. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "symbolizer/elf-index.h"
#include "symbolizer/index.h"

static inline int tool_status(const char *command)
{
	int r = system(command);

	return r == -1 ? -1 : r;
}

/* The standard output of a shell command; it must succeed. */
_printf_(2, 3) static inline void tool_read(struct buf *ret, const char *fmt, ...)
{
	char command[1024], piece[4096];
	va_list args;
	size_t n;
	FILE *f;

	va_start(args, fmt);
	assert_true(vsnprintf(command, sizeof(command), fmt, args) < (int)sizeof(command));
	va_end(args);
	f = popen(command, "r");
	assert_non_null(f);
	buf_clear(ret);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		assert_int_equal(buf_add(ret, piece, n), 0);
	if (pclose(f) != 0)
		fail_msg("failed: %s", command);
	assert_int_equal(buf_reserve(ret, 0), 0); /* a NUL even after nothing */
}

_printf_(1, 2) static inline void tool_run(const char *fmt, ...)
{
	char command[2048];
	va_list args;

	va_start(args, fmt);
	assert_true(vsnprintf(command, sizeof(command), fmt, args) < (int)sizeof(command));
	va_end(args);
	if (tool_status(command) != 0)
		fail_msg("failed: %s", command);
}

static inline int tool_dir_new(void **state)
{
	char *dir = strdup("/tmp/cpuhound-test-XXXXXX");

	if (!dir || !mkdtemp(dir))
		return -1;
	*state = dir;
	return 0;
}

static inline int tool_dir_free(void **state)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	free(*state);
	return tool_status(command);
}

/* A text file in DIR. */
static inline void tool_write(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path));
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline int tool_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("cannot open %s", path);
	return fd;
}

static inline int tool_open_in(const char *dir, const char *name)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return tool_open(path);
}

static inline int tool_memory_file(const void *data, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, size), 0);
	return fd;
}

/* Indexes a file in this process. */
static inline struct index *tool_index(int fd)
{
	_cleanup_close_ int out = tool_memory_file("", 0);
	struct index *index;
	struct build_id id;

	assert_int_equal(elf_index_build(fd, out, NULL, &id), 0);
	assert_int_equal(index_open(out, &index), 0);
	assert_true(build_id_equal(&id, index_build_id(index)));
	return index;
}

static inline struct index *tool_index_path(const char *path)
{
	_cleanup_close_ int fd = tool_open(path);

	return tool_index(fd);
}

static inline const char *tool_name_at(const struct index *index, uint64_t addr)
{
	struct index_frame frame;

	return index_lookup(index, addr, &frame, 1) ? frame.linkage_name : NULL;
}
