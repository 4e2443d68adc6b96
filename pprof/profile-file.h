/* SPDX-License-Identifier: Apache-2.0 */
/* profile file: a profile by the name that a user gave for it; "-" is standard input. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct profile;

struct profile_file {
	const char *path;
	const char *form; /* "gzip", "zstd", "raw" */
	size_t n_bytes;
	struct profile *profile;
};

/* Errors of the file itself, and of profile_decode(). */
_must_check_ int profile_file_read(const char *path, struct profile_file *ret);
void profile_file_done(struct profile_file *f);
