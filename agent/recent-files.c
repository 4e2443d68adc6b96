// SPDX-License-Identifier: Apache-2.0
#include "agent/recent-files.h"

void recent_files_init(struct recent_files *r)
{
	r->next = 0;
	for (size_t i = 0; i < RECENT_FILES; i++)
		r->all[i] = (struct recent_file){ .fd = -1, .root_fd = -1 };
}

static void forget(struct recent_file *file)
{
	file->fd = close_fd(file->fd);
	file->root_fd = close_fd(file->root_fd);
}

void recent_files_done(struct recent_files *r)
{
	for (size_t i = 0; i < RECENT_FILES; i++)
		forget(&r->all[i]);
}

void recent_files_put(struct recent_files *r, uint32_t module, int fd, int root_fd, uint64_t now_ns)
{
	struct recent_file *oldest = &r->all[r->next];

	forget(oldest);
	*oldest = (struct recent_file){ .module = module, .fd = fd, .root_fd = root_fd, .opened_ns = now_ns };
	r->next = (r->next + 1) % RECENT_FILES;
}

const struct recent_file *recent_files_find(const struct recent_files *r, uint32_t module)
{
	for (size_t i = 0; i < RECENT_FILES; i++) {
		if (r->all[i].fd >= 0 && r->all[i].module == module)
			return &r->all[i];
	}
	return NULL;
}

void recent_files_expire(struct recent_files *r, uint64_t now_ns)
{
	for (size_t i = 0; i < RECENT_FILES; i++) {
		if (r->all[i].fd >= 0 && now_ns - r->all[i].opened_ns > RECENT_FILES_NS)
			forget(&r->all[i]);
	}
}
