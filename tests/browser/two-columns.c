// SPDX-License-Identifier: Apache-2.0
/* Draws two profiles beside each other: usage: two-columns BEFORE AFTER OUT.html */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/fsutil.h"
#include "pprof/profile-file.h"
#include "report/flame.h"
#include "web/viewer-page.h"

static int add(struct flame *f, size_t column, const char *path)
{
	_cleanup_(profile_file_done) struct profile_file file = {};
	int r = profile_file_read(path, &file);

	if (r < 0)
		return r;
	flame_cover_profile(f, column, file.profile);
	return flame_add(f, column, file.profile, NULL);
}

static int draw(char **argv)
{
	_cleanup_(flame_done) struct flame f = {};
	_cleanup_(buf_done) struct buf page = {};
	_cleanup_close_ int fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r;

	r = fd < 0 ? -errno : flame_init(&f);
	f.title = "two columns";
	f.n_columns = 2;
	f.columns[0].name = "before";
	f.columns[1].name = "after";
	for (size_t c = 0; r == 0 && c < 2; c++)
		r = add(&f, c, argv[1 + c]);
	if (r == 0)
		r = flame_finish(&f);
	if (r == 0)
		r = viewer_page_add(&f, &page);
	return r == 0 ? fs_write_all(fd, page.data, page.size) : r;
}

int main(int argc, char **argv)
{
	int r = argc == 4 ? draw(argv) : -EINVAL;

	if (r != 0)
		fprintf(stderr, "two-columns: %s\n", strerror(r < 0 ? -r : EINVAL));
	return r != 0;
}
