// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-memory.h"

#include <assert.h>
#include <stdbool.h>

#include "agent/sampler.h"
#include "agent/unwind-chunks.h"
#include "agent/unwind-runs.h"
#include "common/clock.h"

#define RETRY_NS (10 * NS_PER_S) /* after the kernel had no memory */
#define PATIENCE_NS (60 * NS_PER_S)

/* Beyond either a barrier is worth its interrupts: some 10 us, for what some hundred execs leave behind. */
#define QUARANTINE_RUNS 1024
#define QUARANTINE_UNITS 1024

#define UNIT_WORDS (UNWIND_UNIT_BYTES / sizeof(uint32_t))

/* Reference 0 is none: the first unit of the first chunk is never handed out. */
#define RESERVED_UNITS(chunk) ((chunk) == 0)

struct released {
	struct unwind_run run;
	uint64_t epoch;
};

struct unwind_memory {
	struct sampler *sampler;
	struct unwind_chunks *chunks;
	uint32_t max_chunks;
	struct unwind_runs runs[UNWIND_MAX_CHUNKS];
	size_t expected_bytes; /* of what will be taken soon */
	uint32_t sparse;       /* the chunk that is being emptied; max_chunks: none */
	/* When that began last, and how many were in use then. */
	uint64_t gathered_ns;
	uint32_t gathered_chunks;
	uint64_t retry_ns; /* CLOCK_MONOTONIC: not before it is the kernel asked again for what it refused */

	struct released quarantine[QUARANTINE_RUNS]; /* a ring */
	size_t quarantine_first, n_quarantined, quarantined_units;

	size_t n_runs, used_units;
	uint64_t n_barriers;
};

static bool is_there(const struct unwind_memory *m, uint32_t chunk)
{
	enum unwind_chunk_state state = unwind_chunks_state(m->chunks, chunk);

	return state == UNWIND_CHUNK_SHOWN || state == UNWIND_CHUNK_THERE;
}

static bool is_empty(const struct unwind_memory *m, uint32_t chunk)
{
	return m->runs[chunk].n_used == RESERVED_UNITS(chunk);
}

static size_t count_spares(const struct unwind_memory *m)
{
	size_t n = 0;

	for (uint32_t i = 0; i < m->max_chunks; i++) {
		n += unwind_chunks_state(m->chunks, i) == UNWIND_CHUNK_WANTED || (is_there(m, i) && is_empty(m, i));
	}
	return n;
}

/* Free in the chunks that are in use and are not being emptied. */
static size_t count_room(const struct unwind_memory *m)
{
	size_t n_units = 0;

	for (uint32_t i = 0; i < m->max_chunks; i++)
		if (i != m->sparse && is_there(m, i) && !is_empty(m, i))
			n_units += UNWIND_CHUNK_UNITS - m->runs[i].n_used;
	return n_units * UNWIND_UNIT_BYTES;
}

/* One, and those that will be needed soon. */
static size_t count_wanted_spares(const struct unwind_memory *m)
{
	size_t room = m->expected_bytes > 0 ? count_room(m) : 0;
	size_t beyond = m->expected_bytes > room ? m->expected_bytes - room : 0;

	return 1 + (beyond + UNWIND_CHUNK_BYTES - 1) / UNWIND_CHUNK_BYTES;
}

static bool may_want(struct unwind_memory *m, uint32_t chunk)
{
	enum unwind_chunk_state state = unwind_chunks_state(m->chunks, chunk);
	uint64_t now_ns;

	if (state != UNWIND_CHUNK_FAILED)
		return state == UNWIND_CHUNK_ABSENT;
	now_ns = clock_now_ns(CLOCK_MONOTONIC);
	if (now_ns < m->retry_ns)
		return false;
	m->retry_ns = now_ns + RETRY_NS;
	return true;
}

static void keep_spares(struct unwind_memory *m)
{
	size_t n_before = count_spares(m), n = n_before, n_wanted = count_wanted_spares(m);

	for (uint32_t i = 0; n < n_wanted && i < m->max_chunks; i++) {
		if (may_want(m, i)) {
			unwind_chunks_want(m->chunks, i);
			n++;
		}
	}
	if (n > n_before)
		unwind_chunks_make_wanted(m->chunks);
}

