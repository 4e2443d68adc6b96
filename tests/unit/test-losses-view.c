// SPDX-License-Identifier: Apache-2.0
/* What is printed of losses made by hand, to the character; and that every reason we write has its words. */
#include <stdio.h>
#include <string.h>

#include "agent/resolve.h"
#include "cli/json.h"
#include "cli/losses-view.h"
#include "pprof/profile.h"
#include "report/losses.h"
#include "tests/unit/cmocka-all.h"

static const struct profile_value_type types[] = { { "samples", "count" } };
static const struct profile_value_type wall[] = { { "wall\n", "s" } };

static struct losses_row functions[] = {
	{ "\x1b[31mred", "evil\x9b.so", 0, 30 },
	{ NULL, "libc.so.6", 0x1234, 6 },
	{ "f", "", 0, 3 },
	{ "g", "", 0, 1 },
};
static struct losses_row binaries[] = { { "evil\x9b.so", "", 0, 30 }, { "libc.so.6", "", 0, 6 }, { "", "", 0, 4 } };
static struct losses_row services[] = { { "api", "", 0, 40 } };

static struct losses made(void)
{
	return (struct losses){
		.n = 100,
		.truncated = {
			.n = 40,
			.n_groups = 2,
			.groups = {
				{ "depth", 40, 0, { functions, 4 }, { binaries, 3 }, { services, 1 } },
				{ .name = "from_2030\x1b[m", .n_counted = 7 },
			},
		},
		.stacks = { .n = 40, .n_groups = 1, .groups = { { "copied", 40, 0, .binaries = { binaries, 1 } } } },
	};
}

static void assert_text(const struct losses *l, const struct profile_value_type *type, const char *expected)
{
	const struct profile p = { .sample_types = type, .n_sample_types = 1 };
	const struct losses_view v = { .profile = &p, .losses = l, .max_rows = 3 };
	_cleanup_free_ char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_int_equal(losses_view_print(&v, f), 0);
	fclose(f);
	assert_string_equal(text, expected);
}

static void test_no_ledger(void **state)
{
	const struct losses l = made();

	assert_text(&l, types,
		    "ledger: none: what follows is what the samples alone tell\n"
		    "\n"
		    "SAMPLES   SHARE  STACKS THAT END SHORT: 40 of the 100 samples in the file\n"
		    "     40   40.0%  depth: more than 512 user or 127 kernel frames: the outermost are cut off\n"
		    "                 -> nothing: the inner frames are right; mostly recursion\n"
		    "                 binaries:\n"
		    "     30   30.0%    evil\xef\xbf\xbd.so\n"
		    "      6    6.0%    libc.so.6\n"
		    "      4    4.0%    (no file)\n"
		    "                 functions that it stopped in:\n"
		    "     30   30.0%    \xef\xbf\xbd[31mred  (evil\xef\xbf\xbd.so)\n"
		    "      6    6.0%    libc.so.6+0x1234\n"
		    "      3    3.0%    f\n"
		    "      1    1.0%    (1 more)\n"
		    "                 services:\n"
		    "     40   40.0%    api\n"
		    "      0    0.0%  from_2030\xef\xbf\xbd[m: this version knows nothing about it\n"
		    "\n"
		    "SAMPLES   SHARE  STACKS FOUND OTHERWISE: 40 samples\n"
		    "     40   40.0%  copied: finished by libunwind, from a copy of the stack\n"
		    "                 -> nothing: as good as the others; first samples of a program, and hand-written "
		    "assembly\n"
		    "                 binaries:\n"
		    "     30   30.0%    evil\xef\xbf\xbd.so\n");
}

