/* SPDX-License-Identifier: Apache-2.0 */
/* export options: what `cpuhound export` was asked for. */
#pragma once

#include <stdbool.h>

#include "cli/label-list.h"
#include "cli/output.h"
#include "cli/report-options.h"
#include "common/clean.h"
#include "report/export.h"

struct export_options {
	struct report_options report;
	struct output output;
	bool has_format;
	enum export_format format;
	struct label_list by;
	const char *value; /* a value type's name; NULL: the format's own */
	enum normalize normalize;
};
#define EXPORT_OPTIONS_NONE                                                                                            \
	{                                                                                                              \
		.report = REPORT_OPTIONS_NONE                                                                          \
	}

extern const char export_usage[];

/* *ret_done: the exit code says it all. Ends with export_options_done() in every case. */
_must_check_ int export_options_parse(struct export_options *o, int argc, char **argv, bool *ret_done);
void export_options_done(struct export_options *o);