/* The last ones go first: what is used gathers at the front. */
static void drop_spares(struct unwind_memory *m)
{
	size_t n = count_spares(m), n_wanted = count_wanted_spares(m);

	for (uint32_t i = m->max_chunks - 1; n > n_wanted && i > 0; i--) {
		if (unwind_chunks_state(m->chunks, i) == UNWIND_CHUNK_THERE && is_empty(m, i)) {
			unwind_chunks_drop(m->chunks, i);
			n--;
		}
	}
}

static bool is_changing(const struct unwind_memory *m)
{
	for (uint32_t i = 0; i < m->max_chunks; i++) {
		enum unwind_chunk_state state = unwind_chunks_state(m->chunks, i);

		if (state == UNWIND_CHUNK_WANTED || state == UNWIND_CHUNK_UNWANTED)
			return true;
	}
	return false;
}

int unwind_memory_new(struct sampler *sampler, size_t limit_bytes, struct unwind_memory **ret)
{
	_cleanup_(unwind_memory_freep) struct unwind_memory *m = calloc(1, sizeof(*m));
	size_t max_chunks = limit_bytes / UNWIND_CHUNK_BYTES;
	int r;

	if (!m)
		return -ENOMEM;
	m->sampler = sampler;
	m->max_chunks = max_chunks < UNWIND_MAX_CHUNKS ? (uint32_t)max_chunks : UNWIND_MAX_CHUNKS;
	if (m->max_chunks == 0)
		return -EINVAL;
	m->sparse = m->max_chunks;
	r = unwind_runs_take(&m->runs[0], RESERVED_UNITS(0));
	assert(r == 0);
	r = unwind_chunks_new(sampler_unwind_maps(sampler), &m->chunks);
	if (r < 0)
		return r;
	keep_spares(m);
	*ret = take_ptr(m);
	return 0;
}

struct unwind_memory *unwind_memory_free(struct unwind_memory *m)
{
	if (!m)
		return NULL;
	unwind_chunks_free(m->chunks);
	free(m);
	return NULL;
}

/* From the chunks that are in use already, or from a spare. */
static bool take_from(struct unwind_memory *m, bool spare, size_t n_units, struct unwind_run *ret)
{
	for (uint32_t i = 0; i < m->max_chunks; i++) {
		int first;

		if (!is_there(m, i) || is_empty(m, i) != spare || (i == m->sparse && !spare))
			continue;
		first = unwind_runs_take(&m->runs[i], n_units);
		if (first < 0)
			continue;
		if (i == m->sparse)
			m->sparse = m->max_chunks; /* it has been emptied, and is as good as new */
		*ret = (struct unwind_run){
			.ref = (uint32_t)(i * UNWIND_CHUNK_WORDS + (size_t)first * UNIT_WORDS),
			.n_units = (uint32_t)n_units,
		};
		m->n_runs++;
		m->used_units += n_units;
		return true;
	}
	return false;
}

/* Makes released runs usable whose epoch has passed. */
static void end_quarantine(struct unwind_memory *m)
{
	while (m->n_quarantined > 0) {
		const struct released *r = &m->quarantine[m->quarantine_first];
		size_t unit = r->run.ref % UNWIND_CHUNK_WORDS / UNIT_WORDS;

		if (!sampler_has_passed(m->sampler, r->epoch))
			return;
		unwind_runs_give_back(&m->runs[r->run.ref / UNWIND_CHUNK_WORDS], unit, r->run.n_units);
		m->quarantined_units -= r->run.n_units;
		m->quarantine_first = (m->quarantine_first + 1) % QUARANTINE_RUNS;
		m->n_quarantined--;
	}
}

static int wait_for_programs(struct unwind_memory *m)
{
	int r;

	m->n_barriers++;
	r = sampler_barrier(m->sampler);
	if (r == 0)
		end_quarantine(m);
	return r;
}

