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
	void *tables = NULL, *slots = NULL;
	int r;

	*maps = (struct unwind_maps){ .chunks_fd = chunks_fd };
	r = map_memory(tables_fd, TABLES_BYTES, &tables);
	if (r < 0)
		return r;
	maps->tables = tables;
	r = map_memory(processes_fd, sizeof(*maps->slots), &slots);
	if (r < 0)
		return r;
	maps->slots = slots;
	return 0;
}

void unwind_maps_done(struct unwind_maps *maps)
{
	if (maps->tables)
		munmap(maps->tables, TABLES_BYTES);
	if (maps->slots)
		munmap(maps->slots, sizeof(*maps->slots));
	*maps = (struct unwind_maps){};
}

int unwind_maps_make_chunk(int *ret_fd, struct unwind_chunk **ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int fd = -1;
	void *chunk = NULL;
	int r;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", sizeof(__u32), sizeof(struct unwind_chunk), 1, &opts);
	if (fd < 0)
		return fd;
	r = map_memory(fd, sizeof(struct unwind_chunk), &chunk);
	if (r < 0)
		return r;
	*ret_fd = take_fd(fd);
	*ret = chunk;
	return 0;
}

int unwind_maps_show_chunks(const struct unwind_maps *maps, const uint32_t *numbers, const int *fds, uint32_t n,
			    uint32_t *ret_n)
{
	uint32_t n_shown = n;
	int r = bpf_map_update_batch(maps->chunks_fd, numbers, fds, &n_shown, NULL);

	if (r < 0 && (n_shown == 0 || n_shown == n)) /* n: refused before it was counted */
		return r;
	*ret_n = n_shown;
	return 0;
}

bool unwind_maps_shows(const struct unwind_maps *maps, uint32_t number)
{
	uint32_t map_id;

	return bpf_map_lookup_elem(maps->chunks_fd, &number, &map_id) == 0;
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
