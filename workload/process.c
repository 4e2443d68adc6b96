// SPDX-License-Identifier: Apache-2.0
/*
 * processes: who is in the table, since when and for how long.
 */
#include "workload/process.h"

#include <string.h>

#include "common/clock.h"
#include "workload/proc-snapshot.h"
#include "workload/process-table.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define NAMES_LIMIT_BYTES (16 * 1024 * 1024) /* paths and cgroups of all processes: typically some 100 KiB */
#define GENERATIONS_MAX 64                   /* execs of one process within the time that samples wait */
#define EXIT_GRACE_NS (100 * NS_PER_MS)      /* a thread still runs kernel code after its EXIT */

struct tgid_slot {
	UT_hash_handle hh;
	uint32_t tgid;
	struct process_node *newest; /* NULL: all forgotten, but that is still to be told */
	bool is_changed;
	struct tgid_slot *prev, *next; /* among the changed */
};

int processes_new(const struct processes_config *config, struct processes **ret)
{
	_cleanup_(processes_freep) struct processes *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->config = *config;
	p->hierarchy = -1;
	r = names_new(NAMES_LIMIT_BYTES, &p->names);
	if (r < 0)
		return r;
	r = file_table_new(p->names, &p->files);
	if (r < 0)
		return r;
	p->store = (struct mapping_store){
		.files = p->files,
		.max_mappings = config->max_mappings,
		.max_per_process = config->max_mappings_per_process,
	};
	*ret = take_ptr(p);
	return 0;
}

static void slot_free_unused(struct processes *p, struct tgid_slot *slot)
{
	if (slot->newest || slot->is_changed)
		return;
	HASH_DEL(p->slots, slot);
	free(slot);
}

static void generations_free(struct processes *p, struct generation *g)
{
	while (g) {
		struct generation *older = g->older;

		mapping_space_done(&g->space, &p->store);
		free(g);
		g = older;
	}
}

static void slot_remove(struct processes *p, struct process_node *node)
{
	struct tgid_slot *slot = node->slot;

	LL_DELETE2(slot->newest, node, older);
	slot_free_unused(p, slot);
}

static void node_free(struct processes *p, struct process_node *node)
{
	slot_remove(p, node);
	if (node->process.exit_ns)
		DL_DELETE(p->exited, node);
	else
		DL_DELETE(p->alive, node);
	generations_free(p, node->now.older);
	mapping_space_done(&node->now.space, &p->store);
	name_unref(p->names, node->process.exe);
	name_unref(p->names, node->process.cgroup);
	free(node);
	p->stats.n_processes--;
}

struct processes *processes_free(struct processes *p)
{
	struct process_node *node, *next;
	struct changed_process changed;

	if (!p)
		return NULL;
	DL_FOREACH_SAFE (p->alive, node, next)
		node_free(p, node);
	DL_FOREACH_SAFE (p->exited, node, next)
		node_free(p, node);
	while (processes_take_changed(p, &changed))
		;
	file_table_free(p->files);
	names_free(p->names);
	free(p);
	return NULL;
}

static struct tgid_slot *slot_find(struct processes *p, uint32_t tgid)
{
	struct tgid_slot *slot = NULL;

	HASH_FIND(hh, p->slots, &tgid, sizeof(tgid), slot);
	return slot;
}

