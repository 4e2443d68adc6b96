/* SPDX-License-Identifier: Apache-2.0 */
/* answer flame: a flame graph as an answer; of two sides from answer-diff.c, which compares them. */
#pragma once

#include "common/clean.h"

struct answer_making;
struct flame;

_must_check_ int answer_flame_of_two(struct answer_making *m);

/* Finished: as JSON or as a drawing, whichever was asked for. Nodes that have no room become "(other)". */
_must_check_ int answer_put_flame(struct answer_making *m, struct flame *f);
