// SPDX-License-Identifier: Apache-2.0
#include "cli/profile-fail.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cli/command.h"
#include "cli/text.h"
#include "common/buf.h"
#include "common/log.h"

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
