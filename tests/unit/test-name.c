// SPDX-License-Identifier: Apache-2.0
/* Names of windows' files: what is written is read again, and nothing else is. */
#include "store/name.h"

#include <string.h>

#include "tests/unit/cmocka-all.h"

static const struct {
	struct window_name name;
	const char *folder, *file;
} good[] = {
	{ { WINDOW_RAW, 1795916562123, "db-7", 7, 7 },
	  "windows/2026-11-29/01",
	  "20261129T014242.123Z-db-7-00000007.pb.zst" },
	{ { WINDOW_MINUTE, 1795916520000, "db-7", 1, 6 },
	  "minutes/2026-11-29",
	  "20261129T014200.000Z-db-7-00000001-00000006.pb.zst" },
	{ { WINDOW_HOUR, 0, "-", 123456789, 1234567890 },
	  "hours/1970-01-01",
	  "19700101T000000.000Z---123456789-1234567890.pb.zst" },
	{ { WINDOW_RAW, 253402300799999, "h", INT64_MAX, INT64_MAX },
	  "windows/9999-12-31/23",
	  "99991231T235959.999Z-h-9223372036854775807.pb.zst" },
	{ { WINDOW_RAW, 951782400000, "h-00000001", 0, 0 },
	  "windows/2000-02-29/00",
	  "20000229T000000.000Z-h-00000001-00000000.pb.zst" },
};

static void test_there_and_back(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct window_path path;
		struct window_name name;
		uint64_t last;

		assert_int_equal(name_format(&good[i].name, &path), 0);
		assert_string_equal(path.folder, good[i].folder);
		assert_string_equal(path.file, good[i].file);
		assert_int_equal(name_parse(good[i].name.tier, path.file, &name), 0);
		assert_int_equal(name.start_ms, good[i].name.start_ms);
		assert_string_equal(name.host, good[i].name.host);
		assert_int_equal(name.first, good[i].name.first);
		assert_int_equal(name.last, good[i].name.last);
		assert_true(name_find_sequence(path.file, &last));
		assert_int_equal(last, good[i].name.last);
	}
}

static void test_others(void **state)
{
	static const char *const others[] = {
		"",
		".pb.zst",
		"-1.pb.zst",
		"20261129T014242.123Z-h-00000007.pb.gz",
		"20261129T014242.123Z-h-00000007.pb.zst.tmp",
		".20261129T014242.123Z-h-00000007.pb.zst.0011aabb.tmp",
		"20261129T014242.123Z-h-7.pb.zst",                    /* we write eight digits */
		"20261129T014242.123Z-h-000000007.pb.zst",            /* and no more than it takes */
		"20261129T014242.123Z-h-9223372036854775808.pb.zst",  /* beyond SQLite's numbers */
		"20261129T014242.123Z-h-99999999999999999999.pb.zst", /* beyond ours */
		"20261129T014242.123Z-00000007.pb.zst",               /* no host */
		"20261129T014242.123Z--00000007.pb.zst",
		"20261129T014242.123Z-h_00000007.pb.zst",
		"20261129T014242.123Z-h 1-00000007.pb.zst",
		"20261129T014242.123Z-h/1-00000007.pb.zst",
		"20261329T014242.123Z-h-00000007.pb.zst", /* no such month, day, hour */
		"20260229T014242.123Z-h-00000007.pb.zst",
		"20261129T244242.123Z-h-00000007.pb.zst",
		"20261129T014260.123Z-h-00000007.pb.zst",
		"19691231T235959.999Z-h-00000007.pb.zst",
		"2026112XT014242.123Z-h-00000007.pb.zst",
		"20261129T014242,123Z-h-00000007.pb.zst",
		"20261129T014242.123Z-"
		"hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-00000007.pb.zst", /* 65 */
	};
	struct window_name name;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (name_parse(WINDOW_RAW, others[i], &name) != NAME_OTHER)
			fail_msg("'%s' was taken for a name", others[i]);
	assert_int_equal(name_parse(WINDOW_MINUTE, good[0].file, &name), NAME_OTHER);
	assert_int_equal(name_parse(WINDOW_MINUTE, "20261129T014200.000Z-h-00000007-00000006.pb.zst", &name),
			 NAME_OTHER);
}

static void test_what_has_no_name(void **state)
{
	static const struct window_name bad[] = {
		{ WINDOW_RAW, -1, "h", 1, 1 }, { WINDOW_RAW, 253402300800000, "h", 1, 1 }, { WINDOW_RAW, 0, "h", 1, 2 },
		{ WINDOW_HOUR, 0, "h", 2, 1 }, { WINDOW_HOUR, 0, "h", 1, UINT64_MAX },
	};
	struct window_path path;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(name_format(&bad[i], &path), -EINVAL);
}

static void test_hosts(void **state)
{
	char host[WINDOW_HOST_BYTES];
	char long_name[200] = "";

	name_spell_host("h/o st\xc3\xa4.Z-1_", host);
	assert_string_equal(host, "h_o_st__.Z-1_");
	name_spell_host("", host);
	assert_string_equal(host, "_");
	memset(long_name, 'x', sizeof(long_name) - 1);
	name_spell_host(long_name, host);
	assert_int_equal(strlen(host), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_what_has_no_name),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
