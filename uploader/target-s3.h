/* SPDX-License-Identifier: Apache-2.0 */
/* target s3: what may be asked of an S3 store beside what target_ops has. Pure. */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "uploader/target.h"

/* The GET of a part's pprof, which answers with the bytes of the PUT that was its first request. now_ns: as there. */
_must_check_ int target_s3_ask(const struct target_config *c, const struct batch *b, const struct profile_part *part,
			       int64_t now_ns, struct upload_request *ret);
