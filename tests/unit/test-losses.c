// SPDX-License-Identifier: Apache-2.0
/* What is missing in profiles that the builder made and the decoder read, and in models made by hand. */
#include <stdio.h>
#include <string.h>

#include "report/loss-reasons.h"
#include "report/losses.h"
#include "tests/unit/built-profile.h"

#define LEDGER                                                                                                         \
	"ledger w1 due=100 taken=90 idle=20 filtered=5 in_profile=60 idle_cpu=10 throttled=0 other=0 lost.log_full=5"

static const struct profile_mapping server = { .start = 0x1000, .limit = 0x9000, .filename = "/app/server" };
static const struct profile_mapping libz = { .start = 0x1000, .limit = 0x9000, .filename = "/usr/lib/libz.so.1" };
static const struct profile_mapping data = { .start = 0x9000, .limit = 0xa000, .filename = "/app/server" };
static const struct profile_mapping kernel = { .limit = 1ULL << 40, .filename = "[kernel.kallsyms]" };

struct row {
	const char *name, *module;
	uint64_t address;
	int64_t n;
};

static void assert_rows(const struct losses_rows *rows, const struct row *want, size_t n)
{
	assert_int_equal(rows->n, n);
	for (size_t i = 0; i < n; i++) {
		const struct losses_row *have = &rows->rows[i];

		if (!want[i].name)
			assert_null(have->name);
		else
			assert_string_equal(have->name, want[i].name);
		assert_string_equal(have->module, want[i].module);
		assert_int_equal(have->address, want[i].address);
		assert_int_equal(have->n, want[i].n);
	}
}

#define ASSERT_ROWS(rows, ...)                                                                                         \
	assert_rows(rows, (const struct row[]){ __VA_ARGS__ }, ARRAY_SIZE(((const struct row[]){ __VA_ARGS__ })))

static void assert_group(const struct losses_group *group, const char *name, int64_t n, uint64_t n_counted)
{
	assert_string_equal(group->name, name);
	assert_int_equal(group->n, n);
	assert_int_equal(group->n_counted, n_counted);
}

static const struct built_stack truncated[] = {
	/* Two functions and an address of one binary, in two mappings; another binary; one stack of nothing. */
	{ { { .addr = 0x1010, .mapping = &libz, .function = "inflate" },
	    { .addr = 0x1020, .mapping = &server, .function = "work" },
	    { .function = "[truncated: read_fault]" } },
	  3,
	  { { .key = "service_name", .str = "api" } },
	  1,
	  7 },
	{ { { .addr = 0x1030, .mapping = &server, .function = "work" }, { .function = "[truncated: read_fault]" } },
	  2,
	  { { .key = "service_name", .str = "web" } },
	  1,
	  3 },
	{ { { .addr = 0x9040, .mapping = &data, .function = "play" }, { .function = "[truncated: read_fault]" } },
	  2,
	  .count = 4 },
	{ { { .addr = 0x9050, .mapping = &data }, { .function = "[truncated: read_fault]" } }, 2, .count = 2 },
	{ { { .addr = 0x1010, .mapping = &libz, .function = "inflate" }, { .function = "[truncated: read_fault]" } },
	  2,
	  .count = 5 },
	{ { { .function = "[truncated: read_fault]" } }, 1, .count = 1 },
	/* Another reason, that nobody knows yet. */
	{ { { .addr = 0x1030, .mapping = &server, .function = "work" }, { .function = "[truncated: from_2030]" } },
	  2,
	  .count = 30 },
	/* Whole stacks, one with a marker in the wrong place. */
	{ { { .function = "[truncated: read_fault]" }, { .addr = 0x1030, .mapping = &server, .function = "main" } },
	  2,
	  .count = 6 },
	{ .n_frames = 0, .count = 2 },
};

