// SPDX-License-Identifier: Apache-2.0
/* quarantine: what lies in bad/ for a part that was refused, and what makes way for it. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/unit/state-fixture.h"
#include "uploader/quarantine.h"

#define ID "0123456789abcdef0123456789abcdef"

static struct buf pprof;

static int set_up(void **state)
{
	return state_set_up(state) == 0 && buf_add_str(&pprof, "a profile") == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	buf_done(&pprof);
	return state_tear_down(state);
}

static unsigned int add(unsigned int number, const char *body)
{
	const struct upload_response response = { .status = 400,
						  .grpc_status = -1,
						  .body = { .data = (char *)body, .size = body ? strlen(body) : 0 } };
	const struct send_answer answer = { .result = SEND_REJECTED, .reason = "HTTP 400: no" };
	const struct quarantine_part part = {
		.target = "central", .id = ID, .part = number, .pprof = &pprof, .response = &response, .answer = &answer
	};
	unsigned int n_evicted = 99;

	assert_int_equal(quarantine_add(state_fd, &part, &n_evicted), 0);
	return n_evicted;
}

static const char *name_of(unsigned int number, const char *suffix)
{
	static char name[128];

	snprintf(name, sizeof(name), "upload-central-" ID "-%04u%s", number, suffix);
	return name;
}

static bool has(unsigned int number)
{
	bool profile = state_has(name_of(number, ".pb.gz"));

	assert_int_equal(profile, state_has(name_of(number, ".txt")));
	return profile;
}

/* So old: seconds before now, as the order of files goes by that. */
static void make_old(const char *name, time_t seconds)
{
	const struct timespec times[] = { { .tv_sec = time(NULL) - seconds }, { .tv_sec = time(NULL) - seconds } };

	assert_int_equal(utimensat(state_fd, name, times, 0), 0);
}

static void test_a_part_and_its_answer(void **state)
{
	_cleanup_(buf_done) struct buf text = {};

	assert_int_equal(add(7, "why \xff not"), 0);
	assert_int_equal(fs_read(state_fd, name_of(7, ".pb.gz"), 1000, &text), 0);
	assert_string_equal(text.data, "a profile");
	buf_clear(&text);
	assert_int_equal(fs_read(state_fd, name_of(7, ".txt"), 1000, &text), 0);
	assert_string_equal(text.data, "HTTP 400: no\nstatus 400\nwhy \xef\xbf\xbd not\n");
	/* The same again is the same files. */
	assert_int_equal(add(7, NULL), 0);
	assert_true(has(7));
}

static void test_the_oldest_make_way(void **state)
{
	/* Of the store itself, and of nobody: neither is counted, nor goes. */
	state_put("windows-1.pb.zst", "x");
	make_old("windows-1.pb.zst", 1000000);
	for (unsigned int i = 0; i < QUARANTINE_MAX_FILES; i++) {
		assert_int_equal(add(i, "no"), 0);
		make_old(name_of(i, ".pb.gz"), 1000 - i);
	}
	assert_int_equal(add(500, "no"), 1);
	assert_false(has(0));
	assert_true(has(1));
	assert_int_equal(add(501, "no"), 1);
	assert_false(has(1));
	assert_true(has(2));
	assert_true(has(500));
	assert_true(has(501));
	assert_true(state_has("windows-1.pb.zst"));
}

/* Three of 20 MiB fit into 64 MiB, a fourth does not. */
static void test_bytes_are_bounded(void **state)
{
	uint64_t n_bytes = 0;

	assert_int_equal(buf_reserve(&pprof, 20 << 20), 0);
	memset(pprof.data, 'x', 20 << 20);
	pprof.size = 20 << 20;
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(add(i, "no"), i >= 3);
		make_old(name_of(i, ".pb.gz"), 1000 - i);
	}
	for (unsigned int i = 0; i < 5; i++) {
		struct stat st;

		assert_int_equal(has(i), i >= 2);
		if (fstatat(state_fd, name_of(i, ".pb.gz"), &st, 0) == 0)
			n_bytes += (uint64_t)st.st_blocks * 512;
	}
	assert_in_range(n_bytes, 1, QUARANTINE_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_part_and_its_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_oldest_make_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bytes_are_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
