// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-answers.h"

#include <fcntl.h>
#include <sys/stat.h>

static void drop(struct hub_answers *a, struct hub_kept_answer *kept)
{
	a->n_bytes -= kept->n_bytes;
	close_fd(kept->fd);
	kept->fd = 0;
}

static struct hub_kept_answer *find_free(struct hub_answers *a)
{
	for (size_t i = 0; i < HUB_ANSWERS_MAX; i++)
		if (a->all[i].fd == 0)
			return &a->all[i];
	return NULL;
}

static void drop_oldest(struct hub_answers *a)
{
	struct hub_kept_answer *oldest = NULL;

	for (size_t i = 0; i < HUB_ANSWERS_MAX; i++)
		if (a->all[i].fd != 0 && (!oldest || a->all[i].kept_ns < oldest->kept_ns))
			oldest = &a->all[i];
	if (oldest)
		drop(a, oldest);
}

void hub_answers_keep(struct hub_answers *a, const struct web_request *request, const struct stamp *stamp, int fd,
		      uint64_t now_ns)
{
	struct hub_kept_answer *kept;
	struct stat st;
	int own;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size > HUB_ANSWERS_MAX_BYTES)
		return;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 1); /* 0 is none */
	if (own < 0)
		return;
	while ((uint64_t)st.st_size > HUB_ANSWERS_MAX_BYTES - a->n_bytes || !find_free(a))
		drop_oldest(a);
	kept = find_free(a);
	*kept = (struct hub_kept_answer){
		.fd = own, .n_bytes = (uint64_t)st.st_size, .kept_ns = now_ns, .request = *request, .stamp = *stamp
	};
	a->n_bytes += kept->n_bytes;
}

int hub_answers_give(struct hub_answers *a, const struct web_request *request, const struct stamp *now)
{
	for (size_t i = 0; i < HUB_ANSWERS_MAX; i++) {
		const struct hub_kept_answer *kept = &a->all[i];
		int fd;

		if (kept->fd == 0 || !web_request_asks_same(&kept->request, request) ||
		    !stamp_is_same(&kept->stamp, now))
			continue;
		fd = fcntl(kept->fd, F_DUPFD_CLOEXEC, 1);
		a->n_given += fd >= 0;
		return fd;
	}
	return -1;
}

void hub_answers_forget(struct hub_answers *a, uint64_t now_ns)
{
	for (size_t i = 0; i < HUB_ANSWERS_MAX; i++)
		if (a->all[i].fd != 0 && a->all[i].kept_ns + HUB_ANSWERS_KEPT_NS < now_ns)
			drop(a, &a->all[i]);
}

void hub_answers_done(struct hub_answers *a)
{
	for (size_t i = 0; i < HUB_ANSWERS_MAX; i++)
		if (a->all[i].fd != 0)
			drop(a, &a->all[i]);
}
