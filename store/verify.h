/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: reads a whole store and tells what is wrong with it, changing nothing: files that cannot be decoded or whose
 * checksum is not right, names that say something else than their file, ledgers that do not balance, or not with the
 * samples, and rows of the catalogue that readers would trust and that are wrong. Others may add and remove meanwhile.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/name.h"

#define VERIFY_MAX_PROBLEMS 1000 /* that are told one by one; all are counted */

struct verify_problem {
	struct window_path path; /* file "": of the folder */
	const char *what;        /* static */
};

/* Begins with `= {}`, ends with verification_done(). */
struct verification {
	uint64_t n_files, n_windows, n_samples; /* that are right */
	uint64_t n_unknown_files;               /* without a row that should be trusted: the next reader makes one */
	uint64_t n_problems;
	struct verify_problem *problems;
	size_t n_told;
};
void verification_done(struct verification *v);

struct store;

/* A store that is open to read. Faults are those of the disk. */
_must_check_ int store_verify(struct store *s, struct verification *ret);
