// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-jobs.h"

#include <string.h>
#include <sys/stat.h>

#include "common/clean.h"

#define DEADLY 2

static struct hub_job *find_free(struct hub_jobs *j)
{
	for (size_t i = 0; i < HUB_JOBS_MAX; i++)
		if (j->all[i].id == 0)
			return &j->all[i];
	return NULL;
}

int hub_jobs_add(struct hub_jobs *j, uint64_t id, const struct web_request *request, int body_fd)
{
	struct hub_job *job = find_free(j);
	uint64_t n_bytes = 0;
	struct stat st;

	if (body_fd >= 0) {
		if (fstat(body_fd, &st) < 0)
			return -errno;
		n_bytes = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	}
	if (!job || n_bytes > HUB_JOBS_MAX_BODY_BYTES - j->n_body_bytes)
		return HUB_JOBS_FULL;
	*job = (struct hub_job){ .id = id, .request = *request, .body_fd = body_fd, .n_body_bytes = n_bytes };
	j->n_body_bytes += n_bytes;
	return 0;
}

struct hub_job *hub_jobs_find(struct hub_jobs *j, uint64_t id)
{
	for (size_t i = 0; i < HUB_JOBS_MAX; i++)
		if (id != 0 && j->all[i].id == id)
			return &j->all[i];
	return NULL;
}

struct hub_job *hub_jobs_next(struct hub_jobs *j, bool is_push)
{
	struct hub_job *oldest = NULL;

	for (size_t i = 0; i < HUB_JOBS_MAX; i++) {
		struct hub_job *job = &j->all[i];

		if (job->id != 0 && !job->is_given && (job->request.kind == WEB_PUSH) == is_push &&
		    (!oldest || job->id < oldest->id))
			oldest = job;
	}
	return oldest;
}

void hub_jobs_remove(struct hub_jobs *j, struct hub_job *job)
{
	j->n_body_bytes -= job->n_body_bytes;
	close_fd(job->body_fd);
	job->id = 0;
}

void hub_jobs_done(struct hub_jobs *j)
{
	for (size_t i = 0; i < HUB_JOBS_MAX; i++)
		if (j->all[i].id != 0)
			hub_jobs_remove(j, &j->all[i]);
}

size_t hub_jobs_count(const struct hub_jobs *j)
{
	size_t n = 0;

	for (size_t i = 0; i < HUB_JOBS_MAX; i++)
		n += j->all[i].id != 0;
	return n;
}

void hub_jobs_note_lost(struct hub_jobs *j, const struct web_hub_request *request)
{
	struct hub_lost *lost = &j->lost[j->n_lost++ % HUB_JOBS_N_LOST];

	memcpy(lost->batch, request->batch, sizeof(lost->batch));
	lost->part = request->part;
}

bool hub_jobs_is_deadly(const struct hub_jobs *j, const struct web_hub_request *request)
{
	unsigned int n = 0;

	for (size_t i = 0; i < HUB_JOBS_N_LOST; i++)
		n += j->lost[i].part == request->part && strcmp(j->lost[i].batch, request->batch) == 0;
	return n >= DEADLY;
}
