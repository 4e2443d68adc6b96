/* SPDX-License-Identifier: Apache-2.0 */
/* viewer files: the page of web/viewer in the program, made by web/viewer/pack when it is built. */
#pragma once

#include <stddef.h>

/* The page up to its title, from there to its data, and the rest. */
extern const char viewer_head[], viewer_middle[], viewer_tail[];
extern const size_t viewer_head_bytes, viewer_middle_bytes, viewer_tail_bytes;
