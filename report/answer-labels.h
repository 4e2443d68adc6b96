/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer labels: the names of labels, or the values of one, for who types them: docs/schemas/api-labels.schema.json.
 * Of a store by its catalogue; a hub is asked the same question. An engine (answer-engine-labels.c) adds up by the
 * label, so that values have cores; the names are those of some of its samples.
 */
#pragma once

#include "report/answer-inside.h"

_must_check_ int answer_values_of_engine(struct answer_making *m, const char *key);
_must_check_ int answer_names_of_engine(struct answer_making *m);

/* The object, with an empty array of values, or without a key of names; and what it ends with: which time it is of, and
 * what is left out. */
_must_check_ int answer_begin_labels(const char *key, struct json_object **ret_top, struct json_object **ret_array);
_must_check_ int answer_end_labels(const struct answer_making *m, struct json_object *top, uint64_t n_more,
				   bool is_partial);
