// SPDX-License-Identifier: Apache-2.0
#include "report/source.h"

#include <string.h>

#include "pprof/profile-file.h"
#include "pprof/profile.h"
#include "report/engine.h"
#include "report/source-hub.h"
#include "store/selection.h"
#include "store/store.h"

struct source {
	const struct selection *selection;
	/* of a store */
	struct store *store; /* NULL: none */
	struct window_cursor *cursor;
	/* of a hub */
	struct hub_windows *hub; /* NULL: none */
	struct engine *engine;   /* NULL: none */
	/* of files */
	char *const *paths;
	size_t n_paths, next_path;
	/* what was read last */
	struct profile *profile;
	struct window_info window;
	const char *name;
	struct source_counts counts;
};

static struct source *new_source(const struct selection *selection)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->selection = selection;
	s->name = "";
	return s;
}

int source_of_store(struct store *store, const struct selection *selection, struct source **ret)
{
	_cleanup_(source_freep) struct source *s = new_source(selection);
	int r;

	if (!s)
		return -ENOMEM;
	s->store = store;
	r = store_select(store, selection, &s->cursor);
	if (r == 0)
		*ret = take_ptr(s);
	return r;
}

int source_of_files(char *const *paths, size_t n_paths, const struct selection *selection, struct source **ret)
{
	struct source *s = new_source(selection);

	if (!s)
		return -ENOMEM;
	s->paths = paths;
	s->n_paths = n_paths;
	*ret = s;
	return 0;
}

int source_of_hub(const char *url, const struct fetch_settings *settings, const struct selection *selection,
		  struct source **ret, char ret_reason[static FETCH_REASON_BYTES])
{
	_cleanup_(source_freep) struct source *s = new_source(selection);
	int r;

	if (!s)
		return -ENOMEM;
	r = hub_windows_new(url, settings, selection, &s->hub, ret_reason);
	if (r == 0)
		*ret = take_ptr(s);
	return r > 0 ? SOURCE_FAILED : r;
}

int source_of_engine(const char *url, const struct fetch_settings *settings, const struct engine_question *question,
		     struct source **ret, char ret_reason[static FETCH_REASON_BYTES])
{
	_cleanup_(source_freep) struct source *s = new_source(question->selection);
	int r;

	if (!s)
		return -ENOMEM;
	r = engine_open(url, settings, question, &s->engine, ret_reason);
	if (r == 0)
		*ret = take_ptr(s);
	return r > 0 ? SOURCE_FAILED : r;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	hub_windows_free(s->hub);
	engine_free(s->engine);
	window_cursor_free(s->cursor);
	profile_free(s->profile);
	free(s);
	return NULL;
}

static int read_window(struct source *s)
{
	int r = window_cursor_next(s->cursor, &s->window);

	if (r == 0)
		r = store_load(s->store, &s->window, &s->profile);
	s->name = s->window.id;
	return r;
}

static int read_from_hub(struct source *s)
{
	int r = hub_windows_next(s->hub, &s->window, &s->profile);

	s->name = s->window.id;
	return r;
}

static int read_from_engine(struct source *s)
{
	int r = engine_next(s->engine, &s->profile, &s->window);

	s->name = s->window.host;
	return r == FETCH_FAILED ? -EIO : r == ENGINE_END ? STORE_END : r;
}

static int read_file(struct source *s)
{
	struct profile_file file = {};
	int r;

	if (s->next_path == s->n_paths)
		return STORE_END;
	s->name = s->paths[s->next_path++];
	r = profile_file_read(s->name, &file);
	if (r == 0)
		s->profile = file.profile;
	return r;
}

static int read_profile(struct source *s)
{
	if (s->store)
		return read_window(s);
	if (s->hub)
		return read_from_hub(s);
	return s->engine ? read_from_engine(s) : read_file(s);
}

/* The profile that is there now as an item. */
static int make_item(struct source *s, struct source_item *ret)
{
	const struct profile *p = s->profile;
	bool is_window = s->store || s->hub;
	/* An engine gives those samples, with fewer labels. */
	int r = s->engine ? 0 : selection_keep_samples(s->selection, s->profile);

	if (r < 0)
		return r;
	if (!is_window && !s->engine) {
		s->window = (struct window_info){};
		is_window = window_info_read(p, &s->window) == 0;
	}
	if (!is_window && !s->engine) {
		s->window.start_ns = p->time_ns > 0 ? p->time_ns : 0;
		s->window.duration_ns = p->duration_ns > 0 ? (uint64_t)p->duration_ns : 0;
		s->window.period_ns = p->period > 0 ? (uint64_t)p->period : 0;
	}
	*ret = (struct source_item){
		.profile = s->profile, .name = s->name, .window = s->window, .is_window = is_window
	};
	return 0;
}

int source_next(struct source *s, struct source_item *ret)
{
	int r;

	for (;;) {
		s->profile = profile_free(s->profile);
		r = read_profile(s);
		switch (r) {
		case 0:
			s->counts.n_profiles++;
			return make_item(s, ret);
		case STORE_GONE:
			s->counts.n_gone++;
			break;
		case STORE_BAD:
			s->counts.n_bad++;
			break;
		case STORE_END:
			return SOURCE_END;
		default:
			return r;
		}
	}
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
