/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what is answered to a question of report/question.h, as the bytes of an HTTP body: of the windows of a store
 * at hand, or of another program that is asked over HTTP (report/source.h). What was recorded and what had no room is
 * in the answer. Nothing that is selected is an answer, too: of 0 windows.
 *
 *	hogs        docs/schemas/hogs.schema.json, as `cpuhound hogs --json`
 *	diff        docs/schemas/diff.schema.json, as `cpuhound diff --json`
 *	flame       docs/schemas/api-flame.schema.json (report/flame-json.h)
 *	timeline    docs/schemas/api-timeline.schema.json (report/timeline.h)
 *	labels      docs/schemas/api-labels.schema.json
 *	export      a file: question_content_type(), question_file_name()
 *
 * Used by one thread; of a store two more decode (report/prefetch.h).
 */
#pragma once

#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"

#define ANSWER_MAX_BYTES ((size_t)64 << 20)
#define ANSWER_WHY_BYTES 200 /* with the NUL */

struct categories;
struct fetch_settings;
struct flame;
struct question;
struct store;

/* Whom to ask. All borrowed. */
struct answer_place {
	struct store *store;                   /* opened with STORE_READ; NULL: the URL */
	const char *url;                       /* "http(s)://HUB", "clickhouse+http://...", "pyroscope+http://..." */
	const struct fetch_settings *settings; /* of an URL */
	const struct categories *categories;   /* NULL: those that are built in */
	/* A finished flame graph as a page: web/viewer-page.h, which this room does not know. NULL: there are none. */
	int (*add_page)(const struct flame *f, struct buf *ret);
};

/* ret_why says why, in one printable line. */
enum answer_result {
	ANSWER_BAD_QUESTION = 1, /* its expression, its matchers, what it wants of such profiles: HTTP 400 */
	ANSWER_NOTHING,          /* an export of no samples: 404 */
	ANSWER_TOO_LARGE,        /* more than one answer can hold: 413 */
	ANSWER_FAILED,           /* whoever was asked does not give it: 502 */
};

/* Into an empty buffer, of a question that is valid. At most ANSWER_MAX_BYTES. */
_must_check_ int answer_make(const struct answer_place *place, const struct question *q, struct buf *ret,
			     char ret_why[static ANSWER_WHY_BYTES]);
