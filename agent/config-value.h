/* SPDX-License-Identifier: Apache-2.0 */
/* config value: the text of one key into its typed field, and back to nothing. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

struct config_key;
struct intern;

#define CONFIG_VALUE_MAX_BYTES 4096
#define CONFIG_LIST_MAX 256

/* CONFIG_BAD (config.h): why says what is wrong, and what would be right. Strings live in `strings`. */
_must_check_ int config_value_parse(const struct config_key *key, const char *text, struct intern *strings, void *field,
				    char *why, size_t why_size);
bool config_value_equal(const struct config_key *key, const void *a, const void *b);
void config_value_done(const struct config_key *key, void *field);
