// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-processes.h"

#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#include "agent/sampler.h"
#include "agent/unwind-extents.h"
#include "agent/unwind-maps.h"
#include "agent/unwind-memory.h"
#include "agent/unwind-slots.h"
#include "agent/unwind-tables.h"
#include "common/clock.h"
#include "workload/process.h"

/*
 * Where code took other code's place, more soon will: plugins that are loaded in turns. News of it is some milliseconds
 * late, so the stacks of such a process are copied for this long, to be finished by what was mapped at their time.
 */
#define COPIES_AFTER_NS (10 * NS_PER_S)

/* A published list, and the processes whose slots lead to it. */
struct list {
	UT_hash_handle hh;
	uint64_t revision; /* of the mappings that it tells of: the key */
	struct unwind_run run;
	uint64_t news_ns, copies_until_ns; /* as in struct unwind_extents */
	size_t n_extents;
	bool is_unknown; /* some of its extents are */
	struct listed *users;
	struct list *prev, *next; /* among those with unknown extents */
};

/* A process that has a list, or waits for one. */
struct listed {
	UT_hash_handle hh;
	uint32_t tgid;
	bool is_due;
	struct list *list;                  /* NULL: none */
	struct listed *prev, *next;         /* among the users of the list */
	struct listed *due_prev, *due_next; /* among those that wait */
};

struct unwind_processes {
	struct unwind_processes_config config;
	struct unwind_slots *slots; /* what the walker reads */
	uint64_t news_ns;           /* what happened up to then is known */
	struct listed *by_tgid;
	struct listed *due; /* the longest waiting first */
	struct list *lists;
	struct list *unknown;
	struct unwind_processes_stats stats;
	struct unwind_extents_list scratch;
};

int unwind_processes_new(const struct unwind_processes_config *config, struct unwind_processes **ret)
{
	struct unwind_processes *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->config = *config;
	u->slots = sampler_unwind_maps(config->sampler)->slots;
	*ret = u;
	return 0;
}

/* The memory goes with its owner. */
struct unwind_processes *unwind_processes_free(struct unwind_processes *u)
{
	struct listed *listed, *next_listed;
	struct list *list, *next_list;

	if (!u)
		return NULL;
	HASH_ITER (hh, u->by_tgid, listed, next_listed) {
		HASH_DEL(u->by_tgid, listed);
		free(listed);
	}
	HASH_ITER (hh, u->lists, list, next_list) {
		HASH_DEL(u->lists, list);
		free(list);
	}
	free(u);
	return NULL;
}

/* 0, or an answer of unwind_slots_set(). */
static int set_slot(struct unwind_processes *u, const struct listed *listed, const struct list *list)
{
	return unwind_slots_set(u->slots, UNWIND_SLOT(listed->tgid, list->n_extents, list->run.ref), u->news_ns);
}

static void set_unknown(struct unwind_processes *u, struct list *list, bool is_unknown)
{
	if (list->is_unknown == is_unknown)
		return;
	list->is_unknown = is_unknown;
	if (is_unknown)
		DL_APPEND(u->unknown, list);
	else
		DL_DELETE(u->unknown, list);
}

/* The process's slot leads elsewhere by now. The list goes with its last user. */
static int leave_list(struct unwind_processes *u, struct listed *listed)
{
	struct list *list = take_ptr(listed->list);
	int r;

	if (!list)
		return 0;
	DL_DELETE(list->users, listed);
	if (list->users)
		return 0;
	set_unknown(u, list, false);
	HASH_DEL(u->lists, list);
	u->stats.n_lists--;
	r = unwind_memory_release(u->config.memory, list->run);
	free(list);
	return r;
}

static int forget(struct unwind_processes *u, struct listed *listed)
{
	int r;

	unwind_slots_clear(u->slots, listed->tgid);
	r = leave_list(u, listed);
	HASH_DEL(u->by_tgid, listed);
	u->stats.n_processes--;
	free(listed);
	return r;
}

static int get_listed(struct unwind_processes *u, uint32_t tgid, struct listed **ret)
{
	struct listed *listed = NULL;

	HASH_FIND(hh, u->by_tgid, &tgid, sizeof(tgid), listed);
	if (!listed) {
		listed = calloc(1, sizeof(*listed));
		if (!listed)
			return -ENOMEM;
		listed->tgid = tgid;
		HASH_ADD(hh, u->by_tgid, tgid, sizeof(listed->tgid), listed);
		if (!listed->hh.tbl) {
			free(listed);
			return -ENOMEM;
		}
		u->stats.n_processes++;
	}
	*ret = listed;
	return 0;
}

static void set_due(struct unwind_processes *u, struct listed *listed, bool is_due)
{
	if (listed->is_due == is_due)
		return;
	listed->is_due = is_due;
	if (is_due)
		DL_APPEND2(u->due, listed, due_prev, due_next);
	else
		DL_DELETE2(u->due, listed, due_prev, due_next);
}

