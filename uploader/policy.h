/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: what is done after an answer, or when there is none, and when the next try may be. Pure: the time is told
 * (CLOCK_MONOTONIC), and chance comes from a seed. One for each target: waiting for one delays no other.
 *
 * A failure that may be the part's own fault (many stores answer 500 to what they cannot read) is held against the part
 * only when the target took something else meanwhile: a store that is down for a day costs nothing, and a poisoned part
 * is out after three tries.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "uploader/request.h"
#include "uploader/target.h"

#define POLICY_MIN_BACKOFF_NS 1000000000ULL
#define POLICY_MAX_BACKOFF_NS 300000000000ULL
#define POLICY_MAX_STRIKES 10     /* of failures after which others were taken: one more, and the part is refused */
#define POLICY_STRIKES_ANSWERED 5 /* that an answer counts; 1 where none was heard, as happens on a bad line */
#define POLICY_MAX_TRIES 100      /* without that: some four hours of a target that takes nothing else */
#define POLICY_SAME_LIMITS 5 /* 429 in a row for one part while nothing else is sent: it is above the burst itself */

struct policy {
	uint64_t not_before_ns;  /* of the next request; CLOCK_MONOTONIC */
	unsigned int n_failures; /* in a row: the exponent of the backoff */
	bool is_holding;         /* until something is changed; it is tried now and then */
	uint64_t random;
};

enum policy_action {
	POLICY_GO_ON,           /* it was taken */
	POLICY_AGAIN,           /* not before policy's time */
	POLICY_AGAIN_AMBIGUOUS, /* the same, and it may have been taken: the repeat may be a duplicate */
	POLICY_LOSE_AMBIGUOUS,  /* it may have been taken, and is not sent again */
	POLICY_HALVE,
	POLICY_REFUSED, /* quarantine, then the next */
	POLICY_TOO_OLD, /* the next */
};

/* One request's end. */
struct policy_case {
	const struct upload_response *response;
	const struct send_answer *answer;
	bool is_idempotent;   /* the target */
	bool drops_ambiguous; /* on_ambiguous=drop */
	bool is_divisible;    /* the part has more than one sample */
	unsigned int n_tries; /* of this part that may be its own fault, with this one if it is one */
	unsigned int n_strikes;
	unsigned int n_limited; /* 429 in a row for this part, likewise */
};

/* How many strikes it is against the part if the target takes another; 0: this failure cannot be the part's fault. */
unsigned int policy_strikes(const struct upload_response *response, const struct send_answer *answer);

void policy_init(struct policy *p, uint64_t seed);

enum policy_action policy_judge(struct policy *p, const struct policy_case *c, uint64_t now_ns);

/* Something was changed (secrets, config): the next try may be at once. */
void policy_release(struct policy *p);

/* Where in an interval this host sends to this target: hosts that started together do not send together. */
uint64_t policy_phase_ns(const char *host, const char *target, uint64_t interval_ns);

/*
 * What a server's clock is ahead of ours (CLOCK_REALTIME), where an answer tells and it matters to a signature; else as
 * it was.
 */
int64_t policy_clock_offset_ns(const struct upload_response *response, int64_t now_ns, int64_t offset_ns);
