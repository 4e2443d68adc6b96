// SPDX-License-Identifier: Apache-2.0
#include "cli/report-options.h"

#include <inttypes.h>
#include <string.h>

#include "cli/named-twice.h"
#include "cli/profile-fail.h"
#include "cli/text.h"
#include "common/clock.h"
#include "common/log.h"
#include "report/coverage.h"
#include "report/engine.h"
#include "store/store.h"

#define HOUR_NS (3600 * NS_PER_S)

void report_options_done(struct report_options *o)
{
	selection_options_done(&o->selection);
	stack_filter_done(&o->filter);
	free(o->files);
}

static enum exit_code out_of_memory(void)
{
	log_error("cannot go on: %s", strerror(ENOMEM));
	return EXIT_ERROR;
}

static enum exit_code take_text(char **text, const struct command *command, const char *name, const char *value)
{
	if (*text)
		return (enum exit_code)options_error(command, "--%s can be given once", name);
	*text = strdup(value);
	return *text ? EXIT_OK : out_of_memory();
}

static enum exit_code take_stack(struct report_options *o, const struct command *command, const char *value)
{
	char why[REGEX_WHY_BYTES];
	int r;

	if (o->filter.stack)
		return (enum exit_code)options_error(command, "--stack can be given once");
	r = regex_new(value, REGEX_ANYWHERE, &o->filter.stack, why);
	if (r == REGEX_BAD)
		return (enum exit_code)options_error(command, "--stack '%s': %s", value, why);
	return r < 0 ? out_of_memory() : EXIT_OK;
}

static enum exit_code take_domain(struct report_options *o, const struct command *command, enum stack_domain domain)
{
	if (o->filter.domain != STACK_ANY && o->filter.domain != domain)
		return (enum exit_code)options_error(command, "--kernel and --user exclude each other");
	o->filter.domain = domain;
	return EXIT_OK;
}

enum exit_code report_options_take(struct report_options *o, const struct command *command, int option, char *value)
{
	switch (option) {
	case OPTION_STACK:
		return take_stack(o, command, value);
	case OPTION_FUNCTION:
		return take_text(&o->filter.function, command, "function", value);
	case OPTION_LIBRARY:
		return take_text(&o->filter.library, command, "library", value);
	case OPTION_KERNEL:
		return take_domain(o, command, STACK_KERNEL);
	case OPTION_USER:
		return take_domain(o, command, STACK_USER);
	default:
		return selection_options_take(&o->selection, command, option, value);
	}
}

static enum exit_code add_file(struct report_options *o, char *path)
{
	char **files = reallocarray(o->files, o->n_files + 1, sizeof(*files));

	if (!files)
		return out_of_memory();
	o->files = files;
	o->files[o->n_files++] = path;
	return EXIT_OK;
}

bool report_options_is_matcher(const char *argument)
{
	size_t n = strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return n > 0 && (argument[n] == '=' || (argument[n] == '!' && argument[n + 1] != 0));
}

enum exit_code report_options_add(struct report_options *o, const struct command *command, char *argument)
{
	return report_options_is_matcher(argument) ? selection_options_add(&o->selection, command, argument)
						   : add_file(o, argument);
}

enum exit_code report_options_add_all(struct report_options *o, const struct options *parser)
{
	enum exit_code code = EXIT_OK;

	for (int i = parser->first_argument; code == EXIT_OK && i < parser->argc; i++)
		code = report_options_add(o, parser->command, parser->argv[i]);
	return code;
}

void report_options_last_hour(struct report_options *o)
{
	struct selection *s = &o->selection.selection;

	if (o->n_files == 0 && s->since_ns == 0 && s->until_ns == INT64_MAX)
		s->since_ns = (int64_t)(clock_now_ns(CLOCK_REALTIME) - HOUR_NS);
}

void report_input_done(struct report_input *i)
{
	i->source = source_free(i->source);
	if (i->store)
		close(i->dir_fd);
	i->store = store_free(i->store);
}

