// SPDX-License-Identifier: Apache-2.0
/* What is printed of a cache and of what is missing, both made by hand, to the character. */
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/symbols-view.h"
#include "report/missing.h"
#include "symbolizer/binary.h"
#include "symbolizer/index-catalog.h"
#include "tests/unit/cmocka-all.h"

#define NOW_S 1000000

static struct index_segment segments[] = { { 0x401000, 0x1000, 0x1000, 0xf00 } };

static struct index_catalog_entry entries[] = {
	{
		.key = "0-44a8-0102030405060708",
		.n_bytes = 0x44a8,
		.n_index_bytes = 100,
		.names = { .is_there = true, .used = { .tv_sec = NOW_S - 59 }, .n_functions = 7, .n_bytes = 100 },
	},
	{
		.key = "1111111111111111111111111111111111111111-1234",
		.build_id = { 20, { 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
				    0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11 } },
		.n_bytes = 0x1234,
		.n_index_bytes = 3000,
		.names = { true, { .tv_sec = NOW_S - 3 * 86400 }, 4, 1, 2, 3, 1000 },
		.debug = { .is_there = true, .used = { .tv_sec = NOW_S - 7200 }, .n_functions = 9, .n_bytes = 2000 },
		.has_lines = true,
		.path = (char[]){ "/usr/bin/x\x1b[m" },
		.debug_source = (char[]){ "/usr/lib/debug/.build-id/11/11111111111111.debug" },
		.segments = segments,
		.n_segments = 1,
	},
	{
		.key = "22-1234",
		.build_id = { 1, { 0x22 } },
		.n_bytes = 5,
		.debug = { .is_there = true, .used = { .tv_sec = NOW_S - 47 * 3600 } },
		.path = (char[]){ "/usr/lib/y.so" },
		.debug_failure = (char[]){ "too large\n" },
	},
	{
		.key = "33-1234",
		.build_id = { 1, { 0x33 } },
		.n_bytes = 5,
		.names = { .is_there = true, .used = { .tv_sec = NOW_S - 47 * 3600 }, .n_bytes = 10 },
		.path = (char[]){ "/usr/lib/z.so" },
		.failure = (char[]){ "took too long\n" },
	},
};

static const struct index_catalog catalog = { entries, 4, 2, 1 };

/* What a view prints: PRINTED(the expected text, the call with `f` as its file). */
#define ASSERT_PRINTED(expected, ...)                                                                                  \
	do {                                                                                                           \
		_cleanup_free_ char *printed_ = NULL;                                                                  \
		size_t n_;                                                                                             \
		FILE *f = open_memstream(&printed_, &n_);                                                              \
		assert_non_null(f);                                                                                    \
		assert_int_equal(__VA_ARGS__, 0);                                                                      \
		fclose(f);                                                                                             \
		assert_string_equal(printed_, expected);                                                               \
	} while (0)

static void test_ls(void **state)
{
	static const struct index_catalog empty = {};

	ASSERT_PRINTED("BUILD ID                      SIZE FUNCTIONS    USED  LINES                 PATH\n"
		       "0-44a8-0102030405060708  17.16 KiB         7   0 min  not read              (not known)\n"
		       "1111111111111111          4.55 KiB         9     2 h  a separate file       "
		       "/usr/bin/x\xef\xbf\xbd[m\n"
		       "22                             5 B         0    47 h  too large\xef\xbf\xbd            "
		       "/usr/lib/y.so\n"
		       "33                             5 B         0    47 h  took too long\xef\xbf\xbd        "
		       "/usr/lib/z.so\n"
		       "\n"
		       "4 binaries, indexes of 3.03 KiB in /c; 2 files of another version or damaged; 1 "
		       "file that you may not read\n",
		       symbols_ls_print(&catalog, "/c", NOW_S, f));
	ASSERT_PRINTED("0 binaries, indexes of 0 B in /c\xef\xbf\xbd\n", symbols_ls_print(&empty, "/c\n", NOW_S, f));
}

