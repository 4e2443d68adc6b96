// SPDX-License-Identifier: Apache-2.0
/* seeds: in the build with libFuzzer, `FUZZ_SEEDS=DIR TARGET` writes the target's seeds into a directory, and ends. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/clean.h"
#include "common/fsutil.h"
#include "tests/fuzz/fuzz.h"

__attribute__((visibility("default"))) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int write_seed(int dir, size_t i, const void *seed, size_t size)
{
	_cleanup_close_ int fd = -1;
	char name[32];

	snprintf(name, sizeof(name), "seed-%zu", i);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fs_write_all(fd, seed, size);
}

static int write_seeds(const char *path)
{
	_cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const void *seed;
	size_t size;
	int r = dir < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && (seed = fuzz_seed(i, &size)); i++)
		r = write_seed(dir, i, seed, size);
	return r;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *path = getenv("FUZZ_SEEDS");

	if (path)
		exit(write_seeds(path) < 0);
	return 0;
}
