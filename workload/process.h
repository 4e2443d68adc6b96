/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes: who ran when, and what it had mapped at the time. Fed with sideband events in order of time and with
 * scans of /proc; asked with samples. A process is (tgid, start time); its mappings are valid from..to, and it is
 * kept until no sample can still ask for it. One thread, bounded, not locked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "workload/sideband.h"

/* A root that paths are meant in: same mount namespace and same root directory give the same ids. */
struct root_id {
	uint64_t mnt_ns, dev, ino; /* all 0: unknown */
};

static inline bool root_id_is_known(const struct root_id *root)
{
	return root->mnt_ns || root->dev || root->ino;
}

static inline bool root_id_equal(const struct root_id *a, const struct root_id *b)
{
	return a->mnt_ns == b->mnt_ns && a->dev == b->dev && a->ino == b->ino;
}

/*
 * A file as processes name it, shared by all mappings that agree in every field. Owned by the table and
 * reference counted by mappings; binary_slot belongs to the agent (0 when made).
 */
struct mapped_file {
	const char *path; /* within root, raw bytes; [vdso] ([vdso32] below 4 GiB), [vsyscall] ... have no root */
	struct build_id build_id; /* from the kernel; n_bytes 0: not told */
	uint64_t dev, ino;        /* from /proc or the sideband; 0: not told */
	uint64_t ino_generation;  /* from the sideband: inode numbers are used again */
	struct root_id root;      /* unknown: only the inode tells which file it is */
	bool is_private;          /* of one process only: its root was unknown, or its content did not prove equal */
	bool is_deleted;          /* was seen unlinked: path, without "(deleted)", names it no more */
	uint32_t binary_slot;     /* of the agent's; 0 when made */
	bool wants_opening;       /* cleared by the agent when it has opened the file, or never will */
	bool is_no_elf;           /* the agent's: neither program nor library lies in it */
};

struct mapping {
	uint64_t start, end, file_offset;
	uint64_t from_ns, to_ns;  /* CLOCK_BOOTTIME, [from, to); to is UINT64_MAX where it ended by exec or exit only */
	struct mapped_file *file; /* NULL: anonymous executable memory */
};

/*
 * Does code lie there that the process made itself? Anonymous memory, and files that only lend theirs: "/memfd:...",
 * removed ones.
 */
static inline bool mapping_is_own_code(const struct mapping *m)
{
	return !m->file || (m->file->is_deleted && m->file->is_no_elf);
}

struct process {
	uint32_t tgid;
	uint64_t start_ns; /* CLOCK_BOOTTIME; 0: not yet known. From /proc it is exact to 10 ms only */
	bool start_is_exact;
	uint64_t first_ns;   /* when it came into being: samples before belong to an earlier owner of the tgid */
	uint64_t exit_ns;    /* its last known thread has gone; 0: lives */
	uint32_t generation; /* number of execs seen */
	struct root_id root;
	char comm[16];      /* of the leader */
	const char *exe;    /* path of the executable, interned; NULL: unknown */
	uint64_t exe_addr;  /* where it is mapped; 0: unknown */
	uint64_t lineage;   /* the same in all that descend from one exec without another; never 0 */
	const char *cgroup; /* path as in /proc/PID/cgroup for the chosen hierarchy, interned; NULL: unknown */
	bool incomplete;    /* news about it may have been lost: processes_read_one makes up for that */
};

struct processes;

struct processes_config {
	size_t max_processes; /* beyond: the longest exited are forgotten, then new ones are not followed */
	size_t max_mappings;  /* of all processes together */
	size_t max_mappings_per_process;
};

struct processes_stats {
	uint64_t n_processes, n_mappings, n_files, bytes;
	uint64_t n_dropped; /* processes or mappings not followed because of the limits */
	uint64_t n_rescans; /* scans after the first, and processes re-read one by one */
};

_must_check_ int processes_new(const struct processes_config *config, struct processes **ret);
struct processes *processes_free(struct processes *p); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct processes *, processes_free);

/*
 * Reads all of /proc (proc_fd: an open directory): processes and their executable mappings. Call it once, after the
 * sideband is open, and again after SIDEBAND_LOST. hierarchy: as in cgroup.h. A process that vanishes or changes
 * meanwhile is no error.
 */
