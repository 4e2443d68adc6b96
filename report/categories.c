// SPDX-License-Identifier: Apache-2.0
#include "report/categories.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/glob.h"
#include "common/ini.h"
#include "report/default-categories.h"
#include "report/frame-table.h"

#define LIBRARY_MARK " @ "

enum subject {
	OF_USER,   /* a function of code that is not the kernel's */
	OF_KERNEL, /* a function of the kernel's */
	OF_LIBRARY,
};

/* All that is set must match. */
struct rule {
	uint32_t category;
	enum subject subject;
	char *glob;          /* of the function; NULL */
	struct regex *regex; /* found in it; NULL */
	char *library;       /* glob; NULL: any */
};

struct categories {
	char **names; /* of numbers from 1 on */
	size_t n_names;
	struct rule *rules;
	size_t n_rules;
};

static const struct rule_kind {
	const char *key;
	enum subject subject;
	bool is_regex;
} kinds[] = {
	{ "function", OF_USER, false },      { "function_regex", OF_USER, true }, { "kernel", OF_KERNEL, false },
	{ "kernel_regex", OF_KERNEL, true }, { "library", OF_LIBRARY, false },
};

struct categories *categories_free(struct categories *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n_names; i++)
		free(c->names[i]);
	for (size_t i = 0; i < c->n_rules; i++) {
		free(c->rules[i].glob);
		free(c->rules[i].library);
		regex_free(c->rules[i].regex);
	}
	free(c->names);
	free(c->rules);
	free(c);
	return NULL;
}

/* What went wrong with a line. */
static int bad(char why[static CATEGORIES_WHY_BYTES], unsigned int line, const char *what)
{
	snprintf(why, CATEGORIES_WHY_BYTES, "line %u: %s", line, what);
	return CATEGORIES_BAD;
}

/* A section may be there more than once: rules go by their order, whatever they are of. */
static int find_category(struct categories *c, const struct ini_item *item, uint32_t *ret,
			 char why[static CATEGORIES_WHY_BYTES])
{
	_cleanup_free_ char *name = NULL;

	if (asprintf(&name, "%s%s%s", item->section, item->name ? " " : "", item->name ?: "") < 0)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_names; i++) {
		if (strcmp(c->names[i], name) == 0) {
			*ret = (uint32_t)i + 1;
			return 0;
		}
	}
	if (c->n_names == CATEGORIES_MAX)
		return bad(why, item->line, "more than 255 categories");
	c->names[c->n_names++] = take_ptr(name);
	*ret = (uint32_t)c->n_names;
	return 0;
}

static const struct rule_kind *find_kind(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].key, key) == 0)
			return &kinds[i];
	return NULL;
}

static int set_pattern(struct rule *rule, const struct rule_kind *kind, const struct ini_item *item,
		       char why[static CATEGORIES_WHY_BYTES])
{
	char regex_why[REGEX_WHY_BYTES];
	int r;

	if (!kind->is_regex) {
		rule->glob = strdup(item->value);
		return rule->glob ? 0 : -ENOMEM;
	}
	r = regex_new(item->value, REGEX_ANYWHERE, &rule->regex, regex_why);
	return r == REGEX_BAD ? bad(why, item->line, regex_why) : r;
}

/* "GLOB @ LIBRARY": the value is cut there. */
static int take_library(struct rule *rule, const struct rule_kind *kind, struct ini_item *item)
{
	char *mark = kind->subject == OF_LIBRARY ? NULL : strstr(item->value, LIBRARY_MARK);

	if (!mark)
		return 0;
	*mark = 0;
	rule->library = strdup(mark + strlen(LIBRARY_MARK));
	return rule->library ? 0 : -ENOMEM;
}

