/* SPDX-License-Identifier: Apache-2.0 */
/* ledger as JSON: the same object in every output. */
#pragma once

#include "common/clean.h"

struct json_object;
struct ledger;

_must_check_ int ledger_json_add(struct json_object *parent, const char *name, const struct ledger *l);
