// SPDX-License-Identifier: Apache-2.0
/* processes: which of them have changed, and what they map now, as the publisher of their mappings asks for it. */
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "workload/process.h"

#define P 4000000 /* above pid_max of any test machine: /proc knows nothing of it */

struct fixture {
	struct processes *p;
	uint64_t now_ns;
	char taken[256];
};

static void new_table(struct fixture *f, size_t max_processes)
{
	const struct processes_config config = {
		.max_processes = max_processes,
		.max_mappings = 1000,
		.max_mappings_per_process = 100,
	};

	f->p = processes_free(f->p);
	assert_int_equal(processes_new(&config, &f->p), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->now_ns = 1000;
	new_table(f, 100);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	processes_free(f->p);
	free(f);
	return 0;
}

static void tell(struct fixture *f, uint32_t tgid, struct sideband_event event)
{
	event.pid = tgid;
	event.tid = event.tid ?: tgid;
	event.time_ns = f->now_ns++;
	event.name = event.name ?: "";
	assert_int_equal(processes_apply(f->p, AT_FDCWD, &event), 0);
}

static void map(struct fixture *f, uint32_t tgid, uint64_t start, const char *name)
{
	tell(f, tgid,
	     (struct sideband_event){
		     .kind = SIDEBAND_MMAP, .start = start, .size = 0x1000, .ino = (uint64_t)name[1], .name = name });
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

/* All changes, in order: numbers from P on, '-' where nobody lives. */
static const char *take(struct fixture *f)
{
	struct changed_process changed;
	size_t n = 0;

	f->taken[0] = 0;
	while (processes_take_changed(f->p, &changed)) {
		if (changed.process)
			assert_int_equal(changed.process->tgid, changed.tgid);
		assert_ptr_equal(changed.process, processes_find_live(f->p, changed.tgid));
		n += (size_t)snprintf(f->taken + n, sizeof(f->taken) - n, "%s%d%s", n ? " " : "",
				      (int)(changed.tgid - P), changed.process ? "" : "-");
	}
	return f->taken;
}

static struct live_mappings live(struct fixture *f, uint32_t tgid)
{
	const struct process *process = processes_find_live(f->p, tgid);
	struct live_mappings mappings;

	assert_non_null(process);
	process_live_mappings(process, &mappings);
	return mappings;
}

static void test_each_change_is_told_once(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(take(f), "");
	exec(f, P + 1);
	map(f, P + 1, 0x1000, "/a");
	exec(f, P + 2);
	map(f, P + 1, 0x3000, "/b");
	assert_string_equal(take(f), "1 2");
	assert_string_equal(take(f), "");
	map(f, P + 2, 0x1000, "/a");
	fork_from(f, P + 1, P + 3);
	assert_string_equal(take(f), "2 3");
	tell(f, P + 1, (struct sideband_event){ .kind = SIDEBAND_FORK, .tid = P + 50, .ppid = P + 1 }); /* a thread */
	tell(f, P + 1, (struct sideband_event){ .kind = SIDEBAND_COMM, .name = "other" });
	tell(f, P + 1, (struct sideband_event){ .kind = SIDEBAND_EXIT, .tid = P + 50 });
	assert_string_equal(take(f), "");
	end(f, P + 3);
	end(f, P + 1);
	assert_string_equal(take(f), "3- 1-");
	exec(f, P + 1); /* it runs: the exit was misread */
	assert_string_equal(take(f), "1");
}

/* It has changed, and is forgotten before anybody asks: that it has gone is still told. */
static void test_forgotten_ones_are_told(void **state)
{
	struct fixture *f = *state;

	exec(f, P + 1);
	assert_string_equal(take(f), "1");
	end(f, P + 1);
	processes_expire(f->p, AT_FDCWD, UINT64_MAX);
	assert_string_equal(take(f), "1-");
	assert_string_equal(take(f), "");

	exec(f, P + 2);
	end(f, P + 2);
	processes_expire(f->p, AT_FDCWD, UINT64_MAX);
	fork_from(f, P + 1, P + 2); /* adopted or not, its number is told once */
	exec(f, P + 2);
	assert_string_equal(take(f), "2");
	end(f, P + 2); /* and is left for processes_free() */
}

/* Room is made by forgetting who exited, in the midst of the news. */
static void test_full_table(void **state)
{
	struct fixture *f = *state;

	new_table(f, 2);
	exec(f, P + 1);
	exec(f, P + 2);
	end(f, P + 1);
	exec(f, P + 3);
	assert_string_equal(take(f), "1- 2 3");
}

static void test_live_mappings(void **state)
{
	struct fixture *f = *state;
	struct live_mappings before, now;

	exec(f, P);
	assert_int_equal(live(f, P).n, 0);
	assert_int_equal(live(f, P).revision, 0);
	map(f, P, 0x3000, "/a");
	map(f, P, 0x1000, "/b");
	before = live(f, P);
	assert_int_equal(before.n, 2);
	assert_int_equal(before.all[0].start, 0x1000);
	assert_int_equal(before.all[1].start, 0x3000);
	map(f, P, 0x3000, "/a"); /* no news */
	assert_int_equal(live(f, P).revision, before.revision);

	fork_from(f, P, P + 1); /* shared until one side changes it, whichever */
	assert_int_equal(live(f, P + 1).revision, before.revision);
	map(f, P, 0x5000, "/c");
	now = live(f, P);
	assert_int_not_equal(now.revision, before.revision);
	assert_int_equal(now.n, 3);
	assert_int_equal(live(f, P + 1).revision, before.revision);
	assert_int_equal(live(f, P + 1).n, 2);
	map(f, P + 1, 0x5000, "/c");
	assert_int_not_equal(live(f, P + 1).revision, before.revision);
	assert_int_not_equal(live(f, P + 1).revision, now.revision);

	map(f, P, 0x7000, "/d"); /* a list of its own changes in place */
	assert_int_not_equal(live(f, P).revision, now.revision);
	exec(f, P);
	assert_int_equal(live(f, P).n, 0);
}

/* Was the same mapped there before? */
static void test_had_mapping(void **state)
{
	struct fixture *f = *state;
	const struct process *process;
	const struct mapping *m;

	f->now_ns = 1000;
	exec(f, P);              /* 1000 */
	map(f, P, 0x1000, "/a"); /* 1001 */
	map(f, P, 0x5000, "/c"); /* 1002 */
	map(f, P, 0x1000, "/b"); /* 1003 */
	process = processes_find_live(f->p, P);
	m = process_find_mapping(process, 0x1800, 1003);
	assert_string_equal(m->file->path, "/b");
	assert_true(process_had_mapping(process, m, 0x1800, 1003));
	assert_false(process_had_mapping(process, m, 0x1800, 1002)); /* /a */
	assert_false(process_had_mapping(process, m, 0x1800, 1000)); /* nothing */
	m = process_find_mapping(process, 0x5800, 1003);
	assert_true(process_had_mapping(process, m, 0x5800, 1002));
	assert_false(process_had_mapping(process, m, 0x5800, 1001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_change_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forgotten_ones_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live_mappings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_had_mapping, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
