// SPDX-License-Identifier: Apache-2.0
/* sideband queue: order, bounds, and rings whose records wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <linux/perf_event.h>
#include <sys/mman.h>

#include "common/clean.h"
#include "workload/sideband.h"

#define RING_BYTES 4096

struct comm_record { /* PERF_RECORD_COMM with a name of one word, and sample_id */
	struct perf_event_header header;
	uint32_t pid, tid;
	char comm[8];
	uint32_t id_pid, id_tid;
	uint64_t time;
};

static struct comm_record make(uint64_t time, uint32_t pid)
{
	return (struct comm_record){
		.header = { .type = PERF_RECORD_COMM, .size = sizeof(struct comm_record) },
		.pid = pid,
		.tid = pid,
		.comm = "x",
		.time = time,
	};
}

static struct sideband_queue *new_queue(size_t limit)
{
	struct sideband_queue *q;

	assert_int_equal(sideband_queue_new(limit, &q), 0);
	return q;
}

static void add(struct sideband_queue *q, uint64_t time, uint32_t pid)
{
	struct comm_record record = make(time, pid);

	assert_int_equal(sideband_queue_add(q, &record, sizeof(record)), 0);
}

static void test_order_is_stable(void **state)
{
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(1 << 26);
	uint64_t last_time = 0, random = 1;
	uint32_t last_pid = 0, n = 0;
	struct sideband_event event;

	for (uint32_t i = 0; i < 100000; i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		add(q, random >> 56, i); /* 256 times, so many equal ones */
	}
	while (sideband_queue_take(q, UINT64_MAX, &event) == 1) {
		assert_true(event.time_ns >= last_time);
		if (event.time_ns == last_time && n > 0)
			assert_true(event.pid > last_pid);
		last_time = event.time_ns;
		last_pid = event.pid;
		n++;
	}
	assert_int_equal(n, 100000);
}

static void test_takes_only_what_is_older(void **state)
{
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(1 << 20);
	struct sideband_event event;

	add(q, 30, 3);
	add(q, 10, 1);
	add(q, 20, 2);
	assert_int_equal(sideband_queue_take(q, 10, &event), 0);
	assert_int_equal(sideband_queue_take(q, 11, &event), 1);
	assert_int_equal(event.pid, 1);
	assert_string_equal(event.name, "x");
	assert_int_equal(sideband_queue_take(q, 20, &event), 0);
	add(q, 15, 4);
	assert_int_equal(sideband_queue_take(q, 30, &event), 1);
	assert_int_equal(event.pid, 4);
	assert_int_equal(sideband_queue_take(q, 30, &event), 1);
	assert_int_equal(event.pid, 2);
	assert_int_equal(sideband_queue_take(q, 30, &event), 0);
}

struct exit_record {
	struct perf_event_header header;
	uint32_t pid, ppid, tid, ptid;
	uint64_t task_time;
	uint32_t id_pid, id_tid;
	uint64_t time;
};

static void add_exec(struct sideband_queue *q, uint64_t time, uint32_t pid)
{
	struct comm_record record = make(time, pid);

	record.header.misc = PERF_RECORD_MISC_COMM_EXEC;
	assert_int_equal(sideband_queue_add(q, &record, sizeof(record)), 0);
}

static void add_exit(struct sideband_queue *q, uint64_t time, uint32_t pid, uint32_t tid)
{
	const struct exit_record record = {
		.header = { .type = PERF_RECORD_EXIT, .size = sizeof(record) },
		.pid = pid,
		.tid = tid,
		.time = time,
	};

	assert_int_equal(sideband_queue_add(q, &record, sizeof(record)), 0);
}

/* An exec is told with what the queue knows of its process's end; the end of another thread is none. */
static void test_execs_of_what_has_ended(void **state)
{
	static const bool has_ended[] = { true, false, false, false };
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(1 << 20);
	struct sideband_event event;

	for (uint32_t i = 1; i <= ARRAY_SIZE(has_ended); i++)
		add_exec(q, 10 * i, i);
	add(q, 11, 1);
	add_exit(q, 100, 1, 1);
	add_exit(q, 100, 2, 20); /* a thread */
	add_exit(q, 29, 3, 3);   /* before it: the leader, whose part another one plays */
	for (uint32_t i = 1; i <= ARRAY_SIZE(has_ended);) {
		assert_int_equal(sideband_queue_take(q, UINT64_MAX, &event), 1);
		if (event.kind != SIDEBAND_EXEC)
			continue;
		assert_int_equal(event.pid, i);
		assert_int_equal(event.has_ended, has_ended[i - 1]);
		i++;
	}
}

