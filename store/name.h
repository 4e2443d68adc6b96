/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name: where a window's file lies below the store, and what its name says:
 *
 *     windows/2026-11-29/01/20261129T014242.123Z-HOST-00000007.pb.zst          raw: start, host, sequence
 *     minutes/2026-11-29/20261129T014200.000Z-HOST-00000001-00000006.pb.zst    start, host, first and last sequence
 *     hours/2026-11-29/...                                                     likewise
 *
 * Names are in order of time. Each window has one name, and only a name that would be written so is read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/window.h"

#define NAME_BYTES 160
#define FOLDER_BYTES 32
#define NAME_SUFFIX ".pb.zst"

struct window_name {
	enum window_tier tier;
	int64_t start_ms; /* CLOCK_REALTIME */
	char host[WINDOW_HOST_BYTES];
	uint64_t first, last;
};

struct window_path {
	char folder[FOLDER_BYTES]; /* "windows/2026-11-29/01" */
	char file[NAME_BYTES];
};

/* "windows", "minutes", "hours": static. */
const char *name_of_tier_dir(enum window_tier tier);

/* Levels of folders below the tier's own. */
unsigned int name_tier_depth(enum window_tier tier);

/* What is no letter, digit, '.', '_' or '-' becomes '_'; cut at 64 bytes; nothing at all is "_". */
void name_spell_host(const char *host, char ret[static WINDOW_HOST_BYTES]);

void name_of_window(const struct window_info *info, struct window_name *ret);

/* -EINVAL: no such time, or sequences. */
_must_check_ int name_format(const struct window_name *name, struct window_path *ret);

/* NAME_OTHER: no window's file. */
enum name_answer {
	NAME_OTHER = 1,
};
_must_check_ int name_parse(enum window_tier tier, const char *file, struct window_name *ret);

/* Only the last sequence, of any name that ends in one. */
bool name_find_sequence(const char *file, uint64_t *ret);
