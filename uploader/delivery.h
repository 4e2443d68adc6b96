/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery: one batch in memory, cut into its parts, and the request for one of them after another. It knows neither
 * queue nor socket: what is done with an answer is decided elsewhere, in the same way for the uploader and for a push
 * by hand.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"
#include "pprof/split.h"
#include "store/window.h"
#include "uploader/request.h"
#include "uploader/settings.h"
#include "uploader/target.h"

struct delivery {
	struct batch batch; /* its profile is owned */
	char host[WINDOW_HOST_BYTES];
	struct profile *profile;
	struct profile_split split;
	unsigned int step; /* of the part's requests */
};

/* The idempotency key: the same host, target, interval and first window give the same. */
void delivery_id(const char *host, const char *target, int64_t start_ns, uint64_t first_sequence, char ret[static 33]);

/* Takes the profile over in every case. id and host are copied. */
_must_check_ int delivery_init(struct delivery *d, const struct upload_settings *settings, const struct batch *batch,
			       struct profile *profile);
void delivery_done(struct delivery *d); /* of one that is all zero, too */

bool delivery_is_loaded(const struct delivery *d, const char *id);

/* DELIVERY_SINGLE: one sample cannot be halved. */
enum delivery_answer {
	DELIVERY_SINGLE = 1,
};
_must_check_ int delivery_halve(struct delivery *d, unsigned int part);
