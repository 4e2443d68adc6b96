// SPDX-License-Identifier: Apache-2.0
#include "common/intern.h"

#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	size_t size;
	char text[];
};

struct intern {
	struct entry *entries;
	size_t bytes;
	size_t limit_bytes;
};

int intern_new(size_t limit_bytes, struct intern **ret)
{
	struct intern *in = calloc(1, sizeof(*in));

	if (!in)
		return -ENOMEM;
	in->limit_bytes = limit_bytes;
	*ret = in;
	return 0;
}

struct intern *intern_free(struct intern *in)
{
	struct entry *e, *next;

	if (!in)
		return NULL;
	HASH_ITER (hh, in->entries, e, next) {
		HASH_DEL(in->entries, e);
		free(e);
	}
	free(in);
	return NULL;
}

int intern_add(struct intern *in, const char *s, size_t size, const char **ret)
{
	struct entry *e = NULL;

	HASH_FIND(hh, in->entries, s, size, e);
	if (e) {
		*ret = e->text;
		return 0;
	}
	if (sizeof(*e) + size + 1 > in->limit_bytes - in->bytes)
		return -ENOSPC;

	e = malloc(sizeof(*e) + size + 1);
	if (!e)
		return -ENOMEM;
	memset(&e->hh, 0, sizeof(e->hh));
	e->size = size;
	memcpy(e->text, s, size);
	e->text[size] = 0;
	HASH_ADD_KEYPTR(hh, in->entries, e->text, size, e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	in->bytes += sizeof(*e) + size + 1;
	*ret = e->text;
	return 0;
}

size_t intern_bytes(const struct intern *in)
{
	return in->bytes;
}
