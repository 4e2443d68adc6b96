// SPDX-License-Identifier: Apache-2.0
#include "workload/names.h"

#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct name {
	UT_hash_handle hh;
	size_t refs;
	size_t size;
	char text[];
};

struct names {
	struct name *all;
	size_t bytes;
	size_t limit_bytes;
};

static struct name *name_of(const char *text)
{
	return (struct name *)(void *)((char *)(uintptr_t)text - offsetof(struct name, text));
}

static size_t name_bytes(size_t size)
{
	return sizeof(struct name) + size + 1;
}

int names_new(size_t limit_bytes, struct names **ret)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->limit_bytes = limit_bytes;
	*ret = n;
	return 0;
}

struct names *names_free(struct names *n)
{
	struct name *name, *next;

	if (!n)
		return NULL;
	HASH_ITER (hh, n->all, name, next) {
		HASH_DEL(n->all, name);
		free(name);
	}
	free(n);
	return NULL;
}

static int name_new(struct names *n, const char *s, size_t size, struct name **ret)
{
	struct name *name;

	if (name_bytes(size) > n->limit_bytes - n->bytes)
		return -ENOSPC;
	name = calloc(1, name_bytes(size));
	if (!name)
		return -ENOMEM;
	name->size = size;
	if (size)
		memcpy(name->text, s, size);
	HASH_ADD_KEYPTR(hh, n->all, name->text, size, name);
	if (!name->hh.tbl) {
		free(name);
		return -ENOMEM;
	}
	n->bytes += name_bytes(size);
	*ret = name;
	return 0;
}

int name_get(struct names *n, const char *s, size_t size, const char **ret)
{
	struct name *name = NULL;
	int r;

	HASH_FIND(hh, n->all, s, size, name);
	if (!name) {
		r = name_new(n, s, size, &name);
		if (r < 0)
			return r;
	}
	name->refs++;
	*ret = name->text;
	return 0;
}

const char *name_ref(const char *name)
{
	if (name)
		name_of(name)->refs++;
	return name;
}

void name_unref(struct names *n, const char *text)
{
	struct name *name;

	if (!text)
		return;
	name = name_of(text);
	if (--name->refs > 0)
		return;
	HASH_DEL(n->all, name);
	n->bytes -= name_bytes(name->size);
	free(name);
}

size_t names_bytes(const struct names *n)
{
	return n->bytes;
}
