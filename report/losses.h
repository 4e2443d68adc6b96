/* SPDX-License-Identifier: Apache-2.0 */
/*
 * losses: what is missing in a profile, and where. For each reason the samples whose stack ends in its marker
 * "[truncated: REASON]", the binaries and functions that they stopped in and the services that they are of; the same
 * for what the label `stack` says of how a whole stack was found. What has no stack stands in the ledger alone.
 *
 * The profile may be anybody's and the ledger missing, damaged, or of more samples than the file still has: what the
 * two say is kept apart. Names are borrowed from the profile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/ledgers.h"

struct profile;

#define LOSSES_MAX_GROUPS 64 /* of a kind: a ledger has half of it; what is more goes into the last */
#define LOSSES_REST "(other)"
#define LOSSES_NO_STACK "[no stack]" /* what has no frame, as in top.h: function and binary */

/* A function and its binary, or a binary ("": none), or a service ("(none)"). */
struct losses_row {
	const char *name;   /* NULL: a function without a name, at this address of its binary */
	const char *module; /* of a function; else "" */
	uint64_t address;
	int64_t n;
};

struct losses_rows {
	struct losses_row *rows; /* the largest first, then in the order of names */
	size_t n;
};

/* One reason, or one value of the label: its rows of each kind add up to n. */
struct losses_group {
	char name[LEDGER_REASON_SIZE]; /* longer ones are cut */
	int64_t n;
	uint64_t n_counted; /* what the ledger says; 0 for labels */
	struct losses_rows functions, binaries, services;
};

struct losses_groups {
	struct losses_group groups[LOSSES_MAX_GROUPS]; /* the largest first, then in the order of names */
	size_t n_groups;
	int64_t n;                                          /* of all groups */
	struct losses_row *functions, *binaries, *services; /* the memory of all rows */
};

struct losses {
	struct ledgers ledgers;
	size_t value_type; /* what is counted: samples, or the first type of a profile without them */
	int64_t n;         /* of all samples */
	struct losses_groups truncated;
	struct losses_groups stacks;
};

/* -ERANGE: a sum would not fit. */
_must_check_ int losses_of(const struct profile *p, struct losses *ret);
void losses_done(struct losses *l);

/* There is a ledger, no other is damaged, and each number of the samples is the ledger's. */
bool losses_match_ledger(const struct losses *l);
