// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-jobs.h"

#include <string.h>
#include <sys/stat.h>

#include "common/clean.h"
#include "web/address.h"

#define DEADLY 2

static struct hub_job *find_free(struct hub_jobs *j)
{
	for (size_t i = 0; i < HUB_JOBS_MAX; i++)
		if (j->all[i].id == 0)
			return &j->all[i];
	return NULL;
}

static enum hub_lane lane_of(const struct web_request *request)
{
	switch (request->kind) {
	case WEB_PUSH:
		return HUB_LANE_INTAKE;
	case WEB_QUESTION:
		return HUB_LANE_PAGE;
	default:
		return HUB_LANE_READER;
	}
}

/* Behind those of this client, and what has begun; HUB_JOBS_BUSY. */
static int find_turn(const struct hub_jobs *j, const struct in6_addr *client, uint64_t *ret)
{
	size_t n = 0, n_of_client = 0;
	uint64_t last = j->turn;

	for (size_t i = 0; i < HUB_JOBS_MAX; i++) {
		const struct hub_job *job = &j->all[i];

		if (job->id == 0 || lane_of(&job->request) != HUB_LANE_PAGE)
			continue;
		n++;
		if (!web_address_is_neighbour(&job->request.client, client))
			continue;
		n_of_client++;
		if (job->turn > last)
			last = job->turn;
	}
	if (n >= HUB_JOBS_MAX_QUESTIONS || n_of_client >= HUB_JOBS_MAX_OF_ONE_CLIENT)
		return HUB_JOBS_BUSY;
	*ret = last + 1;
	return 0;
}

int hub_jobs_add(struct hub_jobs *j, uint64_t id, const struct web_request *request, int body_fd)
{
	struct hub_job *job = find_free(j);
	uint64_t n_bytes = 0, turn = 0;
	struct stat st;

	if (body_fd >= 0) {
		if (fstat(body_fd, &st) < 0)
			return -errno;
		n_bytes = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	}
	if (!job || n_bytes > HUB_JOBS_MAX_BODY_BYTES - j->n_body_bytes)
		return HUB_JOBS_FULL;
	if (lane_of(request) == HUB_LANE_PAGE && find_turn(j, &request->client, &turn) != 0)
		return HUB_JOBS_BUSY;
	*job = (struct hub_job){
		.id = id, .request = *request, .body_fd = body_fd, .n_body_bytes = n_bytes, .turn = turn
	};
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

struct hub_job *hub_jobs_find_same(struct hub_jobs *j, const struct hub_job *job, bool is_given)
{
	for (size_t i = 0; i < HUB_JOBS_MAX; i++) {
		struct hub_job *other = &j->all[i];

		if (other->id != 0 && other != job && other->is_given == is_given &&
		    web_request_asks_same(&other->request, &job->request))
			return other;
	}
	return NULL;
}

static bool is_before(const struct hub_job *a, const struct hub_job *b)
{
	return a->turn != b->turn ? a->turn < b->turn : a->id < b->id;
}

struct hub_job *hub_jobs_next(struct hub_jobs *j, enum hub_lane lane)
{
	struct hub_job *next = NULL;

	for (size_t i = 0; i < HUB_JOBS_MAX; i++) {
		struct hub_job *job = &j->all[i];

		if (job->id != 0 && !job->is_given && lane_of(&job->request) == lane &&
		    (!next || is_before(job, next)) && !hub_jobs_find_same(j, job, true))
			next = job;
	}
	return next;
}

void hub_jobs_begin(struct hub_jobs *j, struct hub_job *job)
{
	job->is_given = true;
	if (job->turn > j->turn)
		j->turn = job->turn;
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
