// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-catalog.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "symbolizer/index-writer.h"

/* The files of the directory; those of one binary are neighbours once sorted. */
struct names {
	char **all;
	size_t n, capacity;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->all[i]);
	free(names->all);
}

static int add_name(struct names *names, const char *name)
{
	if (names->n == names->capacity) {
		size_t capacity = names->capacity ? 2 * names->capacity : 64;
		char **all = reallocarray(names->all, capacity, sizeof(*all));

		if (!all)
			return -ENOMEM;
		names->all = all;
		names->capacity = capacity;
	}
	names->all[names->n] = strdup(name);
	return names->all[names->n++] ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(int dir_fd, struct names *ret)
{
	struct index_cache_name unused;
	struct dirent *entry;
	DIR *dir;
	int r;

	r = fs_open_dir(dir_fd, &dir);
	if (r < 0)
		return r;
	while (r == 0 && ret->n < INDEX_CATALOG_MAX && (entry = readdir(dir)))
		if (index_cache_parse_name(entry->d_name, &unused))
			r = add_name(ret, entry->d_name);
	closedir(dir);
	if (ret->n > 0)
		qsort(ret->all, ret->n, sizeof(*ret->all), by_name);
	return r;
}

/* 0 with the open index, or an errno: the file went away meanwhile, or is no index that we could use. */
static int open_index(int dir_fd, const char *name, struct stat *ret_stat, struct index **ret)
{
	_cleanup_close_ int fd = -1;

	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret_stat) < 0)
		return -errno;
	return S_ISREG(ret_stat->st_mode) ? index_open(fd, ret) : -EBADMSG;
}

static int set_string(char **string, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*string);
	*string = copy;
	return 0;
}

static int set_segments(struct index_catalog_entry *e, const struct index *index)
{
	size_t n = index_n_segments(index);

	free(e->segments);
	e->n_segments = 0;
	e->segments = calloc(n + 1, sizeof(*e->segments));
	if (!e->segments)
		return -ENOMEM;
	e->n_segments = n;
	if (n > 0)
		memcpy(e->segments, index_segments(index), n * sizeof(*e->segments));
	return 0;
}

static bool is_older(const struct stat *st, const struct index_catalog_facts *than)
{
	if (!than->is_there || st->st_mtim.tv_sec != than->used.tv_sec)
		return than->is_there && st->st_mtim.tv_sec < than->used.tv_sec;
	return st->st_mtim.tv_nsec < than->used.tv_nsec;
}

static void set_facts(struct index_catalog_facts *facts, const struct index *index, const struct stat *st)
{
	struct index_unwind unwind = {};

	(void)index_unwind(index, &unwind); /* none: zeros say so */
	*facts = (struct index_catalog_facts){
		.is_there = true,
		.used = st->st_mtim,
		.n_functions = index_n_functions(index),
		.n_unwind_pages = unwind.n_pages,
		.n_unwind_rules = unwind.n_rules,
		.n_unwind_rows = unwind.n_rows,
		.n_bytes = index_mapped_bytes(index),
	};
}

static int set_names(struct index_catalog_entry *e, const struct index *index, const struct index_origin *origin,
		     const struct stat *st)
{
	int r = 0;

	if (is_older(st, &e->names))
		return 0;
	set_facts(&e->names, index, st);
	if (!e->debug.is_there) /* else that has the path */
		r = set_string(&e->path, origin->path);
	if (r == 0)
		r = set_string(&e->failure, origin->failure);
	return r < 0 ? r : set_segments(e, index);
}

static int set_debug(struct index_catalog_entry *e, const struct index *index, const struct index_origin *origin,
		     const struct stat *st)
{
	int r;

	if (is_older(st, &e->debug))
		return 0;
	set_facts(&e->debug, index, st);
	e->has_lines = index_has_debug(index);
	r = set_string(&e->path, origin->path);
	if (r == 0)
		r = set_string(&e->debug_source, origin->debug_source);
	return r < 0 ? r : set_string(&e->debug_failure, origin->failure);
}

