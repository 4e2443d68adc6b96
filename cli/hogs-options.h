/* SPDX-License-Identifier: Apache-2.0 */
/* hogs options: what `cpuhound hogs` was asked for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/report-options.h"
#include "report/hogs.h"

enum hogs_format {
	HOGS_TABLE,
	HOGS_JSON,
	HOGS_CSV,
};

struct hogs_options {
	struct report_options report;
	const char *by;
	const char *categories; /* a file; NULL: the machine's, or what is built in */
	uint64_t vs_ns;         /* 0: nothing is to be compared */
	struct hogs_question question;
	enum hogs_format format;
	double fail_above; /* negative: nothing is too much */
	bool fails_by_percent;
};
#define HOGS_OPTIONS_NONE                                                                                              \
	{                                                                                                              \
		.report = REPORT_OPTIONS_NONE, .by = "service", .question.max_rows = 20, .fail_above = -1              \
	}
void hogs_options_done(struct hogs_options *o);

/* EXIT_OK and *ret_done false; or there is nothing more to do: the help was printed, or an error was. */
enum exit_code hogs_options_parse(struct hogs_options *o, int argc, char **argv, bool *ret_done);