static int add_rule(struct categories *c, uint32_t category, struct ini_item *item,
		    char why[static CATEGORIES_WHY_BYTES])
{
	const struct rule_kind *kind = find_kind(item->key);
	struct rule *rule = &c->rules[c->n_rules];
	int r;

	if (!kind)
		return bad(why, item->line, "a rule is function, function_regex, kernel, kernel_regex or library");
	if (!category)
		return bad(why, item->line, "a rule stands below the [name] of its category");
	if (!*item->value)
		return bad(why, item->line, "the rule matches nothing");
	if (c->n_rules == CATEGORIES_MAX_RULES)
		return bad(why, item->line, "more than 4096 rules");
	*rule = (struct rule){ .category = category, .subject = kind->subject };
	c->n_rules++;
	r = take_library(rule, kind, item);
	return r == 0 ? set_pattern(rule, kind, item, why) : r;
}

static int add_item(struct categories *c, uint32_t *category, struct ini_item *item,
		    char why[static CATEGORIES_WHY_BYTES])
{
	return item->section ? find_category(c, item, category, why) : add_rule(c, *category, item, why);
}

static int new_categories(struct categories **ret)
{
	_cleanup_(categories_freep) struct categories *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->names = calloc(CATEGORIES_MAX, sizeof(*c->names));
	c->rules = calloc(CATEGORIES_MAX_RULES + 1, sizeof(*c->rules));
	if (!c->names || !c->rules)
		return -ENOMEM;
	*ret = take_ptr(c);
	return 0;
}

int categories_parse(const char *text, size_t size, struct categories **ret, char ret_why[static CATEGORIES_WHY_BYTES])
{
	_cleanup_(categories_freep) struct categories *c = NULL;
	_cleanup_(buf_done) struct buf copy = {};
	uint32_t category = CATEGORY_OTHER;
	struct ini_item item;
	struct ini ini;
	int r = new_categories(&c);

	if (r == 0)
		r = buf_add(&copy, text, size);
	if (r < 0)
		return r;
	ini_init(&ini, copy.data, copy.size);
	while ((r = ini_next(&ini, &item)) != INI_END) {
		r = r == INI_BAD ? bad(ret_why, item.line, item.why) : add_item(c, &category, &item, ret_why);
		if (r != 0)
			return r;
	}
	*ret = take_ptr(c);
	return 0;
}

int categories_default(struct categories **ret)
{
	char why[CATEGORIES_WHY_BYTES];
	int r = categories_parse(default_categories, sizeof(default_categories) - 1, ret, why);

	assert(r <= 0); /* a unit test reads them, too */
	return r;
}

static bool matches_function(const struct rule *rule, const char *function)
{
	return rule->regex ? regex_matches(rule->regex, function) : glob_matches(rule->glob, function);
}

static bool matches(const struct rule *rule, const struct frame_info *frame)
{
	switch (rule->subject) {
	case OF_LIBRARY:
		return glob_matches(rule->glob, frame->library);
	case OF_USER:
		if (frame->kind != FRAME_USER && frame->kind != FRAME_JIT)
			return false;
		break;
	case OF_KERNEL:
		if (frame->kind != FRAME_KERNEL)
			return false;
		break;
	}
	return (!rule->library || glob_matches(rule->library, frame->library)) &&
	       matches_function(rule, frame->function);
}

uint32_t categories_match(const struct categories *c, const struct frame_info *frame)
{
	for (size_t i = 0; i < c->n_rules; i++)
		if (matches(&c->rules[i], frame))
			return c->rules[i].category;
	return CATEGORY_OTHER;
}

const char *categories_name(const struct categories *c, uint32_t number)
{
	return number == CATEGORY_OTHER ? "other" : c->names[number - 1];
}

int categories_find(const struct categories *c, const char *name, uint32_t *ret)
{
	for (size_t i = 0; i <= c->n_names; i++)
		if (strcmp(categories_name(c, (uint32_t)i), name) == 0) {
			*ret = (uint32_t)i;
			return 0;
		}
	return CATEGORIES_NONE;
}
