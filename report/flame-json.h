/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame as JSON: what the viewer (web/viewer) draws, in one object. Columns of the graph are the elements of `columns`,
 * `samples` and `values`.
 *
 *	title, type, unit, by      as in struct flame
 *	columns                    name, start_ns, end_ns, wall_ns, n_profiles, n_ledgers, n_damaged_ledgers, n_hosts,
 *	                           n_unread, ledger (the last three may be null)
 *	n_beyond                   stacks, frames: what had no room (report/call-tree.h, report/frame-table.h);
 *	                           expressions: matches that were given up
 *	functions, libraries, files, kinds (enum frame_kind), is_named
 *	                           an element for each function, in the order of functions, then libraries
 *	depths, frames, samples[column], values[column]
 *	                           an element for each node, parents before children, children in the order of `frames`:
 *	                           its depth from 0, its function, and what it has itself
 */
#pragma once

#include "common/clean.h"

struct buf;
struct flame;

/* After flame_finish(). */
_must_check_ int flame_json_add(const struct flame *f, struct buf *ret);
