/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapping space: what one exec generation of a process has mapped, and what it had. Live mappings are sorted and do
 * not overlap; what a later one displaces is kept apart, cut to exactly that part and that time, until no sample can
 * ask for it. The live list is shared with forked children until one side changes it: most of them exec or exit at
 * once. Owned by the process table; not locked.
 */
#pragma once

#include "workload/file-table.h"

/* What all spaces of a table share: the files, and the limits. */
struct mapping_store {
	struct file_table *files; /* borrowed */
	size_t max_mappings, max_per_process;
	size_t n_mappings, bytes;
	uint64_t n_dropped; /* mappings not kept because of the limits */
	uint64_t last_revision;
};

struct mapping_list;

struct mapping_space {
	struct mapping_list *live; /* by address */
	struct mapping_list *past; /* as they ended */
};

void mapping_space_done(struct mapping_space *space, struct mapping_store *store);

/* The child starts with what the parent has mapped now. child is empty. */
void mapping_space_fork(const struct mapping_space *parent, struct mapping_space *child);

/*
 * Maps at now_ns, to answer from m->from_ns on: what else was there ends at now_ns. A part of what is mapped already
 * stays as it is; neighbours that continue each other become one. Takes over the reference to m->file, also on failure.
 */
_must_check_ int mapping_space_add(struct mapping_space *space, struct mapping_store *store, const struct mapping *m,
				   uint64_t now_ns);

/* Nothing is mapped in [start, end) from now_ns on. */
_must_check_ int mapping_space_remove(struct mapping_space *space, struct mapping_store *store, uint64_t start,
				      uint64_t end, uint64_t now_ns);

const struct mapping *mapping_space_find(const struct mapping_space *space, uint64_t addr, uint64_t time_ns);

/* All mappings of a time, by address, at most max: their number. Valid until the space changes. */
size_t mapping_space_at(const struct mapping_space *space, uint64_t time_ns, const struct mapping **ret, size_t max);

/*
 * The live mappings, by address: their number. They have not changed while the revision is the same, and are the same
 * for all spaces that show it; 0: there are none. Valid until the space changes.
 */
size_t mapping_space_live(const struct mapping_space *space, const struct mapping **ret, uint64_t *ret_revision);

/* When something last came to lie where another file did, or code of the process's own; 0: never since the exec. */
uint64_t mapping_space_replaced_ns(const struct mapping_space *space);

/* A live mapping of the file; NULL: none. */
const struct mapping *mapping_space_find_file(const struct mapping_space *space, const struct mapped_file *file);

/* Puts another file in the place of one; the caller keeps its references. Returns the number of mappings changed. */
_must_check_ int mapping_space_replace_file(struct mapping_space *space, struct mapping_store *store,
					    struct mapped_file *from, struct mapped_file *to);

/* Forgets what ended before. */
void mapping_space_expire(struct mapping_space *space, struct mapping_store *store, uint64_t before_ns);

/* The same bytes at the same addresses, as far as both reach. */
bool mapping_continues(const struct mapping *a, const struct mapping *b);

size_t mapping_space_count(const struct mapping_space *space);
