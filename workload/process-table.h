/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process table: the inside of `struct processes`, shared by the files that change it: process.c (who is in it and for
 * how long), process-map.c (what it maps), process-event.c (what the sideband tells), process-scan.c (/proc).
 */
#pragma once

#include "workload/mapping-space.h"
#include "workload/names.h"
#include "workload/process.h"

/* The mappings between two execs. */
struct generation {
	struct generation *older;
	uint64_t from_ns, to_ns;
	struct process_code code;
	struct mapping_space space;
};

struct tgid_slot;

struct process_node {
	struct process process; /* first: what is handed out */
	struct tgid_slot *slot;
	struct process_node *older;       /* the owner of this tgid before */
	struct process_node *prev, *next; /* among those alive or those exited */

	struct generation now; /* its ->older are those ended by exec */
	size_t n_older;

	/* The exact start lies in here; both ends are equal once a sample has told it. */
	uint64_t start_min_ns, start_max_ns;
	bool is_born_here; /* its FORK was seen, so another FORK is another process */

	/* Threads left, where every one was seen coming and going. */
	size_t n_threads;
	bool is_thread_count_known;
	bool leader_exited;
	uint64_t last_exit_ns; /* of any thread */

	bool is_root_due;           /* execed since the root was read: read it with the next mapping */
	struct root_id root_before; /* where process.root is unknown: the last one that was known, perhaps a parent's */
	uint64_t scan;              /* the last scan of /proc that saw it */
};

struct processes {
	struct processes_config config;
	struct tgid_slot *slots;
	struct tgid_slot *changed;           /* the longest waiting first */
	struct process_node *alive, *exited; /* exited: the longest gone first */
	struct names *names;
	struct file_table *files;
	struct mapping_store store;
	uint64_t last_lineage;
	uint64_t n_scans;
	int hierarchy; /* of the last scan; -1: none yet */
	struct processes_stats stats;
};

static inline struct process_node *process_node_of(struct process *process)
{
	return (struct process_node *)process; /* the first member */
}

/* The present or last owner of a tgid; NULL: none known. */
struct process_node *process_newest(struct processes *p, uint32_t tgid);

enum process_table_answer {
	PROCESS_TABLE_FULL = 1, /* counted; the process is not followed */
};
/* A new owner of the tgid; the one before is over. Its start and first_ns are the caller's to set. */
_must_check_ int process_new(struct processes *p, uint32_t tgid, uint64_t now_ns, struct process_node **ret);
/* Its space is empty from now_ns on; what it had stays for earlier samples. */
_must_check_ int process_next_generation(struct processes *p, struct process_node *node, uint64_t now_ns);
void process_set_exited(struct processes *p, struct process_node *node, uint64_t exit_ns);
void process_set_alive(struct processes *p, struct process_node *node); /* it was taken for dead */
/* What is known of its start, and whether another telling of it may be the same. */
void process_set_start(struct process_node *node, uint64_t start_ns, uint64_t min_ns, uint64_t max_ns);
bool process_may_have_started(const struct process_node *node, uint64_t min_ns, uint64_t max_ns);
/* Somebody may want to know: see processes_take_changed(). */
void process_note_change(struct processes *p, struct process_node *node);
void process_set_comm(struct process_node *node, const char *comm);

/* A mapping as the sideband or /proc tells it. */
struct mapping_news {
	uint64_t start, end, file_offset;
	uint64_t now_ns;                   /* what it displaces ends here */
	uint64_t from_ns;                  /* it is taken to have been there since */
	uint64_t dev, ino, ino_generation; /* /proc tells no generation: 0 */
	struct build_id build_id;
	const char *name; /* as the kernel gives it: with " (deleted)", "//anon" ... */
};
/* Maps it in the present generation; the first file of a generation is its executable. */
_must_check_ int process_map(struct processes *p, struct process_node *node, const struct mapping_news *news);

/* Reads one process and merges it in: 0, PROCESS_GONE, or -ENOMEM. */
_must_check_ int process_read(struct processes *p, int proc_fd, uint32_t tgid);

/* Is it over? Asks /proc whether a process with this tgid and start still has a thread. */
bool process_is_gone(const struct process_node *node, int proc_fd);

/* Brings the counts that are kept elsewhere into stats. */
void processes_update_stats(struct processes *p);
