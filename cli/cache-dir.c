// SPDX-License-Identifier: Apache-2.0
#include "cli/cache-dir.h"

#include <sys/stat.h>

#include "common/buf.h"

/* XDG Base Directory Specification: relative paths are to be ignored, missing directories made with mode 0700. */
static int find_of_user(struct buf *ret)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int r;

	if (cache && cache[0] == '/')
		r = buf_add_str(ret, cache);
	else if (home && home[0] == '/')
		r = buf_printf(ret, "%s/.cache", home);
	else
		return buf_add_str(ret, "");
	if (r < 0)
		return r;
	(void)mkdir(ret->data, 0700); /* what is wrong with it shows when it is used */
	return buf_add_str(ret, "/cpuhound");
}

int cache_dir_find(const char *given, struct buf *ret)
{
	if (given)
		return buf_add_str(ret, given);
	return geteuid() == 0 ? buf_add_str(ret, CACHE_DIR_SYSTEM) : find_of_user(ret);
}
