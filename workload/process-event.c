// SPDX-License-Identifier: Apache-2.0
/*
 * What the sideband tells, applied to the table. Events come in order of time, but some are older than the last scan
 * of /proc: they tell how what the scan saw came to be, and are taken in just the same.
 */
#include <string.h>

#include <utlist.h>

#include "common/clock.h"
#include "workload/proc-snapshot.h"
#include "workload/process-table.h"

#define FORK_SLACK_NS NS_PER_S /* from a task's start_boottime to its FORK event, should the parent be preempted */

/* It runs, so it cannot have ended: an EXIT was misread, or belongs to a thread that was never announced. */
static void note_alive(struct processes *p, struct process_node *node, const struct sideband_event *event)
{
	if (node->process.exit_ns && event->time_ns > node->process.exit_ns)
		process_set_alive(p, node);
}

/* A process that news come from although it was never announced. It has started at some time before. */
static int find_or_make(struct processes *p, const struct sideband_event *event, struct process_node **ret)
{
	struct process_node *node = process_newest(p, event->pid);
	int r;

	if (node) {
		note_alive(p, node, event);
		*ret = node;
		return 0;
	}
	r = process_new(p, event->pid, event->time_ns, &node);
	if (r != 0)
		return r;
	process_set_start(node, 0, 0, event->time_ns);
	node->process.first_ns = node->older ? event->time_ns : 0;
	node->process.incomplete = true;
	node->is_root_due = true;
	*ret = node;
	return 0;
}

static void note_thread(struct processes *p, const struct sideband_event *event)
{
	struct process_node *node = process_newest(p, event->pid);

	if (!node)
		return;
	note_alive(p, node, event);
	node->n_threads++;
}

static void inherit(struct processes *p, struct process_node *child, const struct process_node *parent)
{
	child->process.root = parent->process.root;
	child->root_before = parent->root_before;
	memcpy(child->process.comm, parent->process.comm, sizeof(child->process.comm));
	child->process.exe = name_ref(parent->process.exe);
	child->process.exe_addr = parent->process.exe_addr;
	child->process.cgroup = name_ref(parent->process.cgroup);
	child->process.incomplete = parent->process.incomplete;
	child->process.lineage = parent->process.lineage;
	child->is_root_due = parent->is_root_due;
	child->now.code = (struct process_code){
		.parent_slot = parent->now.code.slot ? parent->now.code.slot : parent->now.code.parent_slot,
		.parent_tgid = parent->process.tgid,
		.parent_ns = child->process.first_ns,
	};
	mapping_space_fork(&parent->now.space, &child->now.space);
	process_note_change(p, child);
}

static int make_child(struct processes *p, const struct sideband_event *event)
{
	struct process_node *child, *parent;
	uint64_t earliest = event->time_ns > FORK_SLACK_NS ? event->time_ns - FORK_SLACK_NS : 0;
	int r;

	r = process_new(p, event->pid, event->time_ns, &child);
	if (r != 0)
		return r < 0 ? r : 0;
	process_set_start(child, event->time_ns, earliest, event->time_ns);
	child->process.first_ns = event->time_ns;
	child->is_born_here = true;
	child->n_threads = 1;
	child->is_thread_count_known = true;
	parent = process_newest(p, event->ppid); /* only now: making room may have freed an exited one */
	if (parent)
		inherit(p, child, parent);
	else
		child->process.incomplete = true;
	return 0;
}

/* A scan may have seen the child before its FORK came out of the queue. */
static bool is_scanned_already(struct processes *p, const struct sideband_event *event)
{
	const struct process_node *node = process_newest(p, event->pid);
	uint64_t earliest = event->time_ns > FORK_SLACK_NS ? event->time_ns - FORK_SLACK_NS : 0;

	return node && !node->is_born_here && !node->process.exit_ns &&
	       process_may_have_started(node, earliest, event->time_ns);
}

/* Most children of parents that we do not know are kernel threads, which are not followed. */
static int adopt(struct processes *p, int proc_fd, const struct sideband_event *event)
{
	int r;

	if (p->stats.n_processes >= p->config.max_processes && !p->exited) {
		p->stats.n_dropped++;
		return 0;
	}
	r = process_read(p, proc_fd, event->pid);
	return r < 0 ? r : 0;
}