/* 0, or an answer of unwind_memory_take(): rows make way for lists, without which they are of no use. */
static int take_memory(struct unwind_processes *u, size_t n_bytes, struct unwind_run *ret)
{
	bool evicted = true;
	int r;

	for (;;) {
		r = unwind_memory_take(u->config.memory, n_bytes, ret);
		if (r != UNWIND_MEMORY_FULL)
			return r;
		r = unwind_tables_evict(u->config.tables, &evicted);
		if (r < 0)
			return r;
		if (!evicted)
			return UNWIND_MEMORY_FULL;
	}
}

/* Stores a list's extents; where it had others they are still the caller's. 0, or an answer of unwind_memory_take(). */
static int store(struct unwind_processes *u, struct list *list, const struct unwind_extent *all, size_t n,
		 uint64_t news_ns)
{
	struct unwind_extents *extents;
	struct unwind_run run;
	int r;

	r = take_memory(u, sizeof(*extents) + n * sizeof(*all), &run);
	if (r != 0)
		return r;
	extents = unwind_memory_at(u->config.memory, run.ref);
	extents->news_ns = list->news_ns = news_ns;
	extents->copies_until_ns = list->copies_until_ns;
	memcpy(extents->all, all, n * sizeof(*all));
	list->n_extents = n;
	list->run = run;
	u->stats.n_published++;
	return 0;
}

static bool is_as_built(const struct unwind_processes *u, const struct list *list)
{
	const struct unwind_extents *extents = unwind_memory_at(u->config.memory, list->run.ref);

	return list->n_extents == u->scratch.n &&
	       memcmp(extents->all, u->scratch.all, u->scratch.n * sizeof(struct unwind_extent)) == 0;
}

static int build(struct unwind_processes *u, const struct live_mappings *live)
{
	return unwind_extents_build(live, u->config.modules, u->config.tables, clock_now_ns(CLOCK_BOOTTIME),
				    &u->scratch);
}

/* Why there is no list. */
enum list_answer {
	LIST_TOO_LONG = 1,
	LIST_NO_MEMORY,
	LIST_LATER,
};

/* A new list of these mappings. */
static int make_list(struct unwind_processes *u, const struct live_mappings *live, struct list **ret)
{
	_cleanup_free_ struct list *list = calloc(1, sizeof(*list));
	int r;

	if (!list)
		return -ENOMEM;
	r = build(u, live);
	if (r != 0)
		return r == UNWIND_EXTENTS_TOO_MANY ? LIST_TOO_LONG : r;
	list->revision = live->revision;
	list->copies_until_ns = live->replaced_ns ? live->replaced_ns + COPIES_AFTER_NS : 0;
	r = store(u, list, u->scratch.all, u->scratch.n, u->news_ns);
	if (r != 0)
		return r == UNWIND_MEMORY_LATER ? LIST_LATER : r == UNWIND_MEMORY_FULL ? LIST_NO_MEMORY : r;
	HASH_ADD(hh, u->lists, revision, sizeof(list->revision), list);
	if (!list->hh.tbl) {
		r = unwind_memory_release(u->config.memory, list->run);
		return r < 0 ? r : -ENOMEM;
	}
	set_unknown(u, list, u->scratch.n_unknown > 0);
	u->stats.n_lists++;
	*ret = take_ptr(list);
	return 0;
}

/* Gives up on a list for the process, which is counted. */
static int give_up(struct unwind_processes *u, struct listed *listed, uint64_t *counter)
{
	(*counter)++;
	return forget(u, listed);
}

/* How late the news of the youngest mapping is, unless the list before (NULL: none) has it already. */
static void note_delay(struct unwind_processes *u, const struct live_mappings *live, const struct list *before)
{
	uint64_t first_ns = before ? before->news_ns : 0, last_ns = first_ns, now_ns = clock_now_ns(CLOCK_BOOTTIME);
	size_t i;

	for (size_t k = 0; k < live->n; k++)
		if (live->all[k].from_ns > last_ns)
			last_ns = live->all[k].from_ns;
	if (last_ns == first_ns || last_ns > now_ns)
		return; /* or it is from /proc: nobody knows since when */
	i = (now_ns - last_ns) / 1000 / UNWIND_DELAY_UNIT_US;
	u->stats.delays[i < UNWIND_N_DELAYS ? i : UNWIND_N_DELAYS - 1]++;
}

/* The process's slot may lead to what was mapped before an exec: it is looked at again when there is more news. */
#define AFTER_MORE_NEWS (UNWIND_PROCESSES_WAIT + 1)

/* answer: of set_slot(). */
static int after_slot(struct unwind_processes *u, struct listed *listed, int answer)
{
	if (answer == UNWIND_SLOTS_FULL)
		return give_up(u, listed, &u->stats.n_bucket_full); /* the list goes too where it has no other user */
	return answer == UNWIND_SLOTS_EXECED ? AFTER_MORE_NEWS : 0;
}

/* Leads the process to the list, which has it as a user from then on. */
static int use_list(struct unwind_processes *u, struct listed *listed, struct list *list)
{
	int answer = set_slot(u, listed, list), r = leave_list(u, listed);

	listed->list = list;
	DL_APPEND(list->users, listed);
	return r < 0 ? r : after_slot(u, listed, answer);
}

