// SPDX-License-Identifier: Apache-2.0
/* sideband: records written byte by byte, as the kernel lays them out; no struct of ours is used to make them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "workload/sideband.h"

/* A record under construction, little-endian as all machines that we run on. */
struct record {
	uint8_t bytes[512];
	size_t size;
};

static void put(struct record *r, uint64_t value, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i++)
		r->bytes[r->size++] = i < 8 ? (uint8_t)(value >> (8 * i)) : 0;
}

static void put_name(struct record *r, const char *name)
{
	do
		put(r, (uint8_t)*name, 1);
	while (*name++);
	while (r->size % 8)
		put(r, 0, 1);
}

static void begin(struct record *r, uint32_t type, uint16_t misc)
{
	r->size = 0;
	put(r, type, 4);
	put(r, misc, 2);
	put(r, 0, 2);
}

static void finish(struct record *r)
{
	put(r, 901, 4); /* sample_id: pid, tid, time */
	put(r, 902, 4);
	put(r, 0x1122334455667788, 8);
	r->bytes[6] = (uint8_t)r->size;
	r->bytes[7] = (uint8_t)(r->size >> 8);
}

/* Every shorter size, stated in the header or given by the caller, is an error; the exact one is not. */
static void check_truncation(const struct record *whole)
{
	struct sideband_event event;

	for (size_t size = 0; size < whole->size; size++) {
		uint8_t *exact = malloc(size ? size : 1);

		memcpy(exact, whole->bytes, size);
		assert_int_equal(sideband_parse(exact, size, &event), -EBADMSG);
		free(exact);
	}
	assert_int_equal(sideband_parse(whole->bytes, whole->size, &event), 0);
}

static void check_stated_size(const struct record *whole, size_t smallest)
{
	struct sideband_event event;

	for (size_t size = 0; size < smallest; size++) {
		uint8_t *exact = malloc(whole->size);

		memcpy(exact, whole->bytes, whole->size);
		exact[6] = (uint8_t)size;
		exact[7] = 0;
		assert_int_equal(sideband_parse(exact, whole->size, &event), -EBADMSG);
		free(exact);
	}
}

static void parse(const struct record *r, struct sideband_event *ret)
{
	assert_int_equal(sideband_parse(r->bytes, r->size, ret), 0);
	assert_int_equal(ret->time_ns, 0x1122334455667788);
	check_truncation(r);
}

static void test_fork_and_exit(void **state)
{
	static const struct {
		uint32_t type;
		enum sideband_kind kind;
	} cases[] = { { 7, SIDEBAND_FORK }, { 4, SIDEBAND_EXIT } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sideband_event event;
		struct record r;

		begin(&r, cases[i].type, 0);
		put(&r, 101, 4); /* pid */
		put(&r, 102, 4); /* ppid */
		put(&r, 103, 4); /* tid */
		put(&r, 104, 4); /* ptid */
		put(&r, 99, 8);  /* its own time: not used */
		finish(&r);
		assert_int_equal(r.size, 48);
		parse(&r, &event);
		assert_int_equal(event.kind, cases[i].kind);
		assert_int_equal(event.pid, 101);
		assert_int_equal(event.ppid, 102);
		assert_int_equal(event.tid, 103);
		check_stated_size(&r, 48);
	}
}

static void test_comm_and_exec(void **state)
{
	for (int is_exec = 0; is_exec < 2; is_exec++) {
		struct sideband_event event;
		struct record r;

		begin(&r, 3, is_exec ? 1 << 13 : 0);
		put(&r, 7, 4);
		put(&r, 8, 4);
		put_name(&r, "a \n) \xff");
		finish(&r);
		parse(&r, &event);
		assert_int_equal(event.kind, is_exec ? SIDEBAND_EXEC : SIDEBAND_COMM);
		assert_int_equal(event.pid, 7);
		assert_int_equal(event.tid, 8);
		assert_string_equal(event.name, "a \n) \xff");
	}
}

static void begin_mmap2(struct record *r, uint16_t misc)
{
	begin(r, 10, misc);
	put(r, 11, 4);
	put(r, 12, 4);
	put(r, 0x7f0000001000, 8);
	put(r, 0x2000, 8);
	put(r, 0x3000, 8);
}

static void test_mmap_with_inode(void **state)
{
	struct sideband_event event;
	struct record r;

	begin_mmap2(&r, 2); /* PERF_RECORD_MISC_USER */
	put(&r, 0xfe, 4);   /* major, minor, inode, generation */
	put(&r, 3, 4);
	put(&r, 123456789012, 8);
	put(&r, 77, 8);
	put(&r, 5, 4); /* PROT_READ | PROT_EXEC */
	put(&r, 2, 4); /* MAP_PRIVATE */
	put_name(&r, "/usr/lib/x y.so");
	finish(&r);
	parse(&r, &event);
	assert_int_equal(event.kind, SIDEBAND_MMAP);
	assert_int_equal(event.pid, 11);
	assert_int_equal(event.tid, 12);
	assert_int_equal(event.start, 0x7f0000001000);
	assert_int_equal(event.size, 0x2000);
	assert_int_equal(event.file_offset, 0x3000);
	assert_int_equal(event.dev, 0xfe03); /* as stat tells it: MMMmm */
	assert_int_equal(event.ino, 123456789012);
	assert_int_equal(event.build_id.n_bytes, 0);
	assert_string_equal(event.name, "/usr/lib/x y.so");
}

