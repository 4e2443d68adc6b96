// SPDX-License-Identifier: Apache-2.0
/* window file: reading one, as bytes, as a profile, and for what a row says of it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/compress.h"
#include "common/fsutil.h"
#include "pprof/profile.h"
#include "store/store-inside.h"

int window_file_read(int dir_fd, const struct window_path *path, struct buf *ret)
{
	char name[FOLDER_BYTES + NAME_BYTES];
	int e;

	snprintf(name, sizeof(name), "%s/%s", path->folder, path->file);
	e = fs_read(dir_fd, name, PROFILE_MAX_FILE_BYTES, ret);
	return e == -ENOENT ? STORE_GONE : e == -EFBIG || e == -EISDIR ? STORE_BAD : e;
}

static int bad_or_fault(int e)
{
	return e == -EBADMSG || e == -EFBIG ? STORE_BAD : e;
}

/* Only zstd, whose checksum tells what a disk did to it. */
int window_file_decode(const struct buf *packed, struct profile **ret, uint64_t *ret_n_raw_bytes)
{
	_cleanup_(buf_done) struct buf raw = {};
	int r;

	if (compression_of(packed->data, packed->size) != COMPRESSION_ZSTD)
		return STORE_BAD;
	r = decompress_add(packed->data, packed->size, PROFILE_MAX_RAW_BYTES, &raw);
	if (r == 0)
		r = profile_decode(raw.data, raw.size, ret);
	*ret_n_raw_bytes = raw.size;
	return bad_or_fault(r);
}

int window_file_load(int dir_fd, const struct window_path *path, struct profile **ret, uint64_t *ret_n_raw_bytes)
{
	_cleanup_(buf_done) struct buf packed = {};
	int r = window_file_read(dir_fd, path, &packed);

	return r == 0 ? window_file_decode(&packed, ret, ret_n_raw_bytes) : r;
}

int window_file_inspect(int dir_fd, const struct window_path *path, const struct window_name *name,
			struct window_info *ret, struct profile **ret_profile)
{
	_cleanup_(profile_freep) struct profile *profile = NULL;
	struct window_info info = { .tier = name->tier, .first = name->first, .last = name->last };
	char text[FOLDER_BYTES + NAME_BYTES];
	struct stat st;
	int r;

	strcpy(info.host, name->host);
	r = window_file_load(dir_fd, path, &profile, &info.n_raw_bytes);
	if (r == 0)
		r = bad_or_fault(window_info_read(profile, &info));
	if (r != 0)
		return r;
	if (info.start_ns / (int64_t)NS_PER_MS != name->start_ms)
		return STORE_BAD;
	snprintf(text, sizeof(text), "%s/%s", path->folder, path->file);
	if (fstatat(dir_fd, text, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? STORE_GONE : -errno;
	info.n_bytes = (uint64_t)st.st_size;
	info.n_disk_bytes = files_disk_bytes(&st);
	*ret = info;
	*ret_profile = take_ptr(profile);
	return 0;
}
