/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledgers: the ledgers that stand in the comments of a profile, summed: one for each recording that was merged
 * into it, none in the profile of another tool.
 */
#pragma once

#include <stddef.h>

#include "pprof/ledger.h"

struct profile;

struct ledgers {
	struct ledger sum;
	size_t n;
	size_t n_damaged; /* lines that begin like a ledger and cannot be added; not in the sum */
};

void ledgers_of(const struct profile *p, struct ledgers *ret);

/* The three reasons of `not_delivered` by their names, with those that are 0. */
#define LEDGERS_N_NOT_DELIVERED 3
void ledgers_not_delivered(const struct ledger *l, struct ledger_reason ret[static LEDGERS_N_NOT_DELIVERED]);
