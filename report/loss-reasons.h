/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loss reasons: what the names in a ledger, in "[truncated: NAME]" and in the label `stack` mean, in plain words.
 * A newer recorder may write names that are not here: whoever shows them shows them without words.
 */
#pragma once

enum loss_kind {
	LOSS_TRUNCATED,     /* the sample is in the profile, its stack ends short */
	LOSS_LOST,          /* the tick was taken, its stack is not known */
	LOSS_NOT_DELIVERED, /* the tick was due and did not come */
	LOSS_STACK,         /* a value of the label `stack`: whole, but not walked as others are */
};

struct loss_reason {
	enum loss_kind kind;
	const char *name;
	const char *what;   /* what happened */
	const char *advice; /* what can be done about it, or that nothing need be */
};

/* NULL: unknown here. */
const struct loss_reason *loss_reason_find(enum loss_kind kind, const char *name);