static void test_truncated(void **state)
{
	_cleanup_(profile_freep) struct profile *p =
		built_profile(truncated, ARRAY_SIZE(truncated),
			      LEDGER " truncated.from_2030=30 truncated.read_fault=22");
	_cleanup_(losses_done) struct losses l = {};

	assert_int_equal(losses_of(p, &l), 0);
	assert_int_equal(l.n, 60);
	assert_int_equal(l.truncated.n, 52);
	assert_int_equal(l.truncated.n_groups, 2);
	assert_group(&l.truncated.groups[0], "from_2030", 30, 30);
	assert_group(&l.truncated.groups[1], "read_fault", 22, 22);
	assert_true(losses_match_ledger(&l));
	l.ledgers.n_damaged = 1; /* nobody knows what it said */
	assert_false(losses_match_ledger(&l));
	ASSERT_ROWS(&l.truncated.groups[0].functions, { "work", "server", 0, 30 });
	ASSERT_ROWS(&l.truncated.groups[1].functions, { "work", "server", 0, 10 }, { "inflate", "libz.so.1", 0, 5 },
		    { "play", "server", 0, 4 }, { NULL, "server", 0x9050, 2 }, { "[no stack]", "[no stack]", 0, 1 });
	ASSERT_ROWS(&l.truncated.groups[1].binaries, { "server", "", 0, 16 }, { "libz.so.1", "", 0, 5 },
		    { "[no stack]", "", 0, 1 });
	ASSERT_ROWS(&l.truncated.groups[1].services, { "(none)", "", 0, 12 }, { "api", "", 0, 7 }, { "web", "", 0, 3 });
	assert_int_equal(l.stacks.n_groups, 0);
}

/* The kernel's frames are what is missing: whoever had called it is at the other end. */
static void test_kernel_fault(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1010, .mapping = &libz, .function = "read" },
		    { .addr = 0x1020, .mapping = &server, .function = "main" },
		    { .function = "[truncated: kernel_fault]" } },
		  3,
		  .count = 7 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, 1, NULL);
	_cleanup_(losses_done) struct losses l = {};

	assert_int_equal(losses_of(p, &l), 0);
	ASSERT_ROWS(&l.truncated.groups[0].functions, { "read", "libz.so.1", 0, 7 });
}

static void test_inlined(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1010, .mapping = &server, .function = "inner", .inlined = true },
		    { .addr = 0x1010, .mapping = &server, .function = "outer" },
		    { .function = "[truncated: depth]" } },
		  3,
		  .count = 7 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, 1, NULL);
	_cleanup_(losses_done) struct losses l = {};

	assert_int_equal(losses_of(p, &l), 0);
	ASSERT_ROWS(&l.truncated.groups[0].functions, { "outer", "server", 0, 7 });
}

static void test_stack_label(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x10, .mapping = &kernel, .function = "do_read" },
		    { .addr = 0x20, .mapping = &kernel, .function = "entry" },
		    { .addr = 0x1010, .mapping = &libz, .function = "read" },
		    { .addr = 0x1020, .mapping = &server, .function = "main" } },
		  4,
		  { { .key = "stack", .str = "copied" }, { .key = "service_name", .str = "api" } },
		  2,
		  4 },
		{ { { .addr = 0x1010, .mapping = &libz, .function = "inflate" },
		    { .addr = 0x1020, .mapping = &server, .function = "main" } },
		  2,
		  { { .key = "stack", .str = "copied" } },
		  1,
		  3 },
		{ { { .addr = 0x1030, .mapping = &server, .function = "main" } },
		  1,
		  { { .key = "stack", .str = "guessed" } },
		  1,
		  9 },
		/* Both: the copy did not reach the end; and there is no user frame at all. */
		{ { { .addr = 0x20, .mapping = &kernel, .function = "entry" },
		    { .function = "[truncated: copy_short]" } },
		  2,
		  { { .key = "stack", .str = "copied" } },
		  1,
		  1 },
		{ { { .addr = 0x20, .mapping = &kernel, .function = "entry" } },
		  1,
		  { { .key = "stack", .str = "copied" } },
		  1,
		  1 },
		{ { { .addr = 0x1030, .mapping = &server, .function = "main" } },
		  1,
		  { { .key = "stack", .num = 5 } }, /* somebody else's */
		  1,
		  8 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(losses_done) struct losses l = {};

	assert_int_equal(losses_of(p, &l), 0);
	assert_int_equal(l.stacks.n, 18);
	assert_int_equal(l.stacks.n_groups, 2);
	assert_group(&l.stacks.groups[0], "copied", 9, 0);
	assert_group(&l.stacks.groups[1], "guessed", 9, 0);
	ASSERT_ROWS(&l.stacks.groups[0].binaries, { "libz.so.1", "", 0, 7 }, { "[no stack]", "", 0, 2 });
	ASSERT_ROWS(&l.stacks.groups[0].services, { "(none)", "", 0, 5 }, { "api", "", 0, 4 });
	ASSERT_ROWS(&l.stacks.groups[1].functions, { "main", "server", 0, 9 });
	assert_int_equal(l.truncated.n_groups, 1);
	ASSERT_ROWS(&l.truncated.groups[0].functions, { "entry", "[kernel.kallsyms]", 0, 1 });
}

