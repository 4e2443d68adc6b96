/* SPDX-License-Identifier: Apache-2.0 */
/* cache dir: where index files are kept when nobody says where: the system's place for root, a user's own else. */
#pragma once

#include "common/clean.h"

#define CACHE_DIR_SYSTEM "/var/cache/cpuhound"

struct buf;

/*
 * The directory: given where that is not NULL, else the default one, whose parent is made if missing; "": there is
 * none (a user without a home).
 */
_must_check_ int cache_dir_find(const char *given, struct buf *ret);
