// SPDX-License-Identifier: Apache-2.0
#include "report/stack-facts.h"

#include <string.h>

#include "pprof/profile.h"
#include "report/frame-table.h"

#define TRUNCATION "[truncated"

/* Of one location, from the first sample on that has it. */
struct location_facts {
	uint32_t n_code, n_named, n_folded;
	bool is_known;
	bool is_truncation; /* the outermost one */
};

bool stack_facts_is_marker(const struct profile_location *l, const char *function)
{
	return !l->mapping && (function[0] == '[' || function[0] == '(');
}

/* From the innermost to the outermost one. */
static void add_frame(struct location_facts *facts, const struct profile_location *l, const char *name)
{
	bool is_marker = stack_facts_is_marker(l, name);

	facts->n_code += !is_marker;
	facts->n_named += !is_marker && *name;
	facts->n_folded += is_marker && strcmp(name, FRAME_OTHER) == 0;
	facts->is_truncation = is_marker && strncmp(name, TRUNCATION, strlen(TRUNCATION)) == 0;
}

static void look_at(const struct profile_location *l, struct location_facts *facts)
{
	facts->is_known = true;
	if (l->n_lines == 0)
		add_frame(facts, l, "");
	for (size_t i = 0; i < l->n_lines; i++)
		add_frame(facts, l, l->lines[i].function ? l->lines[i].function->name : "");
}

static void sum_up(const struct profile *p, const struct profile_sample *s, struct location_facts *locations,
		   struct stack_facts *ret)
{
	for (size_t i = 0; i < s->n_locations; i++) {
		struct location_facts *facts = &locations[s->locations[i] - p->locations];

		if (!facts->is_known)
			look_at(s->locations[i], facts);
		ret->n_code += facts->n_code;
		ret->n_named += facts->n_named;
		ret->n_folded += facts->n_folded;
		ret->is_truncated = facts->is_truncation;
	}
}

int stack_facts_new(const struct profile *p, struct stack_facts **ret)
{
	_cleanup_free_ struct location_facts *locations = calloc(p->n_locations + 1, sizeof(*locations));
	struct stack_facts *facts = calloc(p->n_samples + 1, sizeof(*facts));

	if (!locations || !facts) {
		free(facts);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->n_samples; i++)
		sum_up(p, &p->samples[i], locations, &facts[i]);
	*ret = facts;
	return 0;
}
