/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clickhouse query: the questions that are asked of the tables of packaging/clickhouse/schema.sql, as SQL whose text
 * has nothing of the user in it: values are query parameters ({name:Type} and param_name=), which the server puts in
 * their place (clickhouse.com/docs/interfaces/http, "HTTP interface with query parameters"). Answers are rows in format
 * RowBinary. Pure.
 */
#pragma once

#include "common/buf.h"
#include "report/engine.h"

/* Bounds of the answers: what is smaller is added up as (other). */
#define CLICKHOUSE_MAX_STACKS 20000
#define CLICKHOUSE_MAX_DETAILS 200000 /* sums with a stack of their own */
#define CLICKHOUSE_MAX_ROWS 500000    /* with those of (other): the question asks for one more */
#define CLICKHOUSE_MAX_HOSTS 65536    /* likewise */
#define CLICKHOUSE_OTHER UINT64_C(0)  /* for the hash of a stack */

/* Begins with `= {}`. */
struct clickhouse_query {
	struct buf sql;
	struct buf parameters; /* of the URL: "&param_NAME=VALUE"..., escaped */
};
void clickhouse_query_done(struct clickhouse_query *q);

/*
 * Host String, Start Int64, End Int64, Wall Int64 (ns), Batches UInt64, in the order of the hosts: of the matchers
 * those of the label host.
 */
_must_check_ int clickhouse_query_hosts(const struct engine_question *question, struct clickhouse_query *ret);

/* Hash UInt64, Stack Array(String), Libraries Array(String): the largest stacks. */
_must_check_ int clickhouse_query_stacks(const struct engine_question *question, struct clickhouse_query *ret);

/*
 * Labels Map(String, String), ServiceName String ("" where nobody asks for it), Hash UInt64, Samples Int64,
 * Value Int64: sums, in the order of the hosts. A stack that is not among the largest is CLICKHOUSE_OTHER.
 */
_must_check_ int clickhouse_query_sums(const struct engine_question *question, struct clickhouse_query *ret);
