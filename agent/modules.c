// SPDX-License-Identifier: Apache-2.0
#include "agent/modules.h"

#include <stdbool.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "bpf/unwind-table.h"
#include "symbolizer/binary.h"
#include "workload/names.h"

#define MAX_PATH_BYTES ((size_t)8 << 20)
#define HANDLE_SHIFT 15 /* below it the number, above it how many had the number before */

_Static_assert(1U << HANDLE_SHIFT == UNWIND_MAX_TABLES, "a module's number is its table's");

struct entry {
	UT_hash_handle hh;
	uint32_t id;
	struct file_stamp stamp;
	struct root_id root;
	bool has_root; /* with all 0: several, or an unknown one */
	bool is_harmful, is_asked, is_kept;
	struct module module; /* the key: all its pointers are interned, static or unique */
};

/* A number: who has it, and how many had it before. */
struct place {
	struct entry *entry; /* NULL: free */
	uint32_t n_before;
};

struct modules {
	struct names *paths;
	struct entry *entries; /* that can be found again */
	struct place *places;
	size_t n, max_modules; /* numbers below MODULE_FIRST_FILE count among the latter */
	uint32_t end, next; /* next: where a free number is looked for: those that were given back last wait longest */
	uint32_t swept;     /* in a sweep: all below it are done */
	uint32_t others;    /* the module of all that there was no room for */
};

static struct entry *entry_of(const struct modules *m, uint32_t id)
{
	return m->places[id].entry;
}

/* There is one. */
static uint32_t find_free(struct modules *m)
{
	while (entry_of(m, m->next))
		m->next = m->next + 1 < m->max_modules ? m->next + 1 : MODULE_FIRST_FILE;
	return m->next;
}

/* Only what is in the hash can be found again. Takes the reference to the path, unless it fails. */
static int append(struct modules *m, const struct module *module, bool in_hash, uint32_t *ret)
{
	struct entry *e;

	if (m->n + MODULE_FIRST_FILE >= m->max_modules)
		return -ENOSPC;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	memcpy(&e->module, module, sizeof(*module));
	e->id = find_free(m);
	if (in_hash) {
		HASH_ADD(hh, m->entries, module, sizeof(*module), e);
		if (!e->hh.tbl) {
			free(e);
			return -ENOMEM;
		}
	}
	m->places[e->id].entry = e;
	m->n++;
	if (e->id >= m->end)
		m->end = e->id + 1;
	m->next = e->id + 1 < m->max_modules ? e->id + 1 : MODULE_FIRST_FILE;
	*ret = e->id;
	return 0;
}

/* With a reference to the path. */
static int init_module(struct modules *m, const char *path, struct module *ret)
{
	const char *interned;
	int r;

	r = name_get(m->paths, path, strlen(path), &interned);
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
	if (e)
		*ret = e->id;
	else
		r = append(m, &key, true, ret);
	if (e || r < 0)
		name_unref(m->paths, key.path);
	return r;
}

int modules_new(size_t max_modules, struct modules **ret)
{
	static const char too_many[] = "too many files to keep their names";
	_cleanup_(modules_freep) struct modules *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->max_modules = max_modules;
	m->end = m->next = m->swept = MODULE_FIRST_FILE;
	m->places = calloc(max_modules, sizeof(*m->places));
	if (!m->places)
		return -ENOMEM;
	r = names_new(MAX_PATH_BYTES, &m->paths);
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
	for (uint32_t id = MODULE_FIRST_FILE; id < m->end; id++)
		free(entry_of(m, id));
	free(m->places);
	names_free(m->paths);
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
		if (r < 0)
			name_unref(m->paths, module.path);
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
	entry_of(m, id)->module.binary = binary;
	entry_of(m, id)->module.reason = reason;
	entry_of(m, id)->module.is_waiting = false;
}

void modules_set_stamp(struct modules *m, uint32_t id, const struct file_stamp *stamp)
{
	entry_of(m, id)->stamp = *stamp;
}

const struct file_stamp *modules_stamp(const struct modules *m, uint32_t id)
{
	return &entry_of(m, id)->stamp;
}

void modules_note_root(struct modules *m, uint32_t id, const struct root_id *root)
{
	struct entry *e = entry_of(m, id);

	if (!e->has_root)
		e->root = *root;
	else if (!root_id_equal(&e->root, root))
		e->root = (struct root_id){};
	e->has_root = true;
}

bool modules_find_root(const struct modules *m, const struct binary *binary, struct root_id *ret)
{
	struct root_id root = {};
	const struct entry *e;

	for (uint32_t id = MODULE_FIRST_FILE; id < m->end; id++) {
		e = entry_of(m, id);
		if (!e || e->module.binary != binary)
			continue;
		if (!root_id_is_known(&e->root) || (root_id_is_known(&root) && !root_id_equal(&e->root, &root)))
			return false;
		root = e->root;
	}
	*ret = root;
	return root_id_is_known(&root);
}

void modules_set_harmful(struct modules *m, uint32_t id)
{
	entry_of(m, id)->is_harmful = true;
}

bool modules_is_harmful(const struct modules *m, uint32_t id)
{
	return entry_of(m, id)->is_harmful;
}

void modules_set_asked(struct modules *m, uint32_t id)
{
	entry_of(m, id)->is_asked = true;
}

bool modules_is_asked(const struct modules *m, uint32_t id)
{
	return entry_of(m, id)->is_asked;
}

void modules_ask_again(struct modules *m, struct binaries *binaries)
{
	for (uint32_t id = MODULE_FIRST_FILE; id < m->end; id++) {
		struct entry *e = entry_of(m, id);

		if (e && e->is_asked && e->module.binary)
			e->is_asked = !binaries_ask_again(binaries, e->module.binary);
	}
}

size_t modules_n(const struct modules *m)
{
	return m->n;
}

uint32_t modules_end(const struct modules *m)
{
	return m->end;
}

const struct module *modules_get(const struct modules *m, uint32_t id)
{
	return id >= MODULE_FIRST_FILE && id < m->end && entry_of(m, id) ? &entry_of(m, id)->module : NULL;
}

uint32_t modules_handle(const struct modules *m, uint32_t id)
{
	return m->places[id].n_before << HANDLE_SHIFT | id;
}

uint32_t modules_of_handle(const struct modules *m, uint32_t handle)
{
	uint32_t id = handle & ((1U << HANDLE_SHIFT) - 1);

	return modules_get(m, id) && modules_handle(m, id) == handle ? id : MODULE_NONE;
}

void modules_keep(struct modules *m, uint32_t id)
{
	entry_of(m, id)->is_kept = true;
}

static void drop(struct modules *m, struct entry *e)
{
	if (e->hh.tbl)
		HASH_DEL(m->entries, e);
	name_unref(m->paths, e->module.path);
	m->places[e->id].entry = NULL;
	m->places[e->id].n_before++;
	m->n--;
	free(e);
}

uint32_t modules_sweep(struct modules *m)
{
	if (m->swept > MODULE_FIRST_FILE && entry_of(m, m->swept - 1) && !entry_of(m, m->swept - 1)->is_kept)
		drop(m, entry_of(m, m->swept - 1));
	while (m->swept < m->end) {
		struct entry *e = entry_of(m, m->swept++);

		if (e && !e->is_kept && e->id != m->others)
			return e->id;
	}
	for (uint32_t id = MODULE_FIRST_FILE; id < m->end; id++)
		if (entry_of(m, id))
			entry_of(m, id)->is_kept = false;
	m->swept = MODULE_FIRST_FILE;
	return MODULE_NONE;
}