static void test_show(void **state)
{
	ASSERT_PRINTED("build id      1111111111111111111111111111111111111111\n"
		       "path          /usr/bin/x\xef\xbf\xbd[m\n"
		       "key           1111111111111111111111111111111111111111-1234\n"
		       "lines         /usr/lib/debug/.build-id/11/11111111111111.debug\n"
		       "size          4660 bytes\n"
		       "used          1970-01-12T11:46:40Z (to within a day)\n"
		       "names         4 functions, 1000 B; 3 unwind rows, 2 rules, 1 pages\n"
		       "debug info    9 functions, 1.95 KiB\n"
		       "segment       0x401000-0x402000 at offset 0x1000, 3840 bytes in the file\n",
		       symbols_show_print(&entries[1], f));
	ASSERT_PRINTED("build id      none\n"
		       "path          not known\n"
		       "key           0-44a8-0102030405060708\n"
		       "no lines      not read\n"
		       "size          17576 bytes\n"
		       "used          1970-01-12T13:45:41Z (to within a day)\n"
		       "names         7 functions, 100 B\n",
		       symbols_show_print(&entries[0], f));
	ASSERT_PRINTED("build id      33\n"
		       "path          /usr/lib/z.so\n"
		       "key           33-1234\n"
		       "unreadable    took too long\xef\xbf\xbd\n"
		       "size          5 bytes\n"
		       "used          1970-01-10T14:46:40Z (to within a day)\n"
		       "names         0 functions, 10 B\n",
		       symbols_show_print(&entries[3], f));
}

static void assert_json(struct json_object *top, const char *expected)
{
	_cleanup_(json_putp) struct json_object *wanted = json_tokener_parse(expected);

	assert_non_null(wanted);
	if (!json_object_equal(top, wanted))
		fail_msg("%s, not %s", json_object_to_json_string(top), expected);
}

#define ENTRY_0                                                                                                        \
	"'key':'0-44a8-0102030405060708','build_id':null,'path':null,'failure':null,'n_bytes':17576,'n_index_bytes':"  \
	"100,'n_files':0,"                                                                                             \
	"'n_functions':7,'is_debug_read':false,'has_lines':false,'debug_source':null,'debug_failure':null,"            \
	"'used_s':999941"
#define ENTRY_1                                                                                                        \
	"'key':'1111111111111111111111111111111111111111-1234','build_id':'1111111111111111111111111111111111111111'," \
	"'path':'/usr/bin/"                                                                                            \
	"x\xef\xbf\xbd[m','failure':null,'n_bytes':4660,'n_index_bytes':3000,'n_files':0,'n_functions':9,'is_debug_"   \
	"read':true,"                                                                                                  \
	"'has_lines':true,'debug_source':'/usr/lib/debug/.build-id/11/11111111111111.debug','debug_failure':null,"     \
	"'used_s':992800"
#define ENTRY_2                                                                                                        \
	"'key':'22-1234','build_id':'22','path':'/usr/lib/"                                                            \
	"y.so','failure':null,'n_bytes':5,'n_index_bytes':0,'n_files':0,'n_functions':0,"                              \
	"'is_debug_read':true,'has_lines':false,'debug_source':null,'debug_failure':'too large\xef\xbf\xbd',"          \
	"'used_s':830800"
#define ENTRY_3                                                                                                        \
	"'key':'33-1234','build_id':'33','path':'/usr/lib/z.so','failure':'took too long\xef\xbf\xbd','n_bytes':5,"    \
	"'n_index_bytes':0,'n_files':0,'n_functions':0,'is_debug_read':false,'has_lines':false,'debug_source':null,"   \
	"'debug_failure':null,'used_s':830800"

static void test_json(void **state)
{
	_cleanup_(json_putp) struct json_object *ls = NULL, *show = NULL, *bare = NULL;
	struct json_object *member;

	assert_int_equal(symbols_ls_to_json(&catalog, "/c", &ls), 0);
	assert_json(ls, "{'schema_version':1,'cache_dir':'/c','n_unusable':2,'n_unreadable':1,'binaries':[{" ENTRY_0
			"},{" ENTRY_1 "},{" ENTRY_2 "},{" ENTRY_3 "}]}");
	assert_int_equal(symbols_show_to_json(&entries[1], &show), 0);
	assert_json(show, "{'schema_version':1," ENTRY_1 ",'names_index':{'n_functions':4,'n_unwind_rows':3,"
			  "'n_unwind_rules':2,'n_unwind_pages':1,'n_bytes':1000},'debug_index':{'n_functions':9,"
			  "'n_unwind_rows':0,'n_unwind_rules':0,'n_unwind_pages':0,'n_bytes':2000},'segments':[{"
			  "'vaddr':4198400,'mem_bytes':4096,'file_offset':4096,'file_bytes':3840}]}");
	assert_int_equal(symbols_show_to_json(&entries[2], &bare), 0);
	assert_true(json_object_object_get_ex(bare, "names_index", &member) && !member);
}

