/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: a server that many hosts push to and that adds up samples itself: it is asked for sums, and gives one profile
 * for each host, so that memory is bounded by the answer. Two kinds: ClickHouse, by SQL on the tables of
 * packaging/clickhouse/schema.sql, and Pyroscope, by its query API. The bytes of their answers are foreign.
 * For report/source.c; used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"
#include "report/coverage.h"
#include "report/fetch.h"
#include "store/window.h"

struct profile;
struct selection;

struct engine_question {
	const struct selection *selection;
	/* Of the labels those that the samples keep, "host" besides; all else is added up. */
	const char *const *labels;
	size_t n_labels;
	bool has_all_labels;
};

struct engine;

/* Whether it is the URL of one: clickhouse+http://, pyroscope+https:// .... */
bool engine_is_url(const char *text);

/*
 * Asks. "clickhouse+http://USER@HOST:PORT/DATABASE" (cpuhound), "pyroscope+https://USER@HOST:PORT"; all is borrowed for
 * the engine's life. FETCH_FAILED: ret_reason says why, in a line.
 */
_must_check_ int engine_open(const char *url, const struct fetch_settings *settings,
			     const struct engine_question *question, struct engine **ret,
			     char ret_reason[static FETCH_REASON_BYTES]);
struct engine *engine_free(struct engine *e); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct engine *, engine_free);

/*
 * The samples of the next host: of the window start, duration (how long it was recorded in the selection's time), host
 * and period are filled. FETCH_FAILED: engine_reason() says why.
 */
enum engine_answer {
	ENGINE_END = 16, /* apart from enum fetch_answer */
};
_must_check_ int engine_next(struct engine *e, struct profile **ret, struct window_info *ret_window);

const char *engine_reason(const struct engine *e);

/* Hosts that were recorded, whatever their labels; one of them, and how many profiles it has pushed. */
size_t engine_n(const struct engine *e);
uint64_t engine_recorded(const struct engine *e, size_t i, struct coverage_host *ret);
