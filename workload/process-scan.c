// SPDX-License-Identifier: Apache-2.0
/*
 * What /proc tells, merged into the table: at the start, after news were lost, and for single processes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include <utlist.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "workload/proc-snapshot.h"
#include "workload/process-table.h"

static int set_name(struct processes *p, const char **name, const char *text)
{
	const char *fresh;
	int r;

	r = name_get(p->names, text, strlen(text), &fresh);
	if (r == -ENOSPC) {
		p->stats.n_dropped++;
		return 0;
	}
	if (r < 0)
		return r;
	name_unref(p->names, *name);
	*name = fresh;
	return 0;
}

static bool is_same_process(const struct process_node *node, const struct proc_stat *stat)
{
	return process_may_have_started(node, stat->start_ns, stat->start_max_ns);
}

static int find_or_make(struct processes *p, const struct proc_snapshot *s, uint64_t now_ns, struct process_node **ret)
{
	struct process_node *node = process_newest(p, s->tgid);
	int r;

	if (node && is_same_process(node, &s->stat)) {
		process_set_alive(p, node);
		*ret = node;
		return 0;
	}
	r = process_new(p, s->tgid, now_ns, &node);
	if (r != 0)
		return r;
	process_set_start(node, s->stat.start_ns, s->stat.start_ns, s->stat.start_max_ns);
	node->process.first_ns = s->stat.start_ns;
	*ret = node;
	return 0;
}

/* It runs another program than the one that we know of: an exec was lost. */
static bool has_missed_exec(const struct process_node *node, const struct proc_snapshot *s)
{
	return node->process.exe && s->exe && strcmp(node->process.exe, proc_snapshot_text(s, s->exe)) != 0;
}

static int merge_names(struct processes *p, struct process_node *node, const struct proc_snapshot *s)
{
	int r = 0;

	process_set_comm(node, s->stat.comm);
	if (s->exe)
		r = set_name(p, &node->process.exe, proc_snapshot_text(s, s->exe));
	if (r == 0 && s->cgroup)
		r = set_name(p, &node->process.cgroup, proc_snapshot_text(s, s->cgroup));
	return r;
}

static void merge_root(struct process_node *node, const struct proc_snapshot *s)
{
	if (!s->root.ino)
		return;
	node->process.root = s->root;
	node->is_root_due = false;
}

/* Unmaps what lies between the mappings that are there. */
static int merge_gaps(struct processes *p, struct process_node *node, const struct proc_snapshot *s, uint64_t now_ns)
{
	uint64_t end = 0;
	int r;

	for (size_t i = 0; i <= s->n_mappings; i++) {
		uint64_t start = i < s->n_mappings ? s->mappings[i].start : UINT64_MAX;

		if (start > end) {
			r = mapping_space_remove(&node->now.space, &p->store, end, start, now_ns);
			if (r < 0)
				return r;
		}
		if (i < s->n_mappings)
			end = s->mappings[i].end;
	}
	return 0;
}

/*
 * A mapping that we did not know is taken to have been there since the exec; where another one is displaced, that one
 * answers for the time before now.
 */
static int merge_mappings(struct processes *p, struct process_node *node, const struct proc_snapshot *s,
			  uint64_t now_ns)
{
	int r;

	process_note_change(p, node);
	r = merge_gaps(p, node, s, now_ns);
	for (size_t i = 0; r == 0 && i < s->n_mappings; i++) {
		const struct snapshot_mapping *m = &s->mappings[i];

		r = process_map(p, node,
				&(struct mapping_news){
					.start = m->start,
					.end = m->end,
					.file_offset = m->file_offset,
					.now_ns = now_ns,
					.from_ns = node->now.from_ns,
					.dev = m->dev,
					.ino = m->ino,
					.name = proc_snapshot_text(s, m->name),
				});
	}
	return r;
}

static int merge(struct processes *p, const struct proc_snapshot *s, uint64_t now_ns)
{
	struct process_node *node;
	int r;

	r = find_or_make(p, s, now_ns, &node);
	if (r != 0)
		return r < 0 ? r : 0;
	node->scan = p->n_scans;
	if (has_missed_exec(node, s)) {
		r = process_next_generation(p, node, now_ns);
		if (r < 0)
			return r;
	}
	merge_root(node, s);
	r = merge_names(p, node, s);
	if (r < 0 || !s->has_maps)
		return r;
	r = merge_mappings(p, node, s, now_ns);
	if (r < 0)
		return r;
	node->process.incomplete = s->is_cut;
	return 0;
}

/* Reads and merges one process: 0, PROCESS_GONE, or -ENOMEM. What cannot be read is no fault of ours. */
static int read_one(struct processes *p, struct proc_snapshot *s, int proc_fd, uint32_t tgid)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME); /* before the reading: news from during it are newer */
	int r;

	r = proc_snapshot_read(s, proc_fd, p->hierarchy, tgid, p->config.max_mappings_per_process);
	if (r == -ENOMEM)
		return r;
	if (r != 0)
		return PROCESS_GONE;
	if (s->is_cut)
		p->stats.n_dropped++;
	return merge(p, s, now_ns);
}

/* Who was not seen has gone without our hearing of it, unless it only came while we were reading. */
static void settle_unseen(struct processes *p, int proc_fd, uint64_t now_ns)
{
	struct process_node *node, *next;

	DL_FOREACH_SAFE (p->alive, node, next) {
		if (node->scan != p->n_scans && process_is_gone(node, proc_fd))
			process_set_exited(p, node, node->last_exit_ns ? node->last_exit_ns : now_ns);
	}
}

static int scan_entries(struct processes *p, int proc_fd, DIR *dir)
{
	_cleanup_(proc_snapshot_done) struct proc_snapshot s = {};
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		uint64_t tgid;
		int r;

		if (parse_u64(entry->d_name, 10, &tgid) < 0 || tgid > UINT32_MAX)
			continue;
		r = read_one(p, &s, proc_fd, (uint32_t)tgid); /* gone meanwhile: as good as not seen */
		if (r < 0)
			return r;
	}
	return 0;
}

int processes_scan(struct processes *p, int proc_fd, int hierarchy)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);
	DIR *dir;
	int r;

	r = fs_open_dir(proc_fd, &dir);
	if (r < 0)
		return r;
	if (p->n_scans++ > 0)
		p->stats.n_rescans++;
	p->hierarchy = hierarchy;
	r = scan_entries(p, proc_fd, dir);
	closedir(dir);
	if (r == 0)
		settle_unseen(p, proc_fd, now_ns);
	processes_update_stats(p);
	return r;
}

int process_read(struct processes *p, int proc_fd, uint32_t tgid)
{
	_cleanup_(proc_snapshot_done) struct proc_snapshot s = {};

	return read_one(p, &s, proc_fd, tgid);
}

int processes_read_one(struct processes *p, int proc_fd, int hierarchy, uint32_t tgid)
{
	int r;

	p->stats.n_rescans++;
	p->hierarchy = hierarchy;
	r = process_read(p, proc_fd, tgid);
	processes_update_stats(p);
	return r;
}