static int add_index(struct index_catalog_entry *e, const struct index *index, bool is_debug, const struct stat *st)
{
	struct index_origin origin = {};

	index_origin(index, &origin);
	e->build_id = *index_build_id(index);
	e->n_index_bytes += index_mapped_bytes(index);
	e->n_files++;
	return is_debug ? set_debug(e, index, &origin, st) : set_names(e, index, &origin, st);
}

static void entry_done(struct index_catalog_entry *e)
{
	free(e->path);
	free(e->failure);
	free(e->debug_source);
	free(e->debug_failure);
	free(e->segments);
}

/* The entry of a file: the last one, or a new one behind it. */
static struct index_catalog_entry *entry_of(struct index_catalog *c, const struct index_cache_name *name)
{
	struct index_catalog_entry *e = c->n ? &c->entries[c->n - 1] : NULL;

	if (e && strcmp(e->key, name->stem) == 0)
		return e;
	e = &c->entries[c->n++];
	*e = (struct index_catalog_entry){ .n_bytes = name->n_bytes };
	memcpy(e->key, name->stem, sizeof(e->key));
	return e;
}

static int add_file(struct index_catalog *c, int dir_fd, const char *name)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_cache_name parsed = {};
	struct stat st;
	int r;

	r = open_index(dir_fd, name, &st, &index);
	if (r == -ENOMEM || r == -ENOENT)
		return r == -ENOENT ? 0 : r;
	if (r < 0) {
		*(r == -EACCES ? &c->n_unreadable : &c->n_unusable) += 1;
		return 0;
	}
	(void)index_cache_parse_name(name, &parsed); /* list_names() took no others */
	return add_index(entry_of(c, &parsed), index, parsed.is_debug, &st);
}

static int by_path(const void *va, const void *vb)
{
	const struct index_catalog_entry *a = va, *b = vb;
	int order;

	if (!a->path != !b->path)
		return a->path ? -1 : 1;
	order = a->path ? strcmp(a->path, b->path) : 0;
	return order ? order : strcmp(a->key, b->key);
}

int index_catalog_read(const char *dir, struct index_catalog *ret)
{
	_cleanup_(index_catalog_done) struct index_catalog c = {};
	_cleanup_(names_done) struct names names = {};
	_cleanup_close_ int dir_fd = -1;
	int r;

	r = index_cache_open_dir(dir, &dir_fd);
	if (r != 0)
		return r;
	r = list_names(dir_fd, &names);
	if (r < 0)
		return r;
	c.entries = calloc(names.n + 1, sizeof(*c.entries));
	if (!c.entries)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add_file(&c, dir_fd, names.all[i]);
	if (r < 0)
		return r;
	qsort(c.entries, c.n, sizeof(*c.entries), by_path);
	*ret = c;
	c = (struct index_catalog){};
	return 0;
}

void index_catalog_done(struct index_catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		entry_done(&c->entries[i]);
	free(c->entries);
	*c = (struct index_catalog){};
}

size_t index_catalog_n_functions(const struct index_catalog_entry *e)
{
	return e->debug.n_functions > e->names.n_functions ? e->debug.n_functions : e->names.n_functions;
}

int64_t index_catalog_used_s(const struct index_catalog_entry *e)
{
	return e->debug.used.tv_sec > e->names.used.tv_sec ? e->debug.used.tv_sec : e->names.used.tv_sec;
}

size_t index_catalog_find(const struct index_catalog *c, const char *prefix, const struct index_catalog_entry **ret)
{
	size_t n = 0, size = strlen(prefix);

	for (size_t i = c->n; i-- > 0;) {
		if (strncmp(c->entries[i].key, prefix, size) != 0)
			continue;
		*ret = &c->entries[i];
		n++;
	}
	return n;
}
