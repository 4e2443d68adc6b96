/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binary debug: the debug info of the table's binaries: asked for once each by binaries_want_debug() (binary.h), and
 * found in the cache, or read by a child in the lane for it. That asks back for the files that it needs beside the
 * binary. What comes of it, also that there is none, is in the binary and in the cache. The table's thread.
 */
#pragma once

#include <stdint.h>

struct binaries;
struct binary_entry;
struct debug_need;
struct indexer_result;

/* The child's answer. */
void binary_debug_on_result(struct binaries *set, struct binary_entry *e, const struct indexer_result *result);

/* The child's question, while it reads what has this tag; as debug_source has it. context: the table. */
int binary_debug_find(void *context, uint64_t tag, const struct debug_need *need, int *ret_fd, char *ret_path);
