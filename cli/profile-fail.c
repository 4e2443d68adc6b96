// SPDX-License-Identifier: Apache-2.0
#include "cli/profile-fail.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cli/command.h"
#include "cli/text.h"
#include "common/buf.h"
#include "common/log.h"
#include "pprof/profile.h"

#define TYPE_CHARS 64

static const char *why(int error)
{
	switch (error) {
	case -EBADMSG:
		return "no profile (neither pprof nor gzip or zstd of one)";
	case -EFBIG:
		return "larger than a profile can be";
	case -ERANGE:
		return "its values are too large to be summed";
	default:
		return strerror(-error);
	}
}

int profile_fail(const char *path, int error)
{
	_cleanup_(buf_done) struct buf name = {};
	bool is_input = strcmp(path, "-") == 0;

	if (text_add(&name, path, TEXT_MAX_CHARS) < 0)
		return EXIT_ERROR;
	log_error("cannot read %s%s%s: %s", is_input ? "standard input" : "'", is_input ? "" : name.data,
		  is_input ? "" : "'", why(error));
	return EXIT_ERROR;
}

int profile_fail_type(const char *what, const char *path, const struct profile_value_type *type, const char *but)
{
	_cleanup_(buf_done) struct buf why_not = {};
	int r = buf_add_str(&why_not, "it measures ");

	if (r == 0)
		r = text_add(&why_not, type->type, TYPE_CHARS);
	if (r == 0)
		r = buf_add_char(&why_not, '/');
	if (r == 0)
		r = text_add(&why_not, type->unit, TYPE_CHARS);
	if (r == 0)
		r = buf_printf(&why_not, ": %s", but);
	return text_fail(what, path, r == 0 ? why_not.data : but);
}
