/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contents: the first look at a Profile message (pprof/profile.proto): how much there is of everything, where in the
 * bytes it lies, and the numbers of the message itself. All of it is in the wire format then, but what is in locations;
 * what numbers refer to is not looked at.
 */
#pragma once

#include "pprof/fields.h"
#include "pprof/model.h"
#include "pprof/wire.h"

struct contents {
	struct model_sizes sizes;
	struct wire spans[PROFILE_N_FIELDS]; /* from the first field of this number to the last; borrowed bytes */
	uint64_t numbers[PROFILE_N_FIELDS];  /* of those fields that are one */
	uint64_t period_type[VALUE_TYPE_N_FIELDS];
};

/* -EBADMSG: not in the wire format, or a field is not of its type. */
_must_check_ int contents_measure(struct wire message, struct contents *ret);
