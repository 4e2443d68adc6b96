/* SPDX-License-Identifier: Apache-2.0 */
/* answer inside: an answer on its way, shared by the files that make one kind each. */
#pragma once

#include "report/answer.h"
#include "report/flame.h"
#include "report/group-keys.h"
#include "report/question.h"
#include "report/source.h"
#include "report/stack-filter.h"
#include "store/selection.h"

struct categories;
struct frame_table;
struct grouping;
struct json_object;

_Static_assert(GROUP_KEYS_MAX <= FLAME_MAX_KEYS, "labels of by= are roots of a graph");

struct answer_making {
	const struct answer_place *place;
	const struct question *question;
	struct buf *body;
	char *why; /* of ANSWER_WHY_BYTES */
	struct group_keys keys;
	const char *labels[GROUP_KEYS_MAX]; /* of the keys those that are labels */
	size_t n_labels;
	bool has_all_labels; /* of samples all are wanted, not only these */
	enum selection_files files;
	struct stack_filter filter;
	struct categories *categories; /* of the filter; NULL: it has none, or the place's */
};

/* Sets why, and gives back the result. */
_must_check_ _printf_(3, 4) int answer_refuse(struct answer_making *m, enum answer_result result, const char *fmt, ...);

/* What samples are put together by. Begins with `= {}`, ends with answer_groups_done(). */
struct answer_groups {
	struct categories *own; /* NULL: the place has them */
	struct frame_table *frames;
	struct grouping *grouping;
};
_must_check_ int answer_groups_init(const struct answer_making *m, const char *by, struct answer_groups *ret);
void answer_groups_done(struct answer_groups *g);

/* One side's samples. Begins with `= {}`, ends with answer_input_done(). It must not move. */
struct answer_input {
	struct selection selection;
	struct source *source;
};
void answer_input_done(struct answer_input *i);

/* Its time and its matchers; and with them, what gives its samples. */
_must_check_ int answer_select(struct answer_making *m, const struct question_side *side, struct selection *ret);
_must_check_ int answer_open(struct answer_making *m, const struct question_side *side, struct answer_input *ret);

/* The next, or ANSWER_END: then what was covered is summed up. */
enum {
	ANSWER_END = 16, /* apart from enum answer_result */
	ANSWER_BY_WINDOWS,
};
_must_check_ int answer_next(struct answer_making *m, struct answer_input *i, struct source_item *ret);

/* Of a fault of the source, why it failed where that is known. */
_must_check_ int answer_source_failed(struct answer_making *m, const struct source *s, int error);

/* What is wrong with an item that measures something else. */
_must_check_ int answer_not_cpu(struct answer_making *m);

/* The end of a side's time, which may be now. */
int64_t answer_until(const struct answer_making *m, const struct question_side *side);

/* Matches that were given up for taking too many steps. */
uint64_t answer_n_given_up(const struct answer_making *m, const struct answer_input *i);

/* A side as a user would write it: "2026-11-29T10:00:00Z..2026-11-29T11:00:00Z,service=api". */
_must_check_ int answer_describe(const struct answer_making *m, const struct question_side *side, struct buf *ret);

_must_check_ int answer_put(struct answer_making *m, struct json_object *top);

/* Of another cpuhound, which answers it itself; or ANSWER_BY_WINDOWS: it does not, but may give its windows. */
_must_check_ int answer_of_hub(struct answer_making *m);

_must_check_ int answer_hogs(struct answer_making *m);
_must_check_ int answer_diff(struct answer_making *m);
_must_check_ int answer_flame(struct answer_making *m);
_must_check_ int answer_drawing(struct answer_making *m); /* an export that is one */
_must_check_ int answer_timeline(struct answer_making *m);
_must_check_ int answer_labels(struct answer_making *m);
_must_check_ int answer_export(struct answer_making *m);
