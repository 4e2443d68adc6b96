// SPDX-License-Identifier: Apache-2.0
#include "workload/file-table.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/* The key as the hash sees it: no padding, the path by its one address. */
struct packed_key {
	const char *path;
	uint64_t mnt_ns, root_dev, root_ino;
	uint64_t dev, ino, ino_generation, lineage;
	uint8_t build_id[24];
};

struct file_node {
	struct mapped_file file; /* first: what is handed out */
	struct packed_key key;
	UT_hash_handle hh;
	size_t refs;
	struct file_node *prev, *next; /* in the queue of new files */
	bool is_queued;
	struct file_sighting seen;
};

struct file_table {
	struct file_node *all;
	struct file_node *new_files;
	struct names *names; /* borrowed */
};

int file_table_new(struct names *names, struct file_table **ret)
{
	struct file_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->names = names;
	*ret = t;
	return 0;
}

static void node_free(struct file_table *t, struct file_node *node)
{
	if (node->is_queued)
		DL_DELETE(t->new_files, node);
	HASH_DEL(t->all, node);
	name_unref(t->names, node->file.path);
	free(node);
}

struct file_table *file_table_free(struct file_table *t)
{
	struct file_node *node, *next;

	if (!t)
		return NULL;
	HASH_ITER (hh, t->all, node, next)
		node_free(t, node);
	free(t);
	return NULL;
}

static struct packed_key pack_key(const struct file_key *key)
{
	struct packed_key packed = {
		.path = key->path,
		.mnt_ns = key->root.mnt_ns,
		.root_dev = key->root.dev,
		.root_ino = key->root.ino,
		.dev = key->dev,
		.ino = key->ino,
		.ino_generation = key->ino_generation,
		.lineage = key->lineage,
	};

	_Static_assert(sizeof(packed) == sizeof(char *) + 7 * 8 + 24, "no hole: it is hashed as bytes");
	packed.build_id[0] = key->build_id.n_bytes;
	memcpy(packed.build_id + 1, key->build_id.bytes, key->build_id.n_bytes);
	return packed;
}

static struct file_node *find_node(struct file_table *t, const struct packed_key *key)
{
	struct file_node *node = NULL;

	HASH_FIND(hh, t->all, key, sizeof(*key), node);
	return node;
}

static int node_new(struct file_table *t, const struct file_key *key, const struct packed_key *packed,
		    struct file_node **ret)
{
	struct file_node *node = calloc(1, sizeof(*node));

	if (!node)
		return -ENOMEM;
	node->key = *packed;
	node->file = (struct mapped_file){
		.path = packed->path,
		.build_id = key->build_id,
		.dev = key->dev,
		.ino = key->ino,
		.ino_generation = key->ino_generation,
		.root = key->lineage == FILE_OF_THE_GONE ? (struct root_id){} : key->root,
		.wants_opening = true,
		.is_private = key->lineage != 0 && key->lineage != FILE_OF_THE_GONE,
	};
	HASH_ADD(hh, t->all, key, sizeof(node->key), node);
	if (!node->hh.tbl) {
		free(node);
		return -ENOMEM;
	}
	name_ref(packed->path);
	*ret = node;
	return 0;
}

static struct file_node *node_of(struct mapped_file *file)
{
	return (struct file_node *)file;
}

void file_table_sight(struct file_table *t, struct mapped_file *file, const struct file_sighting *seen)
{
	struct file_node *node = node_of(file);

	if (!file->wants_opening)
		return;
	if (!node->is_queued)
		DL_APPEND(t->new_files, node);
	node->is_queued = true;
	node->seen = *seen; /* the latest process is the likeliest to live when the agent looks */
}

int file_table_get(struct file_table *t, const struct file_key *key, const struct file_sighting *seen,
		   struct mapped_file **ret)
{
	struct packed_key packed = pack_key(key);
	struct file_node *node = find_node(t, &packed);
	int r;

	if (!node) {
		r = node_new(t, key, &packed, &node);
		if (r < 0)
			return r;
	}
	if (seen)
		file_table_sight(t, &node->file, seen);
	node->refs++;
	*ret = &node->file;
	return 0;
}

struct mapped_file *file_table_find(struct file_table *t, const struct file_key *key)
{
	struct packed_key packed = pack_key(key);
	struct file_node *node = find_node(t, &packed);

	if (!node)
		return NULL;
	node->refs++;
	return &node->file;
}

struct mapped_file *mapped_file_ref(struct mapped_file *file)
{
	if (file)
		node_of(file)->refs++;
	return file;
}

void file_table_unref(struct file_table *t, struct mapped_file *file)
{
	if (file && --node_of(file)->refs == 0)
		node_free(t, node_of(file));
}

int file_table_take_new(struct file_table *t, struct new_file *ret)
{
	struct file_node *node = t->new_files;

	if (!node)
		return 0;
	DL_DELETE(t->new_files, node);
	node->is_queued = false;
	*ret = (struct new_file){
		.file = &node->file,
		.tgid = node->seen.tgid,
		.start = node->seen.start,
		.end = node->seen.end,
	};
	return 1;
}

const struct mapped_file *file_table_next(const struct file_table *t, const struct mapped_file *after)
{
	const struct file_node *node = after ? ((const struct file_node *)after)->hh.next : t->all;

	return node ? &node->file : NULL;
}

size_t file_table_count(const struct file_table *t)
{
	return HASH_COUNT(t->all);
}

size_t file_table_bytes(const struct file_table *t)
{
	return HASH_COUNT(t->all) * sizeof(struct file_node);
}
