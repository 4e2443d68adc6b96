/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake files: that part of the intake which has files opened and read: what is mapped when its turn comes, what a
 * sample lies in at once, and of that the debug info. Only for the intake; its thread.
 */
#pragma once

#include "common/clean.h"

struct intake;
struct new_file;
struct sample_rec;

_must_check_ int intake_open_file(struct intake *in, const struct new_file *new_file);

/* Opens what has been met, for a while; sets files_left where some are left. */
_must_check_ int intake_open_new_files(struct intake *in);

/* Debug info takes its time: it is read of what shows up in samples. Of the one that is resolved. */
_must_check_ int intake_want_debug(struct intake *in, const struct sample_rec *rec);

/* Takes in what the indexer has, and hands it what waits. */
_must_check_ int intake_dispatch_files(struct intake *in);

/* Nobody's time is measured any more, and somebody waits: on busy CPUs the lowest priority gets next to nothing. */
void intake_hurry_indexer(struct intake *in);