static int on_fork(struct processes *p, int proc_fd, const struct sideband_event *event)
{
	if (event->pid != event->tid) {
		note_thread(p, event);
		return 0;
	}
	if (is_scanned_already(p, event))
		return 0;
	if (!process_newest(p, event->ppid))
		return adopt(p, proc_fd, event);
	return make_child(p, event);
}

static void on_exit_of_thread(struct processes *p, const struct sideband_event *event)
{
	struct process_node *node = process_newest(p, event->pid);

	if (!node || event->time_ns < node->process.first_ns)
		return;
	node->last_exit_ns = event->time_ns;
	if (event->pid == event->tid)
		node->leader_exited = true;
	if (node->n_threads > 0)
		node->n_threads--;
	if (node->is_thread_count_known && node->n_threads == 0)
		process_set_exited(p, node, event->time_ns);
}

static void set_root(struct process_node *node, struct root_id root)
{
	if (root_id_is_known(&node->process.root))
		node->root_before = node->process.root;
	node->process.root = root;
	node->is_root_due = false;
}

/* All other threads are gone, all mappings too; the leader's part is played by the thread that execs. */
static int on_exec(struct processes *p, const struct sideband_event *event)
{
	struct process_node *node;
	int r;

	r = find_or_make(p, event, &node);
	if (r != 0)
		return r < 0 ? r : 0;
	r = process_next_generation(p, node, event->time_ns);
	if (r < 0)
		return r;
	process_set_comm(node, event->name);
	node->leader_exited = false;
	node->n_threads = 1;
	node->is_thread_count_known = true;
	node->is_root_due = true;
	if (event->has_ended)
		set_root(node, (struct root_id){}); /* there is none any more to be read */
	return 0;
}

static void on_comm(struct processes *p, const struct sideband_event *event)
{
	struct process_node *node = process_newest(p, event->pid);

	if (node && event->pid == event->tid)
		process_set_comm(node, event->name);
}

/* The first mapping after an exec: whatever prepared the container has changed the root by now. */
static void refresh_root(struct process_node *node, int proc_fd)
{
	if (node->is_root_due)
		set_root(node, proc_read_root(proc_fd, node->process.tgid));
}

static int on_mmap(struct processes *p, int proc_fd, const struct sideband_event *event)
{
	const struct mapping_news news = {
		.start = event->start,
		.end = event->start + event->size,
		.file_offset = event->file_offset,
		.now_ns = event->time_ns,
		.from_ns = event->time_ns,
		.dev = event->dev,
		.ino = event->ino,
		.ino_generation = event->ino_generation,
		.build_id = event->build_id,
		.name = event->name,
	};
	struct process_node *node;
	int r;

	r = find_or_make(p, event, &node);
	if (r != 0)
		return r < 0 ? r : 0;
	refresh_root(node, proc_fd);
	return process_map(p, node, &news);
}

static void on_lost(struct processes *p)
{
	struct process_node *node;

	DL_FOREACH (p->alive, node) {
		node->process.incomplete = true;
		node->is_thread_count_known = false;
	}
}

/* A task outside of our PID namespace is told as 0, one that has been reaped as -1. */
static bool is_about_nobody(const struct sideband_event *event)
{
	return event->kind != SIDEBAND_LOST && (event->pid == 0 || event->pid == UINT32_MAX);
}

static int apply(struct processes *p, int proc_fd, const struct sideband_event *event)
{
	if (is_about_nobody(event))
		return 0;
	switch (event->kind) {
	case SIDEBAND_FORK:
		return on_fork(p, proc_fd, event);
	case SIDEBAND_EXIT:
		on_exit_of_thread(p, event);
		return 0;
	case SIDEBAND_EXEC:
		return on_exec(p, event);
	case SIDEBAND_COMM:
		on_comm(p, event);
		return 0;
	case SIDEBAND_MMAP:
		return on_mmap(p, proc_fd, event);
	case SIDEBAND_LOST:
		on_lost(p);
		return 0;
	case SIDEBAND_CGROUP:
	case SIDEBAND_KSYMBOL:
		return 0; /* not about processes */
	}
	return 0;
}

int processes_apply(struct processes *p, int proc_fd, const struct sideband_event *event)
{
	int r = apply(p, proc_fd, event);

	processes_update_stats(p);
	return r;
}
