// SPDX-License-Identifier: Apache-2.0
#include "agent/stack-copies.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "agent/modules.h"
#include "agent/opener.h"
#include "common/clock.h"
#include "symbolizer/finisher-client.h"
#include "symbolizer/finisher.h"
#include "workload/process.h"

#define MAX_RESULTS 8192             /* half a buffer of each of 16 CPUs; of usual stacks 4 MiB */
#define MAX_AGE_NS (500 * NS_PER_MS) /* of a copy before it is taken: its process may not live long */
#define MAX_OPENED 64                /* files that are opened for one copy */
#define NO_COPY UINT32_MAX

struct result_key {
	uint64_t time_ns;
	uint64_t tid;
};

/* uthash keeps the order of insertion: the first is the oldest. */
struct result {
	struct result_key key;
	UT_hash_handle hh;
	struct finished_stack stack;
	__u64 pcs[];
};

struct stack_copies {
	struct stack_copies_config config;
	struct finisher_client *finisher;
	struct result *results;
	uint32_t next;      /* where the search for the next full copy begins */
	uint32_t in_flight; /* number of the copy that the finisher has; NO_COPY: none */
	uint64_t news_ns;   /* copies of a later time wait */
	uint64_t taken_ns;  /* CLOCK_MONOTONIC: when the news was told last */
	struct stack_copies_counts counts;
	struct finisher_mapping mappings[FINISHER_MAX_MAPPINGS];
	const struct mapping *found[FINISHER_MAX_MAPPINGS];
};

static uint8_t *bytes_of(struct copy_area *area, uint32_t i)
{
	uint32_t class = i < copy_first(COPY_16K) ? COPY_4K : i < copy_first(COPY_64K) ? COPY_16K : COPY_64K;

	return area->bytes + copy_offset(class, i - copy_first(class));
}

static uint32_t capacity_of(uint32_t i)
{
	return copy_class_bytes(i < copy_first(COPY_16K) ? COPY_4K : i < copy_first(COPY_64K) ? COPY_16K : COPY_64K);
}

/* Nothing of it stays; then the program may use it again. */
static void clear(struct copy_area *area, uint32_t i)
{
	struct stack_copy *copy = &area->all[i];
	uint32_t n_bytes = copy->n_bytes <= capacity_of(i) ? copy->n_bytes : capacity_of(i);

	explicit_bzero(bytes_of(area, i), n_bytes);
	explicit_bzero((char *)copy + sizeof(copy->state), sizeof(*copy) - sizeof(copy->state));
	__atomic_store_n(&copy->state, COPY_FREE, __ATOMIC_RELEASE);
}

