/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols view: what is indexed and what is missing, as text or as JSON. What a view shows is borrowed. Members of
 * JSON that are not known are null.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/clean.h"

struct binary;
struct buf;
struct index_catalog;
struct index_catalog_entry;
struct json_object;
struct missing;

/* What is known of a binary's inlined calls and lines. */
struct symbols_debug {
	bool is_read, has_lines;
	const char *path;    /* of the binary; NULL: not known */
	const char *source;  /* the file that they were read from, or "pclntab"; NULL: none */
	const char *failure; /* why there are none, or not all; NULL: none */
};
/* "in the file", "pclntab", "/usr/lib/debug/x.debug", or why there are none, or not all. */
const char *symbols_debug_to_string(const struct symbols_debug *d);
struct symbols_debug symbols_debug_of(const struct index_catalog_entry *e);

/* has_lines, debug_source, debug_failure */
_must_check_ int symbols_add_debug(struct json_object *object, const struct symbols_debug *d);
/* A string, or null for NULL. */
_must_check_ int symbols_add_string(struct json_object *object, const char *name, const char *value);

/* The cache's content. now_s: since the epoch. */
_must_check_ int symbols_ls_print(const struct index_catalog *c, const char *dir, int64_t now_s, FILE *out);
_must_check_ int symbols_ls_to_json(const struct index_catalog *c, const char *dir, struct json_object **ret);

/* One binary, with all that is known. */
_must_check_ int symbols_show_print(const struct index_catalog_entry *e, FILE *out);
_must_check_ int symbols_show_to_json(const struct index_catalog_entry *e, struct json_object **ret);

/* What came of a file that was just read. */
_must_check_ int symbols_added_print(const char *path, const struct binary *binary, FILE *out);
_must_check_ int symbols_added_to_json(const char *path, const struct binary *binary, struct json_object *ret);

/* What is missing in profiles. */
struct symbols_missing {
	const struct missing *missing;
	const struct index_catalog *catalog; /* for the reasons; NULL: there is none */
	size_t max_rows;
};
_must_check_ int symbols_missing_print(const struct symbols_missing *v, FILE *out);
_must_check_ int symbols_missing_to_json(const struct symbols_missing *v, struct json_object **ret);

/* In any JSON about an entry: key, build_id, path, n_bytes, used_s ... */
_must_check_ int symbols_add_entry(struct json_object *object, const struct index_catalog_entry *e);
