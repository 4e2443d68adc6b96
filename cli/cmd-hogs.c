// SPDX-License-Identifier: Apache-2.0
/* hogs: who burns the CPUs of a host or of a fleet, and since when. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cli/hogs-options.h"
#include "cli/hogs-print.h"
#include "cli/json.h"
#include "cli/profile-fail.h"
#include "cli/text.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "common/log.h"
#include "report/categories.h"
#include "report/coverage.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "store/store.h"

#define CATEGORIES_PATH "/etc/cpuhound/categories.conf"
#define MAX_TOLD 10 /* groups above the threshold that are told of by name */

static const char usage[] =
	"usage: cpuhound hogs [SELECTION] [--by KEY,...] [--vs 7d] [--callers N] [--outliers]\n"
	"                     [--min-cores X] [--top N] [--fail-above 5%|CORES] [--json|--csv]\n"
	"\n"
	"Ranks what burns CPU over all hosts of a selection: cores, their error, share, change, top function,\n"
	"and how complete the data is. docs/answers.md tells what each column means.\n"
	"\n" REPORT_USAGE "Of a store it is the last hour when neither --since nor --until says otherwise.\n"
	"\n"
	"      --by KEY,...       service (the default), host, container, version or any other label of samples;\n"
	"                         function, library, file, category; or several, as service,version\n"
	"      --vs T             compare with the same span so much earlier: 1h, 7d\n"
	"      --callers N        of each function the N that cost most by calling it; needs --by function\n"
	"      --outliers         hosts on which a group burns more or less than on its other hosts\n"
	"      --min-cores X      only groups that burn so much\n"
	"  -n, --top N            so many groups (20); the rest is summed up\n"
	"      --categories FILE  rules for --by category, instead of /etc/cpuhound/categories.conf\n"
	"      --fail-above X     exit code 4 when a group has a larger share than 5%, or more cores than 0.5; with "
	"--vs:\n"
	"                         when it has risen by more, and that is no noise\n"
	"      --json             one JSON object: docs/schemas/hogs.schema.json\n"
	"      --csv              a line for each group\n";

/* All that an answer is made of, in the order of its making. */
struct work {
	struct hogs_options options;
	struct categories *categories;
	struct frame_table *frames;
	struct grouping *grouping;
	const char *labels[GROUP_KEYS_MAX]; /* its keys that are labels */
	struct hogs *hogs;
	struct report_input inputs[HOGS_N_SIDES]; /* they own what was covered */
	struct hogs_answer answer;
	int64_t now_ns;
	struct report_options before; /* of the side before; what it points to is that of the options */
};

static void work_done(struct work *w)
{
	hogs_answer_done(&w->answer);
	for (enum hogs_side side = 0; side < HOGS_N_SIDES; side++)
		report_input_done(&w->inputs[side]);
	hogs_free(w->hogs);
	grouping_free(w->grouping);
	frame_table_free(w->frames);
	categories_free(w->categories);
	hogs_options_done(&w->options);
}

static enum exit_code fail(int error)
{
	log_error("cannot give an answer: %s",
		  error == -ERANGE ? "the values are too large to be summed" : strerror(-error));
	return EXIT_ERROR;
}

static enum exit_code read_categories(const char *path, struct categories **ret)
{
	_cleanup_(buf_done) struct buf text = {};
	char why[CATEGORIES_WHY_BYTES];
	int r = fs_read(AT_FDCWD, path, CATEGORIES_MAX_BYTES, &text);

	if (r < 0)
		return (enum exit_code)text_fail("read the categories", path, strerror(-r));
	r = categories_parse(text.data, text.size, ret, why);
	if (r == CATEGORIES_BAD)
		return (enum exit_code)text_fail("read the categories", path, why);
	return r < 0 ? fail(r) : EXIT_OK;
}

static enum exit_code open_categories(struct work *w)
{
	const char *path = w->options.categories;
	int r;

	if (!path && access(CATEGORIES_PATH, F_OK) == 0)
		path = CATEGORIES_PATH;
	if (path)
		return read_categories(path, &w->categories);
	r = categories_default(&w->categories);
	return r < 0 ? fail(r) : EXIT_OK;
}

