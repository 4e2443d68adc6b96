// SPDX-License-Identifier: Apache-2.0
#include "agent/jit-maps.h"

#include "agent/jit-program.h"
#include "agent/jit-table.h"
#include "common/clock.h"
#include "symbolizer/indexer-client.h"
#include "symbolizer/indexer.h"
#include "workload/proc-snapshot.h"
#include "workload/process.h"

#define LANE_IDLE_NS (10 * NS_PER_S)
#define MAX_HINTS 64                    /* processes that are new at a time */
#define LONGEST_REST_NS (10 * NS_PER_S) /* of the lane: a file that takes the child down costs no more */

struct jit_maps {
	struct jit_maps_config config;
	struct indexer_client *lane;
	struct jit_table table;
	uint32_t next; /* the first place to be looked at */
	uint32_t hints[MAX_HINTS];
	size_t n_hints;
	struct jit_program *in_flight; /* one file at a time: so its cost is known; NULL: none */
	enum jit_file_kind in_flight_kind;
	uint64_t sent_cpu_ns;   /* of the child, when it was sent */
	uint64_t lane_ready_ns; /* CLOCK_MONOTONIC */
	uint64_t checked_ns;    /* when the processes were last looked at for their end */
	struct jit_maps_stats stats;
};

int jit_maps_new(const struct jit_maps_config *config, struct jit_maps **ret)
{
	static char name[] = "cpuhound", command[] = INDEXER_PATIENT_COMMAND;
	static char *const argv[] = { name, command, NULL };
	const struct indexer_client_config lane = {
		.path = config->indexer_path ? config->indexer_path : "/proc/self/exe",
		.argv = config->indexer_argv ? config->indexer_argv : argv,
		.max_queue = 1,
		.idle_ns = LANE_IDLE_NS,
	};
	_cleanup_(jit_maps_freep) struct jit_maps *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->config = *config;
	jit_table_init(&j->table);
	r = indexer_client_new(&lane, &j->lane);
	if (r < 0)
		return r;
	*ret = take_ptr(j);
	return 0;
}

struct jit_maps *jit_maps_free(struct jit_maps *j)
{
	if (!j)
		return NULL;
	indexer_client_free(j->lane);
	jit_table_done(&j->table);
	free(j);
	return NULL;
}

static int number_of(struct jit_maps *j, struct process *process, uint64_t time_ns, unsigned int n_forks,
		     struct jit_program **ret);

/* Whose code a program went on with when it was forked; NULL: nobody's, or nothing is known of him. */
static struct jit_program *parent_of(struct jit_maps *j, const struct process *process, const struct process_code *code,
				     unsigned int n_forks)
{
	struct jit_program *parent = jit_table_find(&j->table, code->parent_slot);
	uint64_t time_ns = code->parent_ns;
	uint32_t tgid = code->parent_tgid;
	struct process *found;

	if (parent)
		return parent;
	if (!tgid && process->generation == 0 && !process->exit_ns) { /* it was there before we were */
		if (proc_read_fork_parent(j->config.proc_fd, process->tgid, &tgid) != 0)
			return NULL;
		time_ns = clock_now_ns(CLOCK_BOOTTIME);
	}
	found = tgid && n_forks < JIT_MAX_FORKS ? processes_find(j->config.processes, tgid, 0, time_ns) : NULL;
	return found && number_of(j, found, time_ns, n_forks + 1, &parent) >= 0 ? parent : NULL;
}

static int add_program(struct jit_maps *j, const struct process *process, uint64_t begun_ns, uint64_t time_ns,
		       struct jit_program *parent, struct jit_program **ret)
{
	bool has_place;
	int r;

	if (parent)
		parent->n_children++; /* lest it makes the place */
	has_place = jit_table_make_place(&j->table);
	if (parent)
		parent->n_children--;
	if (!has_place)
		return JIT_MAPS_FULL;
	r = jit_program_new(j->config.proc_fd, process->tgid, begun_ns ? begun_ns : process->start_ns, time_ns, ret);
	if (r != 0)
		return r < 0 ? r : JIT_MAPS_GONE;
	jit_table_put(&j->table, *ret, parent);
	return 0;
}

/*
 * What a process ran at a time. One that has exited is not added: nothing can be learned of it. Where nothing can, or
 * there is no room, it is the one that it was forked from, whose code has its names still; NULL: none.
 */
static int number_of(struct jit_maps *j, struct process *process, uint64_t time_ns, unsigned int n_forks,
		     struct jit_program **ret)
{
	uint64_t begun_ns;
	struct process_code *code = process_code_at(process, time_ns, &begun_ns);
	struct jit_program *added;
	int r = JIT_MAPS_GONE;

	*ret = code ? jit_table_find(&j->table, code->slot) : NULL;
	if (*ret)
		return 0;
	if (!code)
		return JIT_MAPS_GONE;
	*ret = parent_of(j, process, code, n_forks);
	if (!process->exit_ns)
		r = add_program(j, process, begun_ns, time_ns, *ret, &added);
	if (r == 0) {
		code->slot = added->number;
		*ret = added;
	}
	return r;
}

