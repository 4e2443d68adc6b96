// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/perf-map.h"

#include <string.h>

#include "common/parse.h"

static void skip_spaces(const char **p, const char *end)
{
	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
}

/* A number in hex, with or without 0x, and the space behind it. */
static bool parse_number(const char **p, const char *end, uint64_t *ret)
{
	skip_spaces(p, end);
	if (end - *p > 2 && (*p)[0] == '0' && ((*p)[1] == 'x' || (*p)[1] == 'X'))
		*p += 2;
	if (parse_u64_at(p, end, 16, ret) < 0)
		return false;
	return *p < end && (**p == ' ' || **p == '\t');
}

static int parse_line(struct perf_map *m, const char *line, const char *end)
{
	uint64_t start, size;
	int r;

	if (end > line && end[-1] == '\r')
		end--;
	m->n_lines++;
	if (!parse_number(&line, end, &start) || !parse_number(&line, end, &size)) {
		m->n_bad++;
		return 0;
	}
	skip_spaces(&line, end);
	r = jit_code_add(m->code, start, size, line, (size_t)(end - line));
	m->n_bad += r == JIT_CODE_NONSENSE;
	m->is_full |= r == JIT_CODE_FULL;
	return r < 0 ? r : 0;
}

ssize_t perf_map_parse(struct perf_map *m, const char *text, size_t size, bool is_last)
{
	const char *at = text, *end = text + size;

	while (at < end && !m->is_full) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		int r;

		if (!newline && !is_last)
			break;
		r = parse_line(m, at, newline ? newline : end);
		if (r < 0)
			return r;
		at = newline ? newline + 1 : end;
	}
	return m->is_full ? (ssize_t)size : at - text;
}
