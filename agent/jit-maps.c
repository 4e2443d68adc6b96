// SPDX-License-Identifier: Apache-2.0
#include "agent/jit-maps.h"

#include "agent/jit-program.h"
#include "common/clock.h"
#include "symbolizer/indexer-client.h"
#include "symbolizer/indexer.h"
#include "workload/process.h"

#define LANE_IDLE_NS (10 * NS_PER_S)
#define MAX_HINTS 64 /* processes that are new at a time */
#define NO_PLACE UINT32_MAX
#define LONGEST_REST_NS (10 * NS_PER_S) /* of the lane: a file that takes the child down costs no more */

struct jit_maps {
	struct jit_maps_config config;
	struct indexer_client *lane;
	struct jit_program *programs[JIT_MAX_PROCESSES]; /* its number is its place + 1 */
	uint32_t n;                                      /* places in use, or once used */
	uint32_t next;                                   /* the first to be looked at */
	uint32_t hints[MAX_HINTS];
	size_t n_hints;
	bool is_in_flight; /* one file at a time: so its cost is known */
	uint32_t in_flight;
	enum jit_file_kind in_flight_kind;
	uint64_t sent_cpu_ns;   /* of the child, when it was sent */
	uint64_t lane_ready_ns; /* CLOCK_MONOTONIC */
	uint64_t checked_ns;    /* when the processes were last looked at for their end */
	struct jit_maps_stats stats;
};

int jit_maps_new(const struct jit_maps_config *config, struct jit_maps **ret)
{
	static char name[] = "cpuhound", command[] = INDEXER_COMMAND;
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
	r = indexer_client_new(&lane, &j->lane);
	if (r < 0)
		return r;
	*ret = take_ptr(j);
	return 0;
}

static void drop_index(struct jit_maps *j, struct jit_source *s)
{
	if (s->index)
		j->stats.index_bytes -= index_mapped_bytes(s->index);
	s->index = index_free(s->index);
}

static void forget(struct jit_maps *j, uint32_t i)
{
	for (size_t k = 0; k < JIT_N_KINDS; k++)
		drop_index(j, &j->programs[i]->sources[k]);
	j->programs[i] = jit_program_free(j->programs[i]);
}

struct jit_maps *jit_maps_free(struct jit_maps *j)
{
	if (!j)
		return NULL;
	indexer_client_free(j->lane);
	for (uint32_t i = 0; i < j->n; i++)
		jit_program_free(j->programs[i]);
	free(j);
	return NULL;
}

static uint32_t find_place(const struct jit_maps *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		if (!j->programs[i])
			return i;
	}
	return j->n < JIT_MAX_PROCESSES ? j->n : NO_PLACE;
}

/* 0 and the number, which is *slot's from now on; JIT_FILE_NONE: no room, or gone. */
static int add_program(struct jit_maps *j, const struct process *process, uint64_t begun_ns, uint64_t time_ns,
		       uint32_t *slot)
{
	uint32_t place = find_place(j);
	int r;

	if (place == NO_PLACE)
		return JIT_FILE_NONE;
	r = jit_program_new(j->config.proc_fd, process->tgid, begun_ns ? begun_ns : process->start_ns, time_ns,
			    &j->programs[place]);
	if (r != 0)
		return r;
	if (place == j->n)
		j->n++;
	*slot = place + 1;
	return 0;
}

/* The number of what a process ran at a time. A process that has exited is not added: nothing can be learned of it. */
static uint32_t number_of(struct jit_maps *j, struct process *process, uint64_t time_ns)
{
	uint64_t begun_ns;
	uint32_t *slot = process_code_slot(process, time_ns, &begun_ns);

	if (!slot)
		return 0;
	if (*slot == 0 && !process->exit_ns && add_program(j, process, begun_ns, time_ns, slot) != 0)
		return 0;
	return *slot;
}

