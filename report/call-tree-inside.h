/* SPDX-License-Identifier: Apache-2.0 */
/* call tree inside: what call-tree.c builds and call-tree-prune.c makes smaller. */
#pragma once

#include "common/buf.h"
#include "pprof/pool.h"
#include "report/call-tree.h"

struct call_tree {
	struct frame_table *frames;
	struct buf first_of; /* a uint32_t for each frame: the first one of its identity, plus one; 0: not asked yet */
	struct buf firsts;   /* a uint32_t for each identity */
	struct pool identities;
	struct pool edges; /* the number of an edge is that of the node that it leads to, less one */
	struct call_node *nodes;
	size_t n_nodes, capacity;
	uint64_t n_beyond;
};
