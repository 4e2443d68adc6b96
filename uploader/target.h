/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target: a kind of central store: what it takes, how a batch becomes its requests, and what its answers mean. Pure: no
 * target opens a file, a socket, or knows the time. The queue (uploader/) splits, sends, waits and counts by what is
 * said here. Sources of the protocols and limits: each target's file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "pprof/part.h"
#include "uploader/request.h"

#define TARGET_REASON_BYTES 200

/* How a target was configured, [target NAME]. Borrowed; "" where nothing was said. Secrets are in it: never log one. */
struct target_config {
	const char *name;
	const char *url;
	const char *const *labels; /* "key=value": on every series, beside the profile's */
	size_t n_labels;
	const char *const *headers; /* "Name: value": on every request */
	size_t n_headers;
	/* s3 */
	const char *bucket, *prefix, *region, *cluster;
	bool virtual_host_style;
	const char *access_key, *secret_key, *session_token;
	/* clickhouse */
	const char *database;
};

/* The windows of one wall-aligned interval, merged. */
struct batch {
	char id[33]; /* hex: the idempotency key, on disk before the first send */
	const char *host;
	int64_t start_ns, end_ns; /* CLOCK_REALTIME, of the interval */
	const struct profile *profile;
};

/* What is split before it is sent. 0: no limit. */
struct target_limits {
	size_t max_bytes; /* of the uncompressed pprof */
	size_t max_samples;
	size_t max_frames;
	const char *const *series_keys; /* labels that make a series, NULL-terminated; NULL: none; a first "*": all
					   string labels */
	bool keeps_empty;               /* a batch without samples is sent all the same, for its time */
	int64_t part_shift_ns;          /* between parts of one series, which the store would else take for one */
};

enum send_result {
	SEND_DONE,
	SEND_RETRY,     /* later, with backoff */
	SEND_BOUNDED,   /* later, but not for ever: then it is quarantined */
	SEND_REJECTED,  /* never: quarantine */
	SEND_TOO_LARGE, /* split in two, then again */
	SEND_TOO_OLD,   /* the store takes no profile of that time any more: counted */
	SEND_CONFIG,    /* nothing will be taken until someone changes something: hold, and show */
};

struct send_answer {
	enum send_result result;
	uint32_t retry_after_s;           /* 0: not said */
	char reason[TARGET_REASON_BYTES]; /* one printable line; "" with SEND_DONE */
};

struct target_ops {
	const char *name;     /* "pyroscope": the kind, in [target NAME] and before the + in --to KIND+URL */
	uint64_t interval_ns; /* default of a batch */
	uint64_t max_age_ns;  /* what is older is not taken any more; 0: takes all */
	bool is_idempotent;   /* a repeated push changes nothing */
	struct target_limits limits;

	/* TARGET_BAD_CONFIG: ret_reason says which key lacks what. */
	int (*check)(const struct target_config *c, char ret_reason[static TARGET_REASON_BYTES]);
	/*
	 * The step-th request for one part (0, 1, ...); each is sent when the one before is done. TARGET_NO_MORE: there
	 * is none. now_ns: CLOCK_REALTIME, for signatures, corrected by what the server's Date told.
	 */
	int (*request)(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		       unsigned int step, int64_t now_ns, struct upload_request *ret);
	void (*classify)(const struct upload_response *r, struct send_answer *ret);
};

enum target_answer {
	TARGET_BAD_CONFIG = 1,
	TARGET_NO_MORE,
};

extern const struct target_ops target_pyroscope, target_parca, target_otlp, target_s3, target_clickhouse, target_http,
	target_hub;

/* NULL: there is no such kind. */
const struct target_ops *target_find(const char *kind);