int stack_copies_new(const struct stack_copies_config *config, struct stack_copies **ret)
{
	static char name[] = "cpuhound", command[] = FINISHER_COMMAND;
	static char *const argv[] = { name, command, NULL };
	const struct finisher_client_config client = {
		.path = "/proc/self/exe",
		.argv = argv,
		.copies_fd = config->map_fd,
	};
	_cleanup_(stack_copies_freep) struct stack_copies *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->in_flight = NO_COPY;
	r = finisher_client_new(&client, &s->finisher);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

static void drop_result(struct stack_copies *s, struct result *result)
{
	HASH_DEL(s->results, result);
	free(result);
}

struct stack_copies *stack_copies_free(struct stack_copies *s)
{
	if (!s)
		return NULL;
	finisher_client_free(s->finisher);
	for (uint32_t i = 0; i < CPUHOUND_COPIES; i++)
		if (s->config.area->all[i].state != COPY_FREE)
			clear(s->config.area, i);
	while (s->results)
		drop_result(s, s->results);
	free(s);
	return NULL;
}

static int put_result(struct stack_copies *s, const struct stack_copy *copy, const struct finisher_reply *reply)
{
	struct result *result = malloc(sizeof(*result) + reply->n_pcs * sizeof(result->pcs[0]));

	if (!result)
		return -ENOMEM;
	result->key = (struct result_key){ .time_ns = copy->time_ns, .tid = copy->tid };
	result->stack = (struct finished_stack){
		.stop = reply->stop,
		.is_guessed = reply->flags & FINISHER_GUESSED,
		.n_pcs = reply->n_pcs,
		.pcs = result->pcs,
	};
	memcpy(result->pcs, reply->pcs, reply->n_pcs * sizeof(result->pcs[0]));
	if (HASH_COUNT(s->results) >= MAX_RESULTS)
		drop_result(s, s->results);
	HASH_ADD(hh, s->results, key, sizeof(result->key), result);
	if (!result->hh.tbl) {
		free(result);
		return -ENOMEM;
	}
	return 0;
}

const struct finished_stack *stack_copies_find(struct stack_copies *s, uint32_t tid, uint64_t time_ns)
{
	const struct result_key key = { .time_ns = time_ns, .tid = tid };
	struct result *result;

	HASH_FIND(hh, s->results, &key, sizeof(key), result);
	return result ? &result->stack : NULL;
}

void stack_copies_expire(struct stack_copies *s, uint64_t before_ns)
{
	struct result *result, *next;

	HASH_ITER (hh, s->results, result, next) {
		if (result->key.time_ns < before_ns)
			drop_result(s, result);
	}
}

/* The number of a full copy, now taken; NO_COPY: there is none. */
static uint32_t take_full(struct stack_copies *s)
{
	for (uint32_t n = 0; n < CPUHOUND_COPIES; n++) {
		uint32_t i = (s->next + n) % CPUHOUND_COPIES;
		struct stack_copy *copy = &s->config.area->all[i];

		if (__atomic_load_n(&copy->state, __ATOMIC_ACQUIRE) != COPY_FULL || copy->time_ns > s->news_ns)
			continue;
		__atomic_store_n(&copy->state, COPY_TAKEN, __ATOMIC_RELAXED);
		s->next = i + 1;
		s->counts.n_taken++;
		return i;
	}
	return NO_COPY;
}

static const struct process *process_of(struct stack_copies *s, const struct stack_copy *copy)
{
	return processes_find(s->config.processes, copy->tgid, copy->start_ns, copy->time_ns);
}

static size_t find_mappings(struct stack_copies *s, const struct stack_copy *copy)
{
	const struct process *process = process_of(s, copy);

	return process ? process_mappings_at(process, copy->time_ns, s->found, FINISHER_MAX_MAPPINGS) : 0;
}

static const struct mapping *first_unopened(const struct stack_copies *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->found[i]->file && s->found[i]->file->binary_slot == MODULE_NONE)
			return s->found[i];
	}
	return NULL;
}

/* What was executable at the time of the copy, with a module for every file: *ret of them in s->found. */
static int list_mappings(struct stack_copies *s, const struct stack_copy *copy, size_t *ret)
{
	size_t n = find_mappings(s, copy);

	for (size_t i = 0; i < MAX_OPENED; i++) {
		const struct mapping *m = first_unopened(s, n);
		struct new_file new_file;
		int r;

		if (!m)
			break;
		new_file = (struct new_file){ .file = m->file, .tgid = copy->tgid, .start = m->start, .end = m->end };
		r = opener_open(s->config.opener, &new_file);
		if (r < 0)
			return r;
		n = find_mappings(s, copy);
	}
	*ret = n;
	return 0;
}

static int submit(struct stack_copies *s, uint32_t i)
{
	const struct stack_copy *copy = &s->config.area->all[i];
	size_t n;
	int r;

	r = list_mappings(s, copy, &n);
	if (r < 0)
		return r;
	for (size_t k = 0; k < n; k++) {
		const struct mapping *m = s->found[k];

		s->mappings[k] = (struct finisher_mapping){
			.start = m->start,
			.end = m->end,
			.file_offset = m->file_offset,
			.module = mapping_is_own_code(m) ? FINISHER_NO_MODULE
							 : modules_handle(s->config.modules, m->file->binary_slot),
		};
	}
	s->in_flight = i;
	return finisher_client_submit(s->finisher, copy->time_ns, i, s->mappings, n);
}

static int reopen(struct stack_copies *s, uint32_t module, int *ret)
{
	const struct stack_copy *copy = &s->config.area->all[s->in_flight];
	size_t n = find_mappings(s, copy);

	if (modules_is_harmful(s->config.modules, module))
		return -ENOENT;
	for (size_t i = 0; i < n; i++) {
		const struct mapping *m = s->found[i];
		const struct opener_place place = {
			.module = module,
			.tgid = copy->tgid,
			.start = m->start,
			.end = m->end,
			.file = m->file,
		};

		if (m->file && m->file->binary_slot == module && opener_reopen(s->config.opener, &place, ret) == 0)
			return 0;
	}
	return -ENOENT;
}

/* The finisher remembers modules: it knows them by their handles, which are no other's later. */
static void give(struct stack_copies *s, uint32_t handle)
{
	uint32_t module = modules_of_handle(s->config.modules, handle);
	_cleanup_close_ int fd = -1;

	if (module == MODULE_NONE || reopen(s, module, &fd) < 0)
		fd = -1;
	finisher_client_give(s->finisher, handle, fd);
}

