/* SPDX-License-Identifier: Apache-2.0 */
/*
 * viewer page: a flame graph as one HTML file: the viewer (web/viewer) with the graph in it, as gzip in base64. It
 * loads nothing, and a policy in it says so to the browser.
 */
#pragma once

#include "common/clean.h"

struct buf;
struct flame;

/* After flame_finish(). -EFBIG: it does not fit ret's limit. */
_must_check_ int viewer_page_add(const struct flame *f, struct buf *ret);
