/* SPDX-License-Identifier: Apache-2.0 */
/* scratch dir: a folder for one test program's files, and what other programs say about them. */
#pragma once

#include <fcntl.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "tests/unit/cmocka-all.h"

static char scratch_dir[] = "/tmp/cpuhound-test-XXXXXX";

static inline int scratch_dir_new(void **state)
{
	return mkdtemp(scratch_dir) ? 0 : -1;
}

static inline int scratch_dir_free(void **state)
{
	_cleanup_free_ char *command = NULL;

	return asprintf(&command, "rm -r %s", scratch_dir) > 0 ? system(command) : -1;
}

static inline void scratch_write(const char *name, const void *data, size_t size)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	assert_true(asprintf(&path, "%s/%s", scratch_dir, name) > 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, size), 0);
}

/* The output of a shell command in the folder, which must come with exit code 0. */
static inline void scratch_run(const char *command, struct buf *ret)
{
	_cleanup_free_ char *line = NULL;
	char piece[4096];
	FILE *out;
	size_t n;

	buf_clear(ret);
	assert_true(asprintf(&line, "cd %s && PPROF_TMPDIR=. %s 2>&1", scratch_dir, command) > 0);
	out = popen(line, "re");
	assert_non_null(out);
	while ((n = fread(piece, 1, sizeof(piece), out)) > 0)
		assert_int_equal(buf_add(ret, piece, n), 0);
	assert_int_equal(buf_reserve(ret, 0), 0); /* a NUL even after nothing */
	if (pclose(out) != 0)
		fail_msg("'%s' failed: %s", command, ret->data);
}
