/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template: text with {host}, {service}, {start}, {end}, {id}, {part} and {label:KEY} in it, filled in for one part of
 * a batch. Times are whole seconds since 1970; a label is the target's own, or one that all samples of the part have;
 * else it is empty. Values are percent-encoded (RFC 3986: all but letters, digits and "-._~"), in a URL and in a header
 * alike: so nothing foreign ends either. Pure.
 */
#pragma once

#include "common/buf.h"
#include "common/clean.h"
#include "uploader/target.h"

/* TEMPLATE_BAD: an unknown placeholder, or one that does not end; ret_reason says which. */
enum template_answer {
	TEMPLATE_BAD = 1,
};
_must_check_ int template_check(const char *text, char ret_reason[static TARGET_REASON_BYTES]);

/* Appends. -EINVAL: it would not pass template_check(). */
_must_check_ int template_add(const char *text, const struct target_config *c, const struct batch *b,
			      const struct profile_part *part, struct buf *ret);