static int slot_get(struct processes *p, uint32_t tgid, struct tgid_slot **ret)
{
	struct tgid_slot *slot = slot_find(p, tgid);

	if (!slot) {
		slot = calloc(1, sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		slot->tgid = tgid;
		HASH_ADD(hh, p->slots, tgid, sizeof(slot->tgid), slot);
		if (!slot->hh.tbl) {
			free(slot);
			return -ENOMEM;
		}
	}
	*ret = slot;
	return 0;
}

struct process_node *process_newest(struct processes *p, uint32_t tgid)
{
	struct tgid_slot *slot = slot_find(p, tgid);

	return slot ? slot->newest : NULL;
}

/* Room for one more: the longest exited makes way. */
static bool make_room(struct processes *p)
{
	if (p->stats.n_processes < p->config.max_processes)
		return true;
	p->stats.n_dropped++;
	if (!p->exited)
		return false;
	node_free(p, p->exited);
	return true;
}

int process_new(struct processes *p, uint32_t tgid, uint64_t now_ns, struct process_node **ret)
{
	struct process_node *node, *before = process_newest(p, tgid);
	struct tgid_slot *slot;
	int r;

	if (before && !before->process.exit_ns)
		process_set_exited(p, before, before->last_exit_ns ? before->last_exit_ns : now_ns);
	if (!make_room(p))
		return PROCESS_TABLE_FULL;
	r = slot_get(p, tgid, &slot);
	if (r < 0)
		return r;
	node = calloc(1, sizeof(*node));
	if (!node) {
		slot_free_unused(p, slot);
		return -ENOMEM;
	}
	node->process.tgid = tgid;
	node->slot = slot;
	node->now.to_ns = UINT64_MAX;
	node->process.lineage = ++p->last_lineage;
	LL_PREPEND2(slot->newest, node, older);
	DL_APPEND(p->alive, node);
	p->stats.n_processes++;
	*ret = node;
	return 0;
}

static void drop_oldest_generation(struct processes *p, struct process_node *node)
{
	struct generation **at = &node->now.older;

	while ((*at)->older)
		at = &(*at)->older;
	generations_free(p, take_ptr(*at));
	node->n_older--;
	p->store.n_dropped++;
}

int process_next_generation(struct processes *p, struct process_node *node, uint64_t now_ns)
{
	struct generation *ended = malloc(sizeof(*ended));

	if (!ended)
		return -ENOMEM;
	*ended = node->now;
	ended->to_ns = now_ns;
	node->now = (struct generation){ .older = ended, .from_ns = now_ns, .to_ns = UINT64_MAX };
	node->n_older++;
	if (node->n_older > GENERATIONS_MAX)
		drop_oldest_generation(p, node);
	node->process.generation++;
	node->process.lineage = ++p->last_lineage;
	name_unref(p->names, node->process.exe);
	node->process.exe = NULL;
	node->process.exe_addr = 0;
	process_note_change(p, node);
	return 0;
}

void process_set_exited(struct processes *p, struct process_node *node, uint64_t exit_ns)
{
	if (node->process.exit_ns)
		return;
	DL_DELETE(p->alive, node);
	DL_APPEND(p->exited, node);
	node->process.exit_ns = exit_ns ? exit_ns : 1;
	process_note_change(p, node);
}

void process_set_alive(struct processes *p, struct process_node *node)
{
	if (!node->process.exit_ns)
		return;
	DL_DELETE(p->exited, node);
	DL_APPEND(p->alive, node);
	node->process.exit_ns = 0;
	node->is_thread_count_known = false;
	process_note_change(p, node);
}

void process_note_change(struct processes *p, struct process_node *node)
{
	if (node->slot->is_changed)
		return;
	node->slot->is_changed = true;
	DL_APPEND(p->changed, node->slot);
}

void process_set_comm(struct process_node *node, const char *comm)
{
	size_t size = strnlen(comm, sizeof(node->process.comm) - 1);

	memset(node->process.comm, 0, sizeof(node->process.comm));
	memcpy(node->process.comm, comm, size);
}

void process_set_start(struct process_node *node, uint64_t start_ns, uint64_t min_ns, uint64_t max_ns)
{
	node->process.start_ns = start_ns;
	node->start_min_ns = min_ns;
	node->start_max_ns = max_ns;
}

bool process_may_have_started(const struct process_node *node, uint64_t min_ns, uint64_t max_ns)
{
	return node->start_min_ns <= max_ns && min_ns <= node->start_max_ns;
}

static void learn_start(struct process_node *node, uint64_t start_ns)
{
	process_set_start(node, start_ns, start_ns, start_ns);
	node->process.start_is_exact = true;
}

static bool lived_at(const struct process *process, uint64_t time_ns)
{
	return time_ns >= process->first_ns && (!process->exit_ns || time_ns <= process->exit_ns + EXIT_GRACE_NS);
}

struct process *processes_find(struct processes *p, uint32_t tgid, uint64_t start_ns, uint64_t time_ns)
{
	struct process_node *node;

	for (node = process_newest(p, tgid); node; node = node->older) {
		if (start_ns == 0 && lived_at(&node->process, time_ns))
			return &node->process;
		if (start_ns != 0 && process_may_have_started(node, start_ns, start_ns)) {
			learn_start(node, start_ns);
			return &node->process;
		}
	}
	return NULL;
}

static const struct generation *generation_at(const struct process *process, uint64_t time_ns)
{
	const struct process_node *node = (const struct process_node *)process;

	for (const struct generation *g = &node->now; g; g = g->older) {
		if (g->from_ns <= time_ns && time_ns < g->to_ns)
			return g;
	}
	return NULL;
}

const struct mapping *process_find_mapping(const struct process *process, uint64_t addr, uint64_t time_ns)
{
	const struct generation *g = generation_at(process, time_ns);

	return g ? mapping_space_find(&g->space, addr, time_ns) : NULL;
}

struct process_code *process_code_at(struct process *process, uint64_t time_ns, uint64_t *ret_from_ns)
{
	struct generation *g = (struct generation *)(uintptr_t)generation_at(process, time_ns);

	if (!g)
		return NULL;
	*ret_from_ns = g->from_ns;
	return &g->code;
}

struct slots {
	uint32_t *all;
	size_t n, capacity;
};

static int add_slot(struct slots *s, uint32_t slot)
{
	if (slot == 0)
		return 0;
	if (s->n == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 64;
		uint32_t *all = reallocarray(s->all, capacity, sizeof(*all));

		if (!all)
			return -ENOMEM;
		s->all = all;
		s->capacity = capacity;
	}
	s->all[s->n++] = slot;
	return 0;
}

static int add_slots_of(struct slots *s, const struct process_node *node)
{
	int r = 0;

	for (const struct generation *g = &node->now; r == 0 && g; g = g->older) {
		r = add_slot(s, g->code.slot);
		if (r == 0)
			r = add_slot(s, g->code.parent_slot);
	}
	return r;
}

int processes_code_slots(const struct processes *p, uint32_t **ret, size_t *ret_n)
{
	const struct process_node *const lists[] = { p->alive, p->exited };
	struct slots s = {};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct process_node *node;

		DL_FOREACH (lists[i], node) {
			int r = add_slots_of(&s, node);

			if (r < 0) {
				free(s.all);
				return r;
			}
		}
	}
	*ret = s.all;
	*ret_n = s.n;
	return 0;
}

