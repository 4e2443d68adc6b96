/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config keys: the one table of what can be configured: the check, the template, `cpuhound check-config` and the
 * documentation come from it. A new key is a row and a field; a new kind of [section NAME] is a table of its keys.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_type {
	CONFIG_BOOL,     /* bool */
	CONFIG_NUMBER,   /* uint64_t; the name ends in the unit */
	CONFIG_DURATION, /* uint64_t, in ns */
	CONFIG_PATH,     /* const char *; NULL when empty */
	CONFIG_TEXT,     /* const char *; never NULL */
	CONFIG_LIST,     /* struct config_list; commas between the items */
	CONFIG_ADDRESS,  /* struct config_address */
};

struct config_key {
	const char *name;
	enum config_type type;
	const char *fallback; /* the default, as text */
	uint64_t min, max;    /* of a number, and of a duration in ns */
	bool required;        /* must not be empty */
	bool reloadable;      /* a running daemon takes it over */
	size_t offset;        /* in struct config, or in the item of a named section */
	const char *summary;
};

enum config_section_kind {
	CONFIG_PLAIN,
	CONFIG_OPEN,  /* holds any other key as well */
	CONFIG_NAMED, /* [section NAME], any number of them */
};

struct config_section {
	const char *name;
	enum config_section_kind kind;
	unsigned int daemons; /* enum config_daemon: who goes by it */
	const struct config_key *keys;
	size_t n_keys;
	bool reloadable;   /* the other keys, or all items of a named section */
	size_t item_bytes; /* of a named section */
	size_t offset;     /* of its struct config_items in struct config */
	const char *example;
	const char *summary;
};

extern const struct config_section config_sections[];
extern const size_t config_n_sections;

/* NULL: there is none. */
const struct config_section *config_section_find(const char *name);
const struct config_key *config_key_find(const struct config_section *section, const char *name);

/* What was probably meant, or NULL. */
const char *config_section_nearest(const char *name);
const char *config_key_nearest(const struct config_section *section, const char *name);
