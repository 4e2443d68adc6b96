/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer job: one request done and its reply made; INDEXER_DEBUG may ask the parent for files meanwhile. See
 * indexer.c for the loop.
 */
#pragma once

#include "symbolizer/indexer-wire.h"

/* The descriptors stay the caller's. */
void indexer_job_run(const struct indexer_request *request, int elf_fd, int out_fd, struct indexer_reply *ret);

/* Fills in a failure. The reason is cut to fit. */
void indexer_job_fail(struct indexer_reply *reply, int status, const char *reason);
