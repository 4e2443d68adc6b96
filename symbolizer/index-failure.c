// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-failure.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>

#include "symbolizer/index-writer.h"

static bool is_outdated(const struct index *index)
{
	struct index_origin origin;

	index_origin(index, &origin);
	if (origin.debug_source) /* it has what could be read: the failure tells of the rest */
		return false;
	return origin.failure && (!origin.maker || strcmp(origin.maker, CPUHOUND_VERSION) != 0);
}

int index_failure_find(struct index_cache *cache, const struct content_key *key, struct index **ret)
{
	_cleanup_(index_freep) struct index *index = NULL;
	int r;

	r = index_cache_find(cache, key, &index);
	if (r == 0 && is_outdated(index))
		return INDEX_CACHE_MISS;
	if (r == 0 || r == INDEX_CACHE_UNCHECKED)
		*ret = take_ptr(index);
	return r;
}

/*
 * A child that was killed from outside, or hung without using its CPU time, says nothing of the file. That a file is no
 * ELF file is found out at once, again.
 */
static bool is_lasting(const struct indexer_result *result)
{
	switch (result->status) {
	case -ENODATA:
	case -EBADMSG:
		return result->job == INDEXER_DEBUG;
	case -EFAULT:
	case -ENOMEM:
	case -EFBIG:
	case -ENOSPC:
	case -ETIME:
		return true;
	default:
		return false;
	}
}

static int write_failure(const struct content_key *key, const struct indexer_result *result, int fd)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	const struct index_origin origin = {
		.path = result->path,
		.failure = result->reason,
		.maker = CPUHOUND_VERSION,
	};
	int r;

	r = index_writer_new(EM_NONE, &key->build_id, &w);
	if (r == 0)
		r = index_writer_set_origin(w, &origin);
	return r == 0 ? index_writer_finish(w, fd) : r;
}

void index_failure_remember(struct index_cache *cache, const struct content_key *key,
			    const struct indexer_result *result)
{
	_cleanup_close_ int fd = -1;
	struct index *index;

	if (!is_lasting(result))
		return;
	fd = memfd_create("cpuhound-index", MFD_CLOEXEC);
	if (fd >= 0 && write_failure(key, result, fd) == 0 && index_cache_put(cache, key, fd, &index) == 0)
		index_free(index);
}
