// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/file-content.h"

#include <nettle/sha2.h>

#include "common/fsutil.h"

#define EDGE_BYTES 4096

void file_identity_get(const struct stat *st, struct file_identity *ret)
{
	*ret = (struct file_identity){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.mtime_s = st->st_mtim.tv_sec,
		.mtime_ns = st->st_mtim.tv_nsec,
		.ctime_s = st->st_ctim.tv_sec,
		.ctime_ns = st->st_ctim.tv_nsec,
	};
}

int file_content_read(int fd, struct file_content *ret, bool *ret_is_unnamed)
{
	struct file_identity identity;
	struct sha256_ctx sha;
	uint8_t edge[EDGE_BYTES];
	uint64_t offsets[2] = {};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret = (struct file_content){ .n_bytes = (uint64_t)st.st_size };
	if (ret->n_bytes > EDGE_BYTES)
		offsets[1] = ret->n_bytes - EDGE_BYTES;
	file_identity_get(&st, &identity);
	sha256_init(&sha);
	sha256_update(&sha, sizeof(identity), (const uint8_t *)&identity);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		ssize_t n = fs_pread_all(fd, edge, sizeof(edge), offsets[i]);

		if (n < 0)
			return (int)n;
		sha256_update(&sha, (size_t)n, edge);
	}
	sha256_digest(&sha, sizeof(ret->sha), ret->sha);
	*ret_is_unnamed = st.st_nlink == 0;
	return 0;
}
