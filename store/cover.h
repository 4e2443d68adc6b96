/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cover: of files that stand for the same windows, which ones count. Pure. Merged files are made of all of the files
 * that they are merged from, so a file's range of sequences holds theirs, host by host.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/catalogue.h"
#include "store/selection.h"

/*
 * Rows from some hours around the range; keeps those that count and begin in it, in order of time. The end of an hour's
 * last window is known by its minutes, as long as all of them are there.
 */
void cover_choose(struct catalogue_rows *rows, int64_t since_ns, int64_t until_ns, enum selection_files files);
