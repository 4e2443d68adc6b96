/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8: foreign bytes made valid text. The one choke point for every string that leaves the machine: a store
 * refuses a whole profile for one bad byte.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

/*
 * Appends s as valid UTF-8 without control characters: each byte that is no part of a well-formed sequence
 * (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF), or of a control character (C0, DEL, C1),
 * becomes U+FFFD.
 * At most limit_bytes are appended, cut between characters.
 */
_must_check_ int utf8_add_valid(struct buf *b, const char *s, size_t size, size_t limit_bytes);

/* Valid UTF-8 without control characters already. */
bool utf8_is_valid(const char *s, size_t size);

/* Lines of text, none empty, each with its newline, and a NUL behind them within so many bytes; no line is one, too. */
bool utf8_are_lines(const char *s, size_t capacity);
