/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index strings: the pool of an index file's strings, each of them once, NUL-terminated; and what mangled names are
 * called, each demangled once. 12 to 32 bytes a string beside its own. Behind the pool come linkage names that are kept
 * apart: 16 bytes each, and they stay where they are until they are written. Belongs to the writer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "symbolizer/index-sink.h"
#include "symbolizer/index-writer.h"

struct index_strings {
	struct buf pool; /* begins with "" */
	struct index_string_slot *slots;
	size_t n_slots, n; /* n_slots is a power of two */
	size_t n_demangled;
	bool are_names_apart; /* see index_writer_keep_names_apart() */
	struct index_apart_name *apart;
	size_t n_apart, apart_capacity, n_apart_bytes;
};

_must_check_ int index_strings_init(struct index_strings *s);
void index_strings_done(struct index_strings *s);

/* Makes room for n more at once. Optional. */
_must_check_ int index_strings_reserve(struct index_strings *s, size_t n);

/* The string's offset, before index_strings_place(). data is cut at a NUL. -EFBIG: the pool is full. */
_must_check_ int index_strings_add(struct index_strings *s, const char *data, size_t size, uint32_t *ret);

/* Demangles a name that is added later. */
void index_strings_prepare_name(const struct index_strings *s, const char *data, size_t size,
				struct index_prepared_name *ret);

/* A linkage name, and what it is called: demangled, where it is mangled. prepared: NULL where it was not. */
_must_check_ int index_strings_add_name(struct index_strings *s, const char *data, size_t size,
					const struct index_prepared_name *prepared, struct index_name *ret);

/* Says what a linkage name is called; asked for later, it is not demangled again. */
_must_check_ int index_strings_add_known_name(struct index_strings *s, const char *name, const char *linkage_name,
					      struct index_name *ret);

/* Where a string that was added lies in what is written: known when all of them are there. */
uint32_t index_strings_place(const struct index_strings *s, uint32_t offset);
_must_check_ int index_strings_write(const struct index_strings *s, struct index_sink *sink);
