// SPDX-License-Identifier: Apache-2.0
#include "store/matcher.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/regex.h"
#include "pprof/profile.h"

struct matcher {
	char *text, *key, *value;
	bool is_negative;
	struct regex *regex; /* NULL: the value itself */
};

/* The longer ones first. */
static const struct operator
{
	const char *text;
	bool is_negative, is_regex;
}
operators[] = {
	{ "=~", false, true },
	{ "!~", true, true },
	{ "!=", true, false },
	{ "=", false, false },
};

static bool is_name_char(char c, bool is_first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!is_first && c >= '0' && c <= '9');
}

static size_t name_size(const char *text)
{
	size_t n = 0;

	while (is_name_char(text[n], n == 0))
		n++;
	return n;
}

static const struct operator* find_operator(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (strncmp(text, operators[i].text, strlen(operators[i].text)) == 0)
			return &operators[i];
	return NULL;
}

struct matcher *matcher_free(struct matcher *m)
{
	if (!m)
		return NULL;
	free(m->text);
	free(m->key);
	free(m->value);
	regex_free(m->regex);
	free(m);
	return NULL;
}

static int compile(struct matcher *m, char ret_why[static MATCHER_WHY_BYTES])
{
	int r = regex_new(m->value, REGEX_WHOLE, &m->regex, ret_why);

	return r == REGEX_BAD ? MATCHER_BAD : r;
}

const char *matcher_label(const char *word)
{
	return strcmp(word, "service") == 0 ? "service_name" : word;
}

static int set_key(struct matcher *m, const char *text, size_t size)
{
	_cleanup_free_ char *word = strndup(text, size);

	m->key = word ? strdup(matcher_label(word)) : NULL;
	return m->key ? 0 : -ENOMEM;
}

int matcher_new(const char *text, struct matcher **ret, char ret_why[static MATCHER_WHY_BYTES])
{
	_cleanup_(matcher_freep) struct matcher *m = NULL;
	size_t size = name_size(text);
	const struct operator* operator= size ? find_operator(text + size) : NULL;
	int r;

	if (!operator)
		return MATCHER_NOT_ONE;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->text = strdup(text);
	m->value = strdup(text + size + strlen(operator->text));
	m->is_negative = operator->is_negative;
	if (!m->text || !m->value)
		return -ENOMEM;
	r = set_key(m, text, size);
	if (r == 0 && operator->is_regex)
		r = compile(m, ret_why);
	if (r == 0)
		*ret = take_ptr(m);
	return r;
}

const char *matcher_key(const struct matcher *m)
{
	return m->key;
}

const char *matcher_text(const struct matcher *m)
{
	return m->text;
}

struct matcher_words matcher_words(const struct matcher *m)
{
	return (struct matcher_words){
		.key = m->key, .value = m->value, .is_negative = m->is_negative, .is_regex = m->regex
	};
}

static bool is_match(struct matcher *m, const char *value)
{
	return m->regex ? regex_matches(m->regex, value) : strcmp(m->value, value) == 0;
}

bool matcher_takes(struct matcher *m, const char *value)
{
	return is_match(m, value) != m->is_negative;
}

bool matcher_takes_sample(struct matcher *m, const struct profile_sample *sample)
{
	const struct profile_label *label = profile_find_label(sample, m->key);
	char number[24];

	if (!label || label->str)
		return matcher_takes(m, label ? label->str : "");
	snprintf(number, sizeof(number), "%" PRId64, label->num);
	return matcher_takes(m, number);
}

uint64_t matcher_n_given_up(const struct matcher *m)
{
	return m->regex ? regex_n_given_up(m->regex) : 0;
}
