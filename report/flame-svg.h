/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame as SVG: a picture that opens anywhere: no script, the numbers of a frame in its <title>. Roots are at the top.
 * A frame is as wide as all its columns together; frames narrower than a pixel are left out and counted in the picture.
 * What is inlined wherever it was seen has its name in italics.
 */
#pragma once

#include "common/clean.h"

struct buf;
struct flame;

/* After flame_finish(). -EFBIG: it does not fit ret's limit. */
_must_check_ int flame_svg_add(const struct flame *f, struct buf *ret);
