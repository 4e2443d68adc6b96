/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile: a decoded profile of any producer, for reading. Bytes are foreign: every index and id is checked when it
 * is opened, so that readers need not. Owns all strings; what it points to does not change after profile_decode().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

/* The caps on what is accepted: a larger file is -EFBIG. */
#define PROFILE_MAX_FILE_BYTES ((size_t)256 << 20)
#define PROFILE_MAX_RAW_BYTES ((size_t)1 << 30)

struct profile_value_type {
	const char *type, *unit;
};

struct profile_function {
	const char *name, *system_name, *filename;
	int64_t start_line;
};

struct profile_line {
	const struct profile_function *function; /* NULL: unnamed */
	int64_t line;
};

struct profile_map {
	uint64_t start, limit, file_offset;
	const char *filename, *build_id;
	bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct profile_location {
	uint64_t address;
	const struct profile_map *mapping; /* NULL: none */
	const struct profile_line *lines;  /* innermost first */
	size_t n_lines;
	bool is_folded;
};

struct profile_label {
	const char *key;
	const char *str; /* NULL: a number */
	int64_t num;
	const char *num_unit;
};

struct profile_sample {
	const struct profile_location *const *locations; /* innermost first */
	size_t n_locations;
	const int64_t *values;              /* one for each sample type */
	const struct profile_label *labels; /* other samples with the same ones may share them */
	size_t n_labels;
};

struct profile {
	const struct profile_value_type *sample_types;
	size_t n_sample_types;
	const struct profile_sample *samples;
	size_t n_samples;
	const struct profile_map *mappings;
	size_t n_mappings;
	const struct profile_location *locations;
	size_t n_locations;
	const struct profile_function *functions;
	size_t n_functions;
	const char *const *comments;
	size_t n_comments;
	int64_t time_ns, duration_ns, period;
	struct profile_value_type period_type;
	size_t default_type; /* index into sample_types: the named one, else the last */
	const char *doc_url;
};

/*
 * Decodes gzip, zstd or raw bytes. -EBADMSG: no profile, or a damaged one; -EFBIG: beyond the caps. Strings are as
 * the producer wrote them: what prints them makes them valid.
 */
_must_check_ int profile_decode(const void *data, size_t size, struct profile **ret);
struct profile *profile_free(struct profile *p); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct profile *, profile_free);

/* Leaves out the samples whose flag is not set. The comments, and so the ledger, still tell of all of them. */
void profile_keep_samples(struct profile *p, const bool *is_kept);

/*
 * Multiplies the values of a type (an index). What is rounded off a sample goes to the next one, so that the sum is off
 * by half of one at most. -ERANGE: one would not fit.
 */
_must_check_ int profile_scale(struct profile *p, size_t type, double factor);

/* The sum of the values of a type. -ERANGE: it would not fit. */
_must_check_ int profile_sum(const struct profile *p, size_t type, int64_t *ret);

/* Gives a label to the samples that have none of this key. Once for a profile; the strings are borrowed for its life.
 */
_must_check_ int profile_set_missing_label(struct profile *p, const char *key, const char *value);

/* The last part of the mapping's file name; of a location's mapping: "" without one. */
const char *profile_map_module(const struct profile_map *m);
const char *profile_module(const struct profile_location *l);

/* The first label with this key, or NULL. */
const struct profile_label *profile_find_label(const struct profile_sample *s, const char *key);

struct buf;

#define PROFILE_MAX_NAME_BYTES 4096 /* of one frame, as text */

/*
 * Appends what people call a frame, as valid UTF-8: its function, or "libfoo.so.1+0x1234" where that has no name.
 * line: one of the location's, or NULL where it has none.
 */
_must_check_ int profile_add_frame_name(const struct profile_location *l, const struct profile_line *line,
					struct buf *ret);

/*
 * Folded text, as FlameGraph and others read: "root;...;leaf N", in byte order of the stacks; value type `type` (an
 * index). Equal stacks are one line; those that sum to 0 are left out. An unnamed frame is "libfoo.so.1+0x1234", a
 * sample without frames "[no stack]"; a ';' within a name becomes ':'.
 * root_labels: the values of these labels are the outermost frames of each stack, "(none)" where one is missing.
 * -EFBIG: the text would not fit ret's limit, which foreign profiles need: shared long names multiply.
 * -ERANGE: a sum beyond int64.
 */
_must_check_ int profile_fold(const struct profile *p, size_t type, const char *const *root_labels,
			      size_t n_root_labels, struct buf *ret);
