/* SPDX-License-Identifier: Apache-2.0 */
/* question inside: what question.c (arguments) tells question-finish.c (all of them together) and question-query.c. */
#pragma once

#include "common/clock.h"
#include "report/question.h"

#define QUESTION_HOUR_NS ((int64_t)(3600 * NS_PER_S))

/* Whether something was said of what is at this place of the struct. */
bool question_has(const struct question *q, size_t at);

/* Whether something may be said of it in a question of this kind. */
bool question_takes(const struct question *q, size_t at);

/* Whether what was given are arguments of its kind, and all others are 0. */
bool question_has_its_own(const struct question *q);
