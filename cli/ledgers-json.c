// SPDX-License-Identifier: Apache-2.0
#include "cli/ledgers-json.h"

#include "cli/json.h"
#include "pprof/ledger-json.h"
#include "report/ledgers.h"

int ledgers_json_add(struct json_object *top, const struct ledgers *ledgers)
{
	const struct json_count counts[] = { { "n_ledgers", ledgers->n }, { "n_damaged_ledgers", ledgers->n_damaged } };
	int r;

	r = json_add_counts(top, counts, ARRAY_SIZE(counts));
	if (r < 0)
		return r;
	if (ledgers->n == 0)
		return json_add_null(top, "ledger");
	return ledger_json_add(top, "ledger", &ledgers->sum);
}
