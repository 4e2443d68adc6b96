// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8

#include "workload/relabel.h"

#include <pcre2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "workload/label-set.h"

/* $0 to $99: nobody writes more. */
#define MAX_GROUPS 99

/* A match over a long value takes some thousand steps; at some 20 ns a step this ends one after 2 ms. */
#define MATCH_LIMIT_STEPS 100000
#define MATCH_LIMIT_KIB 512

/* What is expanded is cut there; label_set_put() then cuts between characters. */
#define EXPANDED_MAX_BYTES (LABEL_VALUE_MAX_BYTES + 4)

enum action {
	ACTION_REPLACE,
	ACTION_KEEP,
	ACTION_DROP,
	ACTION_LABELDROP,
	ACTION_LABELKEEP,
	ACTION_LABELMAP,
};

static const struct {
	const char *name;
	bool wants_sources, may_have_target;
} actions[] = {
	[ACTION_REPLACE] = { "replace", false, true },
	[ACTION_KEEP] = { "keep", true, false },
	[ACTION_DROP] = { "drop", true, false },
	[ACTION_LABELDROP] = { "labeldrop", false, false },
	[ACTION_LABELKEEP] = { "labelkeep", false, false },
	[ACTION_LABELMAP] = { "labelmap", false, false },
};

struct rule {
	enum action action;
	char *sources[RELABEL_MAX_SOURCES];
	size_t n_sources;
	char *separator, *target_label, *replacement;
	pcre2_code *regex;
};

struct relabel {
	struct rule *rules;
	size_t n;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	uint64_t n_given_up;
};

static void rule_done(struct rule *rule)
{
	for (size_t i = 0; i < rule->n_sources; i++)
		free(rule->sources[i]);
	free(rule->separator);
	free(rule->target_label);
	free(rule->replacement);
	pcre2_code_free(rule->regex);
	*rule = (struct rule){};
}

int relabel_new(struct relabel **ret)
{
	_cleanup_(relabel_freep) struct relabel *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->match = pcre2_match_data_create(MAX_GROUPS + 1, NULL);
	r->limits = pcre2_match_context_create(NULL);
	if (!r->match || !r->limits)
		return -ENOMEM;
	pcre2_set_match_limit(r->limits, MATCH_LIMIT_STEPS);
	pcre2_set_heap_limit(r->limits, MATCH_LIMIT_KIB);
	*ret = take_ptr(r);
	return 0;
}

struct relabel *relabel_free(struct relabel *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		rule_done(&r->rules[i]);
	free(r->rules);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->limits);
	free(r);
	return NULL;
}

static int _printf_(3, 4) bad(struct relabel_fault *ret, const char *key, const char *fmt, ...)
{
	va_list ap;

	ret->key = key;
	va_start(ap, fmt);
	vsnprintf(ret->why, sizeof(ret->why), fmt, ap);
	va_end(ap);
	return RELABEL_BAD;
}

static int find_action(const char *name, enum action *ret, struct relabel_fault *ret_fault)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(actions[i].name, name) == 0) {
			*ret = (enum action)i;
			return 0;
		}
	}
	return bad(ret_fault, "action", "no such action: replace, keep, drop, labeldrop, labelkeep or labelmap");
}

static int compile(const char *text, pcre2_code **ret, struct relabel_fault *ret_fault)
{
	uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY |
			   PCRE2_NEVER_BACKSLASH_C;
	uint32_t n_groups;
	PCRE2_SIZE offset;
	pcre2_code *regex;
	int error;

	regex = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);
	if (!regex) {
		PCRE2_UCHAR why[128];

		pcre2_get_error_message(error, why, sizeof(why));
		return bad(ret_fault, "regex", "%s (at character %zu)", (const char *)why, (size_t)offset + 1);
	}
	pcre2_pattern_info(regex, PCRE2_INFO_CAPTURECOUNT, &n_groups);
	if (n_groups > MAX_GROUPS) {
		pcre2_code_free(regex);
		return bad(ret_fault, "regex", "more than %d groups", MAX_GROUPS);
	}
	*ret = regex;
	return 0;
}