/* A list for the process: one that others have, or a new one. */
static int list_anew(struct unwind_processes *u, struct listed *listed, const struct live_mappings *live)
{
	struct list *list = NULL;
	int r;

	HASH_FIND(hh, u->lists, &live->revision, sizeof(live->revision), list);
	if (list)
		return use_list(u, listed, list);
	r = make_list(u, live, &list);
	switch (r) {
	case 0:
		note_delay(u, live, listed->list);
		return use_list(u, listed, list);
	case LIST_TOO_LONG:
		return give_up(u, listed, &u->stats.n_too_many);
	case LIST_NO_MEMORY:
		return give_up(u, listed, &u->stats.n_no_memory);
	case LIST_LATER:
		return UNWIND_PROCESSES_WAIT;
	default:
		return r;
	}
}

static int publish_one(struct unwind_processes *u, struct listed *listed)
{
	const struct process *process = processes_find_live(u->config.processes, listed->tgid);
	struct live_mappings live = {};

	if (process)
		process_live_mappings(process, &live);
	if (live.n == 0)
		return forget(u, listed);
	if (listed->list && listed->list->revision == live.revision)
		return after_slot(u, listed, set_slot(u, listed, listed->list));
	return list_anew(u, listed, &live);
}

static int note_changes(struct unwind_processes *u)
{
	struct changed_process changed;

	while (processes_take_changed(u->config.processes, &changed)) {
		struct listed *listed;
		int r = get_listed(u, changed.tgid, &listed);

		if (r < 0)
			return r;
		set_due(u, listed, true);
	}
	return 0;
}

int unwind_processes_publish(struct unwind_processes *u, uint64_t news_ns)
{
	struct listed *listed;
	size_t n;
	int r;

	u->news_ns = news_ns;
	r = note_changes(u);
	DL_COUNT2(u->due, listed, n, due_next);
	for (; r == 0 && n > 0; n--) {
		listed = u->due;
		set_due(u, listed, false);
		r = publish_one(u, listed);
		if (r == UNWIND_PROCESSES_WAIT || r == AFTER_MORE_NEWS)
			set_due(u, listed, true);
		if (r == AFTER_MORE_NEWS)
			r = 0;
	}
	return r;
}

/* Puts others in the place of a list's extents, for all its users. 0, or an answer of unwind_memory_take(). */
static int replace(struct unwind_processes *u, struct list *list, const struct unwind_extent *all, size_t n,
		   uint64_t news_ns)
{
	struct unwind_run old = list->run;
	struct listed *user;
	int r;

	r = store(u, list, all, n, news_ns);
	if (r != 0)
		return r;
	DL_FOREACH (list->users, user) {
		int answer = set_slot(u, user, list);

		u->stats.n_bucket_full += answer == UNWIND_SLOTS_FULL;
		if (answer == UNWIND_SLOTS_EXECED)
			set_due(u, user, true);
	}
	return unwind_memory_release(u->config.memory, old);
}

static int refresh_one(struct unwind_processes *u, struct list *list)
{
	const struct process *process = processes_find_live(u->config.processes, list->users->tgid);
	struct live_mappings live = {};
	int r;

	if (process)
		process_live_mappings(process, &live);
	if (live.revision != list->revision)
		return 0; /* it changes anyway with the next publication */
	r = build(u, &live);
	if (r != 0 || is_as_built(u, list)) {
		if (r == 0)
			set_unknown(u, list, u->scratch.n_unknown > 0);
		return r < 0 ? r : 0; /* too many: the old list is still true */
	}
	r = replace(u, list, u->scratch.all, u->scratch.n, u->news_ns);
	if (r == 0)
		set_unknown(u, list, u->scratch.n_unknown > 0);
	return r == UNWIND_MEMORY_LATER ? UNWIND_PROCESSES_WAIT : r < 0 ? r : 0;
}

int unwind_processes_refresh(struct unwind_processes *u, uint64_t news_ns)
{
	struct list *list, *next;
	int r = 0;

	u->news_ns = news_ns;
	DL_FOREACH_SAFE (u->unknown, list, next) {
		r = refresh_one(u, list);
		if (r != 0)
			break;
	}
	return r;
}

int unwind_processes_leave_chunk(struct unwind_processes *u, uint32_t chunk)
{
	struct list *list, *next;

	HASH_ITER (hh, u->lists, list, next) {
		const struct unwind_extents *extents;
		int r;

		if (unwind_run_chunk(list->run) != chunk)
			continue;
		extents = unwind_memory_at(u->config.memory, list->run.ref);
		r = replace(u, list, extents->all, list->n_extents, list->news_ns);
		if (r != 0)
			return r < 0 ? r : 0; /* there is no room: it stays where it is */
	}
	return 0;
}

void unwind_processes_stats(const struct unwind_processes *u, struct unwind_processes_stats *ret)
{
	*ret = u->stats;
}
