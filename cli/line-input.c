// SPDX-License-Identifier: Apache-2.0
#include "cli/line-input.h"

#include <string.h>

void line_input_init(struct line_input *in, int fd)
{
	in->fd = fd;
	in->is_at_end = in->is_skipping = false;
	in->start = in->end = 0;
}

static char *find_newline(const struct line_input *in)
{
	return memchr(in->data + in->start, '\n', in->end - in->start);
}

bool line_input_must_wait(const struct line_input *in)
{
	return !in->is_at_end && !find_newline(in);
}

static bool is_full(const struct line_input *in)
{
	return in->end - in->start == LINE_INPUT_BYTES;
}

/* There is room: a line that fills it all is handed out or skipped first. */
static int read_more(struct line_input *in)
{
	ssize_t n;

	memmove(in->data, in->data + in->start, in->end - in->start);
	in->end -= in->start;
	in->start = 0;
	do
		n = read(in->fd, in->data + in->end, LINE_INPUT_BYTES - in->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	in->is_at_end = n == 0;
	in->end += (size_t)n;
	return 0;
}

/* Up to the newline at stop, or up to there where it lies behind what fits. */
static const char *take(struct line_input *in, char *stop, bool is_whole)
{
	char *line = in->data + in->start;

	in->start = (size_t)(stop - in->data) + is_whole;
	*stop = 0;
	for (char *p = line; p < stop; p++)
		if (*p == 0)
			*p = '?';
	return line;
}

/* Drops the rest of a line whose beginning was handed out; false: more of it is to come. */
static bool skip(struct line_input *in)
{
	char *newline = find_newline(in);

	in->start = newline ? (size_t)(newline - in->data) + 1 : in->end;
	in->is_skipping = !newline;
	return newline;
}

int line_input_next(struct line_input *in, const char **ret)
{
	for (;;) {
		char *newline;
		int r;

		if (!in->is_skipping || skip(in)) {
			newline = find_newline(in);
			if (newline || is_full(in) || (in->is_at_end && in->start < in->end)) {
				in->is_skipping = !newline && !in->is_at_end;
				*ret = take(in, newline ? newline : in->data + in->end, newline);
				return 0;
			}
		}
		if (in->is_at_end)
			return LINE_INPUT_END;
		r = read_more(in);
		if (r < 0)
			return r;
	}
}