int jit_maps_sampled(struct jit_maps *j, struct process *process, uint64_t time_ns, uint32_t *ret)
{
	struct jit_program *p;
	int r = number_of(j, process, time_ns, 0, &p);

	if (r < 0)
		return r;
	jit_table_use(&j->table, p, time_ns);
	*ret = p ? p->number : 0;
	return r;
}

void jit_maps_note_mapping(struct jit_maps *j, uint32_t tgid, const char *mapping_name)
{
	if (j->n_hints == MAX_HINTS || !jit_file_is_hint(mapping_name))
		return;
	for (size_t i = 0; i < j->n_hints; i++) {
		if (j->hints[i] == tgid)
			return;
	}
	j->hints[j->n_hints++] = tgid;
}

/* The process of a program, while it runs that; NULL: not any more. */
static const struct process *live_process(const struct jit_maps *j, const struct jit_program *p)
{
	uint64_t begun_ns, now_ns = clock_now_ns(CLOCK_BOOTTIME);
	struct process *process = processes_find(j->config.processes, p->process.tgid, 0, now_ns);
	const struct process_code *code =
		process && !process->exit_ns ? process_code_at(process, now_ns, &begun_ns) : NULL;

	return code && code->slot == p->number ? process : NULL;
}

static void follow_hint(struct jit_maps *j, uint32_t tgid)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);
	struct process *process = processes_find(j->config.processes, tgid, 0, now_ns);
	struct jit_program *p;

	if (process && number_of(j, process, now_ns, 0, &p) == 0 && live_process(j, p) == process)
		jit_program_keep_jitdump(p, j->config.proc_fd, process);
}

static void follow_hints(struct jit_maps *j)
{
	for (size_t i = 0; i < j->n_hints; i++)
		follow_hint(j, j->hints[i]);
	j->n_hints = 0;
}

/* Has the child read one of its files, if that is there and new. */
static int look_at(struct jit_maps *j, struct jit_program *p, enum jit_file_kind kind)
{
	enum indexer_job job = kind == JIT_PERF_MAP ? INDEXER_PERF_MAP : INDEXER_JITDUMP;
	int fd = -1, r;

	r = jit_program_open(p, kind, j->config.proc_fd, live_process(j, p), &fd);
	if (r != 0)
		return r == -ENOMEM ? r : 0;
	j->sent_cpu_ns = indexer_client_stats(j->lane).cpu_ns;
	r = indexer_client_submit(j->lane, job, p->number, fd, NULL);
	if (r < 0)
		return r;
	p->is_in_flight = true;
	j->in_flight = p;
	j->in_flight_kind = kind;
	return 0;
}

/* Looks at one file of the next program that wants it; false: none does. */
static int look_at_next(struct jit_maps *j, uint64_t now_ns, bool *ret)
{
	const struct jit_table *t = &j->table;

	*ret = false;
	for (uint32_t k = 0; k < t->n && !*ret; k++) {
		uint32_t i = (j->next + k) % t->n;
		struct jit_program *p = t->programs[i];
		int r;

		if (!p || jit_program_ready_ns(p) > now_ns)
			continue;
		if (!p->todo)
			jit_program_begin_look(p, now_ns);
		r = look_at(j, p, jit_program_next_kind(p));
		if (r < 0)
			return r;
		if (!p->todo) {
			jit_program_end_look(p);
			j->next = i + 1;
		}
		*ret = true;
	}
	return 0;
}

/* Processes that have gone are looked at for the last time, sampled or not: samples of theirs may still wait. */
static void check_ends(struct jit_maps *j, uint64_t now_ns)
{
	if (now_ns < j->checked_ns + JIT_LEAST_NS)
		return;
	j->checked_ns = now_ns;
	for (uint32_t i = 0; i < j->table.n; i++) {
		struct jit_program *p = j->table.programs[i];

		if (!p || p->is_gone || p->is_last_look || live_process(j, p))
			continue;
		p->is_last_look = true;
		jit_program_begin_look(p, now_ns);
	}
}

static int take_index(struct jit_maps *j, struct jit_source *s, int fd)
{
	struct index *index;
	int r;

	r = index_open(fd, &index);
	if (r < 0) {
		jit_source_set_reason(s, true, "indexer made no valid index");
		return r == -EBADMSG ? 0 : r;
	}
	if (jit_table_take_index(&j->table, s, index))
		j->stats.n_read++;
	else
		jit_source_set_reason(s, true, "no room beside the maps of other processes");
	return 0;
}

