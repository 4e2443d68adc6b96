// SPDX-License-Identifier: Apache-2.0
/* Any profile that can be read can be shown and ranked, its losses too: text without a byte that a terminal obeys, and
 * JSON. */
#include <stdlib.h>
#include <string.h>

#include "cli/hogs-print.h"
#include "cli/json.h"
#include "cli/losses-view.h"
#include "cli/summary.h"
#include "common/buf.h"
#include "pprof/profile.h"
#include "report/categories.h"
#include "report/coverage.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "report/losses.h"
#include "report/source.h"
#include "report/stack-filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/proto-writer.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)
#define MAX_ROWS 100
#define TRUNCATED 3 /* location and function of the seed's marker */

static void check_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const unsigned char *u = (const unsigned char *)text + i;

		if ((u[0] < 0x20 && u[0] != '\n') || u[0] == 0x7f || (u[0] == 0xc2 && u[1] < 0xa0))
			abort();
	}
}

static void check_json(int r, struct json_object *object)
{
	if (r < 0 && r != -ERANGE)
		abort();
	if (r == 0 && !json_object_to_json_string(object))
		abort();
}

static void show_summary(const struct summary *s)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		abort();
	r = summary_print(s, f, MAX_ROWS);
	fclose(f);
	if (r < 0 && r != -ERANGE)
		abort();
	check_text(text, size);
	r = summary_to_json(s, MAX_ROWS, &object);
	check_json(r, object);
}

/* In a sum that fits, parts of both signs may not: sums are compared as they wrap. */
static void check_rows(const struct losses_rows *rows, int64_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < rows->n; i++)
		sum += (uint64_t)rows->rows[i].n;
	if (sum != (uint64_t)n)
		abort();
}

static void check_groups(const struct losses_groups *groups)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < groups->n_groups; i++) {
		const struct losses_group *group = &groups->groups[i];

		check_rows(&group->functions, group->n);
		check_rows(&group->binaries, group->n);
		check_rows(&group->services, group->n);
		sum += (uint64_t)group->n;
	}
	if (sum != (uint64_t)groups->n)
		abort();
}

static void show_losses(const struct losses_view *v)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		abort();
	check_groups(&v->losses->truncated);
	check_groups(&v->losses->stacks);
	r = losses_view_print(v, f);
	fclose(f);
	if (r < 0 && r != -ERANGE)
		abort();
	check_text(text, size);
	r = losses_view_to_json(v, &object);
	check_json(r, object);
}

static void make_losses(const struct summary_file *file, const struct profile *p)
{
	_cleanup_(losses_done) struct losses l = {};
	const struct losses_view v = { .file = *file, .profile = p, .losses = &l, .max_rows = 2 };
	int r = losses_of(p, &l);

	if (r < 0 && r != -ERANGE)
		abort();
	if (r == 0)
		show_losses(&v);
}

/* As rows are summed up, where the sum fits: like that of check_rows(). */
static void check_answer(const struct hogs_answer *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->n_rows; i++)
		sum += (uint64_t)a->rows[i].self.amount.value_ns;
	if (sum != (uint64_t)a->taken.self.amount.value_ns || a->n_shown > a->n_rows)
		abort();
}

static void show_answer(const struct hogs_view *v)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		abort();
	check_answer(v->answer);
	r = hogs_print(v, f);
	if (r < 0)
		abort();
	fflush(f);
	check_text(text, size);
	hogs_print_csv(v, f);
	fclose(f);
	r = hogs_view_to_json(v, &object);
	check_json(r, object);
}

static int add_profile(struct hogs *h, struct coverage *c, struct profile *p)
{
	const struct source_item item = { .profile = p,
					  .window = { .start_ns = p->time_ns > 0 ? p->time_ns : 0,
						      .duration_ns = p->duration_ns > 0 ? (uint64_t)p->duration_ns : 0,
						      .period_ns = p->period > 0 ? (uint64_t)p->period : 0 } };
	struct stack_filter all = {};
	int r = coverage_add_profile(c, p, &item.window, false);

	if (r == 0)
		r = hogs_add(h, HOGS_NOW, c, &item, &all);
	coverage_finish(c);
	return r;
}

