/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables: what a profile under construction is made of. Everything is known by its number in a pool and refers to
 * other things by theirs, so that ten thousand stacks of forty frames fit a few megabytes.
 * Strings are made valid UTF-8 here, and only here. String 0 is "".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "pprof/frame.h"
#include "pprof/pool.h"

/*
 * The limits of one profile: -ENOSPC beyond. They are far above any window (an hour of a busy host has some 100k
 * stacks) and stop a profile that grows without end, be it by our own mistake.
 */
#define PROFILE_MAX_STRING_BYTES 4096 /* of one string; C++ names of 64 KiB exist, but nobody reads them */
#define PROFILE_MAX_STRINGS ((size_t)1 << 20)
#define PROFILE_MAX_STRINGS_BYTES ((size_t)128 << 20) /* of all strings */
#define PROFILE_MAX_MAPPINGS ((size_t)1 << 17)
#define PROFILE_MAX_FUNCTIONS ((size_t)1 << 20)
#define PROFILE_MAX_LOCATIONS ((size_t)1 << 21)
#define PROFILE_MAX_LOCATIONS_BYTES ((size_t)256 << 20)
#define PROFILE_MAX_LABEL_SETS ((size_t)1 << 18)
#define PROFILE_MAX_LABEL_SETS_BYTES ((size_t)64 << 20)
#define PROFILE_MAX_SAMPLES ((size_t)1 << 20)
#define PROFILE_MAX_SAMPLES_BYTES ((size_t)512 << 20)

/* The records. No hidden padding: they are compared as bytes. */
struct mapping_record {
	uint64_t start, limit, file_offset;
	uint32_t filename, build_id;
};

struct function_record {
	uint32_t name, system_name, filename, start_line;
};

struct line_record {
	uint32_t function, line;
};

#define NO_MAPPING UINT32_MAX

struct location_record {
	uint64_t address;
	uint32_t mapping; /* or NO_MAPPING */
	uint32_t n_lines;
	struct line_record lines[];
};

struct label_record {
	uint32_t key;
	uint32_t str; /* 0: a number */
	uint32_t num_unit;
	uint32_t zero;
	int64_t num;
};

struct sample_record {
	uint32_t label_set;
	uint32_t locations[];
};

struct sample_values {
	uint64_t count, cpu_ns;
};

struct tables {
	struct pool strings, mappings, functions, locations, label_sets, samples;
	struct sample_values *values; /* one for each of samples */
	size_t values_capacity;
};

_must_check_ int tables_init(struct tables *t); /* tables_done() also after a failure */
void tables_done(struct tables *t);

/* The number of the string as valid UTF-8, cut at PROFILE_MAX_STRING_BYTES. NULL is "". */
_must_check_ int tables_add_string(struct tables *t, const char *s, uint32_t *ret);
_must_check_ int tables_add_mapping(struct tables *t, const struct profile_mapping *m, uint32_t *ret);
_must_check_ int tables_add_function(struct tables *t, const struct frame *f, uint32_t *ret);

/* Adds to the values of this sample. -ERANGE: a sum would not fit the format's int64. */
_must_check_ int tables_add_sample(struct tables *t, const struct sample_record *s, size_t size, uint64_t count,
				   uint64_t cpu_ns);

/* The records, borrowed until something is added to the same table. */
const char *tables_string(const struct tables *t, uint32_t number, size_t *ret_size);
const struct mapping_record *tables_mapping(const struct tables *t, uint32_t number);
const struct function_record *tables_function(const struct tables *t, uint32_t number);
const struct location_record *tables_location(const struct tables *t, uint32_t number);
const struct label_record *tables_label_set(const struct tables *t, uint32_t number, size_t *ret_n);
const struct sample_record *tables_sample(const struct tables *t, uint32_t number, size_t *ret_n_locations);
