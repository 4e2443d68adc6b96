/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub jobs: the requests that wait for one of a hub's children, or are with one; and whom a child did not survive.
 * Bounded, with the bodies that they hold. They are dealt with in the order in which they came; but questions of the
 * page by turns, one of each client: who has many waits longer, and others do not. A question that a child is at is not
 * next a second time: its answer may do for all who ask the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/gateway-requests.h"
#include "store/stamp.h"
#include "web/request.h"

#define HUB_JOBS_MAX GATEWAY_MAX_REQUESTS
#define HUB_JOBS_MAX_BODY_BYTES ((uint64_t)256 << 20)
#define HUB_JOBS_N_LOST 32

#define HUB_JOBS_MAX_QUESTIONS 64
#define HUB_JOBS_MAX_OF_ONE_CLIENT 32

/* Which children a request is for. */
enum hub_lane {
	HUB_LANE_INTAKE,
	HUB_LANE_READER,
	HUB_LANE_PAGE,
};

struct hub_job {
	uint64_t id; /* the gateway keeper's, which grow; 0: free */
	struct web_request request;
	int body_fd; /* -1: none */
	uint64_t n_body_bytes;
	bool is_given;      /* a child has it */
	bool is_left;       /* whoever asked has gone; who asks the same waits for its answer */
	uint64_t turn;      /* of a question: the lowest is next */
	struct stamp stamp; /* of the store, when a question was given */
};

/* A part whose child ended. */
struct hub_lost {
	char batch[WEB_BATCH_BYTES];
	uint32_t part;
};

struct hub_jobs {
	struct hub_job all[HUB_JOBS_MAX];
	uint64_t n_body_bytes;
	uint64_t turn;                         /* of the question that was given last */
	struct hub_lost lost[HUB_JOBS_N_LOST]; /* a ring */
	size_t n_lost;
};

enum hub_jobs_answer {
	HUB_JOBS_FULL = 1,
	HUB_JOBS_BUSY, /* questions: in all, or of this client */
};

/* The body becomes theirs where it was added; -1: none. HUB_JOBS_FULL, HUB_JOBS_BUSY. */
_must_check_ int hub_jobs_add(struct hub_jobs *j, uint64_t id, const struct web_request *request, int body_fd);
struct hub_job *hub_jobs_find(struct hub_jobs *j, uint64_t id);
struct hub_job *hub_jobs_next(struct hub_jobs *j, enum hub_lane lane); /* that no child has; NULL: none */
/* Another job that asks the same question, which a child has, or which waits; NULL: none. */
struct hub_job *hub_jobs_find_same(struct hub_jobs *j, const struct hub_job *job, bool is_given);
void hub_jobs_begin(struct hub_jobs *j, struct hub_job *job); /* a child has it now */
void hub_jobs_remove(struct hub_jobs *j, struct hub_job *job);
void hub_jobs_done(struct hub_jobs *j);
size_t hub_jobs_count(const struct hub_jobs *j);

/* A child ended with it; and whether that was so twice before with this part. */
void hub_jobs_note_lost(struct hub_jobs *j, const struct web_hub_request *request);
bool hub_jobs_is_deadly(const struct hub_jobs *j, const struct web_hub_request *request);
