/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label set: names and values, each name once, in the order in which they came. Owns its strings. Values are foreign:
 * they become valid UTF-8 and are cut at LABEL_VALUE_MAX_BYTES.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

#define LABEL_SET_MAX 64
#define LABEL_NAME_MAX_BYTES 128
#define LABEL_VALUE_MAX_BYTES 2048

struct label {
	char *name, *value;
};

/* Begins with `= {}`, ends with label_set_done(). */
struct label_set {
	struct label items[LABEL_SET_MAX];
	size_t n;
};

/* [a-zA-Z_][a-zA-Z0-9_]*, as Prometheus has it, and not longer than LABEL_NAME_MAX_BYTES. */
bool label_name_is_valid(const char *name);

void label_set_done(struct label_set *set);
/* Adds or replaces; an empty value removes. -ENOSPC: too many; -EINVAL: no valid name. */
_must_check_ int label_set_put(struct label_set *set, const char *name, const char *value);
void label_set_remove(struct label_set *set, const char *name);
const char *label_set_find(const struct label_set *set, const char *name);           /* NULL: there is none */
_must_check_ int label_set_copy(const struct label_set *set, struct label_set *ret); /* into an empty one */
