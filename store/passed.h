/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passed: which raw windows the enabled targets are done with, as uploader/queue.h keeps it in targets/NAME.json. Read
 * once, by who wants to remove windows: what a target has not passed, it still wants.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define PASSED_MAX_TARGETS 32
#define PASSED_MAX_RANGES 64
#define PASSED_NAME_BYTES 65

struct passed_target {
	char name[PASSED_NAME_BYTES];
	struct {
		uint64_t first, last;
	} ranges[PASSED_MAX_RANGES];
	size_t n_ranges; /* none where the file is damaged, or of a newer version: then it wants all of them */
};

struct passed {
	struct passed_target targets[PASSED_MAX_TARGETS]; /* the enabled ones, in no order */
	size_t n_targets;
};

/* -E2BIG: more enabled targets than there is room for. */
_must_check_ int passed_read(int store_fd, struct passed *ret);

bool passed_by(const struct passed_target *t, uint64_t sequence);
bool passed_by_all(const struct passed *p, uint64_t sequence);

/* Pure: the text of targets/NAME.json. False: that target is not enabled; its name is the caller's to set. */
bool passed_parse(const char *text, size_t size, struct passed_target *ret);
