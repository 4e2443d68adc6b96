/* SPDX-License-Identifier: Apache-2.0 */
/* store verbs: what can be done with a store: one file a verb, cli/store-VERB.c, and a row each in cli/cmd-store.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/selection-options.h"
#include "store/store.h"

struct store_options {
	struct selection_options selection;
	bool json;
	char **arguments; /* behind the verb, of one that takes no selection */
	size_t n_arguments;
};

/* Each returns the exit code. The store is open as the verb's row says. */
int store_ls(const struct store_options *o, struct store *s);
int store_stat(const struct store_options *o, struct store *s);
int store_verify_all(const struct store_options *o, struct store *s);
int store_rebuild_all(const struct store_options *o, struct store *s);

/* For what ends a verb: one line on stderr; returns EXIT_ERROR. */
int store_fail(const struct store_options *o, const char *what, int error);