/* Where rules of Prometheus would silently do nothing, or drop everything, we say so. */
static int check(const struct relabel_spec *spec, enum action action, struct relabel_fault *ret_fault)
{
	const char *name = actions[action].name, *target = spec->target_label;

	if (actions[action].wants_sources && spec->n_source_labels == 0)
		return bad(ret_fault, "source_labels", "'%s' needs the labels to look at", name);
	if (action >= ACTION_LABELDROP && spec->n_source_labels > 0)
		return bad(ret_fault, "source_labels", "'%s' looks at the names of all labels", name);
	if (target[0] && !actions[action].may_have_target)
		return bad(ret_fault, "target_label", "'%s' sets no label", name);
	if (action == ACTION_REPLACE && !target[0])
		return bad(ret_fault, "target_label", "'replace' needs the label to set");
	if (target[0] && !strchr(target, '$') && !label_name_is_valid(target))
		return bad(ret_fault, "target_label", "'%.100s' is no name of a label: letters, digits, '_'", target);
	if (spec->n_source_labels > RELABEL_MAX_SOURCES)
		return bad(ret_fault, "source_labels", "more than %d labels", RELABEL_MAX_SOURCES);
	for (size_t i = 0; i < spec->n_source_labels; i++) {
		if (!label_name_is_valid(spec->source_labels[i]))
			return bad(ret_fault, "source_labels", "'%.100s' is no name of a label",
				   spec->source_labels[i]);
	}
	return 0;
}

static int copy_texts(const struct relabel_spec *spec, struct rule *rule)
{
	rule->separator = strdup(spec->separator);
	rule->target_label = strdup(spec->target_label);
	rule->replacement = strdup(spec->replacement);
	if (!rule->separator || !rule->target_label || !rule->replacement)
		return -ENOMEM;
	for (size_t i = 0; i < spec->n_source_labels; i++) {
		rule->sources[i] = strdup(spec->source_labels[i]);
		if (!rule->sources[i])
			return -ENOMEM;
		rule->n_sources++;
	}
	return 0;
}

