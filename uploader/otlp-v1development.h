/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp v1development: a profile as OpenTelemetry's profiles signal has it today
 * (opentelemetry/proto/profiles/v1development/profiles.proto, 1.11; names of attributes: semantic-conventions). The
 * signal is in development: whatever the next version changes becomes a file beside this one.
 *
 * samples/count with a period in cpu/nanoseconds, as OpenTelemetry's own profiler sends, and as Pyroscope makes CPU
 * time of it.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "pprof/profile.h"
#include "uploader/series-labels.h"

#define OTLP_V1DEVELOPMENT_PATH "/v1development/profiles"

/*
 * Appends an ExportProfilesServiceRequest of one profile of one resource. p: of pprof/part.h, so that it has nothing
 * which its samples do not need, and valid strings.
 */
_must_check_ int otlp_v1development_encode(const struct profile *p, const struct series_labels *resource,
					   const uint8_t profile_id[static 16], struct buf *ret);

/* How many profiles the answer to a request refuses, and why, as text into ret_message. -EBADMSG: no such answer. */
_must_check_ int otlp_v1development_rejected(const struct buf *answer, int64_t *ret_n, struct buf *ret_message);

/* Appends the message of an error's body, which is a google.rpc.Status; nothing of any other body. */
_must_check_ int otlp_v1development_error(const struct buf *answer, struct buf *ret_message);
