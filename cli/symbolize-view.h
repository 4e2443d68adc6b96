/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize view: the answer to one address, as addr2line -f -i writes it, or as a line of JSON:
 *	{"addr":"0x1139","frames":[{"function":"inner","linkage_name":"_Z5innerv","file":"/src/a.cc","line":3}, ...]}
 * What is not known has no member.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct buf;
struct index_frame;

struct symbolize_view {
	bool json;
	bool with_addresses; /* in text: each answer begins with its address */
	bool mangled;        /* functions by their linkage names */
};

struct symbolize_reply {
	const char *word; /* what was asked for, where it is no address; else NULL */
	uint64_t addr;
	const struct index_frame *frames; /* innermost first; none: unknown */
	size_t n_frames;
};

/* Appends to ret. */
_must_check_ int symbolize_view_add(const struct symbolize_view *v, const struct symbolize_reply *reply,
				    struct buf *ret);
