// SPDX-License-Identifier: Apache-2.0
#include "pprof/binary-names.h"

#include <string.h>

#include "pprof/profile.h"
#include "pprof/tables.h"

int binary_names_init(struct binary_names *b)
{
	int r;

	*b = (struct binary_names){};
	r = pool_init(&b->binaries, PROFILE_MAX_MAPPINGS, PROFILE_MAX_STRINGS_BYTES);
	return r == 0 ? pool_init(&b->names, PROFILE_MAX_MAPPINGS, PROFILE_MAX_STRINGS_BYTES) : r;
}

void binary_names_done(struct binary_names *b)
{
	pool_done(&b->binaries);
	pool_done(&b->names);
	buf_done(&b->numbers);
}

/* The build id at its place is the key. */
static int add_binary(struct binary_names *b, const struct profile_map *map, uint32_t *ret)
{
	const uint64_t place[] = { map->start, map->limit, map->file_offset };
	_cleanup_(buf_done) struct buf key = {};
	int r;

	r = buf_add(&key, place, sizeof(place));
	if (r == 0)
		r = buf_add_str(&key, map->build_id);
	return r == 0 ? pool_add(&b->binaries, key.data, key.size, ret) : r;
}

static int find_name(struct binary_names *b, const struct profile_map *map, const char **ret)
{
	uint32_t binary, name;
	size_t size;
	int r;

	r = add_binary(b, map, &binary);
	if (r == 0 && binary == b->numbers.size / sizeof(name)) {
		r = pool_add(&b->names, map->filename, strlen(map->filename) + 1, &name);
		if (r == 0)
			r = buf_add(&b->numbers, &name, sizeof(name));
	}
	if (r < 0)
		return r;
	memcpy(&name, b->numbers.data + binary * sizeof(name), sizeof(name));
	*ret = pool_get(&b->names, name, &size);
	return 0;
}

int binary_names_map(struct binary_names *b, const struct profile_map *map, struct profile_mapping *ret)
{
	const char *name = map->filename;
	int r = *map->build_id ? find_name(b, map, &name) : 0;

	if (r < 0)
		return r;
	*ret = (struct profile_mapping){
		.start = map->start,
		.limit = map->limit,
		.file_offset = map->file_offset,
		.filename = name,
		.build_id = map->build_id,
	};
	return 0;
}