static void put_build_id(struct record *r, unsigned int size)
{
	put(r, size, 1);
	put(r, 0, 3);
	for (unsigned int i = 0; i < 20; i++)
		put(r, 0xa0 + i, 1);
}

static void test_mmap_with_build_id(void **state)
{
	static const uint8_t wanted[20] = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9,
					    0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb3 };
	struct sideband_event event;
	struct record r;

	for (unsigned int size = 0; size <= 255; size++) {
		begin_mmap2(&r, 1 << 14);
		put_build_id(&r, size);
		put(&r, 4, 4);
		put(&r, 2, 4);
		put_name(&r, "/bin/true");
		finish(&r);
		if (size > 20) {
			assert_int_equal(sideband_parse(r.bytes, r.size, &event), -EBADMSG);
			continue;
		}
		parse(&r, &event);
		assert_int_equal(event.build_id.n_bytes, size);
		assert_memory_equal(event.build_id.bytes, wanted, size);
		assert_int_equal(event.dev, 0);
		assert_int_equal(event.ino, 0);
	}
}

static void test_mmap_that_is_not_code(void **state)
{
	struct sideband_event event = { .pid = 4711 };
	struct record r;

	begin_mmap2(&r, 0);
	put(&r, 0, 24);
	put(&r, 3, 4); /* PROT_READ | PROT_WRITE */
	put(&r, 2, 4);
	put_name(&r, "//anon");
	finish(&r);
	assert_int_equal(sideband_parse(r.bytes, r.size, &event), SIDEBAND_IGNORED);
	assert_int_equal(event.pid, 4711); /* untouched */
}

static void test_mmap_beyond_the_address_space(void **state)
{
	static const struct {
		uint64_t start, size;
	} cases[] = { { UINT64_MAX, 2 }, { 1, UINT64_MAX }, { 0x1000, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sideband_event event;
		struct record r;

		begin(&r, 10, 0);
		put(&r, 0, 8);
		put(&r, cases[i].start, 8);
		put(&r, cases[i].size, 8);
		put(&r, 0, 8 + 24);
		put(&r, 4, 4);
		put(&r, 0, 4);
		put_name(&r, "/x");
		finish(&r);
		assert_int_equal(sideband_parse(r.bytes, r.size, &event), -EBADMSG);
	}
}

static void test_cgroup(void **state)
{
	struct sideband_event event;
	struct record r;

	begin(&r, 19, 0);
	put(&r, 0x100000123, 8);
	put_name(&r, "/a/b");
	finish(&r);
	parse(&r, &event);
	assert_int_equal(event.kind, SIDEBAND_CGROUP);
	assert_int_equal(event.id, 0x100000123);
	assert_string_equal(event.name, "/a/b");
}

static void test_ksymbol(void **state)
{
	static const struct {
		uint16_t type, flags;
		bool is_bpf, unregister;
	} cases[] = { { 1, 0, true, false }, { 1, 1, true, true }, { 2, 0, false, false } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sideband_event event;
		struct record r;

		begin(&r, 17, 0);
		put(&r, 0xffffffffc0001000, 8);
		put(&r, 0x123, 4);
		put(&r, cases[i].type, 2);
		put(&r, cases[i].flags, 2);
		put_name(&r, "bpf_prog_0123456789abcdef_x");
		finish(&r);
		parse(&r, &event);
		assert_int_equal(event.kind, SIDEBAND_KSYMBOL);
		assert_int_equal(event.start, 0xffffffffc0001000);
		assert_int_equal(event.size, 0x123);
		assert_int_equal(event.is_bpf, cases[i].is_bpf);
		assert_int_equal(event.unregister, cases[i].unregister);
		assert_string_equal(event.name, "bpf_prog_0123456789abcdef_x");
	}
}

static void test_lost(void **state)
{
	struct sideband_event event;
	struct record r;

	begin(&r, 2, 0);
	put(&r, 5, 8);   /* id of the event */
	put(&r, 321, 8); /* how many */
	finish(&r);
	parse(&r, &event);
	assert_int_equal(event.kind, SIDEBAND_LOST);
	assert_int_equal(event.id, 321);
	check_stated_size(&r, 40);
}

static void test_other_kinds(void **state)
{
	static const uint32_t used[] = { 2, 3, 4, 7, 10, 17, 19 };

	for (uint32_t type = 0; type < 64; type++) {
		struct sideband_event event;
		bool is_used = false;
		struct record r;

		for (size_t i = 0; i < ARRAY_SIZE(used); i++)
			is_used |= used[i] == type;
		begin(&r, type, 0);
		put(&r, 0, 8);
		finish(&r);
		if (!is_used)
			assert_int_equal(sideband_parse(r.bytes, r.size, &event), SIDEBAND_IGNORED);
	}
}

static void test_name_without_end(void **state)
{
	struct sideband_event event;
	struct record r;

	begin(&r, 3, 0);
	put(&r, 7, 4);
	put(&r, 8, 4);
	put(&r, 0x4141414141414141, 8);
	finish(&r);
	assert_int_equal(sideband_parse(r.bytes, r.size, &event), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fork_and_exit),
		cmocka_unit_test(test_comm_and_exec),
		cmocka_unit_test(test_mmap_with_inode),
		cmocka_unit_test(test_mmap_with_build_id),
		cmocka_unit_test(test_mmap_that_is_not_code),
		cmocka_unit_test(test_mmap_beyond_the_address_space),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_ksymbol),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_name_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
