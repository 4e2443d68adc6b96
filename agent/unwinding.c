// SPDX-License-Identifier: Apache-2.0
#include "agent/unwinding.h"

#include <inttypes.h>

#include "agent/modules.h"
#include "agent/resolve.h"
#include "agent/sampler.h"
#include "agent/unwind-memory.h"
#include "agent/unwind-processes.h"
#include "agent/unwind-tables.h"
#include "common/clock.h"
#include "common/log.h"

#define COMING_MS 1          /* memory that is on its way is looked for so often */
#define COPYING_NS NS_PER_MS /* of rows at a stretch: news that comes meanwhile waits no longer */

struct unwinding {
	struct sampler *sampler;
	struct unwind_memory *memory;
	struct unwind_tables *tables;
	struct unwind_processes *processes;
	uint64_t news_ns;
	bool files_changed; /* since the lists with unknown binaries were looked at */
	bool is_due;
};

int unwinding_new(const struct unwinding_config *config, struct unwinding **ret)
{
	_cleanup_(unwinding_freep) struct unwinding *u = calloc(1, sizeof(*u));
	struct unwind_processes_config lists = {
		.sampler = config->sampler,
		.processes = config->processes,
		.modules = config->modules,
	};
	int r;

	if (!u)
		return -ENOMEM;
	u->sampler = config->sampler;
	r = unwind_memory_new(config->sampler, config->limit_bytes, &u->memory);
	if (r < 0)
		return r;
	r = unwind_tables_new(config->sampler, u->memory, config->limit_bytes, &u->tables);
	if (r < 0)
		return r;
	r = unwind_tables_add_without_rows(u->tables, MODULE_ANON, UNWIND_TABLE_JIT);
	if (r < 0)
		return r;
	lists.memory = u->memory;
	lists.tables = u->tables;
	r = unwind_processes_new(&lists, &u->processes);
	if (r < 0)
		return r;
	*ret = take_ptr(u);
	return 0;
}

struct unwinding *unwinding_free(struct unwinding *u)
{
	if (!u)
		return NULL;
	unwind_processes_free(u->processes);
	unwind_tables_free(u->tables);
	unwind_memory_free(u->memory);
	free(u);
	return NULL;
}

int unwinding_publish(struct unwinding *u, uint64_t news_ns)
{
	int r;

	u->news_ns = news_ns;
	r = unwind_processes_publish(u->processes, news_ns);
	if (r == 0 && u->files_changed) {
		r = unwind_processes_refresh(u->processes, news_ns);
		if (r == 0)
			u->files_changed = false;
	}
	return r < 0 ? r : 0; /* else memory is on its way */
}

void unwinding_note_files(struct unwinding *u)
{
	u->files_changed = true;
}

void unwinding_note_sample(struct unwinding *u, const struct sample_rec *rec, const struct resolved *resolved)
{
	for (size_t i = 0; i < resolved->n_frames; i++) {
		uint32_t module = resolved->frames[i].module;

		if (module & MODULE_OWN_CODE)
			continue; /* no table of its own */
		unwind_tables_note_sample(u->tables, module, rec->time_ns, module == resolved->without_rows);
	}
}

int unwinding_forget(struct unwinding *u, uint32_t module)
{
	return unwind_tables_remove(u->tables, module);
}

/* Free memory must not be spread over many chunks. */
static int gather(struct unwinding *u)
{
	uint32_t chunk;
	int r;

	if (!unwind_memory_find_sparse(u->memory, &chunk))
		return 0;
	r = unwind_processes_leave_chunk(u->processes, chunk);
	return r == 0 ? unwind_tables_leave_chunk(u->tables, chunk) : r;
}

int unwinding_dispatch(struct unwinding *u)
{
	int r;

	unwind_memory_dispatch(u->memory);
	r = unwinding_publish(u, u->news_ns);
	if (r == 0)
		r = gather(u);
	if (r < 0)
		return r;
	r = unwind_tables_dispatch(u->tables, COPYING_NS);
	if (r < 0)
		return r;
	u->is_due = r == UNWIND_TABLES_MORE;
	return 0;
}

