/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc snapshot: what /proc tells of one process at one moment. Everything is read through one descriptor of
 * /proc/PID: the kernel ties it to that very process, so a PID that is used again meanwhile cannot mix two processes.
 * One snapshot is reused for many processes: its memory stays. Bounded by max_mappings.
 */
#pragma once

#include "common/buf.h"
#include "workload/proc-parse.h"
#include "workload/process.h"

struct snapshot_mapping {
	uint64_t start, end, file_offset, dev, ino;
	size_t name; /* offset of its text, NUL-terminated; with "(deleted)", without escapes */
};

struct proc_snapshot {
	uint32_t tgid;
	struct proc_stat stat;
	struct root_id root;               /* all 0: unknown */
	size_t exe, cgroup;                /* offsets of their texts; 0: unknown */
	bool has_maps;                     /* false: not permitted, or gone in between */
	bool is_cut;                       /* more mappings than allowed */
	struct snapshot_mapping *mappings; /* executable ones, by address */
	size_t n_mappings, capacity;
	struct buf text;
	struct buf scratch;
};

void proc_snapshot_done(struct proc_snapshot *s); /* of one that began as `= {}` */

enum proc_snapshot_answer {
	PROC_SNAPSHOT_GONE = 1,
	PROC_SNAPSHOT_KERNEL_THREAD = 2,
};
/* hierarchy < 0: the cgroup is not read. */
_must_check_ int proc_snapshot_read(struct proc_snapshot *s, int proc_fd, int hierarchy, uint32_t tgid,
				    size_t max_mappings);

static inline const char *proc_snapshot_text(const struct proc_snapshot *s, size_t offset)
{
	return s->text.data + offset;
}

/* Single facts, for live processes. */
_must_check_ int proc_read_stat(int proc_fd, uint32_t tgid, struct proc_stat *ret);     /* 0 or PROC_SNAPSHOT_GONE */
_must_check_ int proc_read_status(int proc_fd, uint32_t tgid, struct proc_status *ret); /* likewise */
/* The process that it was forked from, if both still run what they ran then: PROC_SNAPSHOT_GONE: there is none such. */
_must_check_ int proc_read_fork_parent(int proc_fd, uint32_t tgid, uint32_t *ret);
struct root_id proc_read_root(int proc_fd, uint32_t tgid); /* all 0: unknown */
