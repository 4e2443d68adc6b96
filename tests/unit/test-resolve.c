// SPDX-License-Identifier: Apache-2.0
/* resolve: hand-made samples against a process whose life is told by hand-made news. */
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <string.h>

#include "agent/jit-maps.h"
#include "agent/modules.h"
#include "agent/resolve.h"
#include "common/clock.h"
#include "workload/process.h"

#define PID 4000000 /* above pid_max of any test machine: /proc knows nothing of it */
#define CODE 0x7f0000000000ULL
#define CODE_BYTES 0x10000ULL
#define MODULE MODULE_FIRST_FILE

struct fixture {
	struct processes *processes;
	struct jit_maps *jit; /* NULL: nobody asks */
	struct resolved resolved;
	__u64 stacks[64];
	struct sample_rec rec;
	struct sample_batch batch;
};

static void tell(struct fixture *f, struct sideband_event event)
{
	event.pid = event.tid = PID;
	assert_int_equal(processes_apply(f->processes, AT_FDCWD, &event), 0);
}

static int setup(void **state)
{
	const struct processes_config config = {
		.max_processes = 100,
		.max_mappings = 100,
		.max_mappings_per_process = 100,
	};
	struct fixture *f = calloc(1, sizeof(*f));
	struct new_file new_file;

	assert_int_equal(processes_new(&config, &f->processes), 0);
	tell(f, (struct sideband_event){ .kind = SIDEBAND_FORK, .time_ns = 1000, .ppid = 1, .name = "" });
	tell(f, (struct sideband_event){ .kind = SIDEBAND_EXEC, .time_ns = 1100, .name = "prog" });
	tell(f, (struct sideband_event){
			.kind = SIDEBAND_MMAP,
			.time_ns = 1200,
			.start = CODE,
			.size = CODE_BYTES,
			.file_offset = 0x3000,
			.name = "/opt/prog",
		});
	assert_int_equal(processes_take_new_file(f->processes, &new_file), 1);
	new_file.file->binary_slot = MODULE;
	f->rec = (struct sample_rec){ .time_ns = 2000, .start_ns = 999, .tgid = PID, .tid = PID, .comm = "worker" };
	f->batch = (struct sample_batch){ .stacks = f->stacks, .n_stack_words = 64 };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	processes_free(f->processes);
	free(f);
	return 0;
}

/* Lays a stack at a word of the buffer; returns the reference to it. */
static __u32 lay(struct fixture *f, size_t at, const __u64 *pcs, size_t n)
{
	f->stacks[at] = 0x1234;
	f->stacks[at + 1] = n;
	memcpy(&f->stacks[at + 2], pcs, n * sizeof(*pcs));
	return (__u32)at + 1;
}

static void resolve(struct fixture *f)
{
	const struct resolve_tables tables = { .processes = f->processes, .jit = f->jit };

	resolve_sample(&tables, &f->batch, &f->rec, NULL, &f->resolved);
}

static void assert_frame(const struct fixture *f, size_t i, uint32_t module, uint64_t addr, bool is_caller)
{
	assert_true(i < f->resolved.n_frames);
	assert_int_equal(f->resolved.frames[i].module, module);
	assert_int_equal(f->resolved.frames[i].addr, addr);
	assert_int_equal(f->resolved.frames[i].flags, is_caller ? STACK_FRAME_IS_CALLER : 0);
}

static void test_user_addresses_become_file_offsets(void **state)
{
	struct fixture *f = *state;

	f->rec.ustack = lay(f, 0, (__u64[]){ CODE + 0x10, CODE + 0x20 }, 2);
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 2);
	assert_frame(f, 0, MODULE, 0x3010, false);
	assert_frame(f, 1, MODULE, 0x3020, true);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NONE);
	assert_string_equal(f->resolved.exe, "/opt/prog");
	assert_int_equal(f->resolved.process->tgid, PID);
}

/* A call that never returns may be a mapping's last instruction: its return address lies one byte behind. */
static void test_return_address_at_the_end(void **state)
{
	struct fixture *f = *state;

	f->rec.ustack = lay(f, 0, (__u64[]){ CODE, CODE + CODE_BYTES }, 2);
	resolve(f);
	assert_frame(f, 1, MODULE, 0x3000 + CODE_BYTES, true);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NONE);
}