static enum exit_code check_keys(const struct work *w)
{
	size_t n, n_frame_keys = 0;
	const struct group_key *keys = grouping_keys(w->grouping, &n);

	for (size_t i = 0; i < n; i++)
		n_frame_keys += keys[i].kind != GROUP_BY_LABEL;
	if (w->options.question.max_callers && (n_frame_keys != 1 || !grouping_has(w->grouping, GROUP_BY_FUNCTION)))
		return (enum exit_code)options_error(&cmd_hogs, "--callers needs --by function, alone or with labels");
	return EXIT_OK;
}

static enum exit_code begin(struct work *w)
{
	enum exit_code code = open_categories(w);
	int r;

	if (code != EXIT_OK)
		return code;
	r = frame_table_new(&w->frames);
	if (r == 0)
		r = grouping_new(w->options.by, w->frames, w->categories, &w->grouping);
	if (r == GROUPING_BAD)
		return (enum exit_code)options_error(&cmd_hogs,
						     "--by takes up to %d different labels, or function, library, "
						     "file, category: not '%s'",
						     GROUP_KEYS_MAX, w->options.by);
	if (r == 0)
		r = hogs_new(w->frames, w->grouping, w->options.question.max_callers > 0, &w->hogs);
	return r < 0 ? fail(r) : check_keys(w);
}

static enum exit_code add(struct work *w, enum hogs_side side, const struct source_item *item)
{
	int r = hogs_add(w->hogs, side, source_coverage(w->inputs[side].source), item, &w->options.report.filter);

	if (r == HOGS_NOT_CPU)
		return (enum exit_code)text_fail("rank", item->name,
						 "it does not measure CPU time: see 'cpuhound show'");
	return r < 0 ? fail(r) : EXIT_OK;
}

/* The labels of --by: an engine adds up all others. */
static void set_labels(struct work *w)
{
	struct report_options *o = &w->options.report;
	size_t n;
	const struct group_key *keys = grouping_keys(w->grouping, &n);

	o->labels = w->labels;
	for (size_t i = 0; i < n; i++)
		if (keys[i].kind == GROUP_BY_LABEL)
			w->labels[o->n_labels++] = keys[i].label;
}

static enum exit_code read_now(struct work *w)
{
	enum exit_code code;
	struct source_item item;

	set_labels(w);
	report_options_last_hour(&w->options.report);
	code = report_options_open(&w->options.report, &w->inputs[HOGS_NOW]);
	if (code == EXIT_OK)
		source_want_facts(w->inputs[HOGS_NOW].source);
	while (code == EXIT_OK && report_input_next(&w->options.report, &w->inputs[HOGS_NOW], &item, &code) == 0)
		code = add(w, HOGS_NOW, &item);
	return code;
}

/* Nothing to compare with is no error: the answer tells. */
static enum exit_code read_before(struct work *w)
{
	struct report_input *input = &w->inputs[HOGS_BEFORE];
	struct source_item item;
	struct selection *s;
	enum exit_code code;
	int r = 0;

	if (!w->options.vs_ns)
		return EXIT_OK;
	w->before = w->options.report;
	s = &w->before.selection.selection;
	selection_shift(&s->since_ns, &s->until_ns, (int64_t)w->options.vs_ns, w->now_ns);
	code = report_options_open(&w->before, input);
	if (code == EXIT_OK)
		source_want_facts(input->source);
	while (code == EXIT_OK && (r = source_next(input->source, &item)) == 0)
		code = add(w, HOGS_BEFORE, &item);
	return r < 0 ? report_input_fail(&w->before, input, r) : code;
}

static struct hogs_view view_of(const struct work *w)
{
	const struct report_options *o = &w->options.report;
	const struct selection *s = &o->selection.selection;
	struct hogs_view v = {
		.grouping = w->grouping,
		.answer = &w->answer,
		.now = source_coverage(w->inputs[HOGS_NOW].source),
		.before = w->options.vs_ns ? source_coverage(w->inputs[HOGS_BEFORE].source) : NULL,
		.vs_ns = w->options.vs_ns,
		.is_filtered = !stack_filter_takes_all(&o->filter),
		.tells_outliers = w->options.question.has_outliers,
		.n_given_up = stack_filter_n_given_up(&o->filter) + selection_n_given_up(s),
	};

