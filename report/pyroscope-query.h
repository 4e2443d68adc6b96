/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pyroscope query: what is asked of a Pyroscope server's query API, and its answers (report/querier.proto), which are
 * foreign. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

#define PYROSCOPE_CPU_TYPE "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
#define PYROSCOPE_SAMPLES_TYPE "process_cpu:samples:count:cpu:nanoseconds"

struct engine_question;
struct selection;

/* A set of labels, sorted by name; its strings are its own. */
struct pyroscope_label {
	char *name, *value;
};
struct pyroscope_set {
	struct pyroscope_label *labels;
	size_t n;
};

struct pyroscope_sets {
	struct pyroscope_set *sets; /* in the order of their hosts, each once */
	size_t n;
};
void pyroscope_sets_done(struct pyroscope_sets *s); /* begins with `= {}` */

const char *pyroscope_set_host(const struct pyroscope_set *s); /* "": none */

/* Milliseconds, both included: [start, end]. */
struct pyroscope_span {
	int64_t start_ms, end_ms;
};

/*
 * A selector, as in Prometheus: {type, matchers, labels of the set}. of_hosts: of the matchers those of the label host.
 * sets: what the set does not have of the labels of the others is asked for as missing; NULL: there is no set.
 */
_must_check_ int pyroscope_add_selector(const struct selection *selection, bool of_hosts,
					const struct pyroscope_sets *sets, const struct pyroscope_set *set,
					struct buf *ret);

/* Requests, and the answers to the first two. Answers: -EBADMSG, -EFBIG: more sets, or points, than max. */
_must_check_ int pyroscope_add_series_request(const struct engine_question *question, const char *selector,
					      const struct pyroscope_span *span, struct buf *ret);
/* Added to the sets that are there. */
_must_check_ int pyroscope_read_series(const void *data, size_t size, size_t max_sets, struct pyroscope_sets *sets);

_must_check_ int pyroscope_add_times_request(const char *selector, const struct pyroscope_span *span, double step_s,
					     struct buf *ret);
/* When a host's profiles began, in the order of time. */
struct pyroscope_time {
	char *host;
	int64_t *points_ms;
	size_t n;
};
struct pyroscope_times {
	struct pyroscope_time *hosts;
	size_t n;
};
void pyroscope_times_done(struct pyroscope_times *t);
_must_check_ int pyroscope_read_times(const void *data, size_t size, size_t max_points, struct pyroscope_times *ret);

_must_check_ int pyroscope_add_profile_request(const char *type, const char *selector,
					       const struct pyroscope_span *span, struct buf *ret);

/*
 * How long a host was recorded whose profiles began at these times, sorted: each lasts until the next one begins, or,
 * before a gap, as long as most of them; a single one as long as the step.
 */
_must_check_ int pyroscope_wall_ms(const int64_t *points_ms, size_t n, int64_t step_ms, int64_t *ret);
