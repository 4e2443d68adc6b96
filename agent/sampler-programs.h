/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler programs: the BPF programs and maps of the sampler, behind everything that libbpf does: loading them, lists
 * of what is sampled, memory shared with the kernel, news by ring buffer. Shares the inside of `struct sampler` with
 * sampler.c, which has the CPUs: their events, buffers and accounts.
 */
#pragma once

#include "agent/sampler.h"
#include "agent/unwind-maps.h"

struct ring_buffer;
struct sampled_cpu;
struct sampler_bpf;

struct sampler {
	struct sampler_config config;
	bool cpus_changed; /* the programs told so */

	/* What sampler-programs.c sets up. */
	struct sampler_bpf *bpf;
	int tick_fd; /* of the program that the CPUs' events run */
	struct ring_buffer *events;
	sampler_on_cgroup_fn on_cgroup;
	void *on_cgroup_context;
	void *regions;
	size_t regions_bytes, region_stride;
	struct unwind_maps unwind;
	struct copy_area *copies;

	/* The rest is that of sampler.c. */
	bool running;
	uint64_t epoch;
	struct sampled_cpu *cpus; /* all possible ones, by the kernel's number */
	size_t n_cpus;
	uint64_t n_joined;             /* CPUs that came online while sampling, each time */
	uint64_t period_ns;            /* from the next cuts on */
	struct sampler_account closed; /* the sum of what was cut */
};

/* Loads and attaches the programs by s->config, and maps their memory. Half-loaded is fine for unloading. */
_must_check_ int sampler_programs_load(struct sampler *s, size_t n_possible_cpus);
void sampler_programs_unload(struct sampler *s);

/* All but the one that the CPUs' events run. */
_must_check_ int sampler_programs_attach(struct sampler *s);
void sampler_programs_detach(struct sampler *s);

/* What the programs counted, and what they have run for as the kernel counts it. */
_must_check_ int sampler_programs_add_totals(const struct sampler *s, struct sampler_totals *ret);