static void test_kernel_frames_come_first(void **state)
{
	struct fixture *f = *state;

	f->rec.flags = SAMPLE_KERNEL_MODE;
	f->rec.kstack = lay(f, 0, (__u64[]){ 0xffffffff81000010, 0xffffffff81000020 }, 2);
	f->rec.ustack = lay(f, 10, (__u64[]){ CODE }, 1);
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 3);
	assert_frame(f, 0, MODULE_KERNEL, 0xffffffff81000010, false);
	assert_frame(f, 1, MODULE_KERNEL, 0xffffffff81000020, true);
	assert_frame(f, 2, MODULE, 0x3000, false);
}

static void test_stop_reason_becomes_a_marker(void **state)
{
	struct fixture *f = *state;

	f->rec.ustack = lay(f, 0, (__u64[]){ CODE }, 1);
	f->rec.ustop = WALK_STOP_READ_FAULT;
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 2);
	assert_frame(f, 1, MODULE_NONE, TRUNCATION_READ_FAULT, false);
	assert_int_equal(f->resolved.truncation, TRUNCATION_READ_FAULT);
}

static void test_address_in_no_mapping_cuts_the_stack(void **state)
{
	struct fixture *f = *state;

	f->rec.ustack = lay(f, 0, (__u64[]){ CODE, 0x1000, CODE + 4 }, 3);
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 2);
	assert_frame(f, 0, MODULE, 0x3000, false);
	assert_frame(f, 1, MODULE_NONE, TRUNCATION_NO_MAPPING, false);
}

/* The sample was taken before the library was mapped there. */
static void test_a_sample_is_resolved_at_its_own_time(void **state)
{
	struct fixture *f = *state;

	f->rec.time_ns = 1150;
	f->rec.ustack = lay(f, 0, (__u64[]){ CODE }, 1);
	resolve(f);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NO_MAPPING);
}

static void test_unknown_process_keeps_its_kernel_stack(void **state)
{
	struct fixture *f = *state;

	f->rec.tgid = PID + 1;
	f->rec.kstack = lay(f, 0, (__u64[]){ 0xffffffff81000010 }, 1);
	f->rec.ustack = lay(f, 10, (__u64[]){ CODE }, 1);
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 2);
	assert_frame(f, 0, MODULE_KERNEL, 0xffffffff81000010, false);
	assert_frame(f, 1, MODULE_NONE, TRUNCATION_UNKNOWN_PROCESS, false);
	assert_null(f->resolved.exe);
}

static void test_interrupt_work_is_named(void **state)
{
	struct fixture *f = *state;

	f->rec.flags = SAMPLE_KERNEL_MODE | SAMPLE_KTHREAD | SAMPLE_IRQ;
	f->rec.ustop = WALK_STOP_KTHREAD;
	f->rec.kstack = lay(f, 0, (__u64[]){ 0xffffffff81000010 }, 1);
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 2);
	assert_frame(f, 1, MODULE_NONE, RESOLVE_ADDR_IRQ, false);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NONE);
	assert_string_equal(f->resolved.exe, "[kernel]");
}

/* Another file comes to lie where the process's code lay, at time 1500. */
static void replace_code(struct fixture *f)
{
	struct new_file new_file;

	tell(f, (struct sideband_event){
			.kind = SIDEBAND_MMAP,
			.time_ns = 1500,
			.start = CODE,
			.size = CODE_BYTES,
			.ino = 7,
			.name = "/opt/plugin",
		});
	assert_int_equal(processes_take_new_file(f->processes, &new_file), 1);
	new_file.file->binary_slot = MODULE + 1;
}

/* The walk left the second frame by rows of what lay there before: it is the last one that is sure. */
static void test_walk_by_a_list_that_was_over(void **state)
{
	struct fixture *f = *state;

	replace_code(f);
	f->rec.news_ns = 1499;
	f->rec.ustack = lay(f, 0, (__u64[]){ CODE + 0x10, CODE + 0x20, CODE + 0x30 }, 3);
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 2);
	assert_frame(f, 0, MODULE + 1, 0x10, false);
	assert_frame(f, 1, MODULE_NONE, TRUNCATION_STALE_MAPPINGS, false);

	f->rec.news_ns = 1500; /* what came at that time is in the list */
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 3);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NONE);
}

/* The same where the wrong rows led nowhere, or called the frame the outermost; a walk that found none is as it says.
 */
static void test_last_frame_of_a_list_that_was_over(void **state)
{
	struct fixture *f = *state;

	replace_code(f);
	f->rec.news_ns = 1499;
	f->rec.ustack = lay(f, 0, (__u64[]){ CODE + 0x10 }, 1);
	resolve(f);
	assert_int_equal(f->resolved.truncation, TRUNCATION_STALE_MAPPINGS);
	f->rec.ustop = WALK_STOP_BAD_PC;
	resolve(f);
	assert_int_equal(f->resolved.truncation, TRUNCATION_STALE_MAPPINGS);
	f->rec.ustop = WALK_STOP_NO_MAPPING;
	resolve(f);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NO_MAPPING);
	f->rec.ustop = WALK_STOP_ROOT;
	f->rec.time_ns = 1499; /* taken before the plugin came: the list was right */
	resolve(f);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NONE);
	assert_frame(f, 0, MODULE, 0x3010, false);
}

