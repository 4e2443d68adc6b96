// SPDX-License-Identifier: Apache-2.0
#include "report/source.h"

#include <stdio.h>
#include <string.h>

#include "pprof/profile-file.h"
#include "pprof/profile.h"
#include "report/coverage.h"
#include "report/engine.h"
#include "report/prefetch.h"
#include "report/source-hub.h"
#include "report/stack-facts.h"
#include "store/name.h"
#include "store/selection.h"
#include "store/store.h"

struct source {
	const struct selection *selection;
	/* of a store */
	struct store *store; /* NULL: none */
	struct window_cursor *cursor;
	struct prefetch *prefetch; /* from the first window on */
	bool wants_facts;
	struct hub_windows *hub; /* NULL: none */
	const char *url;         /* of the hub */
	const struct fetch_settings *settings;
	struct engine *engine; /* NULL: none */
	/* of files */
	char *const *paths;
	size_t n_paths, next_path;
	/* what was read last */
	struct profile *profile;
	struct stack_facts *facts; /* NULL: nobody has looked */
	struct window_info window;
	bool is_window;
	const char *name;
	struct source_counts counts;
	struct coverage *coverage;
	bool is_covered; /* with all windows already; else with each as it is read */
	/* for source_next_recorded() */
	struct selection recorded;
	struct window_cursor *recorded_cursor;
	struct hub_windows *recorded_hub;
	size_t next_recorded; /* of an engine */
	char reason[FETCH_REASON_BYTES];
};

static int new_source(const struct selection *selection, struct source **ret)
{
	_cleanup_(source_freep) struct source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->selection = selection;
	s->name = "";
	r = coverage_new(&s->coverage);
	if (r == 0)
		*ret = take_ptr(s);
	return r;
}

/* Whether windows are left out that were recorded all the same: those that have no sample of a service. One of another
 * host has nothing to say. */
static bool leaves_out_windows(const struct selection *selection, struct selection *ret_of_hosts)
{
	*ret_of_hosts = *selection; /* its matchers are borrowed */
	ret_of_hosts->n_matchers = 0;
	for (size_t i = 0; i < selection->n_matchers; i++)
		if (strcmp(matcher_key(selection->matchers[i]), COVERAGE_HOST_LABEL) == 0)
			ret_of_hosts->matchers[ret_of_hosts->n_matchers++] = selection->matchers[i];
	return ret_of_hosts->n_matchers < selection->n_matchers;
}

/* Windows whose samples nobody asks for are not loaded. */
static int cover_cursor(struct source *s, struct window_cursor *c, struct hub_windows *hub)
{
	struct window_info info;
	int r;

	while ((r = hub ? hub_windows_next(hub, &info) : window_cursor_next(c, &info)) != STORE_END) {
		if (r == 0)
			r = coverage_add_window(s->coverage, &info);
		if (r < 0)
			return r;
	}
	return 0;
}

static int cover_all(struct source *s)
{
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct selection of_hosts;
	int r;

	s->is_covered = leaves_out_windows(s->selection, &of_hosts);
	if (!s->is_covered)
		return 0;
	r = store_select(s->store, &of_hosts, &c);
	return r == 0 ? cover_cursor(s, c, NULL) : r;
}

static int cover_all_of_hub(struct source *s, const char *url, const struct fetch_settings *settings,
			    char reason[static FETCH_REASON_BYTES])
{
	_cleanup_(hub_windows_freep) struct hub_windows *hub = NULL;
	struct selection of_hosts;
	int r;

	s->is_covered = leaves_out_windows(s->selection, &of_hosts);
	if (!s->is_covered)
		return 0;
	r = hub_windows_new(url, settings, &of_hosts, &hub, reason);
	if (r == 0)
		r = cover_cursor(s, NULL, hub);
	if (r == -EIO)
		snprintf(reason, FETCH_REASON_BYTES, "%s", hub_windows_reason(hub));
	return r == -EIO ? FETCH_FAILED : r;
}

int source_of_store(struct store *store, const struct selection *selection, struct source **ret)
{
	_cleanup_(source_freep) struct source *s = NULL;
	int r = new_source(selection, &s);

	if (r != 0)
		return r;
	s->store = store;
	s->is_window = true;
	r = cover_all(s);
	if (r == 0)
		r = store_select(store, selection, &s->cursor);
	if (r == 0)
		*ret = take_ptr(s);
	return r;
}

