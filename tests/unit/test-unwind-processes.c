// SPDX-License-Identifier: Apache-2.0
/* unwind processes: lives told by hand-made news; the lists are read where the walker reads them. */
#include "tests/unit/unwind-live.h"

#include <fcntl.h>

#include "agent/modules.h"
#include "agent/unwind-processes.h"
#include "agent/unwind-tables.h"
#include "symbolizer/binary.h"
#include "workload/process.h"

#define LIMIT ((size_t)8 << 20)
#define PAGE 0x1000ULL
#define P 4000000 /* above pid_max of any test machine: /proc knows nothing of it */
#define MS NS_PER_MS

struct fixture {
	struct sampler *sampler;
	struct unwind_memory *memory;
	struct unwind_tables *tables;
	struct processes *processes;
	struct modules *modules;
	struct unwind_processes *lists;
	struct unwind_slots *slots;
	uint64_t now_ns; /* of the next event */
};

static void new_processes(struct fixture *f)
{
	const struct processes_config config = {
		.max_processes = 20000,
		.max_mappings = 1000000,
		.max_mappings_per_process = 10000,
	};
	struct unwind_processes_config lists = {
		.sampler = f->sampler,
		.memory = f->memory,
		.tables = f->tables,
		.modules = f->modules,
	};

	assert_int_equal(processes_new(&config, &f->processes), 0);
	lists.processes = f->processes;
	assert_int_equal(unwind_processes_new(&lists, &f->lists), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->now_ns = 1000 * MS;
	f->sampler = live_sampler();
	assert_int_equal(sampler_start(f->sampler), 0);
	f->slots = sampler_unwind_maps(f->sampler)->slots;
	assert_int_equal(unwind_memory_new(f->sampler, LIMIT, &f->memory), 0);
	live_wait(f->memory);
	assert_int_equal(unwind_tables_new(f->sampler, f->memory, LIMIT, &f->tables), 0);
	assert_int_equal(modules_new(UNWIND_MAX_TABLES, &f->modules), 0);
	new_processes(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unwind_processes_free(f->lists);
	processes_free(f->processes);
	modules_free(f->modules);
	unwind_tables_free(f->tables);
	unwind_memory_free(f->memory);
	sampler_free(f->sampler);
	free(f);
	return 0;
}

static void tell(struct fixture *f, uint32_t tgid, struct sideband_event event)
{
	event.pid = event.tid = tgid;
	event.time_ns = f->now_ns++;
	if (!event.name)
		event.name = "";
	assert_int_equal(processes_apply(f->processes, AT_FDCWD, &event), 0);
}

static void exec(struct fixture *f, uint32_t tgid)
{
	tell(f, tgid, (struct sideband_event){ .kind = SIDEBAND_EXEC, .name = "prog" });
}

static void fork_from(struct fixture *f, uint32_t parent, uint32_t child)
{
	tell(f, child, (struct sideband_event){ .kind = SIDEBAND_FORK, .ppid = parent });
}

static void end(struct fixture *f, uint32_t tgid)
{
	tell(f, tgid, (struct sideband_event){ .kind = SIDEBAND_EXIT });
}

/* name "": anonymous. */
static void map(struct fixture *f, uint32_t tgid, uint64_t page, uint64_t n_pages, const char *name)
{
	tell(f, tgid,
	     (struct sideband_event){
		     .kind = SIDEBAND_MMAP,
		     .start = page * PAGE,
		     .size = n_pages * PAGE,
		     .file_offset = 0,
		     .ino = name[0] ? (uint64_t)name[1] : 0,
		     .name = name[0] ? name : "//anon",
	     });
}

static void publish(struct fixture *f)
{
	int r;

	while ((r = unwind_processes_publish(f->lists, f->now_ns - 1)) == UNWIND_PROCESSES_WAIT)
		live_wait(f->memory);
	assert_int_equal(r, 0);
}

static uint64_t slot_of(const struct fixture *f, uint32_t tgid)
{
	const struct unwind_bucket *bucket = &f->slots->buckets[tgid % UNWIND_N_BUCKETS];
	uint64_t found = 0;

	for (size_t i = 0; i < UNWIND_BUCKET_SLOTS; i++) {
		if (!bucket->slots[i] || UNWIND_SLOT_TGID(bucket->slots[i]) != tgid)
			continue;
		assert_int_equal(found, 0); /* a process has one slot */
		found = bucket->slots[i];
	}
	return found;
}

static size_t count_slots(const struct fixture *f)
{
	size_t n = 0;

	for (size_t i = 0; i < UNWIND_N_BUCKETS; i++)
		for (size_t k = 0; k < UNWIND_BUCKET_SLOTS; k++)
			n += f->slots->buckets[i].slots[k] != 0;
	return n;
}

static const struct unwind_extents *list_of(const struct fixture *f, uint32_t tgid, size_t n_extents)
{
	uint64_t slot = slot_of(f, tgid);

	assert_true(slot != 0);
	assert_int_equal(UNWIND_SLOT_N_EXTENTS(slot), n_extents);
	assert_int_equal(UNWIND_SLOT_REF(slot) % 2, 0);
	return unwind_memory_at(f->memory, UNWIND_SLOT_REF(slot));
}

static void check_extent(const struct unwind_extents *list, size_t i, uint64_t page, uint64_t n_pages, uint32_t table)
{
	assert_int_equal(list->all[i].start, page * PAGE);
	assert_int_equal(list->all[i].n_pages, n_pages);
	assert_int_equal(list->all[i].table, table);
}

static struct unwind_processes_stats stats_of(const struct fixture *f)
{
	struct unwind_processes_stats stats;

	unwind_processes_stats(f->lists, &stats);
	return stats;
}

static void test_exec_mapping_exit(void **state)
{
	struct fixture *f = *state;
	const struct unwind_extents *list;

	fork_from(f, 1, P);
	publish(f);
	assert_int_equal(slot_of(f, P), 0); /* nothing is known to be mapped */
	exec(f, P);
	map(f, P, 0x400, 2, "/prog");
	map(f, P, 0x7f0, 8, "");
	publish(f);
	list = list_of(f, P, 2);
	assert_int_equal(list->news_ns, f->now_ns - 1);
	check_extent(list, 0, 0x400, 2, UNWIND_TABLE_UNKNOWN);
	check_extent(list, 1, 0x7f0, 8, MODULE_ANON);
	exec(f, P);
	publish(f);
	assert_int_equal(slot_of(f, P), 0); /* the old mappings are over, the new ones still to come */
	map(f, P, 0x900, 1, "/prog");
	publish(f);
	check_extent(list_of(f, P, 1), 0, 0x900, 1, UNWIND_TABLE_UNKNOWN);
	end(f, P);
	publish(f);
	assert_int_equal(count_slots(f), 0);
	assert_int_equal(stats_of(f).n_lists, 0);
	assert_int_equal(stats_of(f).n_processes, 0);
}

/* A published list stays as it is, whatever comes: the new one lies elsewhere. */
static void test_a_list_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct unwind_extents before[8];
	const struct unwind_extents *list;
	uint64_t first_slot;

	exec(f, P);
	map(f, P, 0x400, 2, "/prog");
	publish(f);
	first_slot = slot_of(f, P);
	list = list_of(f, P, 1);
	memcpy(before, list, sizeof(*list) + sizeof(list->all[0]));
	map(f, P, 0x500, 1, "/lib");
	publish(f);
	assert_memory_equal(before, list, sizeof(*list) + sizeof(list->all[0]));
	assert_int_not_equal(UNWIND_SLOT_REF(slot_of(f, P)), UNWIND_SLOT_REF(first_slot));
	check_extent(list_of(f, P, 2), 1, 0x500, 1, UNWIND_TABLE_UNKNOWN);
	map(f, P, 0x500, 1, "/lib"); /* no news */
	publish(f);
	assert_int_equal(stats_of(f).n_published, 2);
}

/* Another library at the address of one that was unmapped unseen. */
static void test_dlopen_in_place_of_another(void **state)
{
	struct fixture *f = *state;
	const struct unwind_extents *list;

	exec(f, P);
	map(f, P, 0x500, 10, "/a");
	publish(f);
	assert_int_equal(list_of(f, P, 1)->copies_until_ns, 0);
	map(f, P, 0x504, 2, "");
	publish(f);
	list = list_of(f, P, 3);
	assert_int_equal(list->copies_until_ns, f->now_ns - 1 + 10 * NS_PER_S);
	check_extent(list, 0, 0x500, 4, UNWIND_TABLE_UNKNOWN);
	check_extent(list, 1, 0x504, 2, MODULE_ANON);
	check_extent(list, 2, 0x506, 4, UNWIND_TABLE_UNKNOWN);
	assert_int_equal(unwind_processes_leave_chunk(f->lists, UNWIND_SLOT_REF(slot_of(f, P)) / UNWIND_CHUNK_WORDS),
			 0);
	assert_ptr_not_equal(list_of(f, P, 3), list);
	assert_int_equal(list_of(f, P, 3)->copies_until_ns, list->copies_until_ns);
}

static void test_forked_children_share(void **state)
{
	struct fixture *f = *state;
	struct unwind_memory_stats memory;
	uint32_t ref;

	exec(f, P);
	map(f, P, 0x400, 2, "/prog");
	publish(f);
	ref = UNWIND_SLOT_REF(slot_of(f, P));
	for (uint32_t i = 1; i <= 100; i++)
		fork_from(f, P, P + i);
	publish(f);
	for (uint32_t i = 1; i <= 100; i++)
		assert_int_equal(UNWIND_SLOT_REF(slot_of(f, P + i)), ref);
	assert_int_equal(stats_of(f).n_published, 1);

	map(f, P, 0x500, 1, "/lib"); /* the parent moves on, and ends; the children keep what they have */
	publish(f);
	assert_int_not_equal(UNWIND_SLOT_REF(slot_of(f, P)), ref);
	end(f, P);
	for (uint32_t i = 1; i <= 99; i++)
		end(f, P + i);
	publish(f);
	assert_int_equal(count_slots(f), 1);
	check_extent(list_of(f, P + 100, 1), 0, 0x400, 2, UNWIND_TABLE_UNKNOWN);
	end(f, P + 100);
	publish(f);
	unwind_memory_stats(f->memory, &memory);
	assert_int_equal(memory.n_runs, 0);
}

/* A child of a process that was told of together with it: whoever is published first. */
static void test_fork_and_exit_within_one_round(void **state)
{
	struct fixture *f = *state;

	exec(f, P);
	map(f, P, 0x400, 2, "/prog");
	fork_from(f, P, P + 1);
	end(f, P);
	publish(f);
	assert_int_equal(slot_of(f, P), 0);
	check_extent(list_of(f, P + 1, 1), 0, 0x400, 2, UNWIND_TABLE_UNKNOWN);
}

/* The kernel clears the slot with the exec; the news comes later, and the next list is published as ever. */
static void test_slot_cleared_by_the_kernel(void **state)
{
	struct fixture *f = *state;
	struct unwind_bucket *bucket = &f->slots->buckets[P % UNWIND_N_BUCKETS];

	exec(f, P);
	map(f, P, 0x400, 2, "/prog");
	publish(f);
	memset(bucket, 0, sizeof(*bucket));
	exec(f, P);
	map(f, P, 0x600, 1, "/prog");
	publish(f);
	check_extent(list_of(f, P, 1), 0, 0x600, 1, UNWIND_TABLE_UNKNOWN);
	assert_int_equal(count_slots(f), 1);
}

/* The kernel tells of an exec before its news is there: what was mapped before does not come back. */
static void test_exec_before_its_news(void **state)
{
	struct fixture *f = *state;
	__u64 *exec_ns = &f->slots->exec_ns[P % UNWIND_N_BUCKETS];

	exec(f, P);
	map(f, P, 0x400, 2, "/prog");
	*exec_ns = f->now_ns;
	publish(f);
	assert_int_equal(slot_of(f, P), 0);
	publish(f); /* still the same news */
	assert_int_equal(slot_of(f, P), 0);
	exec(f, P);
	map(f, P, 0x500, 1, "/prog");
	publish(f);
	check_extent(list_of(f, P, 1), 0, 0x500, 1, UNWIND_TABLE_UNKNOWN);

	map(f, P, 0x600, 1, "/prog");
	*exec_ns = f->now_ns; /* of another process of the bucket: it was not ours */
	publish(f);
	assert_int_equal(slot_of(f, P), 0);
	f->now_ns += 2;
	publish(f);
	check_extent(list_of(f, P, 2), 1, 0x600, 1, UNWIND_TABLE_UNKNOWN);
}

/* A file without an index yet, then one that cannot be had at all: frame pointers, for all that share the list. */
static void test_files_become_known(void **state)
{
	struct fixture *f = *state;
	static struct binary binary = { .state = BINARY_PENDING };
	const struct unwind_extents *list;
	struct new_file new_file;
	uint32_t module;

	exec(f, P);
	map(f, P, 0x400, 2, "/prog");
	fork_from(f, P, P + 1);
	publish(f);
	assert_int_equal(unwind_processes_refresh(f->lists, f->now_ns), 0);
	assert_int_equal(stats_of(f).n_published, 1); /* nothing new */
	assert_int_equal(processes_take_new_file(f->processes, &new_file), 1);
	assert_int_equal(modules_add(f->modules, "/prog", &binary, NULL, &module), 0);
	new_file.file->binary_slot = module;
	new_file.file->wants_opening = false;
	assert_int_equal(unwind_processes_refresh(f->lists, f->now_ns), 0);
	check_extent(list_of(f, P, 1), 0, 0x400, 2, UNWIND_TABLE_UNKNOWN); /* open, but not read yet */
	binary.state = BINARY_UNREADABLE;
	f->slots->exec_ns[(P + 1) % UNWIND_N_BUCKETS] = f->now_ns + 1;
	assert_int_equal(unwind_processes_refresh(f->lists, f->now_ns), 0);
	assert_int_equal(slot_of(f, P + 1), 0); /* it has called exec meanwhile, as the kernel says */
	f->now_ns += 2;
	publish(f);
	for (uint32_t tgid = P; tgid <= P + 1; tgid++) {
		list = list_of(f, tgid, 1);
		check_extent(list, 0, 0x400, 2, module);
		assert_int_equal(list->news_ns, f->now_ns - 2);
	}
	assert_int_equal(sampler_unwind_maps(f->sampler)->tables[module].state, UNWIND_TABLE_FRAME_POINTERS);
	assert_int_equal(stats_of(f).n_published, 2);
}

/* JIT compilers map their code page by page, writable and executable in turns. */
static void test_code_cache_is_one_extent(void **state)
{
	struct fixture *f = *state;

	exec(f, P);
	for (uint64_t i = 0; i < 5000; i++)
		map(f, P, 0x1000 + i * 2 % 5000, 1, "");
	publish(f);
	check_extent(list_of(f, P, 2500), 0, 0x1000, 1, MODULE_ANON);
	for (uint64_t i = 0; i < 5000; i++)
		map(f, P, 0x1000 + i, 1, "");
	publish(f);
	check_extent(list_of(f, P, 1), 0, 0x1000, 5000, MODULE_ANON);
}

/* More than a list can hold: none, which is counted, and one again when it fits. */
static void test_too_many_extents(void **state)
{
	struct fixture *f = *state;

	exec(f, P);
	for (uint64_t i = 0; i < UNWIND_MAX_EXTENTS; i++)
		map(f, P, 0x1000 + i * 2, 1, "");
	publish(f);
	list_of(f, P, UNWIND_MAX_EXTENTS);
	map(f, P, 0x500, 1, "");
	publish(f);
	assert_int_equal(slot_of(f, P), 0);
	assert_int_equal(stats_of(f).n_too_many, 1);
	map(f, P, 0x1001, 1, "");
	publish(f);
	list_of(f, P, UNWIND_MAX_EXTENTS);
}

static void test_bucket_full(void **state)
{
	struct fixture *f = *state;
	uint32_t n = UNWIND_BUCKET_SLOTS;

	for (uint32_t i = 0; i <= n; i++) {
		exec(f, P + i * UNWIND_N_BUCKETS);
		map(f, P + i * UNWIND_N_BUCKETS, 0x400 + i, 2, "");
	}
	publish(f);
	assert_int_equal(count_slots(f), n);
	assert_int_equal(stats_of(f).n_bucket_full, 1);
	assert_int_equal(stats_of(f).n_lists, n);
}

/* 10,000 processes come and go, a thousand of them at a time, with children and libraries: nothing is left. */
static void test_churn(void **state)
{
	struct fixture *f = *state;
	struct unwind_memory_stats memory;
	uint64_t most = 0;

	for (uint32_t i = 0; i < 11000; i++) {
		uint32_t tgid = P + i;

		if (i < 10000) {
			if (i % 3 == 2)
				fork_from(f, tgid - 1, tgid);
			else
				fork_from(f, 1, tgid);
			if (i % 3 != 2 || i % 2)
				exec(f, tgid);
			for (uint64_t k = 0; k < 3 + i % 5; k++)
				map(f, tgid, 0x400 + 0x100 * k, 1 + i % 7, k % 2 ? "/lib" : "");
		}
		if (i >= 1000)
			end(f, tgid - 1000);
		if (i % 16 == 0) {
			publish(f);
			processes_expire(f->processes, AT_FDCWD, f->now_ns > 200 * MS ? f->now_ns - 200 * MS : 0);
		}
		unwind_memory_stats(f->memory, &memory);
		if (memory.used_bytes > most)
			most = memory.used_bytes;
	}
	publish(f);
	assert_in_range(most, 400 * 1024, 1100 * 1024); /* two units each, at most */
	assert_int_equal(count_slots(f), 0);
	assert_int_equal(stats_of(f).n_lists, 0);
	assert_int_equal(stats_of(f).n_processes, 0);
	live_settle(f->sampler, f->memory);
	unwind_memory_stats(f->memory, &memory);
	assert_int_equal(memory.n_runs, 0);
	assert_int_equal(memory.used_bytes, 0);
	assert_true(memory.free_bytes <= 2 * UNWIND_CHUNK_BYTES);
}

/* What is left of many processes lies scattered: it is brought together, and the chunks go. */
static void test_free_memory_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct unwind_memory_stats memory;
	uint32_t chunk, n = 0;

	for (uint32_t i = 0; i < 6000; i++) {
		exec(f, P + i);
		for (uint64_t k = 0; k < 40; k++)
			map(f, P + i, 0x1000 + 2 * k, 1, "");
		publish(f);
	}
	unwind_memory_stats(f->memory, &memory);
	assert_true(memory.used_bytes > 2 * UNWIND_CHUNK_BYTES);
	for (uint32_t i = 0; i < 6000; i++)
		if (i % 10)
			end(f, P + i);
	publish(f);
	assert_int_equal(sampler_barrier(f->sampler), 0);
	unwind_memory_dispatch(f->memory);
	while (unwind_memory_find_sparse(f->memory, &chunk)) {
		assert_int_equal(unwind_processes_leave_chunk(f->lists, chunk), 0);
		assert_int_equal(sampler_barrier(f->sampler), 0);
		unwind_memory_dispatch(f->memory);
		n++;
	}
	assert_in_range(n, 1, 2);
	live_settle(f->sampler, f->memory); /* two chunks at most are free */
	unwind_memory_stats(f->memory, &memory);
	assert_int_equal(memory.used_bytes, 600 * 1024);
	assert_true(memory.chunk_bytes <= 2 * UNWIND_CHUNK_BYTES);
	for (uint32_t i = 0; i < 6000; i += 10)
		for (uint64_t k = 0; k < 40; k++)
			check_extent(list_of(f, P + i, 40), k, 0x1000 + 2 * k, 1, MODULE_ANON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exec_mapping_exit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_list_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dlopen_in_place_of_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forked_children_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fork_and_exit_within_one_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slot_cleared_by_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exec_before_its_news, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_become_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_code_cache_is_one_extent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_extents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bucket_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_churn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_memory_is_bounded, setup, teardown),
	};

	return LIVE_MAIN(tests);
}
