// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-line.h"

#include <string.h>

/* Numbers by the offset of the path, open addressing: the writer knows equal strings, so no path is kept here. */
struct dwarf_files {
	struct index_writer *writer;
	uint32_t *paths; /* offsets into the strings; 0 is "" */
	size_t n, capacity;
	uint32_t *slots; /* numbers; 0: free */
	size_t n_slots;  /* a power of two */
};

#define FIRST_CAPACITY 1024

/* Twice as many slots as files. */
static int resize(struct dwarf_files *f, size_t capacity)
{
	uint32_t *paths, *slots;

	paths = reallocarray(f->paths, capacity, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	f->paths = paths;
	f->capacity = capacity;
	slots = calloc(2 * capacity, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(f->slots);
	f->slots = slots;
	f->n_slots = 2 * capacity;
	return 0;
}

/* The slot of a path: the one that has it, or the free one where it belongs. */
static uint32_t *find_slot(const struct dwarf_files *f, uint32_t path)
{
	for (size_t at = path * UINT32_C(0x9e3779b1) & (f->n_slots - 1);; at = (at + 1) & (f->n_slots - 1)) {
		if (f->slots[at] == 0 || f->paths[f->slots[at]] == path)
			return &f->slots[at];
	}
}

static int grow(struct dwarf_files *f)
{
	int r;

	r = resize(f, f->capacity * 2);
	if (r < 0)
		return r;
	for (size_t i = 1; i < f->n; i++)
		*find_slot(f, f->paths[i]) = (uint32_t)i;
	return 0;
}

int dwarf_files_new(struct index_writer *w, struct dwarf_files **ret)
{
	_cleanup_(dwarf_files_freep) struct dwarf_files *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->writer = w;
	r = resize(f, FIRST_CAPACITY);
	if (r < 0)
		return r;
	f->paths[0] = 0;
	f->n = 1;
	*ret = take_ptr(f);
	return 0;
}

struct dwarf_files *dwarf_files_free(struct dwarf_files *f)
{
	if (!f)
		return NULL;
	free(f->paths);
	free(f->slots);
	free(f);
	return NULL;
}

/* -- paths, as LLVM puts them together: DWARFDebugLine::Prologue::getFileNameByIndex(), sys::path::append() -- */

struct path {
	size_t n_bytes;
	char data[DWARF_FILES_PATH_BYTES];
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Of any system: what was compiled on another one runs here too. */
static bool is_absolute(const char *s)
{
	if (s[0] == '/' || (s[0] == '\\' && s[1] == '\\'))
		return true;
	return is_letter(s[0]) && s[1] == ':' && (s[2] == '/' || s[2] == '\\');
}

static void append(struct path *p, const char *part)
{
	size_t n;

	if (part[0] == 0)
		return;
	if (p->n_bytes > 0 && p->n_bytes < sizeof(p->data) && p->data[p->n_bytes - 1] != '/')
		p->data[p->n_bytes++] = '/';
	n = strnlen(part, sizeof(p->data) - p->n_bytes);
	memcpy(p->data + p->n_bytes, part, n);
	p->n_bytes += n;
}

static void make_path(struct path *p, const char *const parts[], size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (parts[i] && is_absolute(parts[i]))
			from = i;
	}
	p->n_bytes = 0;
	for (size_t i = from; i < n; i++) {
		if (parts[i])
			append(p, parts[i]);
	}
}

int dwarf_files_add(struct dwarf_files *f, const char *comp_dir, const char *dir, const char *name, uint32_t *ret)
{
	const char *const parts[] = { comp_dir, dir, name };
	uint32_t path, *slot;
	struct path p;
	int r;

	make_path(&p, parts, ARRAY_SIZE(parts));
	r = index_writer_add_string(f->writer, p.data, p.n_bytes, &path);
	if (r == 0 && f->n == f->capacity)
		r = grow(f);
	if (r < 0)
		return r;
	if (path == 0) { /* of no part at all */
		*ret = 0;
		return 0;
	}
	slot = find_slot(f, path);
	if (*slot == 0) {
		f->paths[f->n] = path;
		*slot = (uint32_t)f->n++;
	}
	*ret = *slot;
	return 0;
}

const uint32_t *dwarf_files_get(const struct dwarf_files *f, size_t *ret_n)
{
	*ret_n = f->n;
	return f->paths;
}
