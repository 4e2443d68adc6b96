// SPDX-License-Identifier: Apache-2.0
#include "common/slots.h"

static void move(struct slot *all, size_t mask, struct slot from)
{
	size_t i = from.hash & mask;

	while (all[i].number != 0)
		i = (i + 1) & mask;
	all[i] = from;
}

int slots_reserve(struct slots *s, size_t n_used, size_t n_min)
{
	struct slots more = { .n = s->n ? 2 * s->n : n_min };

	if (n_used < s->n / 2)
		return 0;
	more.all = calloc(more.n, sizeof(*more.all));
	if (!more.all)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		if (s->all[i].number != 0)
			move(more.all, more.n - 1, s->all[i]);
	free(s->all);
	*s = more;
	return 0;
}

void slots_done(struct slots *s)
{
	free(s->all);
	*s = (struct slots){};
}
