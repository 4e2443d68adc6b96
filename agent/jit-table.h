/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit table: the programs that made code of their own, by number. A number is a place and a serial: nobody who kept the
 * number of one that has been forgotten meets its successor. What names samples of a window that is not yet written is
 * kept, and so are the parents of what is kept; the rest makes way when there is no room, used longest ago first. Owned
 * by jit_maps.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/jit-program.h"
#include "common/clean.h"

struct jit_table {
	struct jit_program *programs[JIT_MAX_PROCESSES];
	uint32_t n; /* places in use, or once used */
	uint32_t last_serial;
	uint64_t window, written; /* the one that samples belong to now; the last one that is written */
	uint64_t index_bytes;     /* of all programs: at most JIT_MAX_BYTES */
};

void jit_table_init(struct jit_table *t);
void jit_table_done(struct jit_table *t);

struct jit_program *jit_table_find(const struct jit_table *t, uint32_t number); /* NULL: none, or forgotten */

/* Makes a place; false: all programs are needed. */
bool jit_table_make_place(struct jit_table *t);
/* Into the place that was made; parent NULL: none. Takes the program. */
void jit_table_put(struct jit_table *t, struct jit_program *p, struct jit_program *parent);

/* It was sampled in the present window, and with it those whose code it runs. */
void jit_table_use(struct jit_table *t, struct jit_program *p, uint64_t time_ns);
/* Was it sampled in a window that is not yet written? */
bool jit_table_is_used(const struct jit_table *t, const struct jit_program *p);

/* Takes the index of one of its files in place of the one before; false, and it is gone: there is no room for it. */
bool jit_table_take_index(struct jit_table *t, struct jit_source *s, struct index *index);

/* Forgets what no window needs any more, but for these numbers and their parents. */
void jit_table_expire(struct jit_table *t, const uint32_t *numbers, size_t n);
