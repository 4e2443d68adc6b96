/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binary index: the way of a table's binary to its index: found in the cache, or made by a child in the lane for its
 * size. Where there is a cache, the child first tells the build id, which is part of the key there. A large index from
 * there is checked bit by bit: its rows can be had meanwhile, and it delays nobody. At the end the binary is no longer
 * PENDING. The table's thread.
 */
#pragma once

#include "common/clean.h"

struct binaries;
struct binary_entry;
struct indexer_result;

/* The next step; takes fd in every case. path names it for people. -EAGAIN: too many wait. */
_must_check_ int binary_index_request(struct binaries *set, struct binary_entry *e, int fd, const char *path);

/* The child's answer to it: the end of the way, or the step before the last. */
void binary_index_on_result(struct binaries *set, struct binary_entry *e, struct indexer_result *result);

/* A part of the check of one among the set's unchecked: the end of the way, or another step of it. */
void binary_index_check(struct binaries *set, struct binary_entry *e);
