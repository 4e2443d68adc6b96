// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8

#include "store/matcher.h"

#include <inttypes.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "pprof/profile.h"

/* As in workload/relabel.c: this ends a match after some 2 ms. */
#define MATCH_LIMIT_STEPS 100000
#define MATCH_LIMIT_KIB 512

struct matcher {
	char *key, *value;
	bool is_negative;
	pcre2_code *regex; /* NULL: the value itself */
	pcre2_match_data *match;
	pcre2_match_context *limits;
	uint64_t n_given_up;
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
	free(m->key);
	free(m->value);
	pcre2_code_free(m->regex);
	pcre2_match_data_free(m->match);
	pcre2_match_context_free(m->limits);
	free(m);
	return NULL;
}

static int compile(struct matcher *m, char ret_why[static MATCHER_WHY_BYTES])
{
	const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY |
				 PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_INVALID_UTF;
	PCRE2_SIZE offset;
	int error;

	m->regex = pcre2_compile((PCRE2_SPTR)m->value, PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);
	if (!m->regex) {
		PCRE2_UCHAR why[128];

		pcre2_get_error_message(error, why, sizeof(why));
		snprintf(ret_why, MATCHER_WHY_BYTES, "%s (at character %zu)", (const char *)why, (size_t)offset + 1);
		return MATCHER_BAD;
	}
	m->match = pcre2_match_data_create(1, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->match || !m->limits)
		return -ENOMEM;
	pcre2_set_match_limit(m->limits, MATCH_LIMIT_STEPS);
	pcre2_set_heap_limit(m->limits, MATCH_LIMIT_KIB);
	return 0;
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
	m->key = size == strlen("service") && strncmp(text, "service", size) == 0 ? strdup("service_name")
										  : strndup(text, size);
	m->value = strdup(text + size + strlen(operator->text));
	m->is_negative = operator->is_negative;
	if (!m->key || !m->value)
		return -ENOMEM;
	r = operator->is_regex ? compile(m, ret_why) : 0;
	if (r == 0)
		*ret = take_ptr(m);
	return r;
}

const char *matcher_key(const struct matcher *m)
{
	return m->key;
}

static bool is_match(struct matcher *m, const char *value)
{
	int n;

	if (!m->regex)
		return strcmp(m->value, value) == 0;
	n = pcre2_match(m->regex, (PCRE2_SPTR)value, PCRE2_ZERO_TERMINATED, 0, 0, m->match, m->limits);
	if (n < 0 && n != PCRE2_ERROR_NOMATCH)
		m->n_given_up++;
	return n >= 0;
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
	return m->n_given_up;
}
