// SPDX-License-Identifier: Apache-2.0
#include "report/ledgers.h"

#include "pprof/profile.h"

void ledgers_of(const struct profile *p, struct ledgers *ret)
{
	*ret = (struct ledgers){};
	for (size_t i = 0; i < p->n_comments; i++) {
		struct ledger l;
		int r;

		r = ledger_parse(p->comments[i], &l);
		if (r == LEDGER_NOT_ONE)
			continue;
		if (r == 0)
			r = ledger_add(&ret->sum, &l);
		if (r == 0)
			ret->n++;
		else
			ret->n_damaged++;
	}
}

void ledgers_not_delivered(const struct ledger *l, struct ledger_reason ret[static LEDGERS_N_NOT_DELIVERED])
{
	ret[0] = (struct ledger_reason){ .name = "idle_cpu", .n = l->not_delivered.idle_cpu };
	ret[1] = (struct ledger_reason){ .name = "throttled", .n = l->not_delivered.throttled };
	ret[2] = (struct ledger_reason){ .name = "other", .n = l->not_delivered.other };
}
