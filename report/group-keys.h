/* SPDX-License-Identifier: Apache-2.0 */
/* group keys: what groups are made by, as somebody asks for it: "service,version", "function". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

#define GROUP_KEYS_MAX 8
#define GROUP_KEYS_MAX_BYTES 512

enum group_kind {
	GROUP_BY_LABEL,
	GROUP_BY_FUNCTION, /* with its library: the same name in another one is another; "[libz.so.1]": without names */
	GROUP_BY_LIBRARY,  /* with its build id */
	GROUP_BY_FILE,
	GROUP_BY_CATEGORY,
};

struct group_key {
	enum group_kind kind;
	const char *name;  /* as it was asked for: "service" */
	const char *label; /* "service_name"; of a kind that is no label, that */
};

struct group_keys {
	char text[GROUP_KEYS_MAX_BYTES]; /* what the keys point to: this is not copied */
	struct group_key keys[GROUP_KEYS_MAX];
	size_t n, n_labels, n_places; /* places: of frames, but the category */
	bool has_category;
};

enum group_keys_answer {
	GROUP_KEYS_BAD = 1, /* a name that no label can have, more than GROUP_KEYS_MAX, or the same twice */
};
_must_check_ int group_keys_parse(const char *text, struct group_keys *ret);
