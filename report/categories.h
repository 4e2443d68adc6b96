/* SPDX-License-Identifier: Apache-2.0 */
/*
 * categories: what kind of work functions do, whoever calls them: compression, allocation, kernel network ... By rules
 * of an INI file (packaging/categories.conf is the default, and says how to write them): of a frame the first rule
 * that matches it tells its category. Bounded; not locked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "common/regex.h"

#define CATEGORIES_MAX 255
#define CATEGORIES_MAX_RULES 4096
#define CATEGORIES_MAX_BYTES ((size_t)1 << 20)
#define CATEGORIES_WHY_BYTES (REGEX_WHY_BYTES + 64)
#define CATEGORY_OTHER 0 /* no rule matches */

struct frame_info;

struct categories;
struct categories *categories_free(struct categories *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct categories *, categories_free);

enum categories_answer {
	CATEGORIES_BAD = 1, /* ret_why says in which line, and what is wrong with it */
};
_must_check_ int categories_parse(const char *text, size_t size, struct categories **ret,
				  char ret_why[static CATEGORIES_WHY_BYTES]);

/* The rules that the program was built with. */
_must_check_ int categories_default(struct categories **ret);

/* The number of a frame's category; CATEGORY_OTHER. */
uint32_t categories_match(const struct categories *c, const struct frame_info *frame);
const char *categories_name(const struct categories *c, uint32_t number); /* "other" */

/* The number of that name; or CATEGORIES_NONE: there is none such. */
enum {
	CATEGORIES_NONE = 2, /* apart from enum categories_answer */
};
_must_check_ int categories_find(const struct categories *c, const char *name, uint32_t *ret);
