/* SPDX-License-Identifier: Apache-2.0 */
/* xml text: foreign strings in SVG and HTML: nothing in them is markup, and all of it is allowed there. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct buf;

/*
 * Appends s, for the text of an element or a quoted attribute. What XML 1.0 does not allow, and marks that turn the
 * writing direction around, become U+FFFD. What is longer than max_chars loses its middle.
 */
_must_check_ int xml_text_add(struct buf *b, const char *s, size_t max_chars);