static struct missing_row rows[] = {
	{ "/usr/lib/y.so", "22", { { 60, 80 }, { 60, 80 }, { 10, 20 } } },
	{ "/old/path", "1111111111111111111111111111111111111111", { { 5, 9 }, { 5, 9 }, { 0, 0 } } },
	{ "/usr/bin/x\x1b[m", "", { { 4, 4 }, { 4, 4 }, { 4, 4 } } },
	{ "/lib/z.so", "33", { { 3, 4 }, { 3, 3 }, { 3, 3 } } },
	{ "[anon]", "", { { 2, 2 }, { 2, 2 }, { 2, 2 } } },
	{ "", "", { { 1, 1 }, { 1, 1 }, { 1, 1 } } },
};
static const struct missing missing = {
	.rows = rows,
	.n_rows = 6,
	.n_complete = 3,
	.counts = { { 100, 100 }, { 75, 99 }, { 20, 30 } },
	.type = "samples",
	.unit = "count",
};

#define ROOM "                                           "
#define MISSING_HEAD                                                                                                   \
	"samples with code  100\n"                                                                                     \
	"without a line     75 (75.0%) where they ran, 99 (99.0%) anywhere in the stack\n"                             \
	"without a name     20 (20.0%) where they ran, 30 (30.0%) anywhere in the stack\n"                             \
	"binaries           6 miss something, 3 nothing\n"                                                             \
	"\n"                                                                                                           \
	"NO LINE  SELF%    TOTAL  NO NAME    TOTAL  BINARY\n"
#define UNKNOWN                                                                                                        \
	ROOM "not in the cache of this machine\n" ROOM                                                                 \
	     "-> cpuhound symbols add FILE reads it; or look on the host of the recording\n"

static void test_missing(void **state)
{
	const struct symbols_missing known = { &missing, &catalog, 3 }, unknown = { &missing, NULL, 9 };

	ASSERT_PRINTED(MISSING_HEAD "     60  60.0%       80       10       20  /usr/lib/y.so\n" ROOM
				    "debug info: too large\xef\xbf\xbd\n" ROOM
				    "-> its functions are named by its symbol tables alone; a debug file that\n" ROOM
				    "   changes is read again\n"
				    "      5   5.0%        9        0        0  /old/path\n" ROOM
				    "read after the recording\n" ROOM "-> record again\n"
				    "      4   4.0%        4        4        4  /usr/bin/x\xef\xbf\xbd[m\n" ROOM
				    "read after the recording\n" ROOM "-> record again\n" ROOM "(3 more)\n",
		       symbols_missing_print(&known, f));
	/* Without a cache; and the rows that the first did not show. */
	ASSERT_PRINTED(MISSING_HEAD
		       "     60  60.0%       80       10       20  /usr/lib/y.so\n" UNKNOWN
		       "      5   5.0%        9        0        0  /old/path\n" UNKNOWN
		       "      4   4.0%        4        4        4  /usr/bin/x\xef\xbf\xbd[m\n" UNKNOWN
		       "      3   3.0%        3        3        3  /lib/z.so\n" ROOM
		       "its debug info does not tell of all code\n" ROOM
		       "-> nothing, where it is assembly or the compiler's own; else build that part\n" ROOM
		       "   with -g\n"
		       "      2   2.0%        2        2        2  [anon]\n" ROOM "code made at run time\n" ROOM
		       "-> have the runtime write a perf map: node --perf-basic-prof, cpuhound\n" ROOM
		       "   jvm-perfmap\n"
		       "      1   1.0%        1        1        1  (no file)\n" ROOM "code in no file\n" ROOM
		       "-> nothing: where it lay is not known any more\n",
		       symbols_missing_print(&unknown, f));
}

static void assert_first_reason(const struct index_catalog *known, const char *reason)
{
	const struct symbols_missing v = { &missing, known, 1 };
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *row;

	assert_int_equal(symbols_missing_to_json(&v, &top), 0);
	row = json_object_array_get_idx(json_object_object_get(top, "binaries"), 0);
	assert_string_equal(json_object_get_string(json_object_object_get(row, "reason")), reason);
}

