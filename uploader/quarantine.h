/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quarantine: parts that a store refused for good, below bad/ of the store: upload-TARGET-ID-PART.pb.gz, which any
 * pprof tool opens, and beside it .txt with the answer. Bounded: the oldest make way.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "uploader/request.h"
#include "uploader/target.h"

#define QUARANTINE_MAX_FILES 128U
#define QUARANTINE_MAX_BYTES ((uint64_t)64 << 20)

struct quarantine_part {
	const char *target, *id;
	unsigned int part;
	const struct buf *pprof;
	const struct upload_response *response;
	const struct send_answer *answer;
};

/* bad/ is bad_fd. *ret_n_evicted: parts that made way. */
_must_check_ int quarantine_add(int bad_fd, const struct quarantine_part *part, unsigned int *ret_n_evicted);