/* A file that was changed afterwards, or is of another tool. */
static void test_other_ledgers(void **state)
{
	static const struct {
		const char *ledger;
		bool matches;
		uint64_t n_faults;
	} cases[] = {
		{ NULL, false, 0 },
		{ LEDGER " truncated.from_2030=30 truncated.read_fault=22", true, 22 },
		{ LEDGER " truncated.from_2030=30 truncated.read_fault=23", false, 23 },
		{ LEDGER " truncated.from_2030=30", false, 0 },
		{ LEDGER " truncated.depth=1 truncated.from_2030=30 truncated.read_fault=22", false, 22 },
		{ "ledger w1 due=100 taken=90 idle=20 filtered=5 in_profile=61 idle_cpu=10 throttled=0 other=0 "
		  "lost.log_full=4 truncated.from_2030=30 truncated.read_fault=22",
		  false, 22 },
		{ "ledger w1 due=damaged", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(profile_freep) struct profile *p =
			built_profile(truncated, ARRAY_SIZE(truncated), cases[i].ledger);
		_cleanup_(losses_done) struct losses l = {};

		assert_int_equal(losses_of(p, &l), 0);
		assert_int_equal(losses_match_ledger(&l), cases[i].matches);
		assert_int_equal(l.truncated.n, 52);
		assert_group(&l.truncated.groups[1], "read_fault", 22, cases[i].n_faults);
	}
}

static void test_only_counted(void **state)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(NULL, 0, LEDGER " truncated.depth=1");
	_cleanup_(losses_done) struct losses l = {};

	assert_int_equal(losses_of(p, &l), 0);
	assert_int_equal(l.truncated.n_groups, 1);
	assert_group(&l.truncated.groups[0], "depth", 0, 1);
	assert_int_equal(l.truncated.groups[0].functions.n, 0);
}

/* The rest needs what the builder does not make. */
#define N_MANY (LOSSES_MAX_GROUPS + 10)

static const struct profile_value_type types[] = { { "cpu", "nanoseconds" }, { "samples", "count" } };

struct many {
	char names[N_MANY][64];
	struct profile_function functions[N_MANY];
	struct profile_line lines[N_MANY];
	struct profile_location locations[N_MANY];
	const struct profile_location *stacks[N_MANY];
	int64_t values[N_MANY][2];
	struct profile_sample samples[N_MANY];
};

/* Each sample has one frame, of this name or (NULL) "[truncated: reasonI]", and the values i * 1000 and i. */
static struct profile model(struct many *m, const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(m->names[i], sizeof(m->names[i]), "[truncated: reason%zu]", i);
		if (name)
			snprintf(m->names[i], sizeof(m->names[i]), "%s", name);
		m->functions[i].name = m->names[i];
		m->lines[i].function = &m->functions[i];
		m->locations[i] = (struct profile_location){ .lines = &m->lines[i], .n_lines = 1 };
		m->stacks[i] = &m->locations[i];
		m->values[i][0] = (int64_t)i * 1000;
		m->values[i][1] = (int64_t)i;
		m->samples[i] =
			(struct profile_sample){ .locations = &m->stacks[i], .n_locations = 1, .values = m->values[i] };
	}
	return (struct profile){
		.sample_types = types,
		.n_sample_types = ARRAY_SIZE(types),
		.samples = m->samples,
		.n_samples = n,
		.locations = m->locations,
		.n_locations = n,
	};
}

