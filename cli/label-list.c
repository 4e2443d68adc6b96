// SPDX-License-Identifier: Apache-2.0
#include "cli/label-list.h"

#include <string.h>

#include "cli/options.h"
#include "common/log.h"
#include "store/matcher.h"

void label_list_done(struct label_list *l)
{
	free(l->text);
}

enum exit_code label_list_parse(struct label_list *l, const struct command *command, const char *value)
{
	char *rest, *word;

	if (l->text)
		return (enum exit_code)options_error(command, "--by can be given once: --by service,version");
	l->text = strdup(value);
	if (!l->text) {
		log_error("cannot go on: %s", strerror(ENOMEM));
		return EXIT_ERROR;
	}
	rest = l->text;
	while ((word = strsep(&rest, ","))) {
		if (!word[0])
			return (enum exit_code)options_error(command, "--by takes labels, as in service,version");
		if (l->n == LABEL_LIST_MAX)
			return (enum exit_code)options_error(command, "--by takes %d labels at most", LABEL_LIST_MAX);
		l->labels[l->n++] = matcher_label(word);
	}
	return EXIT_OK;
}