uint32_t jit_maps_sampled(struct jit_maps *j, struct process *process, uint64_t time_ns)
{
	uint32_t number = number_of(j, process, time_ns);

	if (number == 0) {
		j->stats.n_refused++;
		return 0;
	}
	j->programs[number - 1]->is_sampled = true;
	j->programs[number - 1]->is_sampled_before = true;
	return number;
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
static const struct process *live_process(const struct jit_maps *j, uint32_t i)
{
	uint64_t begun_ns, now_ns = clock_now_ns(CLOCK_BOOTTIME);
	struct process *process = processes_find(j->config.processes, j->programs[i]->process.tgid, 0, now_ns);
	const uint32_t *slot = process && !process->exit_ns ? process_code_slot(process, now_ns, &begun_ns) : NULL;

	return slot && *slot == i + 1 ? process : NULL;
}

static void follow_hints(struct jit_maps *j)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);

	for (size_t i = 0; i < j->n_hints; i++) {
		struct process *process = processes_find(j->config.processes, j->hints[i], 0, now_ns);
		uint32_t number = process ? number_of(j, process, now_ns) : 0;

		if (number && live_process(j, number - 1))
			jit_program_keep_jitdump(j->programs[number - 1], j->config.proc_fd, process);
	}
	j->n_hints = 0;
}

/* Has the child read one of its files, if that is there and new. */
static int look_at(struct jit_maps *j, uint32_t i, enum jit_file_kind kind)
{
	enum indexer_job job = kind == JIT_PERF_MAP ? INDEXER_PERF_MAP : INDEXER_JITDUMP;
	int fd = -1, r;

	r = jit_program_open(j->programs[i], kind, j->config.proc_fd, live_process(j, i), &fd);
	if (r != 0)
		return r == -ENOMEM ? r : 0;
	j->sent_cpu_ns = indexer_client_stats(j->lane).cpu_ns;
	r = indexer_client_submit(j->lane, job, i, fd);
	if (r < 0)
		return r;
	j->is_in_flight = true;
	j->in_flight = i;
	j->in_flight_kind = kind;
	return 0;
}

