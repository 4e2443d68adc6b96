// SPDX-License-Identifier: Apache-2.0
/*
 * What a process maps: from a name as the kernel tells it to the file it stands for, and into its mapping space.
 */
#include <stdio.h>
#include <string.h>

#include <utlist.h>

#include "workload/proc-parse.h"
#include "workload/process-table.h"

/* The kernel's own images are the same everywhere, but for 32-bit processes, which have others: [vdso32]. */
static int get_kernel_name(struct processes *p, const struct mapping_news *news, size_t size, const char **ret)
{
	bool is_compat = news->end <= UINT32_MAX && size > 1;
	char name[32];
	int n;

	n = snprintf(name, sizeof(name), "%.*s%s", (int)(size - is_compat), news->name, is_compat ? "32]" : "");
	return name_get(p->names, name, (size_t)n < sizeof(name) ? (size_t)n : sizeof(name) - 1, ret);
}

/*
 * The process was gone before its root was read, but most have the root they were forked in. So a file that others
 * have mapped there, under the same path with the same inode or build id, is taken for its file too. A process that
 * lies about all of it borrows names for its own samples, and changes nobody else's.
 */
static struct mapped_file *find_in_root_before(struct processes *p, const struct process_node *node,
					       const struct file_key *key)
{
	struct file_key shared = *key;

	if ((key->ino == 0 && key->build_id.n_bytes == 0) || !root_id_is_known(&node->root_before))
		return NULL;
	shared.root = node->root_before;
	shared.lineage = 0;
	return file_table_find(p->files, &shared);
}

/*
 * Its own copy, if it has one; else everybody's; where nobody knows whose root the path is meant in, the one that is
 * shared by all who came from the same root and were gone as soon: the inode says that theirs is one file, and it is
 * opened by nothing less. At 500 processes a second each one's own would cost more than all the rest of its news.
 */
static int get_disk_file(struct processes *p, struct process_node *node, struct file_key *key,
			 const struct file_sighting *seen, struct mapped_file **ret)
{
	key->root = node->process.root;
	key->lineage = node->process.lineage;
	*ret = file_table_find(p->files, key);
	if (*ret)
		return 0;
	if (root_id_is_known(&key->root)) {
		key->lineage = 0;
	} else {
		*ret = find_in_root_before(p, node, key);
		if (*ret)
			return 0;
		if (key->ino != 0 && root_id_is_known(&node->root_before)) {
			key->root = node->root_before;
			key->lineage = FILE_OF_THE_GONE;
		}
	}
	return file_table_get(p->files, key, seen, ret);
}

/* The file with a reference; NULL: anonymous memory. */
static int get_file(struct processes *p, struct process_node *node, const struct mapping_news *news,
		    struct mapped_file **ret)
{
	const struct file_sighting seen = { node->process.tgid, news->start, news->end };
	size_t size = strlen(news->name);
	enum mapping_name kind = mapping_name_classify(news->name, &size);
	struct file_key key = {
		.dev = news->dev,
		.ino = news->ino,
		.ino_generation = news->ino_generation,
		.build_id = news->build_id,
	};
	int r;

	*ret = NULL;
	if (kind == MAPPING_NAME_ANONYMOUS)
		return 0;
	if (kind == MAPPING_NAME_KERNEL) {
		r = get_kernel_name(p, news, size, &key.path);
		if (r < 0)
			return r;
		r = file_table_get(p->files, &(struct file_key){ .path = key.path }, &seen, ret);
	} else {
		r = name_get(p->names, news->name, size, &key.path);
		if (r < 0)
			return r;
		r = get_disk_file(p, node, &key, &seen, ret);
	}
	name_unref(p->names, key.path); /* the file has its own reference */
	if (r == 0 && kind == MAPPING_NAME_DELETED)
		(*ret)->is_deleted = true;
	return r;
}

static void note_executable(struct process *process, const struct mapped_file *file, uint64_t start)
{
	if (!process->exe && file && file->path[0] != '[')
		process->exe = name_ref(file->path);
	if (!process->exe_addr && process->exe && file && strcmp(process->exe, file->path) == 0)
		process->exe_addr = start;
}

int process_map(struct processes *p, struct process_node *node, const struct mapping_news *news)
{
	struct mapped_file *file;
	struct mapping m;
	int r;

	r = get_file(p, node, news, &file);
	if (r == -ENOSPC) { /* no room for the name */
		p->stats.n_dropped++;
		return 0;
	}
	if (r < 0)
		return r;
	note_executable(&node->process, file, news->start);
	m = (struct mapping){
		.start = news->start,
		.end = news->end,
		.file_offset = news->file_offset,
		.from_ns = news->from_ns,
		.to_ns = UINT64_MAX,
		.file = file,
	};
	process_note_change(p, node);
	return mapping_space_add(&node->now.space, &p->store, &m, news->now_ns);
}

static int split_spaces(struct processes *p, struct process_node *node, struct mapped_file *from,
			struct mapped_file *to)
{
	int n = 0;

	for (struct generation *g = &node->now; g; g = g->older) {
		int r = mapping_space_replace_file(&g->space, &p->store, from, to);

		if (r < 0)
			return r;
		n += r;
	}
	return n ? 0 : -ENOENT;
}

/* The shared file was opened through a process that has another one: somebody else must show it. */
static void sight_elsewhere(struct processes *p, struct mapped_file *file)
{
	struct process_node *node;

	DL_FOREACH (p->alive, node) {
		const struct mapping *m = mapping_space_find_file(&node->now.space, file);

		if (m) {
			file_table_sight(p->files, file,
					 &(struct file_sighting){ node->process.tgid, m->start, m->end });
			return;
		}
	}
}

int processes_split_file(struct processes *p, struct process *process, struct mapped_file *file,
			 struct mapped_file **ret)
{
	struct process_node *node = process_node_of(process);
	const struct file_key key = {
		.path = file->path,
		.root = file->root,
		.dev = file->dev,
		.ino = file->ino,
		.ino_generation = file->ino_generation,
		.lineage = node->process.lineage,
		.build_id = file->build_id,
	};
	struct mapped_file *copy;
	int r;

	if (file->is_private) {
		*ret = file;
		return 0;
	}
	r = file_table_get(p->files, &key, NULL, &copy);
	if (r < 0)
		return r;
	copy->is_deleted = file->is_deleted;
	mapped_file_ref(file);
	process_note_change(p, node);
	r = split_spaces(p, node, file, copy);
	file_table_unref(p->files, copy); /* the mappings hold it now */
	if (r == 0)
		sight_elsewhere(p, file);
	file_table_unref(p->files, file);
	if (r < 0)
		return r;
	*ret = copy;
	return 0;
}
