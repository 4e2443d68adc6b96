/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opener: finds the file behind a mapping and hands it to the indexer: by the mapping itself (map_files) while the
 * process lives, else by its name on the host if it is the same inode. Opens foreign paths, parses nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/debug-roots.h"
#include "agent/recent-files.h"
#include "common/clean.h"
#include "workload/process.h"

struct binaries;
struct modules;

struct opener {
	int proc_fd, host_root_fd;
	struct root_id host_root;
	struct binaries *binaries;
	struct modules *modules;
	struct processes *processes;
	struct binary *vdso; /* one for all: the kernel has one 64-bit image */
	/* Files that are held open, as long as their processes may live, until the indexer has room for them. */
	struct waiting_file *waiting;
	size_t n_waiting, max_waiting;
	struct recent_files recent;
	struct debug_roots debug_roots;
};

_must_check_ int opener_init(struct opener *o, struct binaries *binaries, struct modules *modules,
			     struct processes *processes);
void opener_done(struct opener *o);

/* Opens a file that was just met and sets its binary_slot to its module. Trouble with the file is no error. */
_must_check_ int opener_open(struct opener *o, const struct new_file *new_file);

/*
 * A descriptor of a module's file once more, for the finisher, while it can be had: opened a moment ago, or still
 * mapped by the process, or where its name leads. It is the caller's. -ENOENT: not the same file any more, or gone.
 */
struct opener_place {
	uint32_t module, tgid;
	uint64_t start, end; /* of the mapping */
	const struct mapped_file *file;
};
_must_check_ int opener_reopen(struct opener *o, const struct opener_place *place, int *ret);

/*
 * The root that the path of a module's file is meant in, as a descriptor of the caller's; -1 where it is the host's,
 * which *ret_is_on_host tells, or where it is out of reach: its process has gone, or moved to another.
 */
int opener_open_root(const struct opener *o, const struct opener_place *place, bool *ret_is_on_host);

/* Names the modules of all files that are held open by modules_keep(). */
void opener_keep(const struct opener *o);

/* Lets go of the roots that no binary, and no file that waits, counts for any more. */
void opener_forget_roots(struct opener *o);

/* Hands in files that waited, where there is room. */
_must_check_ int opener_hand_in(struct opener *o);
