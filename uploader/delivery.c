// SPDX-License-Identifier: Apache-2.0
#include "uploader/delivery.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "pprof/profile.h"

void delivery_id(const char *host, const char *target, int64_t start_ns, uint64_t first_sequence, char ret[static 33])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx hash;
	char text[WINDOW_HOST_BYTES + 256];
	int n = snprintf(text, sizeof(text), "%s\n%.128s\n%" PRId64 "\n%" PRIu64, host, target, start_ns,
			 first_sequence);

	sha256_init(&hash);
	sha256_update(&hash, (size_t)n, (uint8_t *)text);
	sha256_digest(&hash, sizeof(digest), digest);
	for (int i = 0; i < 16; i++)
		sprintf(ret + i * 2, "%02x", digest[i]);
}

int delivery_init(struct delivery *d, const struct upload_settings *settings, const struct batch *batch,
		  struct profile *profile)
{
	const struct target_limits *kind = &settings->kind->limits;
	const struct profile_split_limits limits = {
		.max_bytes = kind->max_bytes,
		.max_samples = kind->max_samples,
		.max_frames = kind->max_frames,
		.series_keys = settings->split_by ? settings->split_by : kind->series_keys,
		.keeps_empty = kind->keeps_empty,
	};
	int r;

	*d = (struct delivery){ .batch = *batch, .profile = profile };
	snprintf(d->host, sizeof(d->host), "%s", batch->host);
	d->batch.host = d->host;
	d->batch.profile = profile;
	r = profile_split_init(profile, &limits, &d->split);
	if (r < 0)
		delivery_done(d);
	return r;
}

void delivery_done(struct delivery *d)
{
	profile_split_done(&d->split);
	profile_free(d->profile);
	*d = (struct delivery){};
}

bool delivery_is_loaded(const struct delivery *d, const char *id)
{
	return d->profile && strcmp(d->batch.id, id) == 0;
}

int delivery_halve(struct delivery *d, unsigned int part)
{
	int r = profile_split_halve(&d->split, part);

	d->step = 0;
	return r == PROFILE_SPLIT_SINGLE ? DELIVERY_SINGLE : r;
}
