/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clickhouse rows: the answers to the questions of report/clickhouse-query.h, but the stacks (report/engine-stacks.h).
 * The bytes are foreign. Pure; used by one thread.
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/clean.h"
#include "common/intern.h"
#include "pprof/frame.h"
#include "report/engine-server.h"
#include "report/row-binary.h"

/* How long each host was recorded. Begins with `= {}`. */
struct clickhouse_hosts {
	struct engine_host *hosts; /* by name */
	size_t n;
	struct intern *names;
};

_must_check_ int clickhouse_hosts_read(struct clickhouse_hosts *h, const void *data, size_t size);
void clickhouse_hosts_done(struct clickhouse_hosts *h);

/* NULL: it is not there. */
const struct engine_host *clickhouse_hosts_find(const struct clickhouse_hosts *h, const char *name);

/* One sum; its strings live as long as the reader, its labels until the next call. */
struct clickhouse_sum {
	const char *host; /* "": none */
	const struct label *labels;
	size_t n_labels;
	uint64_t hash;
	int64_t n_samples, cpu_ns; /* not below 0 */
};

struct clickhouse_sums_reader {
	struct row_binary rows;
	const uint8_t *last; /* where the row of the last sum begins */
	size_t n;
	struct intern *strings;
	struct buf labels; /* struct label */
};

/* The bytes are borrowed. clickhouse_sums_reader_done() also after a failure. */
_must_check_ int clickhouse_sums_reader_init(struct clickhouse_sums_reader *r, const void *data, size_t size);
void clickhouse_sums_reader_done(struct clickhouse_sums_reader *r);

enum clickhouse_sums_answer {
	CLICKHOUSE_NO_MORE = 32, /* apart from enum fetch_answer */
	CLICKHOUSE_TOO_MANY,     /* rows than the question may have for an answer */
};
_must_check_ int clickhouse_sums_reader_next(struct clickhouse_sums_reader *r, struct clickhouse_sum *ret);

/* The last one is the next one as well. Returns 0. */
int clickhouse_sums_reader_again(struct clickhouse_sums_reader *r);