static void test_ledger(void **state)
{
	const struct losses l = {
		.n = 100,
		.ledgers = {
			.n = 1,
			.n_damaged = 1,
			.sum = {
				.due = 400,
				.taken = 200,
				.idle = 90,
				.in_profile = 100,
				.not_delivered = { .idle_cpu = 199, .other = 1 },
				.n_lost = 1,
				.lost = { { "log_full", 10 } },
				.n_truncated = 1,
				.truncated = { { "depth", 7 } },
			},
		},
		.truncated = { .n = 5, .n_groups = 1, .groups = { { "depth", 5, 7, .services = { services, 1 } } } },
	};

	assert_text(&l, wall,
		    "ledger: due 400 = taken 200 (in profile 100, idle 90, lost 10) + not delivered 200 (idle CPU 199, "
		    "other 1); lost: log_full 10; truncated stacks: depth 7\n"
		    "ledger: 1 damaged, and in no sum\n"
		    "note: the samples in the file are not those of the ledger: the file was changed afterwards\n"
		    "note: the file counts no samples: the numbers are of wall\xef\xbf\xbd/s\n"
		    "\n"
		    "SAMPLES  TAKEN%  STACKS THAT END SHORT: 5 of the 100 samples in the file\n"
		    "      5    2.5%  depth (7 in the ledger): more than 512 user or 127 kernel frames: the outermost "
		    "are cut off\n"
		    "                 -> nothing: the inner frames are right; mostly recursion\n"
		    "                 services:\n"
		    "     40   20.0%    api\n"
		    "\n"
		    "  TICKS  TAKEN%  LOST: taken, and no stack is known\n"
		    "     10    5.0%  log_full: the recorder came too late: the CPU's buffer was full\n"
		    "                 -> give it more CPU time, or take a lower rate (-F)\n"
		    "\n"
		    "  TICKS    DUE%  NOT DELIVERED: due, and never came\n"
		    "    199   49.8%  idle_cpu: an idle CPU gets no ticks\n"
		    "                 -> nothing: nobody ran there\n"
		    "      1    0.2%  other: no known reason: mostly time that the host took from a virtual machine\n"
		    "                 -> compare with the steal time in /proc/stat\n");
}

static void test_nothing(void **state)
{
	const struct losses l = { .ledgers = { .n = 1 } };

	assert_text(&l, types,
		    "ledger: due 0 = taken 0 + not delivered 0; nothing lost\n"
		    "\n"
		    "No stack ends short.\n");
}

static const char *json_string(struct json_object *object, const char *name)
{
	return json_object_get_string(json_object_object_get(object, name));
}

static void test_json(void **state)
{
	const struct losses l = made();
	const struct profile p = { .sample_types = types, .n_sample_types = 1 };
	const struct losses_view v = { .file = { "-", "raw", 9 }, .profile = &p, .losses = &l, .max_rows = 2 };
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *groups, *group, *rows;

	assert_int_equal(losses_view_to_json(&v, &top), 0);
	assert_int_equal(json_object_get_int(json_object_object_get(top, "n_truncated")), 40);
	assert_null(json_object_object_get(top, "matches_ledger"));
	groups = json_object_object_get(top, "truncated");
	assert_int_equal(json_object_array_length(groups), 2);
	group = json_object_array_get_idx(groups, 0);
	assert_string_equal(json_string(group, "reason"), "depth");
	assert_null(json_object_object_get(group, "n_in_ledger"));
	rows = json_object_object_get(group, "functions");
	assert_int_equal(json_object_array_length(rows), 2);
	assert_int_equal(json_object_get_int(json_object_object_get(group, "n_functions")), 4);
	assert_string_equal(json_string(json_object_array_get_idx(rows, 1), "function"), "libc.so.6+0x1234");
	assert_string_equal(json_string(json_object_array_get_idx(rows, 1), "binary"), "libc.so.6");
	group = json_object_array_get_idx(groups, 1);
	assert_true(json_object_object_get_ex(group, "what", &rows) && !rows);
	groups = json_object_object_get(top, "stacks");
	assert_string_equal(json_string(json_object_array_get_idx(groups, 0), "stack"), "copied");
	assert_false(json_object_object_get_ex(json_object_array_get_idx(groups, 0), "n_in_ledger", NULL));
}

/* A reason that the recorder can write and that has no words would be told as one of a newer version. */
static void test_all_have_words(void **state)
{
	for (enum truncation t = TRUNCATION_NONE + 1; t < TRUNCATION_N; t++)
		if (!loss_reason_find(LOSS_TRUNCATED, truncation_to_string(t)))
			fail_msg("no words for '%s' in report/loss-reasons.c", truncation_to_string(t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_ledger), cmocka_unit_test(test_ledger),         cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_json),      cmocka_unit_test(test_all_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