static void note_harmful(struct stack_copies *s, uint32_t handle)
{
	uint32_t module = modules_of_handle(s->config.modules, handle);

	if (module != MODULE_NONE)
		modules_set_harmful(s->config.modules, module);
}

static int on_answer(struct stack_copies *s, const struct finisher_reply *reply)
{
	const struct stack_copy *copy = &s->config.area->all[s->in_flight];
	int r = 0;

	if (reply->stop == FINISHER_LOST)
		s->counts.n_finisher_lost++;
	if (reply->stop == FINISHER_ROOT)
		s->counts.n_rooted++;
	if (reply->stop == FINISHER_FATAL)
		note_harmful(s, reply->module);
	if (reply->stop != FINISHER_LOST)
		r = put_result(s, copy, reply);
	clear(s->config.area, s->in_flight);
	s->in_flight = NO_COPY;
	return r;
}

static int hand_in_next(struct stack_copies *s)
{
	uint32_t i = take_full(s);
	int r;

	if (i == NO_COPY)
		return 0;
	r = submit(s, i);
	if (r < 0) {
		clear(s->config.area, i);
		s->in_flight = NO_COPY;
	}
	return r;
}

int stack_copies_dispatch(struct stack_copies *s)
{
	const struct finisher_reply *reply;
	uint32_t handle;
	int r;

	finisher_client_dispatch(s->finisher);
	if (s->in_flight != NO_COPY && finisher_client_needs(s->finisher, &handle))
		give(s, handle);
	reply = finisher_client_take(s->finisher);
	if (reply) {
		r = on_answer(s, reply);
		if (r < 0)
			return r;
	}
	return finisher_client_is_idle(s->finisher) ? hand_in_next(s) : 0;
}

int stack_copies_fd(const struct stack_copies *s)
{
	return finisher_client_fd(s->finisher);
}

int stack_copies_timeout_ms(const struct stack_copies *s)
{
	return finisher_client_timeout_ms(s->finisher);
}

bool stack_copies_are_due(const struct stack_copies *s, uint64_t now_ns)
{
	bool are_there = false;

	for (uint32_t class = 0; class < COPY_CLASSES; class ++) {
		uint32_t n = __atomic_load_n(&s->config.area->n_new[class], __ATOMIC_RELAXED);

		if (n >= copy_wake(class))
			return true;
		are_there |= n > 0;
	}
	return are_there && now_ns - s->taken_ns >= MAX_AGE_NS;
}

void stack_copies_set_news(struct stack_copies *s, uint64_t news_ns)
{
	s->news_ns = news_ns;
	s->taken_ns = clock_now_ns(CLOCK_MONOTONIC);
	for (uint32_t class = 0; class < COPY_CLASSES; class ++)
		__atomic_store_n(&s->config.area->n_new[class], 0, __ATOMIC_RELAXED);
}

static void give_up(struct stack_copies *s)
{
	uint32_t i;

	while ((i = take_full(s)) != NO_COPY) {
		s->counts.n_unanswered++;
		clear(s->config.area, i);
	}
}

int stack_copies_finish(struct stack_copies *s, uint64_t max_ns)
{
	uint64_t end_ns = clock_now_ns(CLOCK_MONOTONIC) + max_ns;
	struct pollfd readable = { .fd = finisher_client_fd(s->finisher), .events = POLLIN };

	for (;;) {
		int r = stack_copies_dispatch(s), timeout_ms;
		uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

		if (r < 0 || finisher_client_is_idle(s->finisher))
			return r;
		if (now_ns >= end_ns || finisher_client_is_stuck(s->finisher))
			break;
		timeout_ms = clock_sooner_ms(clock_ms_until(end_ns, now_ns), finisher_client_timeout_ms(s->finisher));
		if (poll(&readable, 1, timeout_ms) < 0 && errno != EINTR)
			return -errno;
	}
	give_up(s);
	return 0;
}

const struct stack_copies_counts *stack_copies_counts(const struct stack_copies *s)
{
	return &s->counts;
}

pid_t stack_copies_finisher_pid(const struct stack_copies *s)
{
	return finisher_client_pid(s->finisher);
}

struct child_keeper_stats stack_copies_finisher_stats(const struct stack_copies *s)
{
	return finisher_client_stats(s->finisher);
}

const char *stack_copies_finisher_fault(const struct stack_copies *s)
{
	return finisher_client_fault(s->finisher);
}