static int open_engine(const struct report_options *o, struct source **ret, char reason[static FETCH_REASON_BYTES])
{
	const struct engine_question question = {
		.selection = &o->selection.selection,
		.labels = o->labels,
		.n_labels = o->n_labels,
		.has_all_labels = !o->labels,
	};

	return source_of_engine(o->selection.store, &o->selection.fetch, &question, ret, reason);
}

enum exit_code report_options_open(const struct report_options *o, struct report_input *ret)
{
	enum exit_code code = named_twice_check(o->files, o->n_files);
	struct report_input input = {};
	char reason[FETCH_REASON_BYTES];
	int r;

	if (code != EXIT_OK)
		return code;
	if (o->n_files == 0 && fetch_is_url(o->selection.store)) {
		r = source_of_hub(o->selection.store, &o->selection.fetch, &o->selection.selection, &input.source,
				  reason);
		if (r == SOURCE_FAILED)
			return (enum exit_code)text_fail("read from the hub", o->selection.store, reason);
	} else if (o->n_files == 0 && engine_is_url(o->selection.store)) {
		r = open_engine(o, &input.source, reason);
		if (r == SOURCE_FAILED)
			return (enum exit_code)text_fail("read from", o->selection.store, reason);
	} else if (o->n_files == 0) {
		code = selection_options_open(&o->selection, STORE_READ, &input.dir_fd, &input.store);
		if (code != EXIT_OK)
			return code;
		r = source_of_store(input.store, &o->selection.selection, &input.source);
	} else {
		r = source_of_files(o->files, o->n_files, &o->selection.selection, &input.source);
	}
	if (r < 0) {
		report_input_done(&input);
		return (enum exit_code)text_fail("read", o->n_files ? o->files[0] : o->selection.store, strerror(-r));
	}
	*ret = input;
	return EXIT_OK;
}

static enum exit_code tell_nothing(const struct report_options *o, const struct report_input *i)
{
	struct store_stats stats = {};
	int64_t newest_ns = 0;
	time_t seconds;
	char time[32];
	struct tm tm;

	if (!i->store) {
		log_error("no samples of '%s' are selected", o->selection.store);
		return EXIT_ERROR;
	}
	if (coverage_totals(source_coverage(i->source))->n_windows) {
		log_error("no window of '%s' of that time has such labels: see 'cpuhound store ls --store %s'",
			  o->selection.store, o->selection.store);
		return EXIT_ERROR;
	}
	if (store_stats(i->store, &stats) == 0)
		for (enum window_tier tier = 0; tier < WINDOW_N_TIERS; tier++)
			if (stats.tiers[tier].newest_ns > newest_ns)
				newest_ns = stats.tiers[tier].newest_ns;
	if (newest_ns == 0) {
		log_error("no windows yet in '%s': start 'cpuhound agent', or name a FILE", o->selection.store);
		return EXIT_ERROR;
	}
	seconds = (time_t)(newest_ns / (int64_t)NS_PER_S);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	log_error("no window of '%s' began in that time, the newest did at %s: say another --since", o->selection.store,
		  time);
	return EXIT_ERROR;
}

static enum exit_code tell_end(const struct report_options *o, const struct report_input *i)
{
	struct source_counts counts;

	source_counts(i->source, &counts);
	if (counts.n_gone + counts.n_bad > 0)
		log_warning("%" PRIu64 " windows could not be read (%" PRIu64 " damaged): they are not in the answer",
			    counts.n_gone + counts.n_bad, counts.n_bad);
	return counts.n_profiles > 0 ? EXIT_OK : tell_nothing(o, i);
}

enum exit_code report_input_fail(const struct report_options *o, const struct report_input *i, int error)
{
	const char *reason = source_reason(i->source);

	return (enum exit_code)(*reason ? text_fail("read from", o->selection.store, reason)
					: profile_fail(source_name(i->source), error));
}

int report_input_next(const struct report_options *o, struct report_input *i, struct source_item *ret,
		      enum exit_code *ret_exit)
{
	int r = source_next(i->source, ret);

	if (r == 0)
		return 0;
	*ret_exit = r < 0 ? report_input_fail(o, i, r) : tell_end(o, i);
	return r;
}
