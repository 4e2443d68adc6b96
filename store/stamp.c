// SPDX-License-Identifier: Apache-2.0
#include "store/stamp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "store/catalogue.h"

/* Whoever opens a catalogue to read it makes an empty journal and removes it: that is no change. */
static void look_at(int store_fd, const char *name, int64_t *ret_ns, uint64_t *ret_n_bytes)
{
	struct stat st;

	*ret_ns = 0;
	*ret_n_bytes = 0;
	if (fstatat(store_fd, name, &st, 0) < 0 || st.st_size <= 0)
		return;
	*ret_ns = (int64_t)st.st_mtim.tv_sec * (int64_t)NS_PER_S + st.st_mtim.tv_nsec;
	*ret_n_bytes = (uint64_t)st.st_size;
}

void stamp_take(int store_fd, struct stamp *ret)
{
	*ret = (struct stamp){};
	if (store_fd < 0)
		return;
	look_at(store_fd, CATALOGUE_NAME, &ret->database_ns, &ret->n_database_bytes);
	look_at(store_fd, CATALOGUE_NAME "-wal", &ret->journal_ns, &ret->n_journal_bytes);
}

bool stamp_is_same(const struct stamp *a, const struct stamp *b)
{
	return a->database_ns == b->database_ns && a->journal_ns == b->journal_ns &&
	       a->n_database_bytes == b->n_database_bytes && a->n_journal_bytes == b->n_journal_bytes;
}
