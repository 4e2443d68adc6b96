/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp: whether a store may have changed, for who has not opened it: what stat() tells of its catalogue, in which
 * every window that comes or goes has a row. A writer that could not write its row (store/catalogue.h) does not show:
 * who goes by stamps does so for some seconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct stamp {
	int64_t database_ns, journal_ns; /* when each was written last; 0: it is not there, or empty */
	uint64_t n_database_bytes, n_journal_bytes;
};

/* store_fd: the directory; -1: there is none, and no two stamps of it differ. */
void stamp_take(int store_fd, struct stamp *ret);
bool stamp_is_same(const struct stamp *a, const struct stamp *b);