/* Copies of one binary, some stripped: the reason is that of the one which is known best. */
static void test_copies(void **state)
{
	static char ended[] = "took too long";
	static struct index_catalog_entry copies[] = {
		{ .key = "22-1", .build_id = { 1, { 0x22 } } },
		{ .key = "22-2", .build_id = { 1, { 0x22 } }, .debug = { .is_there = true } },
		{ .key = "22-3", .build_id = { 1, { 0x22 } }, .debug = { .is_there = true }, .has_lines = true },
		{ .key = "22-4", .build_id = { 1, { 0x22 } }, .debug = { .is_there = true } },
		{ .key = "22-5", .build_id = { 1, { 0x22 } }, .names = { .is_there = true }, .failure = ended },
	};
	static const char *const reasons[] = { "not in the cache of this machine",
					       "its debug info was not looked for yet",
					       "no debug info found",
					       "read after the recording",
					       "read after the recording",
					       "read after the recording" };
	const struct index_catalog unreadable = { &copies[4], 1, 0 };

	for (size_t n = 0; n < ARRAY_SIZE(reasons); n++)
		assert_first_reason(&(struct index_catalog){ copies, n, 0 }, reasons[n]);
	assert_first_reason(&unreadable, "took too long");
}

static void test_nothing_missing(void **state)
{
	static const struct missing none = {
		.n_complete = 2, .counts = { { 5, 5 }, {}, {} }, .type = "wall\n", .unit = "s"
	};
	const struct symbols_missing v = { &none, &catalog, 9 };

	ASSERT_PRINTED("note: no samples are counted: the numbers are of wall\xef\xbf\xbd/s\n"
		       "samples with code  5\n"
		       "without a line     0 (0.0%) where they ran, 0 (0.0%) anywhere in the stack\n"
		       "without a name     0 (0.0%) where they ran, 0 (0.0%) anywhere in the stack\n"
		       "binaries           0 miss something, 2 nothing\n",
		       symbols_missing_print(&v, f));
}

static void test_missing_json(void **state)
{
	const struct symbols_missing v = { &missing, &catalog, 1 };
	_cleanup_(json_putp) struct json_object *top = NULL;

	assert_int_equal(symbols_missing_to_json(&v, &top), 0);
	assert_json(top,
		    "{'schema_version':1,'counted':{'type':'samples','unit':'count'},'all':{'self':100,'total':100},"
		    "'no_line':{'self':75,'total':99},'no_name':{'self':20,'total':30},'n_complete':3,'n_binaries':6,"
		    "'binaries':[{'path':'/usr/lib/y.so','build_id':'22','all':{'self':60,'total':80},"
		    "'no_line':{'self':60,'total':80},'no_name':{'self':10,'total':20},'reason':'too "
		    "large\xef\xbf\xbd',"
		    "'advice':'its functions are named by its symbol tables alone; a debug file that changes is read "
		    "again','key':'22-1234'}]}");
}

/* The states that a binary can be in after it was read. */
static void test_added(void **state)
{
	const struct binary no_lines = { .state = BINARY_READY,
					 .build_id = { 1, { 0x22 } },
					 .n_bytes = 5,
					 .debug_state = BINARY_DEBUG_MISSING,
					 .debug_reason = "none found" };
	_cleanup_(json_putp) struct json_object *object = json_object_new_object();

	ASSERT_PRINTED("/bin/x\xef\xbf\xbd: 0 functions, no lines: none found\n",
		       symbols_added_print("/bin/x\n", &no_lines, f));
	assert_int_equal(symbols_added_to_json("/bin/x", &no_lines, object), 0);
	assert_json(object, "{'path':'/bin/x','build_id':'22','n_bytes':5,'n_functions':0,'is_debug_read':true,"
			    "'has_lines':false,'debug_source':null,'debug_failure':'none found'}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ls),           cmocka_unit_test(test_show),
		cmocka_unit_test(test_json),         cmocka_unit_test(test_missing),
		cmocka_unit_test(test_copies),       cmocka_unit_test(test_nothing_missing),
		cmocka_unit_test(test_missing_json), cmocka_unit_test(test_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