	if (o->n_files == 0)
		v.until_ns = s->until_ns < w->now_ns ? s->until_ns : w->now_ns;
	return v;
}

static int print_json(const struct hogs_view *v)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	int r = hogs_view_to_json(v, &object);

	return r == 0 ? json_print(object) : r;
}

static enum exit_code print(const struct work *w)
{
	const struct hogs_view v = view_of(w);
	int r = 0;

	switch (w->options.format) {
	case HOGS_TABLE:
		r = hogs_print(&v, stdout);
		break;
	case HOGS_JSON:
		r = print_json(&v);
		break;
	case HOGS_CSV:
		r = hogs_print_csv(&v, stdout);
		break;
	}
	return r < 0 ? fail(r) : EXIT_OK;
}

/* Whether a group has risen by more than is allowed, or, with nothing to compare, has more. */
static bool is_above(const struct work *w, const struct hogs_row *row)
{
	const struct hogs_options *o = &w->options;
	struct hogs_change c = hogs_change_of(&row->self, &row->self_before);
	double percent = 100 * hogs_share(&row->self, &w->answer.all);

	if (!o->vs_ns)
		return (o->fails_by_percent ? percent : row->self.cores) > o->fail_above;
	if (c.is_noise || c.cores <= 0)
		return false;
	return !o->fails_by_percent ? c.cores > o->fail_above
				    : row->self_before.cores == 0 || 100 * c.ratio > o->fail_above;
}

static int tell_above(const struct work *w, const struct hogs_row *row)
{
	const struct hogs_view v = view_of(w);
	_cleanup_(buf_done) struct buf name = {}, text = {};
	int r = hogs_view_add_name(&v, row->group, &name);

	if (r == 0)
		r = text_add(&text, name.data, TEXT_MAX_CHARS);
	if (r < 0)
		return r;
	if (w->options.vs_ns)
		log_error("'%s' has risen from %.3f to %.3f cores: more than --fail-above allows", text.data,
			  row->self_before.cores, row->self.cores);
	else
		log_error("'%s' has %.3f cores, %.1f %% of all: more than --fail-above allows", text.data,
			  row->self.cores, 100 * hogs_share(&row->self, &w->answer.all));
	return 0;
}

static enum exit_code judge(const struct work *w)
{
	size_t n = 0;

	if (w->options.fail_above < 0)
		return EXIT_OK;
	if (w->options.vs_ns && !w->answer.has_before) {
		log_error("there is nothing to compare with: --fail-above cannot tell");
		return EXIT_ERROR;
	}
	if (!w->answer.has_cores && !w->options.fails_by_percent) {
		log_error("a profile does not tell how long it took: --fail-above takes a percentage here");
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < w->answer.n_rows; i++) {
		if (!is_above(w, &w->answer.rows[i]))
			continue;
		if (n++ < MAX_TOLD && tell_above(w, &w->answer.rows[i]) < 0)
			return fail(-ENOMEM);
	}
	if (n > MAX_TOLD)
		log_error("and so have %zu more", n - MAX_TOLD);
	return n ? EXIT_THRESHOLD : EXIT_OK;
}

static enum exit_code answer(struct work *w)
{
	enum exit_code code = begin(w);
	int r;

	if (code == EXIT_OK)
		code = read_now(w);
	if (code == EXIT_OK)
		code = read_before(w);
	if (code != EXIT_OK)
		return code;
	r = hogs_answer(w->hogs, &w->options.question, &w->answer);
	if (r < 0)
		return fail(r);
	code = print(w);
	return code == EXIT_OK ? judge(w) : code;
}

static int run(int argc, char **argv)
{
	struct work w = { .options = HOGS_OPTIONS_NONE, .now_ns = (int64_t)clock_now_ns(CLOCK_REALTIME) };
	bool is_done;
	enum exit_code code = hogs_options_parse(&w.options, argc, argv, &is_done);

	if (!is_done)
		code = answer(&w);
	work_done(&w);
	return code;
}

const struct command cmd_hogs = {
	.name = "hogs",
	.summary = "who burns CPU: services, functions, libraries over all hosts, and what has changed",
	.usage = usage,
	.run = run,
};