int source_of_hub(const char *url, const struct fetch_settings *settings, const struct selection *selection,
		  struct source **ret, char ret_reason[static FETCH_REASON_BYTES])
{
	_cleanup_(source_freep) struct source *s = NULL;
	int r = new_source(selection, &s);

	if (r == 0)
		r = cover_all_of_hub(s, url, settings, ret_reason);
	if (r == 0)
		r = hub_windows_new(url, settings, selection, &s->hub, ret_reason);
	if (r != 0)
		return r > 0 ? SOURCE_FAILED : r;
	s->url = url;
	s->settings = settings;
	s->is_window = true;
	*ret = take_ptr(s);
	return 0;
}

/* Its profiles tell nothing of hosts that have no sample of a service. */
static int cover_engine(struct source *s)
{
	int r = 0;

	s->is_covered = true;
	for (size_t i = 0; r == 0 && i < engine_n(s->engine); i++) {
		struct coverage_host host;
		uint64_t n = engine_recorded(s->engine, i, &host);

		r = coverage_add_host(s->coverage, &host, n);
	}
	return r;
}

int source_of_engine(const char *url, const struct fetch_settings *settings, const struct engine_question *question,
		     struct source **ret, char ret_reason[static FETCH_REASON_BYTES])
{
	_cleanup_(source_freep) struct source *s = NULL;
	int r = new_source(question->selection, &s);

	if (r == 0)
		r = engine_open(url, settings, question, &s->engine, ret_reason);
	if (r == 0)
		r = cover_engine(s);
	if (r == 0)
		*ret = take_ptr(s);
	return r > 0 ? SOURCE_FAILED : r;
}

int source_of_files(char *const *paths, size_t n_paths, const struct selection *selection, struct source **ret)
{
	struct source *s = NULL;
	int r = new_source(selection, &s);

	if (r != 0)
		return r;
	s->paths = paths;
	s->n_paths = n_paths;
	*ret = s;
	return 0;
}

static void drop_profile(struct source *s)
{
	s->profile = profile_free(s->profile);
	free(s->facts);
	s->facts = NULL;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	prefetch_free(s->prefetch);
	window_cursor_free(s->cursor);
	hub_windows_free(s->hub);
	window_cursor_free(s->recorded_cursor);
	hub_windows_free(s->recorded_hub);
	engine_free(s->engine);
	drop_profile(s);
	coverage_free(s->coverage);
	free(s);
	return NULL;
}

static int read_window(struct source *s)
{
	int r = s->prefetch ? 0 : prefetch_new(s->store, s->cursor, s->selection, s->wants_facts, &s->prefetch);

	return r == 0 ? prefetch_next(s->prefetch, &s->window, &s->profile, &s->facts) : r;
}

static int read_window_of_hub(struct source *s)
{
	int r = hub_windows_next(s->hub, &s->window);

	if (r == 0)
		r = hub_windows_load(s->hub, &s->window, &s->profile);
	return r == 0 ? selection_keep_samples(s->selection, s->profile) : r;
}

static int read_any_window(struct source *s)
{
	int r = s->hub ? read_window_of_hub(s) : read_window(s);

	s->name = s->window.id;
	if (r == 0 && !s->is_covered)
		r = coverage_add_window(s->coverage, &s->window);
	return r;
}

/* Only samples that are asked for, with fewer labels. */
static int read_from_engine(struct source *s)
{
	int r = engine_next(s->engine, &s->profile, &s->window);

	s->name = s->window.host;
	return r == FETCH_FAILED ? -EIO : r == ENGINE_END ? STORE_END : r;
}

/* What a file says of itself, and those of its samples that are asked for. */
static int look_at_file(struct source *s)
{
	struct profile *p = s->profile;
	int r;

	s->window = (struct window_info){};
	s->is_window = window_info_read(p, &s->window) == 0;
	if (!s->is_window) {
		s->window.start_ns = p->time_ns > 0 ? p->time_ns : 0;
		s->window.duration_ns = p->duration_ns > 0 ? (uint64_t)p->duration_ns : 0;
		s->window.period_ns = p->period > 0 ? (uint64_t)p->period : 0;
	}
	r = coverage_add_profile(s->coverage, p, &s->window, s->is_window);
	return r == 0 ? selection_keep_samples(s->selection, p) : r;
}

