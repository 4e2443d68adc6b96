/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind rules: the distinct rules of one binary, each with the number that rows know it by. Number 0 is the gap.
 * The most that a distribution's binary has is 884; what a hostile one has beyond UNWIND_MAX_RULES becomes the
 * unencodable rule. One thread; belongs to an unwind builder.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/clean.h"

struct unwind_rules {
	struct unwind_rule *all;
	size_t n, capacity;
	uint32_t *slots; /* open addressing over all[]: its index and one; 0: free */
	size_t n_slots;  /* a power of two */
};

_must_check_ int unwind_rules_init(struct unwind_rules *rules);
void unwind_rules_done(struct unwind_rules *rules);

_must_check_ int unwind_rules_number(struct unwind_rules *rules, const struct unwind_rule *rule, uint16_t *ret);
