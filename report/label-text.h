/* SPDX-License-Identifier: Apache-2.0 */
/* label text: what a sample is called after the values of some of its labels. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct buf;
struct profile_label;

#define LABEL_TEXT_NONE "(none)" /* a label that is not there */

/* Appends the values of these keys with ", " between them; a number has its unit behind it. Made valid UTF-8. */
_must_check_ int label_text_add(const struct profile_label *labels, size_t n_labels, const char *const *keys,
				size_t n_keys, struct buf *ret);
