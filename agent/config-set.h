/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config set: one assignment after the other into a config that is being built. Every one is checked, also those that
 * a later one overrides. What is wrong is told in the report; the functions themselves only fail for want of memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/config.h"
#include "common/clean.h"

struct config_key;
struct config_section;
struct intern;

#define CONFIG_MAX_SETTINGS 4096 /* keys of all sections */
#define CONFIG_MAX_ITEMS 256     /* sections of one kind */
#define CONFIG_MAX_LABELS 32     /* static ones */
#define CONFIG_NAME_MAX_BYTES 128
#define CONFIG_STRINGS_LIMIT_BYTES ((size_t)4 << 20)

struct config_setting {
	const struct config_section *section;
	const char *instance;         /* NULL, or of a named section */
	const struct config_key *key; /* NULL: a key of an open section that is in no table */
	const char *name, *text, *origin;
	const char *section_origin; /* of a named section: where it was first named */
	unsigned int source;        /* which file or flag set it */
	size_t order;               /* when it was first named */
};

struct config_settings {
	struct intern *strings;
	struct config_setting *items;
	size_t n;
};

struct config_builder {
	struct config *config;
	struct config_report *report;
	unsigned int source; /* raised for each file and flag: a key must not come twice in one */
	bool full;           /* a limit was reached: something is missing, and told */
};

/* Every key of every section that has no name of its own, at its default. */
_must_check_ int config_set_defaults(struct config_builder *b);

/* [section instance] name = text, said at origin; instance may be NULL. */
_must_check_ int config_set(struct config_builder *b, const struct config_section *section, const char *instance,
			    const char *name, const char *text, const char *origin);

/* The line "[section instance]": a named section is there even when nothing else is said of it. */
_must_check_ int config_set_section(struct config_builder *b, const struct config_section *section,
				    const char *instance, const char *origin);

/* The setting, or NULL. */
const struct config_setting *config_setting_find(const struct config *c, const char *section, const char *instance,
						 const char *name);

/* Where a key was said, or else its section; NULL where the key is unknown. */
const char *config_origin(const struct config *c, const char *section, const char *instance, const char *name);

/* "ORIGIN: text" as a line of the report; an origin in a file is told as FILE:LINE. */
_must_check_ int config_error(struct config_report *r, const char *origin, const char *fmt, ...) _printf_(3, 4);
_must_check_ int config_warning(struct config_report *r, const char *origin, const char *fmt, ...) _printf_(3, 4);

/* Of a named section: its items, the name of one, and which has a name (their number: none has). */
struct config_items *config_items_of(const struct config *c, const struct config_section *section);
const char *config_item_name(const struct config *c, const struct config_section *section, size_t i);
size_t config_item_find(const struct config *c, const struct config_section *section, const char *name);

/* The field of a key: of the config, or of item i of a named section. */
void *config_field(const struct config *c, const struct config_section *section, size_t i,
		   const struct config_key *key);
