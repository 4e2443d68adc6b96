// SPDX-License-Identifier: Apache-2.0
/* losses as JSON: every reason of every kind, each list of places with its whole length. */
#include "cli/json.h"
#include "cli/ledgers-json.h"
#include "cli/losses-view.h"
#include "common/buf.h"
#include "pprof/profile.h"
#include "report/losses.h"

/* How the members of a place are called. */
struct place_names {
	const char *list, *n_list, *name;
	const char *module; /* NULL: it has none */
};

static const struct place_names functions = { "functions", "n_functions", "function", "binary" };
static const struct place_names binaries = { "binaries", "n_binaries", "binary", NULL };
static const struct place_names services = { "services", "n_services", "service", NULL };

static int append_place(struct json_object *array, const struct place_names *names, const struct losses_row *row)
{
	_cleanup_(buf_done) struct buf name = {};
	struct json_object *object = NULL;
	int r;

	r = losses_view_add_name(&name, row);
	if (r == 0)
		r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, names->name, name.data);
	if (r == 0 && names->module)
		r = json_add_string(object, names->module, row->module);
	return r < 0 ? r : json_add_number(object, "n_samples", row->n);
}

static int add_places(struct json_object *object, const struct place_names *names, const struct losses_rows *rows,
		      size_t max_rows)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_number(object, names->n_list, (int64_t)rows->n);
	if (r == 0)
		r = json_add_array(object, names->list, &array);
	for (size_t i = 0; r == 0 && i < rows->n && i < max_rows; i++)
		r = append_place(array, names, &rows->rows[i]);
	return r;
}

/* Nulls for a reason that this version does not know. */
static int add_words(struct json_object *object, enum loss_kind kind, const char *name)
{
	const struct loss_reason *reason = loss_reason_find(kind, name);
	int r;

	r = reason ? json_add_string(object, "what", reason->what) : json_add_null(object, "what");
	if (r < 0)
		return r;
	return reason ? json_add_string(object, "advice", reason->advice) : json_add_null(object, "advice");
}

static int add_counted(struct json_object *object, const struct losses_view *v, const struct losses_group *group)
{
	if (v->losses->ledgers.n == 0)
		return json_add_null(object, "n_in_ledger");
	return json_add(object, "n_in_ledger", json_object_new_uint64(group->n_counted));
}

static int append_group(struct json_object *array, const struct losses_view *v, enum loss_kind kind,
			const struct losses_group *group)
{
	struct json_object *object = NULL;
	int r;

	r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, kind == LOSS_STACK ? "stack" : "reason", group->name);
	if (r == 0)
		r = json_add_number(object, "n_samples", group->n);
	if (r == 0 && kind == LOSS_TRUNCATED)
		r = add_counted(object, v, group);
	if (r == 0)
		r = add_words(object, kind, group->name);
	if (r == 0)
		r = add_places(object, &binaries, &group->binaries, v->max_rows);
	if (r == 0)
		r = add_places(object, &functions, &group->functions, v->max_rows);
	return r < 0 ? r : add_places(object, &services, &group->services, v->max_rows);
}

static int add_groups(struct json_object *top, const char *name, const struct losses_view *v, enum loss_kind kind,
		      const struct losses_groups *groups)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, name, &array);
	for (size_t i = 0; r == 0 && i < groups->n_groups; i++)
		r = append_group(array, v, kind, &groups->groups[i]);
	return r;
}

static int append_ticks(struct json_object *array, enum loss_kind kind, const struct ledger_reason *reason)
{
	struct json_object *object = NULL;
	int r;

	r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, "reason", reason->name);
	if (r == 0)
		r = json_add(object, "n_ticks", json_object_new_uint64(reason->n));
	return r < 0 ? r : add_words(object, kind, reason->name);
}

static int add_ticks(struct json_object *top, const char *name, enum loss_kind kind,
		     const struct ledger_reason *reasons, size_t n)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, name, &array);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (reasons[i].n > 0)
			r = append_ticks(array, kind, &reasons[i]);
	return r;
}

static int add_lost(struct json_object *top, const struct ledger *l)
{
	struct ledger_reason not_delivered[LEDGERS_N_NOT_DELIVERED];
	int r;

	ledgers_not_delivered(l, not_delivered);
	r = add_ticks(top, "lost", LOSS_LOST, l->lost, l->n_lost);
	if (r < 0)
		return r;
	return add_ticks(top, "not_delivered", LOSS_NOT_DELIVERED, not_delivered, ARRAY_SIZE(not_delivered));
}

static int add_type(struct json_object *top, const struct profile_value_type *type)
{
	struct json_object *object = NULL;
	int r;

	r = json_add_object(top, "counted", &object);
	if (r == 0)
		r = json_add_string(object, "type", type->type);
	return r < 0 ? r : json_add_string(object, "unit", type->unit);
}

static int add_totals(struct json_object *top, const struct losses_view *v)
{
	const struct losses *l = v->losses;
	int r;

	r = ledgers_json_add(top, &l->ledgers);
	if (r == 0 && l->ledgers.n > 0)
		r = json_add(top, "matches_ledger", json_object_new_boolean(losses_match_ledger(l)));
	else if (r == 0)
		r = json_add_null(top, "matches_ledger");
	if (r == 0)
		r = add_type(top, &v->profile->sample_types[l->value_type]);
	if (r == 0)
		r = json_add_number(top, "n_samples", l->n);
	return r < 0 ? r : json_add_number(top, "n_truncated", l->truncated.n);
}

int losses_view_to_json(const struct losses_view *v, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	r = json_new_top(&top);
	if (r == 0)
		r = summary_add_file(top, &v->file);
	if (r == 0)
		r = add_totals(top, v);
	if (r == 0)
		r = add_groups(top, "truncated", v, LOSS_TRUNCATED, &v->losses->truncated);
	if (r == 0)
		r = add_groups(top, "stacks", v, LOSS_STACK, &v->losses->stacks);
	if (r == 0)
		r = add_lost(top, &v->losses->ledgers.sum);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}