size_t process_mappings_at(const struct process *process, uint64_t time_ns, const struct mapping **ret, size_t max)
{
	const struct generation *g = generation_at(process, time_ns);

	return g ? mapping_space_at(&g->space, time_ns, ret, max) : 0;
}

bool process_had_mapping(const struct process *process, const struct mapping *m, uint64_t addr, uint64_t time_ns)
{
	const struct mapping *before = process_find_mapping(process, addr, time_ns);

	return before && (before == m || mapping_continues(before, m));
}

void process_live_mappings(const struct process *process, struct live_mappings *ret)
{
	const struct process_node *node = (const struct process_node *)process;

	ret->n = mapping_space_live(&node->now.space, &ret->all, &ret->revision);
	ret->replaced_ns = mapping_space_replaced_ns(&node->now.space);
}

const struct process *processes_find_live(struct processes *p, uint32_t tgid)
{
	const struct process_node *node = process_newest(p, tgid);

	return node && !node->process.exit_ns ? &node->process : NULL;
}

int processes_take_changed(struct processes *p, struct changed_process *ret)
{
	struct tgid_slot *slot = p->changed;

	if (!slot)
		return 0;
	DL_DELETE(p->changed, slot);
	slot->is_changed = false;
	*ret = (struct changed_process){ .tgid = slot->tgid, .process = processes_find_live(p, slot->tgid) };
	slot_free_unused(p, slot);
	return 1;
}

int processes_take_new_file(struct processes *p, struct new_file *ret)
{
	return file_table_take_new(p->files, ret);
}

const struct mapped_file *processes_next_file(const struct processes *p, const struct mapped_file *after)
{
	return file_table_next(p->files, after);
}

bool process_is_gone(const struct process_node *node, int proc_fd)
{
	struct proc_stat stat;
	int r = proc_read_stat(proc_fd, node->process.tgid, &stat);

	if (r == PROC_SNAPSHOT_GONE)
		return true;
	if (r < 0)
		return false; /* not told: keep it */
	return proc_stat_is_over(&stat) || !process_may_have_started(node, stat.start_ns, stat.start_max_ns);
}

static void expire_generations(struct processes *p, struct process_node *node, uint64_t before_ns)
{
	struct generation **at = &node->now.older;

	mapping_space_expire(&node->now.space, &p->store, before_ns);
	while (*at && (*at)->to_ns > before_ns) {
		mapping_space_expire(&(*at)->space, &p->store, before_ns);
		at = &(*at)->older;
	}
	for (struct generation *g = *at; g; g = g->older)
		node->n_older--;
	generations_free(p, take_ptr(*at));
}

void processes_expire(struct processes *p, int proc_fd, uint64_t before_ns)
{
	struct process_node *node, *next;

	DL_FOREACH_SAFE (p->alive, node, next) {
		expire_generations(p, node, before_ns);
		if (node->leader_exited && process_is_gone(node, proc_fd))
			process_set_exited(p, node, node->last_exit_ns);
	}
	DL_FOREACH_SAFE (p->exited, node, next) {
		expire_generations(p, node, before_ns);
		if (node->process.exit_ns + EXIT_GRACE_NS <= before_ns)
			node_free(p, node);
	}
	processes_update_stats(p);
}

void processes_update_stats(struct processes *p)
{
	p->stats.n_mappings = p->store.n_mappings;
	p->stats.n_files = file_table_count(p->files);
	p->stats.bytes = p->store.bytes + names_bytes(p->names) + file_table_bytes(p->files) +
			 p->stats.n_processes * (sizeof(struct process_node) + sizeof(struct tgid_slot));
	p->stats.n_dropped += p->store.n_dropped;
	p->store.n_dropped = 0;
}

const struct processes_stats *processes_stats(const struct processes *p)
{
	return &p->stats;
}
