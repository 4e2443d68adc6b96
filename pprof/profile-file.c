// SPDX-License-Identifier: Apache-2.0
#include "pprof/profile-file.h"

#include <fcntl.h>
#include <string.h>

#include "common/buf.h"
#include "common/compress.h"
#include "pprof/profile.h"

#define READ_BYTES ((size_t)64 << 10)

/* fd is borrowed. Pipes and terminals are fine: it ends where they end. */
static int read_all(int fd, struct buf *ret)
{
	for (;;) {
		ssize_t n;
		int r;

		r = buf_reserve(ret, READ_BYTES);
		if (r < 0)
			return r;
		n = read(fd, ret->data + ret->size, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		ret->size += (size_t)n;
		if (ret->size > PROFILE_MAX_FILE_BYTES)
			return -EFBIG;
	}
}

static int read_bytes(const char *path, struct buf *ret)
{
	_cleanup_close_ int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, ret);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : read_all(fd, ret);
}

static const char *form_of(const struct buf *bytes)
{
	static const char *const forms[] = {
		[COMPRESSION_NONE] = "raw",
		[COMPRESSION_GZIP] = "gzip",
		[COMPRESSION_ZSTD] = "zstd",
	};

	return forms[compression_of(bytes->data, bytes->size)];
}

int profile_file_read(const char *path, struct profile_file *ret)
{
	_cleanup_(buf_done) struct buf bytes = {};
	struct profile *profile;
	int r;

	r = read_bytes(path, &bytes);
	if (r == 0)
		r = profile_decode(bytes.data, bytes.size, &profile);
	if (r < 0)
		return r;
	*ret = (struct profile_file){
		.path = path, .form = form_of(&bytes), .n_bytes = bytes.size, .profile = profile
	};
	return 0;
}

void profile_file_done(struct profile_file *f)
{
	f->profile = profile_free(f->profile);
}
