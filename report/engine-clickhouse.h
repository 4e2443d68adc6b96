/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine clickhouse: what ClickHouse has in the tables of packaging/clickhouse/schema.sql, as report/engine.h gives it.
 * Three questions are asked: how long each host was recorded; the largest stacks, once each; and sums of samples,
 * which name stacks by their hash: an answer with the frames in every row would be a hundred times as long.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct clickhouse;
struct engine_host;
struct engine_server;
struct profile;
struct window_info;

/* As of engine_open() and engine_next(). The server is borrowed. */
_must_check_ int clickhouse_new(struct engine_server *server, struct clickhouse **ret);
struct clickhouse *clickhouse_free(struct clickhouse *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct clickhouse *, clickhouse_free);
_must_check_ int clickhouse_next(struct clickhouse *c, struct profile **ret, struct window_info *ret_window);

/* Hosts that were recorded, whatever their labels. */
size_t clickhouse_n_hosts(const struct clickhouse *c);
void clickhouse_host(const struct clickhouse *c, size_t i, struct engine_host *ret);
