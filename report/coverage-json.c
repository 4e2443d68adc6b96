// SPDX-License-Identifier: Apache-2.0
#include "report/coverage-json.h"

#include "common/json.h"
#include "pprof/ledger-json.h"
#include "report/coverage.h"

static int add_hosts(struct json_object *parent, const struct coverage *c, int64_t until_ns)
{
	struct json_object *array = NULL, *o = NULL;
	size_t n;
	const struct coverage_host *hosts = coverage_hosts(c, &n);
	int r = json_add_array(parent, "hosts", &array);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = json_append_object(array, &o);
		if (r == 0)
			r = json_add_string(o, "host", hosts[i].name);
		if (r == 0)
			r = json_add_number(o, "wall_ns", (int64_t)hosts[i].wall_ns);
		if (r == 0)
			r = json_add_number(o, "end_ns", hosts[i].end_ns);
		if (r == 0)
			r = json_add(o, "is_silent",
				     json_object_new_boolean(coverage_is_silent(c, &hosts[i], until_ns)));
	}
	return r;
}

int coverage_json_add(struct json_object *top, const char *name, const struct coverage *c, int64_t until_ns)
{
	const struct coverage_totals *t = coverage_totals(c);
	const struct json_count counts[] = { { "n_windows", t->n_windows }, { "n_unread", t->n_unread } };
	double lost = coverage_lost(c);
	struct json_object *o = NULL;
	int r = json_add_object(top, name, &o);

	if (r == 0)
		r = json_add_number(o, "start_ns", t->start_ns);
	if (r == 0)
		r = json_add_number(o, "end_ns", t->end_ns);
	if (r == 0)
		r = json_add_counts(o, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = lost >= 0 ? json_add(o, "lost_share", json_object_new_double(lost))
			      : json_add_null(o, "lost_share");
	if (r == 0)
		r = t->n_ledgers ? ledger_json_add(o, "ledger", &t->ledger) : json_add_null(o, "ledger");
	return r == 0 ? add_hosts(o, c, until_ns) : r;
}