_must_check_ int processes_scan(struct processes *p, int proc_fd, int hierarchy);

/* Re-reads one process: its mappings, executable and root. 0, or PROCESS_GONE. */
enum process_answer {
	PROCESS_GONE = 1,
};
_must_check_ int processes_read_one(struct processes *p, int proc_fd, int hierarchy, uint32_t tgid);

/* Takes in one event; events come in order of time. */
_must_check_ int processes_apply(struct processes *p, int proc_fd, const struct sideband_event *event);

/*
 * The process that a sample belongs to; start_ns as the kernel has it (0: any). NULL: not known.
 * Learns the exact start time of a process that it knew only roughly.
 */
struct process *processes_find(struct processes *p, uint32_t tgid, uint64_t start_ns, uint64_t time_ns);

/* The executable mapping that holds an address at a time; NULL: none known. Valid until the table changes. */
const struct mapping *process_find_mapping(const struct process *process, uint64_t addr, uint64_t time_ns);

/* All executable mappings of a time, by address, at most max: their number. Valid until the table changes. */
size_t process_mappings_at(const struct process *process, uint64_t time_ns, const struct mapping **ret, size_t max);

/* What the agent knows of the code that a program makes: a child forked from it goes on with that code. */
struct process_code {
	uint32_t slot;        /* the agent's; 0 when made */
	uint32_t parent_slot; /* of what it was forked from, as that was then, or of what that was forked from */
	uint32_t parent_tgid; /* whom it was forked from, at parent_ns; 0: it was execed, or its beginning was not seen
			       */
	uint64_t parent_ns;
};

/*
 * Of the program that the process ran at a time, which began at *ret_from_ns (0: with the process, or unknown).
 * NULL: none. Valid until the table changes.
 */
struct process_code *process_code_at(struct process *process, uint64_t time_ns, uint64_t *ret_from_ns);

/* The slots that are in use, some of them repeatedly; the caller frees them. */
_must_check_ int processes_code_slots(const struct processes *p, uint32_t **ret, size_t *ret_n);

/* Was what a frame's mapping holds at addr there already at an earlier time? */
bool process_had_mapping(const struct process *process, const struct mapping *m, uint64_t addr, uint64_t time_ns);

/* What a process has mapped now, by address; as in mapping_space_live(). Valid until the table changes. */
struct live_mappings {
	const struct mapping *all;
	size_t n;
	uint64_t revision;
	uint64_t replaced_ns; /* as in mapping_space_replaced_ns() */
};
void process_live_mappings(const struct process *process, struct live_mappings *ret);

/*
 * Processes that came, went, execed or may have other mappings than before, each once, the longest waiting first.
 * Returns 1 and the tgid with the process that has it now (NULL: none lives), or 0.
 */
struct changed_process {
	uint32_t tgid;
	const struct process *process;
};
int processes_take_changed(struct processes *p, struct changed_process *ret);

/* The process that has the tgid now; NULL: none that is known. */
const struct process *processes_find_live(struct processes *p, uint32_t tgid);

/*
 * Files first seen since the last call, oldest first: the agent opens them while the process lives. Returns 1 and
 * the file with one mapping of it, or 0.
 */
struct new_file {
	struct mapped_file *file;
	uint32_t tgid;
	uint64_t start, end; /* of the mapping */
};
int processes_take_new_file(struct processes *p, struct new_file *ret);

/* The file after this one, NULL: the first; in no order. NULL: no more. Valid until the table changes. */
const struct mapped_file *processes_next_file(const struct processes *p, const struct mapped_file *after);

/*
 * Gives a process its own copy of a shared file: its content is not what the others have. Returns the copy; the
 * shared one may be gone with that. -ENOENT: the process does not map it.
 */
_must_check_ int processes_split_file(struct processes *p, struct process *process, struct mapped_file *file,
				      struct mapped_file **ret);

/* Forgets what no sample taken at or after before_ns can ask for. */
void processes_expire(struct processes *p, int proc_fd, uint64_t before_ns);

const struct processes_stats *processes_stats(const struct processes *p);