int unwind_memory_take(struct unwind_memory *m, size_t n_bytes, struct unwind_run *ret)
{
	size_t n_units = (n_bytes + UNWIND_UNIT_BYTES - 1) / UNWIND_UNIT_BYTES;
	/* In that order: what comes meanwhile is found the next time. */
	bool was_changing = is_changing(m), found = take_from(m, false, n_units, ret);
	int r;

	if (!found && m->n_quarantined > 0) {
		r = wait_for_programs(m);
		if (r < 0)
			return r;
		found = take_from(m, false, n_units, ret);
	}
	found = found || take_from(m, true, n_units, ret);
	if (found)
		m->expected_bytes -= n_bytes < m->expected_bytes ? n_bytes : m->expected_bytes;
	keep_spares(m);
	if (found)
		return 0;
	return was_changing || is_changing(m) ? UNWIND_MEMORY_LATER : UNWIND_MEMORY_FULL;
}

void unwind_memory_expect(struct unwind_memory *m, size_t n_bytes)
{
	m->expected_bytes = n_bytes;
	keep_spares(m);
}

void *unwind_memory_at(const struct unwind_memory *m, uint32_t ref)
{
	return &unwind_chunks_get(m->chunks, ref / UNWIND_CHUNK_WORDS)->words[ref % UNWIND_CHUNK_WORDS];
}

int unwind_memory_release(struct unwind_memory *m, struct unwind_run run)
{
	size_t at = (m->quarantine_first + m->n_quarantined) % QUARANTINE_RUNS;

	assert(run.ref != 0);
	m->quarantine[at] = (struct released){ .run = run, .epoch = sampler_epoch(m->sampler) };
	m->n_quarantined++;
	m->quarantined_units += run.n_units;
	m->n_runs--;
	m->used_units -= run.n_units;
	if (m->n_quarantined == QUARANTINE_RUNS || m->quarantined_units >= QUARANTINE_UNITS)
		return wait_for_programs(m);
	return 0;
}

/* What does not fit together any better would go round and round: after a gathering that freed no chunk there is none
 * for a while. */
static bool may_gather(struct unwind_memory *m, uint32_t n_chunks)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (n_chunks >= m->gathered_chunks && m->gathered_chunks > 0 && now_ns < m->gathered_ns + PATIENCE_NS)
		return false;
	m->gathered_chunks = n_chunks;
	m->gathered_ns = now_ns;
	return true;
}

bool unwind_memory_find_sparse(struct unwind_memory *m, uint32_t *ret)
{
	uint32_t sparse = m->max_chunks, n_chunks = 0;
	size_t n_free = 0;

	if (m->expected_bytes > 0) /* what is expected may fill it, or comes out of it */
		return false;
	for (uint32_t i = 0; i < m->max_chunks; i++) {
		if (!is_there(m, i) || is_empty(m, i))
			continue;
		n_chunks++;
		n_free += UNWIND_CHUNK_UNITS - m->runs[i].n_used;
		if (sparse == m->max_chunks || m->runs[i].n_used < m->runs[sparse].n_used)
			sparse = i;
	}
	if (n_free <= UNWIND_CHUNK_UNITS || (sparse != m->sparse && !may_gather(m, n_chunks)))
		sparse = m->max_chunks;
	m->sparse = *ret = sparse;
	return sparse < m->max_chunks;
}

bool unwind_memory_is_coming(const struct unwind_memory *m)
{
	return unwind_chunks_are_coming(m->chunks);
}

int unwind_memory_fd(const struct unwind_memory *m)
{
	return unwind_chunks_fd(m->chunks);
}

void unwind_memory_dispatch(struct unwind_memory *m)
{
	unwind_chunks_clear_event(m->chunks);
	end_quarantine(m);
	drop_spares(m);
	keep_spares(m);
}

void unwind_memory_stats(const struct unwind_memory *m, struct unwind_memory_stats *ret)
{
	*ret = (struct unwind_memory_stats){
		.n_runs = m->n_runs,
		.used_bytes = m->used_units * UNWIND_UNIT_BYTES,
		.quarantine_bytes = m->quarantined_units * UNWIND_UNIT_BYTES,
		.n_barriers = m->n_barriers,
	};
	for (uint32_t i = 0; i < m->max_chunks; i++) {
		if (!is_there(m, i))
			continue;
		ret->chunk_bytes += UNWIND_CHUNK_BYTES;
		ret->free_bytes += (UNWIND_CHUNK_UNITS - m->runs[i].n_used) * UNWIND_UNIT_BYTES;
	}
}
