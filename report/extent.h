/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extent: what profiles were measured over: how many hosts, and for how long. Whatever their samples are: a service
 * that did not run in a window has used nothing of its time. Bounded. Used by one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "pprof/pool.h"
#include "report/wall-time.h"

#define EXTENT_MAX_HOSTS ((size_t)1 << 16)

struct selection;
struct source_item;
struct store;

struct extent {
	struct pool hosts; /* their names, each once */
	struct wall_time wall;
};

_must_check_ int extent_init(struct extent *e); /* extent_done() also after a failure */
void extent_done(struct extent *e);

/*
 * A file: its hosts are those that its comments name; one that names none is of the host "". -ENOSPC: more hosts than
 * EXTENT_MAX_HOSTS.
 */
_must_check_ int extent_add_file(struct extent *e, const struct source_item *item);

/* The windows of a store in the time of the selection; of its matchers, those of the label host count. */
_must_check_ int extent_add_store(struct extent *e, struct store *s, const struct selection *selection);

/* Seconds that some host was measured in; 0: nobody knows. */
double extent_seconds(struct extent *e);
size_t extent_n_hosts(const struct extent *e);
