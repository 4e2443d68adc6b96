/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config rules: from the sections of labels, services and relabelling to what workload/ goes by. Tells the report what
 * is wrong; fails only for want of memory.
 */
#pragma once

#include "common/clean.h"

struct config_builder;

_must_check_ int config_build_rules(struct config_builder *b);
