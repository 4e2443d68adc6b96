// SPDX-License-Identifier: Apache-2.0
#include "workload/label-set.h"

#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"

bool label_name_is_valid(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char digits[] = "0123456789";
	size_t size = strlen(name);

	if (size == 0 || size > LABEL_NAME_MAX_BYTES || strchr(digits, name[0]))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!strchr(letters, name[i]) && !strchr(digits, name[i]))
			return false;
	}
	return true;
}

static void label_done(struct label *label)
{
	free(label->name);
	free(label->value);
}

void label_set_done(struct label_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		label_done(&set->items[i]);
	set->n = 0;
}

static struct label *find(const struct label_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->items[i].name, name) == 0)
			return (struct label *)&set->items[i];
	}
	return NULL;
}

const char *label_set_find(const struct label_set *set, const char *name)
{
	const struct label *label = find(set, name);

	return label ? label->value : NULL;
}

void label_set_remove(struct label_set *set, const char *name)
{
	struct label *label = find(set, name);
	size_t i;

	if (!label)
		return;
	i = (size_t)(label - set->items);
	label_done(label);
	set->n--;
	memmove(label, label + 1, (set->n - i) * sizeof(*label));
}

/* Takes value in every case. */
static int add(struct label_set *set, const char *name, char *value)
{
	_cleanup_free_ char *owned = value;
	struct label *label = &set->items[set->n];

	if (set->n == LABEL_SET_MAX)
		return -ENOSPC;
	label->name = strdup(name);
	if (!label->name)
		return -ENOMEM;
	label->value = take_ptr(owned);
	set->n++;
	return 0;
}

int label_set_put(struct label_set *set, const char *name, const char *value)
{
	_cleanup_(buf_done) struct buf valid = {};
	struct label *label = find(set, name);
	int r;

	if (!label_name_is_valid(name))
		return -EINVAL;
	if (!value[0]) {
		label_set_remove(set, name);
		return 0;
	}
	r = utf8_add_valid(&valid, value, strlen(value), LABEL_VALUE_MAX_BYTES);
	if (r < 0)
		return r;
	if (!label)
		return add(set, name, take_ptr(valid.data));
	free(label->value);
	label->value = take_ptr(valid.data);
	return 0;
}

int label_set_copy(const struct label_set *set, struct label_set *ret)
{
	for (size_t i = 0; i < set->n; i++) {
		int r = label_set_put(ret, set->items[i].name, set->items[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}
