/* SPDX-License-Identifier: Apache-2.0 */
/* csv: cells of RFC 4180. */
#pragma once

#include "common/clean.h"

struct buf;

/* Appends a foreign string, made valid UTF-8, in quotes where it needs them. */
_must_check_ int csv_add(struct buf *b, const char *text);