int relabel_add(struct relabel *r, const struct relabel_spec *spec, struct relabel_fault *ret_fault)
{
	_cleanup_(rule_done) struct rule rule = {};
	struct rule *grown;
	int answer;

	if (r->n == RELABEL_MAX_RULES)
		return -ENOSPC;
	answer = find_action(spec->action, &rule.action, ret_fault);
	if (answer == 0)
		answer = check(spec, rule.action, ret_fault);
	if (answer == 0)
		answer = compile(spec->regex, &rule.regex, ret_fault);
	if (answer == 0)
		answer = copy_texts(spec, &rule);
	if (answer != 0)
		return answer;
	grown = reallocarray(r->rules, r->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->rules = grown;
	grown[r->n++] = rule;
	rule = (struct rule){};
	return 0;
}

/* A text that was matched, and the groups of that match in r->match. */
struct matched {
	struct relabel *r;
	const struct rule *rule;
	const char *text;
};

static bool match(struct relabel *r, const struct rule *rule, const char *text)
{
	int n = pcre2_match(rule->regex, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, r->match, r->limits);

	if (n < 0 && n != PCRE2_ERROR_NOMATCH)
		r->n_given_up++;
	return n >= 0;
}

/* buf: at most EXPANDED_MAX_BYTES; what is beyond is cut off. */
static int add_cut(struct buf *b, const char *s, size_t size)
{
	size_t room = EXPANDED_MAX_BYTES - b->size;

	return buf_add(b, s, size < room ? size : room);
}

static int add_group(const struct matched *m, const char *name, size_t size, struct buf *ret)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(m->r->match);
	uint32_t n = 0, n_groups;
	size_t i = 0;

	pcre2_pattern_info(m->rule->regex, PCRE2_INFO_CAPTURECOUNT, &n_groups);
	while (i < size && name[i] >= '0' && name[i] <= '9' && n <= MAX_GROUPS)
		n = n * 10 + (uint32_t)(name[i++] - '0');
	if (i < size || (name[0] == '0' && size > 1)) { /* no number */
		char text[LABEL_NAME_MAX_BYTES];
		int number;

		snprintf(text, sizeof(text), "%.*s", (int)size, name);
		number = pcre2_substring_number_from_name(m->rule->regex, (PCRE2_SPTR)text);
		if (number < 0)
			return 0;
		n = (uint32_t)number;
	}
	if (n > n_groups || ends[2 * n] == PCRE2_UNSET)
		return 0;
	return add_cut(ret, m->text + ends[2 * n], ends[2 * n + 1] - ends[2 * n]);
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/*
 * Go's Regexp.Expand, which Prometheus uses: $1, ${1}, $name, ${name}; $$ is a '$'; the longest name is taken, so $1x
 * is the group "1x"; a group that is not there is empty; a '$' before anything else stays.
 */
static int expand(const struct matched *m, const char *template, struct buf *ret)
{
	int r = buf_reserve(ret, 0);

	buf_clear(ret);
	while (r == 0 && *template) {
		size_t plain = strcspn(template, "$"), size = 0;
		bool braced;
		const char *name;

		r = add_cut(ret, template, plain);
		template += plain;
		if (r < 0 || !*template)
			break;
		braced = template[1] == '{';
		name = template + 1 + braced;
		while (is_name_char(name[size]))
			size++;
		if (size > 0 && (!braced || name[size] == '}')) {
			r = add_group(m, name, size, ret);
			template = name + size + braced;
		} else {
			r = add_cut(ret, "$", 1);
			template += template[1] == '$' ? 2 : 1;
		}
	}
	return r;
}

static int join_sources(const struct rule *rule, const struct label_set *labels, struct buf *ret)
{
	int r = buf_reserve(ret, 0);

	for (size_t i = 0; r == 0 && i < rule->n_sources; i++) {
		const char *value = label_set_find(labels, rule->sources[i]);

		if (i > 0)
			r = buf_add_str(ret, rule->separator);
		if (r == 0 && value)
			r = buf_add_str(ret, value);
	}
	return r;
}

static int replace(const struct matched *m, struct label_set *labels)
{
	_cleanup_(buf_done) struct buf target = {}, value = {};
	int r;

	r = expand(m, m->rule->target_label, &target);
	if (r == 0)
		r = expand(m, m->rule->replacement, &value);
	if (r < 0)
		return r;
	return label_name_is_valid(target.data) ? label_set_put(labels, target.data, value.data) : 0;
}

/* replace, keep and drop look at values. */
static int apply_to_values(struct relabel *r, const struct rule *rule, struct label_set *labels)
{
	_cleanup_(buf_done) struct buf joined = {};
	struct matched m = { .r = r, .rule = rule };
	bool matched;
	int answer;

	answer = join_sources(rule, labels, &joined);
	if (answer < 0)
		return answer;
	m.text = joined.data;
	matched = match(r, rule, joined.data);
	if (rule->action == ACTION_REPLACE)
		return matched ? replace(&m, labels) : 0;
	return matched == (rule->action == ACTION_DROP) ? RELABEL_DROPPED : 0;
}

static int map_label(struct relabel *r, const struct rule *rule, const struct label *label, struct label_set *labels)
{
	_cleanup_(buf_done) struct buf name = {};
	struct matched m = { .r = r, .rule = rule, .text = label->name };
	int answer;

	answer = expand(&m, rule->replacement, &name);
	if (answer < 0)
		return answer;
	return label_name_is_valid(name.data) ? label_set_put(labels, name.data, label->value) : 0;
}

/* labeldrop, labelkeep and labelmap look at names: those that there were when the rule began. */
static int apply_to_names(struct relabel *r, const struct rule *rule, struct label_set *labels)
{
	_cleanup_(label_set_done) struct label_set before = {};
	int answer = label_set_copy(labels, &before);

	for (size_t i = 0; answer == 0 && i < before.n; i++) {
		const struct label *label = &before.items[i];
		bool matched = match(r, rule, label->name);

		if (rule->action == ACTION_LABELMAP)
			answer = matched ? map_label(r, rule, label, labels) : 0;
		else if (matched == (rule->action == ACTION_LABELDROP))
			label_set_remove(labels, label->name);
	}
	return answer;
}

static void remove_temporary(struct label_set *labels)
{
	for (size_t i = labels->n; i-- > 0;) {
		if (strncmp(labels->items[i].name, "__", 2) == 0)
			label_set_remove(labels, labels->items[i].name);
	}
}

int relabel_apply(struct relabel *r, struct label_set *labels)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rules[i];
		int answer = rule->action >= ACTION_LABELDROP ? apply_to_names(r, rule, labels)
							      : apply_to_values(r, rule, labels);

		if (answer != 0)
			return answer;
	}
	remove_temporary(labels);
	return 0;
}

uint64_t relabel_n_given_up(const struct relabel *r)
{
	return r->n_given_up;
}
