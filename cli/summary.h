/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary: what there is to tell of a profile file, put together once, as text or as JSON. Borrows the profile and
 * its strings.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "common/clean.h"
#include "report/label-keys.h"
#include "report/ledgers.h"

struct json_object;
struct profile;

struct summary_file {
	const char *path; /* "-": standard input */
	const char *form; /* "gzip", "zstd", "raw" */
	size_t n_bytes;
};

struct summary {
	struct summary_file file;
	const struct profile *profile;
	struct ledgers ledgers;
	struct label_keys label_keys;
};

_must_check_ int summary_init(struct summary *s, const struct summary_file *file, const struct profile *p);
void summary_done(struct summary *s);

/* max_rows: of functions; in JSON, of each label's values too. */
_must_check_ int summary_print(const struct summary *s, FILE *out, size_t max_rows);
_must_check_ int summary_to_json(const struct summary *s, size_t max_rows, struct json_object **ret);

/* The fields that tell of the file, in any JSON about one. */
_must_check_ int summary_add_file(struct json_object *top, const struct summary_file *file);

/* What a comment is about, by how it begins; *ret is what stands behind that. */
enum comment_kind {
	COMMENT_OTHER,
	COMMENT_LEDGER,
	COMMENT_HOST,       /* "host NAME, Linux ...": NAME, Linux ... */
	COMMENT_UNREADABLE, /* "unreadable: FILE: REASON" */
};
enum comment_kind summary_comment_kind(const char *comment, const char **ret);

/* "2026-11-24T14:19:09Z", or "" where the profile has no time. */
#define SUMMARY_TIME_SIZE 32
void summary_format_time(const struct profile *p, char ret[static SUMMARY_TIME_SIZE]);

struct top;
/* How many values a label has, of its ranking: "(none)" is no value. */
size_t summary_n_values(const struct summary *s, const struct label_key *key, const struct top *values);