/* A forked child goes by its parent's list, which is older than the child; so are its mappings. */
static void test_child_goes_by_its_parents_list(void **state)
{
	struct fixture *f = *state;
	const struct sideband_event fork = {
		.kind = SIDEBAND_FORK, .time_ns = 1700, .pid = PID + 1, .tid = PID + 1, .ppid = PID, .name = ""
	};

	assert_int_equal(processes_apply(f->processes, AT_FDCWD, &fork), 0);
	f->rec.tgid = PID + 1;
	f->rec.start_ns = 1650;
	f->rec.news_ns = 1300;
	f->rec.ustack = lay(f, 0, (__u64[]){ CODE + 0x10, CODE + 0x20 }, 2);
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 2);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NONE);
}

/* Code caches grow: what was there before is the same code as ever. */
static void test_grown_code_is_not_stale(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 2; i++)
		tell(f, (struct sideband_event){
				.kind = SIDEBAND_MMAP,
				.time_ns = 1300 + i * 100,
				.start = 2 * CODE + i * 0x1000,
				.size = 0x1000,
				.name = "//anon",
			});
	f->rec.news_ns = 1350;
	f->rec.ustack = lay(f, 0, (__u64[]){ 2 * CODE + 0x10, CODE + 0x20 }, 2);
	resolve(f);
	assert_int_equal(f->resolved.truncation, TRUNCATION_NONE);
	assert_frame(f, 0, MODULE_ANON, 0x10, false);
}