static int read_file(struct source *s)
{
	struct profile_file file = {};
	int r;

	if (s->next_path == s->n_paths)
		return STORE_END;
	s->name = s->paths[s->next_path++];
	r = profile_file_read(s->name, &file);
	if (r < 0)
		return r;
	s->profile = file.profile;
	return look_at_file(s);
}

static int read_profile(struct source *s)
{
	if (s->store || s->hub)
		return read_any_window(s);
	return s->engine ? read_from_engine(s) : read_file(s);
}

void source_want_facts(struct source *s)
{
	s->wants_facts = true;
}

int source_next(struct source *s, struct source_item *ret)
{
	int r;

	for (;;) {
		drop_profile(s);
		r = read_profile(s);
		switch (r) {
		case 0:
			s->counts.n_profiles++;
			*ret = (struct source_item){
				.profile = s->profile,
				.facts = s->facts,
				.name = s->name,
				.window = s->window,
				.is_window = s->is_window,
			};
			return 0;
		case STORE_GONE:
			s->counts.n_gone++;
			coverage_note_unread(s->coverage);
			break;
		case STORE_BAD:
			s->counts.n_bad++;
			coverage_note_unread(s->coverage);
			break;
		case STORE_END:
			coverage_finish(s->coverage);
			return SOURCE_END;
		default:
			return r;
		}
	}
}

static int next_recorded_of_store(struct source *s, struct window_info *ret)
{
	int r = 0;

	if (!s->recorded_cursor) {
		leaves_out_windows(s->selection, &s->recorded);
		r = store_select(s->store, &s->recorded, &s->recorded_cursor);
	}
	if (r < 0)
		return r;
	do
		r = window_cursor_next(s->recorded_cursor, ret);
	while (r == STORE_GONE);
	return r == STORE_END ? SOURCE_END : r;
}

static int next_recorded_of_hub(struct source *s, struct window_info *ret)
{
	int r = 0;

	if (!s->recorded_hub) {
		leaves_out_windows(s->selection, &s->recorded);
		r = hub_windows_new(s->url, s->settings, &s->recorded, &s->recorded_hub, s->reason);
	}
	if (r != 0)
		return r == FETCH_FAILED ? -EIO : r;
	r = hub_windows_next(s->recorded_hub, ret);
	if (r == -EIO)
		snprintf(s->reason, sizeof(s->reason), "%s", hub_windows_reason(s->recorded_hub));
	return r == STORE_END ? SOURCE_END : r;
}

static int next_recorded_of_engine(struct source *s, struct window_info *ret)
{
	struct coverage_host host;

	if (s->next_recorded == engine_n(s->engine))
		return SOURCE_END;
	engine_recorded(s->engine, s->next_recorded++, &host);
	*ret = (struct window_info){ .start_ns = host.start_ns, .duration_ns = host.wall_ns };
	if (host.name[0])
		name_spell_host(host.name, ret->host);
	return 0;
}

int source_next_recorded(struct source *s, struct window_info *ret)
{
	if (s->store)
		return next_recorded_of_store(s, ret);
	if (s->hub)
		return next_recorded_of_hub(s, ret);
	return s->engine ? next_recorded_of_engine(s, ret) : SOURCE_END;
}

struct profile *source_take(struct source *s)
{
	return take_ptr(s->profile);
}

const char *source_name(const struct source *s)
{
	return s->name;
}

const char *source_reason(const struct source *s)
{
	if (s->reason[0])
		return s->reason;
	if (s->engine)
		return engine_reason(s->engine);
	return s->hub ? hub_windows_reason(s->hub) : "";
}

size_t source_n_expected(const struct source *s)
{
	if (s->hub)
		return hub_windows_n(s->hub);
	if (s->engine)
		return engine_n(s->engine);
	return s->store ? window_cursor_n(s->cursor) : s->n_paths;
}

void source_counts(const struct source *s, struct source_counts *ret)
{
	*ret = s->counts;
}

struct coverage *source_coverage(struct source *s)
{
	return s->coverage;
}
