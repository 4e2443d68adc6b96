// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8

#include "common/regex.h"

#include <pcre2.h>
#include <stdio.h>

/* As in workload/relabel.c: this ends a match after some 2 ms. */
#define MATCH_LIMIT_STEPS 100000
#define MATCH_LIMIT_KIB 512

struct regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	uint64_t n_given_up;
};

struct regex *regex_free(struct regex *r)
{
	if (!r)
		return NULL;
	pcre2_code_free(r->code);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->limits);
	free(r);
	return NULL;
}

static int compile(const char *text, enum regex_extent extent, pcre2_code **ret, char ret_why[static REGEX_WHY_BYTES])
{
	const uint32_t options =
		PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_INVALID_UTF;
	const uint32_t whole = extent == REGEX_WHOLE ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;
	PCRE2_UCHAR why[128];
	PCRE2_SIZE offset;
	int error;

	*ret = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options | whole, &error, &offset, NULL);
	if (*ret)
		return 0;
	pcre2_get_error_message(error, why, sizeof(why));
	snprintf(ret_why, REGEX_WHY_BYTES, "%s (at character %zu)", (const char *)why, (size_t)offset + 1);
	return REGEX_BAD;
}

int regex_new(const char *text, enum regex_extent extent, struct regex **ret, char ret_why[static REGEX_WHY_BYTES])
{
	_cleanup_(regex_freep) struct regex *regex = calloc(1, sizeof(*regex));
	int r;

	if (!regex)
		return -ENOMEM;
	r = compile(text, extent, &regex->code, ret_why);
	if (r != 0)
		return r;
	regex->match = pcre2_match_data_create(1, NULL);
	regex->limits = pcre2_match_context_create(NULL);
	if (!regex->match || !regex->limits)
		return -ENOMEM;
	pcre2_set_match_limit(regex->limits, MATCH_LIMIT_STEPS);
	pcre2_set_heap_limit(regex->limits, MATCH_LIMIT_KIB);
	*ret = take_ptr(regex);
	return 0;
}

bool regex_matches(struct regex *r, const char *text)
{
	int n = pcre2_match(r->code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, r->match, r->limits);

	if (n < 0 && n != PCRE2_ERROR_NOMATCH)
		r->n_given_up++;
	return n >= 0;
}

uint64_t regex_n_given_up(const struct regex *r)
{
	return r->n_given_up;
}
