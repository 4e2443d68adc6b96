/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go pgo: a profile as `go build -pgo=FILE` wants it: small, and the same for the same input. The compiler reads calls
 * and nothing else: which function calls which one, on which of its lines counted from its first, and how often; and of
 * each stack only the two innermost frames with what is inlined into them (Go's src/cmd/internal/pgo/pprof.go,
 * src/internal/profile/graph.go). So each sample here is one call, callee first, without addresses, mappings and
 * labels.
 *
 * Innermost frames that have no line are passed over: the kernel's, and C without debug info. What they cost is the
 * call's that led there, as in profiles that a Go program makes of itself. Samples whose callers are guessed (label
 * stack=guessed, docs/architecture.md) are left out: a call that was none would be inlined.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

/* Calls are written from the most expensive on, until this share of all is there: what Go takes for hot. */
#define GO_PGO_PERCENT 99

struct profile;

enum go_pgo_answer {
	GO_PGO_FOREIGN = 1, /* the values are not samples/count and cpu/nanoseconds */
	GO_PGO_NO_LINES,    /* no call has the lines that it needs */
};

struct go_pgo_counts {
	size_t n_calls, n_written;
	uint64_t n_guessed; /* samples that were left out */
};

/* Appends the serialized, uncompressed Profile message to ret, or nothing. */
_must_check_ int go_pgo_encode(const struct profile *p, struct buf *ret, struct go_pgo_counts *ret_counts);