static void test_many_reasons(void **state)
{
	static const char ledger[] = "ledger w1 due=9 taken=9 idle=0 filtered=0 in_profile=9 idle_cpu=0 throttled=0 "
				     "other=0 truncated.later=9";
	static const char *const comments[] = { ledger };
	struct many m = {};
	struct profile p = model(&m, NULL, N_MANY);
	_cleanup_(losses_done) struct losses l = {};
	int64_t sum = 0;

	p.comments = comments;
	p.n_comments = 1;
	assert_int_equal(losses_of(&p, &l), 0);
	assert_int_equal(l.value_type, 1);
	assert_int_equal(l.n, N_MANY * (N_MANY - 1) / 2);
	assert_int_equal(l.truncated.n, l.n);
	assert_int_equal(l.truncated.n_groups, LOSSES_MAX_GROUPS);
	for (size_t i = 0; i < l.truncated.n_groups; i++)
		sum += l.truncated.groups[i].n;
	assert_int_equal(sum, l.n);
	/* The last 11, 63 to 73, and what the ledger has besides. */
	assert_group(&l.truncated.groups[0], LOSSES_REST, 11 * 68, 9);
	assert_group(&l.truncated.groups[1], "reason62", 62, 0);
	ASSERT_ROWS(&l.truncated.groups[0].binaries, { "[no stack]", "", 0, 11 * 68 });
}

static void test_markers(void **state)
{
	static const struct {
		const char *name, *reason;
	} cases[] = {
		{ "[truncated: x]", "x" },
		{ "[truncated: ]", NULL },
		{ "[truncated: x", NULL },
		{ "[truncated:x]", NULL },
		{ "[irq]", NULL },
		{ "", NULL },
		{ "]", NULL },
		{ "[truncated: a]b]", "a]b" },
		{ "[truncated: abcdefghijklmnopqrstuvwxyz]", "abcdefghijklmnopqrstuvw" },
		{ "[truncated: abcdefghijklmnopqrstuvw]", "abcdefghijklmnopqrstuvw" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct many m = {};
		struct profile p = model(&m, cases[i].name, 1);
		_cleanup_(losses_done) struct losses l = {};

		assert_int_equal(losses_of(&p, &l), 0);
		assert_int_equal(l.truncated.n_groups, cases[i].reason ? 1 : 0);
		if (cases[i].reason)
			assert_string_equal(l.truncated.groups[0].name, cases[i].reason);
	}
}

static void test_difference(void **state)
{
	struct many m = {};
	struct profile p = model(&m, NULL, 3);
	_cleanup_(losses_done) struct losses l = {};

	m.values[1][1] = -50;
	assert_int_equal(losses_of(&p, &l), 0);
	assert_int_equal(l.truncated.n, -48);
	assert_group(&l.truncated.groups[0], "reason1", -50, 0);
	assert_group(&l.truncated.groups[1], "reason2", 2, 0);
}

static void test_too_large(void **state)
{
	struct many m = {};
	struct profile p = model(&m, "[truncated: depth]", 2);
	struct losses l = { .n = 42 };

	m.values[0][1] = INT64_MAX;
	assert_int_equal(losses_of(&p, &l), -ERANGE);
	assert_int_equal(l.n, 42);
	m.values[1][1] = INT64_MIN;
	assert_int_equal(losses_of(&p, &l), 0);
	assert_int_equal(l.n, -1);
	losses_done(&l);
}

/* Of a profile without samples its first type is counted. */
static void test_no_samples_type(void **state)
{
	struct many m = {};
	struct profile p = model(&m, "[truncated: depth]", 3);
	_cleanup_(losses_done) struct losses l = {};

	p.n_sample_types = 1;
	assert_int_equal(losses_of(&p, &l), 0);
	assert_int_equal(l.value_type, 0);
	assert_int_equal(l.n, 3000);
}

static void test_reasons(void **state)
{
	const struct loss_reason *lost = loss_reason_find(LOSS_LOST, "log_full");

	assert_non_null(lost);
	assert_string_equal(lost->name, "log_full");
	assert_null(loss_reason_find(LOSS_TRUNCATED, "log_full"));
	assert_null(loss_reason_find(LOSS_LOST, "log_ful"));
	assert_non_null(loss_reason_find(LOSS_TRUNCATED, "unencodable"));
	assert_non_null(loss_reason_find(LOSS_STACK, "guessed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated),       cmocka_unit_test(test_kernel_fault),
		cmocka_unit_test(test_inlined),         cmocka_unit_test(test_stack_label),
		cmocka_unit_test(test_other_ledgers),   cmocka_unit_test(test_only_counted),
		cmocka_unit_test(test_many_reasons),    cmocka_unit_test(test_markers),
		cmocka_unit_test(test_difference),      cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_no_samples_type), cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
