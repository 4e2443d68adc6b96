/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binary names: one name for each binary of several profiles, the first that was seen with its build id and place:
 * containers have the same library at many paths. What has no build id goes by its own name.
 */
#pragma once

#include "common/buf.h"
#include "common/clean.h"
#include "pprof/frame.h"
#include "pprof/pool.h"

struct profile_map;

struct binary_names {
	struct pool binaries; /* start, limit, offset and build id */
	struct pool names;    /* with their NULs */
	struct buf numbers;   /* uint32_t, by the number of the binary: of its name */
};

_must_check_ int binary_names_init(struct binary_names *b); /* binary_names_done() also after a failure */
void binary_names_done(struct binary_names *b);

/* The strings are borrowed: from map, and from b until the next call. */
_must_check_ int binary_names_map(struct binary_names *b, const struct profile_map *map, struct profile_mapping *ret);
