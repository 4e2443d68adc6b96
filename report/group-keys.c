// SPDX-License-Identifier: Apache-2.0
#include "report/group-keys.h"

#include <string.h>

static const struct {
	const char *name;
	enum group_kind kind;
} kinds[] = {
	{ "function", GROUP_BY_FUNCTION },
	{ "library", GROUP_BY_LIBRARY },
	{ "file", GROUP_BY_FILE },
	{ "category", GROUP_BY_CATEGORY },
};

static bool is_label_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.");

	return n > 0 && s[n] == 0 && !(s[0] >= '0' && s[0] <= '9');
}

static void count_key(struct group_keys *k, enum group_kind kind)
{
	k->n_labels += kind == GROUP_BY_LABEL;
	k->has_category |= kind == GROUP_BY_CATEGORY;
	k->n_places += kind != GROUP_BY_LABEL && kind != GROUP_BY_CATEGORY;
}

static int add_key(struct group_keys *k, const char *name)
{
	struct group_key *key = &k->keys[k->n];

	if (k->n == GROUP_KEYS_MAX || !is_label_name(name))
		return GROUP_KEYS_BAD;
	*key = (struct group_key){ GROUP_BY_LABEL, name, strcmp(name, "service") == 0 ? "service_name" : name };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			key->kind = kinds[i].kind;
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->keys[i].label, key->label) == 0)
			return GROUP_KEYS_BAD;
	k->n++;
	count_key(k, key->kind);
	return 0;
}

int group_keys_parse(const char *text, struct group_keys *ret)
{
	char *rest = ret->text, *name;
	int r = 0;

	*ret = (struct group_keys){};
	if (strlen(text) >= sizeof(ret->text))
		return GROUP_KEYS_BAD;
	strcpy(ret->text, text);
	while (r == 0 && (name = strsep(&rest, ",")))
		r = add_key(ret, name);
	return r;
}
