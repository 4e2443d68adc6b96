/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine pyroscope: a range of time of a Pyroscope server, by its query API (querier.v1.QuerierService, Connect over
 * HTTP), as report/engine.h gives it. An answer with stacks has no labels: there is a request for each set of those
 * that are asked for, of each day, of CPU time and of samples.
 *
 * What 1.21.1 gives back (measured): names, inlined functions, source lines, mappings with file and build id; not the
 * addresses, nor how long a profile lasted: that is told from when the profiles of a host began.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct engine_host;
struct engine_server;
struct profile;
struct pyroscope;
struct window_info;

/* As of engine_open() and engine_next(). The server is borrowed. */
_must_check_ int pyroscope_new(struct engine_server *server, struct pyroscope **ret);
struct pyroscope *pyroscope_free(struct pyroscope *p); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct pyroscope *, pyroscope_free);
_must_check_ int pyroscope_next(struct pyroscope *p, struct profile **ret, struct window_info *ret_window);

/* Hosts that were recorded, whatever their labels. */
size_t pyroscope_n_hosts(const struct pyroscope *p);
void pyroscope_host(const struct pyroscope *p, size_t i, struct engine_host *ret);
