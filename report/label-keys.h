/* SPDX-License-Identifier: Apache-2.0 */
/* label keys: which labels the samples of a profile have, in the order of their names. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct profile;

struct label_key {
	const char *name; /* borrowed from the profile */
	size_t n_samples; /* that have it */
};

struct label_keys {
	struct label_key *keys;
	size_t n;
};

_must_check_ int label_keys_of(const struct profile *p, struct label_keys *ret);
void label_keys_done(struct label_keys *k);