static void test_limit(void **state)
{
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(1000);
	struct comm_record record = make(1, 1);
	struct sideband_event event;
	int n = 0, r;

	while ((r = sideband_queue_add(q, &record, sizeof(record))) == 0)
		n++;
	assert_int_equal(r, -ENOSPC);
	assert_in_range(n, 5, 1000 / (int)sizeof(record));
	assert_int_equal(sideband_queue_take(q, 2, &event), 1);
	assert_int_equal(sideband_queue_add(q, &record, sizeof(record)), 0);
	assert_int_equal(sideband_queue_add(q, &record, sizeof(record)), -ENOSPC);
}

static void test_refuses_damage_and_skips_other_kinds(void **state)
{
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(1000);
	struct comm_record record = make(1, 1);
	struct sideband_event event;

	assert_int_equal(sideband_queue_add(q, &record, sizeof(record) - 1), -EBADMSG);
	record.header.type = PERF_RECORD_THROTTLE;
	assert_int_equal(sideband_queue_add(q, &record, sizeof(record)), 0);
	assert_int_equal(sideband_queue_take(q, UINT64_MAX, &event), 0);
}

/* What the kernel does: writes at head, wraps, and moves head. */
struct ring {
	struct perf_event_mmap_page *page;
	unsigned char *data;
};

static struct ring new_ring(void)
{
	long page = sysconf(_SC_PAGESIZE);
	void *base = mmap(NULL, (size_t)page + RING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(base, MAP_FAILED);
	return (struct ring){ .page = base, .data = (unsigned char *)base + page };
}

static void ring_write(struct ring *ring, const void *record, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ring->data[(ring->page->data_head + i) % RING_BYTES] = ((const unsigned char *)record)[i];
	ring->page->data_head += size;
}

static void test_ring_wraps_everywhere(void **state)
{
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(1 << 20);
	struct ring ring = new_ring();
	struct sideband_event event;
	uint32_t pid = 0;

	/* 40-byte records, 3 a round: every place in the ring that a multiple of 8 can be is a border once */
	for (int round = 0; round < 1000; round++) {
		for (uint32_t i = 0; i < 3; i++) {
			struct comm_record record = make(pid + i, pid + i);

			ring_write(&ring, &record, sizeof(record));
		}
		assert_int_equal(sideband_ring_read(ring.page, RING_BYTES, q), 3);
		assert_int_equal(ring.page->data_tail, ring.page->data_head);
		for (uint32_t i = 0; i < 3; i++, pid++) {
			assert_int_equal(sideband_queue_take(q, UINT64_MAX, &event), 1);
			assert_int_equal(event.pid, pid);
			assert_int_equal(event.time_ns, pid);
		}
	}
	assert_int_equal(sideband_ring_read(ring.page, RING_BYTES, q), 0);
	munmap(ring.page, (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES);
}

static void test_full_queue_still_empties_the_ring(void **state)
{
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(200);
	struct comm_record record = make(1, 1);
	struct ring ring = new_ring();
	struct sideband_event event;

	for (int i = 0; i < 50; i++)
		ring_write(&ring, &record, sizeof(record));
	assert_int_equal(sideband_ring_read(ring.page, RING_BYTES, q), -ENOSPC);
	assert_int_equal(ring.page->data_tail, ring.page->data_head);
	assert_int_equal(sideband_queue_take(q, UINT64_MAX, &event), 1);
	munmap(ring.page, (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES);
}

static void test_damaged_ring(void **state)
{
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = new_queue(1 << 20);
	static const uint16_t sizes[] = { 0, 7, 41, 4096, 65535 };
	struct ring ring = new_ring();

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct comm_record record = make(1, 1);

		record.header.size = sizes[i];
		ring_write(&ring, &record, sizeof(record));
		assert_int_equal(sideband_ring_read(ring.page, RING_BYTES, q), -EBADMSG);
		assert_int_equal(ring.page->data_tail, ring.page->data_head);
	}
	ring.page->data_head += RING_BYTES + 8;
	assert_int_equal(sideband_ring_read(ring.page, RING_BYTES, q), -EBADMSG);
	munmap(ring.page, (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_is_stable),
		cmocka_unit_test(test_takes_only_what_is_older),
		cmocka_unit_test(test_execs_of_what_has_ended),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_refuses_damage_and_skips_other_kinds),
		cmocka_unit_test(test_ring_wraps_everywhere),
		cmocka_unit_test(test_full_queue_still_empties_the_ring),
		cmocka_unit_test(test_damaged_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