/* The code of a process that can be looked at has its number, and addresses of its own. */
static void test_own_code(void **state)
{
	struct fixture *f = *state;
	struct processes *processes = f->processes;
	struct jit_maps_config config = { .proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	struct process *self;
	uint32_t number;

	config.processes = processes;
	assert_int_equal(jit_maps_new(&config, &f->jit), 0);
	assert_int_equal(processes_read_one(processes, config.proc_fd, -1, (uint32_t)getpid()), 0);
	self = processes_find(processes, (uint32_t)getpid(), 0, clock_now_ns(CLOCK_BOOTTIME));
	assert_int_equal(jit_maps_sampled(f->jit, self, clock_now_ns(CLOCK_BOOTTIME), &number), 0);
	assert_int_not_equal(number, 0);
	assert_int_equal(processes_apply(processes, config.proc_fd,
					 &(struct sideband_event){
						 .kind = SIDEBAND_MMAP,
						 .time_ns = clock_now_ns(CLOCK_BOOTTIME),
						 .pid = (uint32_t)getpid(),
						 .tid = (uint32_t)getpid(),
						 .start = CODE,
						 .size = 0x5000,
						 .name = "//anon",
					 }),
			 0);
	f->rec.tgid = (uint32_t)getpid();
	f->rec.start_ns = 0;
	f->rec.time_ns = clock_now_ns(CLOCK_BOOTTIME);
	f->rec.ustack = lay(f, 0, (__u64[]){ CODE + 0x10, CODE + 0x4567 }, 2);
	resolve(f);
	assert_frame(f, 0, MODULE_OWN_CODE | number, CODE + 0x10, false);
	assert_int_equal(f->resolved.frames[0].n_pages, 0);
	assert_frame(f, 1, MODULE_OWN_CODE | number, CODE + 0x4567, true);
	assert_int_equal(f->resolved.frames[1].n_pages, 4);

	/* One that has gone before it was seen has none: its frames fold by where they lie in their mapping. */
	f->rec.tgid = PID;
	f->rec.time_ns = 2000;
	tell(f, (struct sideband_event){
			.kind = SIDEBAND_MMAP, .time_ns = 1300, .start = 2 * CODE, .size = 0x1000, .name = "//anon" });
	f->rec.ustack = lay(f, 0, (__u64[]){ 2 * CODE + 0x10 }, 1);
	resolve(f);
	assert_int_equal(f->resolved.frames[0].flags, STACK_FRAME_IS_OF_GONE);
	f->resolved.frames[0].flags = 0;
	assert_frame(f, 0, MODULE_ANON, 0x10, false);
	f->jit = jit_maps_free(f->jit);
	close(config.proc_fd);
}

/* A file that only lends its memory is no module; one that is found under its name, or holds a program, is. */
static void test_code_in_removed_files(void **state)
{
	static const struct {
		const char *name;
		bool is_no_elf, is_own;
	} cases[] = {
		{ "/memfd:code (deleted)", true, true },
		{ "/memfd:program (deleted)", false, false },
		{ "/lib/still-here", true, false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__u64 start = (2 + i) * CODE;
		struct new_file new_file;

		tell(f, (struct sideband_event){
				.kind = SIDEBAND_MMAP,
				.time_ns = 1300 + i,
				.start = start,
				.size = 0x1000,
				.file_offset = 0x7000,
				.name = cases[i].name,
			});
		assert_int_equal(processes_take_new_file(f->processes, &new_file), 1);
		new_file.file->binary_slot = MODULE;
		new_file.file->is_no_elf = cases[i].is_no_elf;
		f->rec.ustack = lay(f, 0, (__u64[]){ start + 0x10 }, 1);
		resolve(f);
		assert_frame(f, 0, cases[i].is_own ? MODULE_ANON : MODULE, cases[i].is_own ? 0x10 : 0x7010, false);
	}
}

static void test_guessed_frames_are_labelled(void **state)
{
	struct fixture *f = *state;

	f->rec.ustack = lay(f, 0, (__u64[]){ CODE }, 1);
	resolve(f);
	assert_int_equal(f->resolved.labels.flags, 0);
	f->rec.flags = SAMPLE_GUESSED;
	resolve(f);
	assert_int_equal(f->resolved.labels.flags, STACK_LABEL_GUESSED);
}

/* Every reason of the walk has its name, and nothing that is cut passes for whole. */
static void test_every_stop_has_its_reason(void **state)
{
	static const struct {
		enum walk_stop stop;
		const char *name;
	} reasons[] = {
		{ WALK_STOP_ROOT, "none" },
		{ WALK_STOP_KTHREAD, "none" },
		{ WALK_STOP_EXITING, "none" },
		{ WALK_STOP_COMPAT32, "compat32" },
		{ WALK_STOP_READ_FAULT, "read_fault" },
		{ WALK_STOP_BAD_PC, "bad_pc" },
		{ WALK_STOP_NOT_ADVANCING, "not_advancing" },
		{ WALK_STOP_DEPTH, "depth" },
		{ WALK_STOP_STACKS_FULL, "stacks_full" },
		{ WALK_STOP_KERNEL_FAULT, "kernel_fault" },
		{ WALK_STOP_NO_PROCESS, "no_process" },
		{ WALK_STOP_NO_MAPPING, "no_mapping" },
		{ WALK_STOP_NO_ROWS, "no_rows" },
		{ WALK_STOP_NO_CFI, "no_cfi" },
		{ WALK_STOP_JIT, "jit" },
		{ WALK_STOP_UNENCODABLE, "unencodable" },
		{ WALK_STOP_OUTSIDE, "outside_pid_namespace" },
	};
	struct fixture *f = *state;

	assert_int_equal(ARRAY_SIZE(reasons), WALK_STOP_N);
	f->rec.ustack = lay(f, 0, (__u64[]){ CODE }, 1);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		f->rec.ustop = (__u8)reasons[i].stop;
		resolve(f);
		assert_string_equal(truncation_to_string(f->resolved.truncation), reasons[i].name);
	}
}

/* What the kernel side wrote is trusted no further than the buffer reaches. */
static void test_damaged_stack_references(void **state)
{
	struct fixture *f = *state;
	static const __u32 refs[] = { 64, 65, 1000, UINT32_MAX };

	f->stacks[63] = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
		f->rec.ustack = refs[i];
		resolve(f);
		assert_int_equal(f->resolved.n_frames, 0);
	}
	f->rec.ustack = lay(f, 0, (__u64[]){ CODE }, 1);
	f->stacks[1] = 1000;
	resolve(f);
	assert_int_equal(f->resolved.n_frames, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_user_addresses_become_file_offsets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_return_address_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_frames_come_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_reason_becomes_a_marker, setup, teardown),
		cmocka_unit_test_setup_teardown(test_address_in_no_mapping_cuts_the_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_sample_is_resolved_at_its_own_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_process_keeps_its_kernel_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt_work_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walk_by_a_list_that_was_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_frame_of_a_list_that_was_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_child_goes_by_its_parents_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grown_code_is_not_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_code, setup, teardown),
		cmocka_unit_test_setup_teardown(test_code_in_removed_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guessed_frames_are_labelled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_stop_has_its_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_stack_references, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