/* Looks at one file of the next program that wants it; false: none does. */
static int look_at_next(struct jit_maps *j, uint64_t now_ns, bool *ret)
{
	*ret = false;
	for (uint32_t k = 0; k < j->n && !*ret; k++) {
		uint32_t i = (j->next + k) % j->n;
		struct jit_program *p = j->programs[i];
		int r;

		if (!p || jit_program_ready_ns(p) > now_ns)
			continue;
		if (!p->todo)
			jit_program_begin_look(p, now_ns);
		r = look_at(j, i, jit_program_next_kind(p));
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
	for (uint32_t i = 0; i < j->n; i++) {
		struct jit_program *p = j->programs[i];

		if (!p || p->is_gone || p->is_last_look || live_process(j, i))
			continue;
		p->is_last_look = true;
		jit_program_begin_look(p, now_ns);
	}
}

static int take_index(struct jit_maps *j, struct jit_source *s, int fd)
{
	struct index *index;
	uint64_t n_bytes;
	int r;

	r = index_open(fd, &index);
	if (r < 0) {
		jit_source_set_reason(s, true, "indexer made no valid index");
		return r == -EBADMSG ? 0 : r;
	}
	n_bytes = index_mapped_bytes(index) - (s->index ? index_mapped_bytes(s->index) : 0);
	if (j->stats.index_bytes + n_bytes > JIT_MAX_BYTES) {
		jit_source_set_reason(s, true, "no room beside the maps of other processes");
		index_free(index);
		return 0;
	}
	drop_index(j, s);
	s->index = index;
	j->stats.index_bytes += index_mapped_bytes(index);
	j->stats.n_read++;
	return 0;
}

static int on_result(struct jit_maps *j, const struct indexer_result *result, uint64_t now_ns)
{
	uint64_t cost_ns = indexer_client_stats(j->lane).cpu_ns - j->sent_cpu_ns, rest_ns = JIT_LANE_FACTOR * cost_ns;
	struct jit_source *s = &j->programs[j->in_flight]->sources[j->in_flight_kind];

	j->is_in_flight = false;
	j->lane_ready_ns = now_ns + (rest_ns < LONGEST_REST_NS ? rest_ns : LONGEST_REST_NS);
	s->cost_ns = cost_ns;
	s->read_ns = now_ns;
	jit_source_set_reason(s, result->status < 0, result->reason);
	return result->status < 0 ? 0 : take_index(j, s, result->index_fd);
}

static int take_results(struct jit_maps *j, uint64_t now_ns)
{
	struct indexer_result result;
	int r;

	r = indexer_client_dispatch(j->lane);
	while (r == 0 && indexer_client_take(j->lane, &result)) {
		r = on_result(j, &result, now_ns);
		close_fd(result.elf_fd);
		close_fd(result.index_fd);
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
	while (r == 0 && looked && !j->is_in_flight && (is_urgent || now_ns >= j->lane_ready_ns))
		r = look_at_next(j, now_ns, &looked);
	return r == 0 && j->is_in_flight ? indexer_client_dispatch(j->lane) : r;
}

int jit_maps_fd(const struct jit_maps *j)
{
	return indexer_client_fd(j->lane);
}

static uint64_t next_look_ns(const struct jit_maps *j)
{
	uint64_t next_ns = UINT64_MAX;

	for (uint32_t i = 0; i < j->n; i++) {
		uint64_t ready_ns = j->programs[i] ? jit_program_ready_ns(j->programs[i]) : UINT64_MAX;

		if (ready_ns < next_ns)
			next_ns = ready_ns;
	}
	return next_ns < j->lane_ready_ns ? j->lane_ready_ns : next_ns;
}

int jit_maps_timeout_ms(const struct jit_maps *j, uint64_t now_ns)
{
	int lane_ms = indexer_client_timeout_ms(j->lane), look_ms;
	uint64_t next_ns = j->is_in_flight ? UINT64_MAX : next_look_ns(j);

	if (j->n_hints)
		return 0;
	if (next_ns == UINT64_MAX)
		return lane_ms;
	look_ms = next_ns > now_ns ? (int)((next_ns - now_ns) / NS_PER_MS) + 1 : 0;
	return lane_ms < 0 || look_ms < lane_ms ? look_ms : lane_ms;
}

void jit_maps_look_again(struct jit_maps *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		if (j->programs[i] && j->programs[i]->is_sampled_before)
			j->programs[i]->is_due = true;
	}
}

size_t jit_maps_n_pending(const struct jit_maps *j)
{
	size_t n = j->is_in_flight;

	for (uint32_t i = 0; i < j->n; i++)
		n += j->programs[i] && !j->programs[i]->is_gone && (j->programs[i]->todo || j->programs[i]->is_due);
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

size_t jit_maps_n(const struct jit_maps *j)
{
	size_t n = 0;

	for (uint32_t i = 0; i < j->n; i++)
		n += j->programs[i] != NULL;
	return n;
}

size_t jit_maps_lookup(const struct jit_maps *j, uint32_t number, uint64_t addr, struct index_frame *ret, size_t max)
{
	const struct jit_program *p = number > 0 && number <= j->n ? j->programs[number - 1] : NULL;

	return p ? jit_program_lookup(p, addr, ret, max) : 0;
}

size_t jit_maps_faults(const struct jit_maps *j, struct jit_fault *ret, size_t max)
{
	size_t n = 0;

	for (uint32_t i = 0; i < j->n; i++) {
		const struct jit_program *p = j->programs[i];

		for (size_t k = 0; p && p->is_sampled_before && k < JIT_N_KINDS; k++) {
			const struct jit_source *s = &p->sources[k];

			if (s->reason[0] && n < max)
				ret[n++] = (struct jit_fault){ s->path, s->reason, !s->is_refused };
		}
	}
	return n;
}

/* May a sample still come that was taken while it ran? */
static bool is_known(const struct jit_maps *j, uint32_t i)
{
	const struct jit_program *p = j->programs[i];
	struct process *process = processes_find(j->config.processes, p->process.tgid, 0, p->time_ns);
	uint64_t begun_ns;
	const uint32_t *slot = process ? process_code_slot(process, p->time_ns, &begun_ns) : NULL;

	return slot && *slot == i + 1;
}

void jit_maps_expire(struct jit_maps *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		bool is_busy = j->is_in_flight && j->in_flight == i;

		if (!j->programs[i])
			continue;
		j->programs[i]->is_sampled_before = false;
		if (!is_busy && !is_known(j, i))
			forget(j, i);
	}
}

const struct jit_maps_stats *jit_maps_stats(struct jit_maps *j)
{
	j->stats.cpu_ns = indexer_client_stats(j->lane).cpu_ns;
	return &j->stats;
}
