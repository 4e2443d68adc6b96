/* SPDX-License-Identifier: Apache-2.0 */
/* label list: the labels of --by service,version, as options name them. */
#pragma once

#include <stddef.h>

#include "cli/command.h"
#include "common/clean.h"

#define LABEL_LIST_MAX 8

/* Begins with `= {}`, ends with label_list_done(). */
struct label_list {
	char *text; /* what the names point into */
	const char *labels[LABEL_LIST_MAX];
	size_t n;
};
void label_list_done(struct label_list *l);

/* EXIT_OK, or it was told why not. */
enum exit_code label_list_parse(struct label_list *l, const struct command *command, const char *value);
