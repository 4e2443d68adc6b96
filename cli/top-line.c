// SPDX-License-Identifier: Apache-2.0
#include "cli/top-line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"
#include "cli/top-interval.h"
#include "common/buf.h"
#include "report/activity.h"

#define MAX_MORE_CHARS 24 /* of a library or a thread */

static double part(int64_t of, int64_t all)
{
	return all > 0 ? (double)of / (double)all : 0;
}

void top_line_numbers(const struct top_interval *i, const struct activity_row *row, struct top_numbers *ret)
{
	const struct activity_row *sum = activity_sum(i->activity);

	snprintf(ret->cores, sizeof(ret->cores), "%.3f", top_interval_cores(i, row->cpu_ns));
	snprintf(ret->share, sizeof(ret->share), "%.1f%%", 100 * part(row->cpu_ns, sum->cpu_ns));
	snprintf(ret->kernel, sizeof(ret->kernel), "%.0f%%", 100 * part(row->kernel_ns, row->cpu_ns));
}

static size_t n_chars(int64_t of, int64_t all, size_t width)
{
	size_t n = (size_t)(part(of, all) * (double)width + 0.5);

	return n || of <= 0 ? n : 1;
}

void top_line_bar(const struct top_interval *i, const struct activity_row *row, size_t width, size_t *ret_kernel,
		  size_t *ret_rest)
{
	const struct activity_row *sum = activity_sum(i->activity);
	size_t all = n_chars(row->cpu_ns, sum->cpu_ns, width), kernel = n_chars(row->kernel_ns, row->cpu_ns, all);

	*ret_kernel = kernel < all ? kernel : all;
	*ret_rest = all - *ret_kernel;
}

int top_line_add_name(const struct activity *a, const struct activity_row *row, size_t max_chars, struct buf *ret)
{
	_cleanup_(buf_done) struct buf more = {};
	bool is_pid = strcmp(activity_level(a, row->depth), "pid") == 0;
	const char *between = is_pid ? " " : " @ ";
	size_t more_chars;
	int r = 0;

	if (row->more[0])
		r = text_add(&more, row->more, MAX_MORE_CHARS);
	more_chars = more.size ? text_n_chars(&more) + strlen(between) : 0;
	if (more_chars >= max_chars / 2) /* the name itself comes first */
		more_chars = 0;
	if (r == 0)
		r = text_add_function(ret, row->name, max_chars - more_chars);
	return r == 0 && more_chars ? buf_printf(ret, "%s%s", between, more.data) : r;
}

int top_line_add_levels(const struct activity *a, struct buf *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < activity_n_levels(a); i++) {
		if (i)
			r = buf_add_str(ret, " > ");
		for (const char *p = activity_level(a, i); r == 0 && *p; p++)
			r = buf_add_char(ret, (char)toupper((unsigned char)*p));
	}
	return r;
}