static int on_result(struct jit_maps *j, const struct indexer_result *result, uint64_t now_ns)
{
	uint64_t cost_ns = indexer_client_stats(j->lane).cpu_ns - j->sent_cpu_ns, rest_ns = JIT_LANE_FACTOR * cost_ns;
	struct jit_program *p = j->in_flight;
	struct jit_source *s = &p->sources[j->in_flight_kind];
	int r = 0;

	j->lane_ready_ns = now_ns + (rest_ns < LONGEST_REST_NS ? rest_ns : LONGEST_REST_NS);
	s->cost_ns = cost_ns;
	s->read_ns = now_ns;
	jit_source_set_reason(s, result->status < 0, result->reason);
	if (result->status >= 0)
		r = take_index(j, s, result->index_fd);
	j->in_flight = NULL;
	p->is_in_flight = false;
	return r;
}

static int take_results(struct jit_maps *j, uint64_t now_ns)
{
	struct indexer_result result;
	int r;

	r = indexer_client_dispatch(j->lane);
	while (r == 0 && j->in_flight && indexer_client_take(j->lane, &result)) {
		r = on_result(j, &result, now_ns);
		indexer_result_done(&result);
	}
	return r;
}

int jit_maps_dispatch(struct jit_maps *j, uint64_t now_ns, bool is_urgent)
{
	bool looked = true;
	int r;

	follow_hints(j);
	check_ends(j, now_ns);
	r = take_results(j, now_ns);
	while (r == 0 && looked && !j->in_flight && (is_urgent || now_ns >= j->lane_ready_ns))
		r = look_at_next(j, now_ns, &looked);
	return r == 0 && j->in_flight ? indexer_client_dispatch(j->lane) : r;
}

int jit_maps_fd(const struct jit_maps *j)
{
	return indexer_client_fd(j->lane);
}

static uint64_t next_look_ns(const struct jit_maps *j)
{
	uint64_t next_ns = UINT64_MAX;

	for (uint32_t i = 0; i < j->table.n; i++) {
		uint64_t ready_ns = j->table.programs[i] ? jit_program_ready_ns(j->table.programs[i]) : UINT64_MAX;

		if (ready_ns < next_ns)
			next_ns = ready_ns;
	}
	return next_ns < j->lane_ready_ns ? j->lane_ready_ns : next_ns;
}

int jit_maps_timeout_ms(const struct jit_maps *j, uint64_t now_ns)
{
	int lane_ms = indexer_client_timeout_ms(j->lane);
	uint64_t next_ns = j->in_flight ? UINT64_MAX : next_look_ns(j);

	if (j->n_hints)
		return 0;
	if (next_ns == UINT64_MAX)
		return lane_ms;
	return clock_sooner_ms(lane_ms, clock_ms_until(next_ns, now_ns));
}

void jit_maps_look_again(struct jit_maps *j)
{
	for (uint32_t i = 0; i < j->table.n; i++) {
		struct jit_program *p = j->table.programs[i];

		if (p && jit_table_is_used(&j->table, p))
			p->is_due = true;
	}
}

bool jit_maps_has_hints(const struct jit_maps *j)
{
	return j->n_hints > 0;
}

size_t jit_maps_n_pending(const struct jit_maps *j)
{
	size_t n = j->in_flight != NULL;

	for (uint32_t i = 0; i < j->table.n; i++) {
		const struct jit_program *p = j->table.programs[i];

		n += p && !p->is_gone && (p->todo || p->is_due);
	}
	return n;
}

pid_t jit_maps_indexer_pid(const struct jit_maps *j)
{
	return indexer_client_pid(j->lane);
}

struct child_keeper_stats jit_maps_indexer_stats(const struct jit_maps *j)
{
	return indexer_client_stats(j->lane);
}

size_t jit_maps_lookup(const struct jit_maps *j, uint32_t number, uint64_t addr, struct index_frame *ret, size_t max)
{
	return jit_program_lookup(jit_table_find(&j->table, number), addr, ret, max);
}

size_t jit_maps_faults(const struct jit_maps *j, struct jit_fault *ret, size_t max)
{
	size_t n = 0;

	for (uint32_t i = 0; i < j->table.n; i++) {
		const struct jit_program *p = j->table.programs[i];

		for (size_t k = 0; p && jit_table_is_used(&j->table, p) && k < JIT_N_KINDS; k++) {
			const struct jit_source *s = &p->sources[k];

			if (s->reason[0] && n < max)
				ret[n++] = (struct jit_fault){ s->path, s->reason, !s->is_refused };
		}
	}
	return n;
}

uint64_t jit_maps_begin_window(struct jit_maps *j)
{
	return j->table.window++;
}

int jit_maps_expire(struct jit_maps *j, uint64_t window)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t n;
	int r;

	r = processes_code_slots(j->config.processes, &numbers, &n);
	if (r < 0)
		return r;
	j->table.written = window;
	jit_table_expire(&j->table, numbers, n);
	return 0;
}

const struct jit_maps_stats *jit_maps_stats(struct jit_maps *j)
{
	j->stats.n_programs = 0;
	for (uint32_t i = 0; i < j->table.n; i++)
		j->stats.n_programs += j->table.programs[i] != NULL;
	j->stats.index_bytes = j->table.index_bytes;
	j->stats.cpu_ns = indexer_client_stats(j->lane).cpu_ns;
	return &j->stats;
}
