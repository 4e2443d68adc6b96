/* SPDX-License-Identifier: Apache-2.0 */
/* config check: what keys must hold together. Tells the report; fails only for want of memory. */
#pragma once

#include "common/clean.h"

struct config_builder;

_must_check_ int config_check(const struct config_builder *b);
