/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file table: every mapped_file, one for each distinct (root, path, build id, device, inode, lineage), counted by the
 * mappings that point to it and freed with the last. It also keeps the queue of files that nobody has looked at yet.
 * Owned by the process table; not locked. The number of files is bounded by the number of mappings.
 */
#pragma once

#include "workload/names.h"
#include "workload/process.h"

struct file_table;

#define FILE_OF_THE_GONE UINT64_MAX

/* What makes two files one. */
struct file_key {
	const char *path; /* a name of the table's names; a file takes a reference of its own */
	struct root_id root;
	uint64_t dev, ino, ino_generation;
	/* Private to the processes that descend from one exec. 0: everybody's. FILE_OF_THE_GONE: of all whose root is
	 * unknown, and root is the one that they were forked in: the file itself has none. */
	uint64_t lineage;
	struct build_id build_id;
};

/* The mapping in which a file shows up: where its bytes can be had while the process lives. */
struct file_sighting {
	uint32_t tgid;
	uint64_t start, end;
};

_must_check_ int file_table_new(struct names *names, struct file_table **ret);
struct file_table *file_table_free(struct file_table *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct file_table *, file_table_free);

/*
 * The file with this key, with a reference for the caller. `seen` puts a new file into the queue, and is the later
 * choice for one that still waits there; NULL: its maker knows it already.
 */
_must_check_ int file_table_get(struct file_table *t, const struct file_key *key, const struct file_sighting *seen,
				struct mapped_file **ret);
/* Like file_table_get, where a file with this key exists; else NULL. */
struct mapped_file *file_table_find(struct file_table *t, const struct file_key *key);

struct mapped_file *mapped_file_ref(struct mapped_file *file);         /* NULL is fine */
void file_table_unref(struct file_table *t, struct mapped_file *file); /* NULL is fine */

/* A place where the file can be opened: it is handed out (again) while it wants_opening. */
void file_table_sight(struct file_table *t, struct mapped_file *file, const struct file_sighting *seen);

/* The one that has waited longest: 1; none: 0. */
int file_table_take_new(struct file_table *t, struct new_file *ret);

/* As processes_next_file(). */
const struct mapped_file *file_table_next(const struct file_table *t, const struct mapped_file *after);

size_t file_table_count(const struct file_table *t);
size_t file_table_bytes(const struct file_table *t);
