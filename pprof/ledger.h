/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: where every due tick of a window went. Plain counts; the balance is
 *
 *     due   = taken + idle_cpu + throttled + other
 *     taken = idle + filtered + in_profile + sum(lost)
 *
 * A tick is exactly one of idle, filtered, lost, in the profile, tested in this order. `truncated` tells of stacks
 * of samples that are in the profile and is in no sum. Ledgers of merged windows are summed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

#define LEDGER_MAX_REASONS 32
#define LEDGER_REASON_SIZE 24

struct ledger_reason {
	char name[LEDGER_REASON_SIZE]; /* [a-z0-9_]+ */
	uint64_t n;
};

struct ledger {
	uint64_t due, taken, idle, filtered, in_profile;
	struct {
		uint64_t idle_cpu;  /* an idle CPU got no tick */
		uint64_t throttled; /* the kernel had stopped the event */
		uint64_t other;     /* no known reason */
	} not_delivered;
	/* Frames of code of the samples in the profile, each sample's counted. In no sum of ticks. */
	struct ledger_frames {
		uint64_t named;       /* with a function */
		uint64_t module_only; /* with a module and an address in it */
		uint64_t unreadable;  /* in a file that could not be read */
	} frames;
	uint64_t windows;         /* that were merged into this */
	uint64_t reduced_windows; /* of these, with less detail than was asked for: a budget was exceeded */
	uint64_t down_ns;         /* between the end of the last window before it and the start of the recorder */
	size_t n_lost, n_truncated;
	struct ledger_reason lost[LEDGER_MAX_REASONS], truncated[LEDGER_MAX_REASONS];
};

/* Adds n to the named reason of `lost` or `truncated`, in name order; n 0 adds nothing. -ENOSPC: too many names. */
_must_check_ int ledger_add_lost(struct ledger *l, const char *name, uint64_t n);
_must_check_ int ledger_add_truncated(struct ledger *l, const char *name, uint64_t n);
/* n samples of the profile turn out to be filtered ones; a reason that some of them were truncated by. There are as
 * many. */
void ledger_filter(struct ledger *l, uint64_t n);
void ledger_sub_truncated(struct ledger *l, const char *name, uint64_t n);
_must_check_ int ledger_add(struct ledger *sum, const struct ledger *other);
bool ledger_balances(const struct ledger *l);
uint64_t ledger_sum_lost(const struct ledger *l);

/*
 * A ledger as a line of text, kept in the comments of a profile: "ledger WINDOW_ID due=.. taken=.. ... lost.NAME=..
 * truncated.NAME=.. frames.named=.. ... windows=1 reduced_windows=0 down_ns=0". Lines of older recorders end before
 * "frames.". The window's id keeps two equal ledgers apart when pprof merges profiles (it drops equal comments).
 * ledger_parse: a line that is no ledger is LEDGER_NOT_ONE; one that is damaged is -EBADMSG.
 */
enum ledger_answer {
	LEDGER_NOT_ONE = 1,
};
_must_check_ int ledger_format(const struct ledger *l, const char *window_id, struct buf *ret);
_must_check_ int ledger_parse(const char *line, struct ledger *ret);
