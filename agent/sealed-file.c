// SPDX-License-Identifier: Apache-2.0
#include "agent/sealed-file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "common/fsutil.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int sealed_file_new(const char *name, const void *data, size_t size, int *ret_fd)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int e;

	if (fd < 0)
		return -errno;
	e = fs_write_all(fd, data, size);
	if (e < 0)
		return e;
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return -errno;
	*ret_fd = take_fd(fd);
	return 0;
}
