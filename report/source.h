/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: decoded profiles one after another, of a store's selection, of files, of another cpuhound's store, or of a
 * server that adds up itself (report/engine.h). Of a store the next ones are decoded meanwhile, by threads
 * (report/prefetch.h): up to four are in memory. What is gone or damaged when its turn comes is passed over, and
 * counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/fetch.h"
#include "store/window.h"

struct coverage;
struct profile;
struct selection;
struct source;
struct stack_facts;
struct store;

struct source_item {
	struct profile *profile;         /* of the samples that the selection takes; the reader may change it */
	const struct stack_facts *facts; /* of its samples as they are given; NULL: source_want_facts() would do it */
	const char *name;                /* of the file, or the window's id */
	/* What the profile says of itself. A profile of another tool is no window: its start, duration and period are
	 * here, and no id or ledger; of an engine besides the host. */
	struct window_info window;
	bool is_window;
};

struct source_counts {
	uint64_t n_profiles, n_gone, n_bad;
};

/* The selection is borrowed for the source's life, as are the store and the paths: nobody else uses them from the first
 * source_next() until SOURCE_END. */
_must_check_ int source_of_store(struct store *s, const struct selection *selection, struct source **ret);

/* Of a selection only the matchers count. "-": standard input. */
_must_check_ int source_of_files(char *const *paths, size_t n_paths, const struct selection *selection,
				 struct source **ret);

/*
 * Of another cpuhound's store, over HTTP: "http://HOST:PORT". SOURCE_FAILED: ret_reason says why, in a line.
 */
_must_check_ int source_of_hub(const char *url, const struct fetch_settings *settings,
			       const struct selection *selection, struct source **ret,
			       char ret_reason[static FETCH_REASON_BYTES]);

/* Of a server that adds up itself: a profile for each host. SOURCE_FAILED: as above. */
struct engine_question;
_must_check_ int source_of_engine(const char *url, const struct fetch_settings *settings,
				  const struct engine_question *question, struct source **ret,
				  char ret_reason[static FETCH_REASON_BYTES]);
struct source *source_free(struct source *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct source *, source_free);

enum source_answer {
	SOURCE_END = 1,
	SOURCE_FAILED,
};

/* Before the first source_next(): the threads that read ahead are to look for the facts, too; there may be none. */
void source_want_facts(struct source *s);

/*
 * The next, borrowed until the next call; or SOURCE_END. A file that cannot be read ends it, and a server that
 * gives nothing more: source_name() is its, and source_reason() may say more than the error.
 */
_must_check_ int source_next(struct source *s, struct source_item *ret);
const char *source_name(const struct source *s); /* of what was read last; "" before that */

/* Of a server's failure, a line; "": nothing but the error is known. */
const char *source_reason(const struct source *s);

/* The profile of the item that was given last becomes the caller's. */
struct profile *source_take(struct source *s);

/*
 * Before the first source_next(): all windows that were recorded, whatever labels were asked for but `host`, in order
 * of time, of which id, times and host are filled; of an engine one for each host. Or SOURCE_END, which files are at
 * once.
 */
_must_check_ int source_next_recorded(struct source *s, struct window_info *ret);

size_t source_n_expected(const struct source *s); /* how many there will be, for progress */
void source_counts(const struct source *s, struct source_counts *ret);

/*
 * What was recorded, whatever labels were asked for but `host`: of a store all windows of the time range, of files
 * those that were read. Summed up at SOURCE_END. The source's.
 */
struct coverage *source_coverage(struct source *s);
