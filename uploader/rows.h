/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows: pieces of the JSON rows that databases read. A number that must stay exact is the caller's to quote. Pure.
 */
#pragma once

#include "uploader/target.h"

/* "2026-11-22 10:00:00.000000", with the quotation marks; UTC. */
_must_check_ int rows_add_time(int64_t time_ns, struct buf *ret);

/* {"key":"value",...}: the target's labels, then the sample's, numbers as text; no key twice, none of those in
 * `without` (NULL-terminated). */
_must_check_ int rows_add_labels(const struct target_config *c, const struct profile_sample *s,
				 const char *const *without, struct buf *ret);

/* The value of one label, the target's before the sample's; "" where there is none. */
_must_check_ int rows_add_label(const struct target_config *c, const struct profile_sample *s, const char *key,
				struct buf *ret);

/* ["leaf","its caller",...]; inlined functions are frames of their own. */
_must_check_ int rows_add_stack(const struct profile_sample *s, struct buf *ret);

/* As many: the last part of the name of the file that the frame is in; "" where there is none. */
_must_check_ int rows_add_libraries(const struct profile_sample *s, struct buf *ret);

/*
 * FNV-1a of the frames' names and libraries, each behind its length (4 bytes, little endian), so that no two stacks
 * run together.
 */
_must_check_ int rows_hash_stack(const struct profile_sample *s, uint64_t *ret);
