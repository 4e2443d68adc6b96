// SPDX-License-Identifier: Apache-2.0
#include "agent/modules.h"

#include <stdbool.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "common/intern.h"

#define MAX_PATH_BYTES ((size_t)8 << 20)

struct entry {
	UT_hash_handle hh;
	uint32_t id;
	struct file_stamp stamp;
	bool is_harmful, is_asked;
	struct module module; /* the key: all its pointers are interned, static or unique */
};

struct modules {
	struct intern *paths;
	struct entry *entries;
	struct entry **by_id;
	size_t n, max_modules;
	uint32_t others; /* the module of all that there was no room for */
};

/* Only what is in the hash can be found again. */
static int append(struct modules *m, const struct module *module, bool in_hash, uint32_t *ret)
{
	struct entry *e;

	if (m->n >= m->max_modules)
		return -ENOSPC;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	memcpy(&e->module, module, sizeof(*module));
	e->id = (uint32_t)m->n;
	if (in_hash) {
		HASH_ADD(hh, m->entries, module, sizeof(*module), e);
		if (!e->hh.tbl) {
			free(e);
			return -ENOMEM;
		}
	}
	m->by_id[m->n++] = e;
	*ret = e->id;
	return 0;
}

static int init_module(struct modules *m, const char *path, struct module *ret)
{
	const char *interned;
	int r;

	r = intern_add(m->paths, path, strlen(path), &interned);
	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret)); /* compared as bytes, padding too */
	ret->path = interned;
	return 0;
}

static int find_or_add(struct modules *m, const char *path, struct binary *binary, const char *reason, uint32_t *ret)
{
	struct module key;
	struct entry *e = NULL;
	int r;

	r = init_module(m, path, &key);
	if (r < 0)
		return r;
	key.binary = binary;
	key.reason = reason;
	HASH_FIND(hh, m->entries, &key, sizeof(key), e);
	if (e) {
		*ret = e->id;
		return 0;
	}
	return append(m, &key, true, ret);
}

int modules_new(size_t max_modules, struct modules **ret)
{
	static const char too_many[] = "too many files to keep their names";
	_cleanup_(modules_freep) struct modules *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->max_modules = max_modules;
	m->n = MODULE_FIRST_FILE;
	m->by_id = calloc(max_modules, sizeof(*m->by_id));
	if (!m->by_id)
		return -ENOMEM;
	r = intern_new(MAX_PATH_BYTES, &m->paths);
	if (r < 0)
		return r;
	r = find_or_add(m, "[more files]", NULL, too_many, &m->others);
	if (r < 0)
		return r;
	*ret = take_ptr(m);
	return 0;
}

struct modules *modules_free(struct modules *m)
{
	if (!m)
		return NULL;
	HASH_CLEAR(hh, m->entries);
	for (size_t i = MODULE_FIRST_FILE; i < m->n; i++)
		free(m->by_id[i]);
	free(m->by_id);
	intern_free(m->paths);
	free(m);
	return NULL;
}

int modules_add(struct modules *m, const char *path, struct binary *binary, const char *reason, uint32_t *ret)
{
	int r;

	r = find_or_add(m, path, binary, reason, ret);
	if (r != -ENOSPC)
		return r;
	*ret = m->others;
	return 0;
}

int modules_add_waiting(struct modules *m, const char *path, uint32_t *ret)
{
	struct module module;
	int r;

	r = init_module(m, path, &module);
	if (r == 0) {
		module.reason = "not read in time";
		module.is_waiting = true;
		r = append(m, &module, false, ret);
	}
	if (r != -ENOSPC)
		return r;
	*ret = m->others;
	return 0;
}

void modules_set_binary(struct modules *m, uint32_t id, struct binary *binary, const char *reason)
{
	if (id == m->others)
		return;
	m->by_id[id]->module.binary = binary;
	m->by_id[id]->module.reason = reason;
	m->by_id[id]->module.is_waiting = false;
}

void modules_set_stamp(struct modules *m, uint32_t id, const struct file_stamp *stamp)
{
	m->by_id[id]->stamp = *stamp;
}

const struct file_stamp *modules_stamp(const struct modules *m, uint32_t id)
{
	return &m->by_id[id]->stamp;
}

void modules_set_harmful(struct modules *m, uint32_t id)
{
	m->by_id[id]->is_harmful = true;
}

bool modules_is_harmful(const struct modules *m, uint32_t id)
{
	return m->by_id[id]->is_harmful;
}

void modules_set_asked(struct modules *m, uint32_t id)
{
	m->by_id[id]->is_asked = true;
}

bool modules_is_asked(const struct modules *m, uint32_t id)
{
	return m->by_id[id]->is_asked;
}

size_t modules_n(const struct modules *m)
{
	return m->n;
}

const struct module *modules_get(const struct modules *m, uint32_t id)
{
	return id >= MODULE_FIRST_FILE && id < m->n ? &m->by_id[id]->module : NULL;
}