static void rank(struct profile *p, const char *by)
{
	static const struct hogs_question question = { .max_rows = 3, .max_callers = 2, .has_outliers = true };
	_cleanup_(categories_freep) struct categories *categories = NULL;
	_cleanup_(frame_table_freep) struct frame_table *frames = NULL;
	_cleanup_(grouping_freep) struct grouping *grouping = NULL;
	_cleanup_(coverage_freep) struct coverage *coverage = NULL;
	_cleanup_(hogs_answer_done) struct hogs_answer answer = {};
	_cleanup_(hogs_freep) struct hogs *h = NULL;
	struct hogs_view view = { .answer = &answer, .tells_outliers = true };
	int r;

	if (categories_default(&categories) < 0 || frame_table_new(&frames) < 0 ||
	    grouping_new(by, frames, categories, &grouping) != 0 || hogs_new(frames, grouping, true, &h) < 0 ||
	    coverage_new(&coverage) < 0)
		abort();
	r = add_profile(h, coverage, p);
	if (r == 0)
		r = hogs_answer(h, &question, &answer);
	if (r < 0 && r != -ERANGE)
		abort();
	view.grouping = grouping;
	view.now = coverage;
	if (r == 0)
		show_answer(&view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct summary_file file = { .path = "-", .form = "raw", .n_bytes = size };
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(summary_done) struct summary s = {};

	if (size > MAX_INPUT_BYTES || profile_decode(data, size, &p) < 0)
		return 0;
	if (summary_init(&s, &file, p) < 0)
		abort();
	show_summary(&s);
	make_losses(&file, p);
	rank(p, size % 2 ? "service,comm,category" : "function,library,file,host");
	return 0;
}

enum string {
	NONE,
	SAMPLES,
	COUNT,
	CPU,
	NANOSECONDS,
	KEY,
	VALUE,
	STACK,
	MARKER,
	FILE_NAME,
	FUNCTION,
	OTHER,
	HOST,
	UNREADABLE,
	LEDGER,
	N_STRINGS
};

static void put_sample(struct buf *b, uint64_t location, uint64_t value)
{
	struct buf sample = {};

	proto_number(&sample, 1, location);
	proto_number(&sample, 1, TRUNCATED);
	proto_number(&sample, 2, value);
	proto_number(&sample, 2, value * 1000);
	PROTO_MESSAGE(&sample, 3, { 1, KEY }, { 2, VALUE });
	PROTO_MESSAGE(&sample, 3, { 1, STACK }, { 2, VALUE });
	PROTO_MESSAGE(&sample, 3, { 1, CPU }, { 3, 7 }, { 4, COUNT });
	proto_field(b, 2, sample.data, sample.size);
	buf_done(&sample);
}

static void put_location(struct buf *b, uint64_t id, uint64_t function)
{
	struct buf location = {};

	proto_number(&location, 1, id);
	proto_number(&location, 2, 1);
	proto_number(&location, 3, 0x1234);
	PROTO_MESSAGE(&location, 4, { 1, function }, { 2, 13 });
	proto_field(b, 4, location.data, location.size);
	buf_done(&location);
}

static void put_profile(struct buf *b)
{
	static const char *const strings[N_STRINGS] = {
		[NONE] = "",
		[SAMPLES] = "samples",
		[COUNT] = "count",
		[CPU] = "cpu",
		[NANOSECONDS] = "nanoseconds",
		[KEY] = "service\x1b[m",
		[VALUE] = "\xc2\x9b"
			  "31m\xe2\x80\xae",
		[STACK] = "stack",
		[MARKER] = "[truncated: a]",
		[FILE_NAME] = "/bin/x\ny",
		[FUNCTION] = "std::vector<int, std::allocator<int> >::push_back(int const&)",
		[OTHER] = "made by hand",
		[HOST] = "host a, Linux",
		[UNREADABLE] = "unreadable: /x: damaged",
		[LEDGER] = "ledger w1 due=9 taken=9 idle=1 filtered=0 in_profile=7 idle_cpu=0 throttled=0 other=0 "
			   "lost.a=1 truncated.a=7",
	};

	PROTO_MESSAGE(b, 1, { 1, SAMPLES }, { 2, COUNT });
	PROTO_MESSAGE(b, 1, { 1, CPU }, { 2, NANOSECONDS });
	put_sample(b, 1, 3);
	put_sample(b, 2, 4);
	PROTO_MESSAGE(b, 3, { 1, 1 }, { 2, 0x1000 }, { 3, 0x2000 }, { 5, FILE_NAME });
	put_location(b, 1, 1);
	put_location(b, 2, 0);
	put_location(b, TRUNCATED, TRUNCATED);
	PROTO_MESSAGE(b, 5, { 1, 1 }, { 2, FUNCTION });
	PROTO_MESSAGE(b, 5, { 1, TRUNCATED }, { 2, MARKER });
	for (size_t i = 0; i < N_STRINGS; i++)
		proto_field(b, 6, strings[i], strlen(strings[i]));
	proto_number(b, 9, 1700000000000000000);
	proto_number(b, 10, 1000000000);
	PROTO_MESSAGE(b, 11, { 1, CPU }, { 2, NANOSECONDS });
	proto_number(b, 12, 10000000);
	for (uint64_t i = OTHER; i < N_STRINGS; i++)
		proto_number(b, 13, i);
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static struct buf seed;

	if (i > 0)
		return NULL;
	buf_clear(&seed);
	put_profile(&seed);
	*ret_size = seed.size;
	return seed.data;
}
