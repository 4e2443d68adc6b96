// SPDX-License-Identifier: Apache-2.0
#include "pprof/wire.h"

#include <malloc.h>
#include <stdbool.h>

/* What protobuf-c allocates is counted as malloc() sees it. */
struct meter {
	size_t used_bytes, max_bytes;
	bool over_limit, out_of_memory;
};

static void *meter_alloc(void *data, size_t size)
{
	struct meter *m = data;
	void *p;

	if (size > m->max_bytes - m->used_bytes) {
		m->over_limit = true;
		return NULL;
	}
	p = malloc(size);
	if (!p) {
		m->out_of_memory = true;
		return NULL;
	}
	m->used_bytes += malloc_usable_size(p);
	if (m->used_bytes > m->max_bytes) /* rounded up past the cap */
		m->used_bytes = m->max_bytes;
	return p;
}

static void meter_free(void *data, void *p)
{
	struct meter *m = data;
	size_t size = malloc_usable_size(p);

	m->used_bytes -= size < m->used_bytes ? size : m->used_bytes;
	free(p);
}

int wire_unpack(const void *data, size_t size, size_t max_bytes, Perftools__Profiles__Profile **ret)
{
	struct meter meter = { .max_bytes = max_bytes };
	ProtobufCAllocator allocator = { .alloc = meter_alloc, .free = meter_free, .allocator_data = &meter };
	Perftools__Profiles__Profile *tree;

	tree = perftools__profiles__profile__unpack(&allocator, size, data);
	if (tree) {
		*ret = tree;
		return 0;
	}
	if (meter.over_limit)
		return -EFBIG;
	return meter.out_of_memory ? -ENOMEM : -EBADMSG;
}

Perftools__Profiles__Profile *wire_free(Perftools__Profiles__Profile *tree)
{
	if (tree)
		perftools__profiles__profile__free_unpacked(tree, NULL);
	return NULL;
}
