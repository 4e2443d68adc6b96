/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload table: the inside of `struct workloads`, shared by workloads.c (which there are, and what is known of them)
 * and workload-labels.c (what follows from it).
 */
#pragma once

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "agent/container-names.h"
#include "agent/program-facts.h"
#include "agent/workloads.h"

struct place { /* a cgroup */
	UT_hash_handle hh;
	uint64_t cgroup_id;
	size_t refs;
	const char *path; /* NULL: not known (yet) */
	struct container_name container;
};

struct program {
	UT_hash_handle hh;
	uint64_t lineage;
	size_t refs;
	struct program_fact fact;
};

/* Compared as bytes. */
struct key {
	struct place *place;
	struct program *program; /* NULL: nothing is asked of it */
	const char *exe;         /* a name; NULL: not known */
	uint32_t exe_handle;     /* of its module */
	uint32_t zero;
	char comm[16];
};

struct workload {
	UT_hash_handle hh;
	struct key key;
	uint32_t number;
	unsigned int n_idle_sweeps;
	bool is_kept;
	bool is_judged, is_labelled; /* for good */
	bool is_dropped;             /* by a rule */
	enum workload_verdict verdict;
	struct workload_label *labels;
	size_t n_labels;
};

struct workloads {
	struct workloads_config config;
	const struct config *rules; /* NULL: defaults */
	int epoll;
	struct indexer_client *lane;
	struct container_names containers;
	struct program_facts programs;
	struct names *paths;
	struct place *places;
	struct program *by_lineage;
	struct workload *all;
	struct workload *by_number[WORKLOADS_MAX]; /* [0] is a real one too */
	uint32_t next_number;                      /* where the next free one is looked for */
	uint64_t n_no_room;
};

void workload_forget_labels(struct workload *one);
