/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch cache: the directory in which libdebuginfod keeps what it was given, BUILD_ID/debuginfo each. It removes what
 * nobody has read for a week; here it is kept within a number of bytes as well.
 */
#pragma once

#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"

#define FETCH_CACHE_FILE "debuginfo" /* in a directory named by the build id in hex */

/* Removes what was read longest ago, but for `newest`, until limit_bytes (st_blocks) suffice. */
_must_check_ int fetch_cache_prune(const char *path, uint64_t limit_bytes, const struct build_id *newest);