int unwinding_fd(const struct unwinding *u)
{
	return unwind_memory_fd(u->memory);
}

int unwinding_timeout_ms(const struct unwinding *u)
{
	if (u->is_due)
		return 0;
	return unwind_memory_is_coming(u->memory) ? COMING_MS : -1;
}

bool unwinding_is_settled(const struct unwinding *u)
{
	struct unwind_tables_stats tables;

	unwind_tables_stats(u->tables, &tables);
	return !u->is_due && !u->files_changed && tables.n_waiting == 0;
}

int unwinding_stats(const struct unwinding *u, struct unwinding_stats *ret)
{
	struct unwind_memory_stats memory;
	struct unwind_tables_stats tables;

	unwind_memory_stats(u->memory, &memory);
	unwind_tables_stats(u->tables, &tables);
	*ret = (struct unwinding_stats){
		.n_tables = tables.n_loaded,
		.n_tables_waiting = tables.n_waiting,
		.n_rows = tables.n_rows,
		.row_bytes = tables.n_bytes,
		.n_evicted = tables.n_evicted,
		.n_no_room = tables.n_no_room,
		.n_too_large = tables.n_too_large,
		.chunk_bytes = memory.chunk_bytes,
	};
	return sampler_map_bytes(u->sampler, &ret->map_bytes);
}

/* In how many us this share (in thousandths) of the lists was there. */
static unsigned int delay_of(const struct unwind_processes_stats *lists, uint64_t n, unsigned int share)
{
	uint64_t n_before = 0;
	unsigned int i = 0;

	while (i + 1 < UNWIND_N_DELAYS && (n_before += lists->delays[i]) * 1000 < n * share)
		i++;
	return (i + 1) * UNWIND_DELAY_UNIT_US;
}

static void log_delays(const struct unwind_processes_stats *lists)
{
	uint64_t n = 0;

	for (size_t i = 0; i < UNWIND_N_DELAYS; i++)
		n += lists->delays[i];
	log_debug("from the last mapping to the list with it: %" PRIu64
		  " lists; half within %u us, 95%% %u, 99%% %u, all %u",
		  n, delay_of(lists, n, 500), delay_of(lists, n, 950), delay_of(lists, n, 990),
		  delay_of(lists, n, 1000));
}

void unwinding_log_debug(const struct unwinding *u)
{
	struct unwind_processes_stats lists;
	struct unwind_memory_stats memory;
	struct unwind_tables_stats tables;
	uint64_t map_bytes = 0;

	unwind_processes_stats(u->processes, &lists);
	unwind_memory_stats(u->memory, &memory);
	unwind_tables_stats(u->tables, &tables);
	if (sampler_map_bytes(u->sampler, &map_bytes) < 0)
		log_debug("the memory of BPF maps cannot be told");
	log_debug("memory of BPF maps: %" PRIu64 " bytes and %" PRIu64 " of chunks: %" PRIu64
		  " used in %zu runs, %" PRIu64 " in quarantine, %" PRIu64 " free",
		  map_bytes, memory.chunk_bytes, memory.used_bytes, memory.n_runs, memory.quarantine_bytes,
		  memory.free_bytes);
	log_debug("rows: %" PRIu64 " of %zu binaries in %" PRIu64 " bytes, %zu binaries wait; %" PRIu64
		  " evicted, %" PRIu64 " had no room, %" PRIu64 " are too large",
		  tables.n_rows, tables.n_loaded, tables.n_bytes, tables.n_waiting, tables.n_evicted, tables.n_no_room,
		  tables.n_too_large);
	log_debug("lists of mappings: %zu of %zu processes, %" PRIu64 " published; without one: %" PRIu64
		  " too many mappings, %" PRIu64 " no memory, %" PRIu64 " bucket full",
		  lists.n_lists, lists.n_processes, lists.n_published, lists.n_too_many, lists.n_no_memory,
		  lists.n_bucket_full);
	log_delays(&lists);
}
