// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-maps.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/fsutil.h"
#include "common/parse.h"

#define TABLES_BYTES (UNWIND_MAX_TABLES * sizeof(struct unwind_table))
#define BUCKETS_BYTES (UNWIND_N_BUCKETS * sizeof(struct unwind_bucket))
#define FDINFO_BYTES 4096

static int map_memory(int map_fd, size_t n_bytes, void **ret)
{
	void *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret = memory;
	return 0;
}

int unwind_maps_init(struct unwind_maps *maps, int chunks_fd, int tables_fd, int processes_fd)
{
	void *tables = NULL, *buckets = NULL;
	int r;

	*maps = (struct unwind_maps){ .chunks_fd = chunks_fd };
	r = map_memory(tables_fd, TABLES_BYTES, &tables);
	if (r < 0)
		return r;
	maps->tables = tables;
	r = map_memory(processes_fd, BUCKETS_BYTES, &buckets);
	if (r < 0)
		return r;
	maps->buckets = buckets;
	return 0;
}

void unwind_maps_done(struct unwind_maps *maps)
{
	if (maps->tables)
		munmap(maps->tables, TABLES_BYTES);
	if (maps->buckets)
		munmap(maps->buckets, BUCKETS_BYTES);
	*maps = (struct unwind_maps){};
}

int unwind_maps_add_chunk(const struct unwind_maps *maps, uint32_t number, struct unwind_chunk **ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int fd = -1; /* the array and the mapping keep the chunk */
	void *chunk = NULL;
	int r;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", sizeof(__u32), sizeof(struct unwind_chunk), 1, &opts);
	if (fd < 0)
		return fd;
	r = map_memory(fd, sizeof(struct unwind_chunk), &chunk);
	if (r < 0)
		return r;
	r = bpf_map_update_elem(maps->chunks_fd, &number, &fd, BPF_ANY);
	if (r < 0) {
		munmap(chunk, sizeof(struct unwind_chunk));
		return r;
	}
	*ret = chunk;
	return 0;
}

int unwind_maps_remove_chunk(const struct unwind_maps *maps, uint32_t number, struct unwind_chunk *chunk)
{
	munmap(chunk, sizeof(*chunk));
	return bpf_map_delete_elem(maps->chunks_fd, &number);
}

/* From fdinfo: bpf_map_info does not tell it. */
int unwind_maps_bytes(int map_fd, uint64_t *ret)
{
	static const char key[] = "\nmemlock:\t";
	_cleanup_(buf_done) struct buf text = {};
	const char *at, *end;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map_fd);
	r = fs_read(AT_FDCWD, path, FDINFO_BYTES, &text);
	if (r < 0)
		return r;
	end = text.data + text.size;
	at = memmem(text.data, text.size, key, strlen(key));
	if (!at)
		return -EBADMSG;
	at += strlen(key);
	return parse_u64_at(&at, end, 10, ret);
}
