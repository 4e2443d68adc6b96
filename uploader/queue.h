/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue: how far one target has come in the store: which sequences are behind it, the batches that it has begun, and
 * what was counted. All of it is targets/NAME.json, which is replaced whole and durably:
 *
 *	{"version":1,"target":"NAME","enabled":true,"passed":[[0,41],[44,50]],
 *	 "open":[{"id":"32 hex digits","start_ns":N,"end_ns":N,"first":42,"last":43,"windows":2,
 *	          "parts":3,"halved":[1],"part":1,"sending":true,"tries":0,"strikes":0,"refused":0}],
 *	 "counters":{"sent_windows":40,...}}
 *
 * A batch stands for all windows of the store from its first to its last sequence. Its parts are sent in order (see
 * pprof/split.h); "halved" are those that were too large, in the order in which they were halved, "part" is the one
 * that comes next, and "sending" tells that it may have been taken already: whoever finds that at start counts a
 * possible duplicate.
 * Whoever deletes windows reads "passed": what lies outside of it, an enabled target still wants.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

#define QUEUE_VERSION 1
#define QUEUE_FILE_MAX_BYTES ((size_t)64 << 10)
#define QUEUE_NAME_BYTES 65
#define QUEUE_MAX_RANGES 64 /* each batch under way may part two, and so does each outage that is not made up for */
#define QUEUE_MAX_OPEN 4    /* one that is sent, and some that the store does not take while it takes others */
#define QUEUE_MAX_HALVED 64 /* of one batch: what is too large beyond that is refused */

struct queue_range {
	uint64_t first, last;
};

struct queue_batch {
	char id[33];
	int64_t start_ns, end_ns; /* CLOCK_REALTIME, of the interval */
	struct queue_range sequences;
	unsigned int n_windows;
	unsigned int n_parts; /* with those that halving made; 0: not known yet */
	unsigned int halved[QUEUE_MAX_HALVED], n_halved;
	unsigned int part;
	bool is_sending;
	unsigned int n_tries;   /* of this part, that failed in a way that may be its own fault */
	unsigned int n_strikes; /* of those after which the target took something else: policy_strikes() */
	unsigned int n_refused; /* parts that were not taken and never will */
	/* Not on disk: */
	unsigned int n_new_strikes; /* since the target took something else */
	bool is_repeat;             /* a request for this part has failed */
	bool is_saved;              /* its id is on disk */
};

/* What became of windows, parts and requests. All of them only grow. */
#define QUEUE_COUNTERS(X)                                                                                              \
	X(sent_batches)                                                                                                \
	X(sent_windows)        /* whole */                                                                             \
	X(partly_sent_windows) /* some parts were refused, or windows went away in the middle */                       \
	X(refused_windows)     /* all parts were */                                                                    \
	X(empty_windows)       /* without samples: there is nothing to send */                                         \
	X(sent_parts)                                                                                                  \
	X(sent_bytes) /* of the bodies, as they were sent */                                                           \
	X(requests)                                                                                                    \
	X(retried)        /* requests that were repeats */                                                             \
	X(cut_labels)     /* that the target's limits left out or shortened */                                         \
	X(splits)         /* parts that were too large for the target */                                               \
	X(rejected_parts) /* quarantined */                                                                            \
	X(rejected_samples)                                                                                            \
	X(too_old_windows)     /* the target does not take that time any more */                                       \
	X(too_old_parts)       /* the same, as the target told it */                                                   \
	X(ambiguous)           /* requests that may have been taken, and may not */                                    \
	X(possible_duplicates) /* parts that were sent again after that */                                             \
	X(possible_losses)     /* parts that were not */                                                               \
	X(evicted_windows)     /* gone from the store before they were sent */                                         \
	X(unreadable_windows)                                                                                          \
	X(quarantine_evicted) /* rejected parts that made way for others */

#define QUEUE_COUNTER_FIELD(name) uint64_t name;
struct queue_counters {
	QUEUE_COUNTERS(QUEUE_COUNTER_FIELD)
};

struct queue {
	char name[QUEUE_NAME_BYTES];
	bool is_enabled;
	struct queue_range passed[QUEUE_MAX_RANGES]; /* in order, apart by at least one */
	size_t n_passed;
	struct queue_batch open[QUEUE_MAX_OPEN];
	size_t n_open;
	struct queue_counters counters;
};

/* A name is 1 to 64 letters, digits, '-' and '_': it is part of a file's name. */
bool queue_is_name(const char *name);

void queue_init(struct queue *q, const char *name);

enum queue_answer {
	QUEUE_NEWER = 1, /* a later version wrote it: leave it alone */
	QUEUE_DAMAGED,   /* no such text */
	QUEUE_SET_ASIDE, /* damaged: it lies beside as NAME.json.bad now, and *ret begins anew */
};

/* Pure. QUEUE_NEWER, QUEUE_DAMAGED. */
_must_check_ int queue_parse(const char *text, size_t size, struct queue *ret);
_must_check_ int queue_format(const struct queue *q, struct buf *ret);

/* targets/ is dir_fd. One that is not there is new. QUEUE_NEWER, QUEUE_SET_ASIDE. */
_must_check_ int queue_read(int dir_fd, const char *name, struct queue *ret);
_must_check_ int queue_write(int dir_fd, const struct queue *q); /* durable when it returns */

bool queue_has_passed(const struct queue *q, uint64_t sequence);
uint64_t queue_last_passed(const struct queue *q); /* 0: none */

/* All sequences of the range are behind. -ENOSPC: too many ranges. */
_must_check_ int queue_pass(struct queue *q, struct queue_range range);

/* The part behind this one is next. */
void queue_batch_next(struct queue_batch *b);

/* This part was halved: its first half is next. -ENOSPC: too many were. */
_must_check_ int queue_batch_halve(struct queue_batch *b);

/* Index of the open batch that has a part on its way; n_open: none has. */
size_t queue_sending(const struct queue *q);

/* The open batch with that sequence, or NULL. */
struct queue_batch *queue_find_open(struct queue *q, uint64_t sequence);
void queue_remove_open(struct queue *q, struct queue_batch *b);
void queue_move_last(struct queue *q, struct queue_batch *b);
