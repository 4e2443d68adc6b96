/* SPDX-License-Identifier: Apache-2.0 */
/* target start: what all targets do with their configuration: check it, and begin a request by it. Pure. */
#pragma once

#include "uploader/target.h"

/* URL, labels and headers. TARGET_BAD_CONFIG as target_ops.check has it. */
_must_check_ int target_check_start(const struct target_config *c, char ret_reason[static TARGET_REASON_BYTES]);

/* The URL with `path` behind it and the configured headers. method: static. */
_must_check_ int target_start_request(const struct target_config *c, const char *method, const char *path,
				      struct upload_request *ret);
_must_check_ int target_add_header(struct upload_request *r, const char *name, const char *value);

/* A body, gzipped, and the header that says so. */
_must_check_ int target_add_gzip_body(struct upload_request *r, const struct buf *plain);

/* Appends the part as a gzipped pprof. */
_must_check_ int target_add_pprof(const struct profile_part *part, const struct profile_part_options *options,
				  struct buf *ret);
