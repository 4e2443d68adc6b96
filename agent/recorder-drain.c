// SPDX-License-Identifier: Apache-2.0
#include "agent/recorder-inside.h"
#include "common/clock.h"

/* The news of the time when the samples were taken is awaited first: a sample is resolved by what was mapped then. */
static int take_batches(struct recorder *r, size_t n)
{
	int e;

	e = sampler_read_events(r->sampler, news_on_cgroup, &r->intake.news);
	if (e == 0)
		e = intake_settle(&r->intake);
	if (e == 0)
		e = intake_finish_copies(&r->intake);
	for (size_t i = 0; i < n; i++) {
		if (e == 0)
			e = intake_take(&r->intake, &r->batches[i], r->period_ns);
		sampler_release(r->sampler, &r->batches[i]);
	}
	return e;
}

void recorder_note_drained(struct recorder *r, uint64_t before_ns)
{
	r->drained_ns = clock_now_ns(CLOCK_MONOTONIC);
	intake_expire(&r->intake, before_ns);
}

int recorder_follow_cpus(struct recorder *r)
{
	int e = sampler_follow_cpus(r->sampler);

	return e == SAMPLER_JOINED ? news_follow_cpus(&r->intake.news, r->sampler) : e;
}

int recorder_drain(struct recorder *r, double at_least)
{
	uint64_t before_ns = clock_now_ns(CLOCK_BOOTTIME);
	size_t n = 0;
	int e = at_least == 0 && r->mode == INTAKE_SAMPLING ? recorder_follow_cpus(r) : 0;

	for (size_t i = 0; e == 0 && i < sampler_n_cpus(r->sampler); i++)
		if (sampler_fill(r->sampler, i) >= at_least)
			e = sampler_flip(r->sampler, i, &r->batches[n++]);
	if (e < 0 || n == 0)
		return e;
	e = take_batches(r, n);
	if (e == 0 && at_least == 0 && r->mode == INTAKE_SAMPLING)
		recorder_note_drained(r, before_ns);
	return e;
}

int recorder_cut(struct recorder *r)
{
	int e = r->mode == INTAKE_SAMPLING ? recorder_follow_cpus(r) : 0;

	if (e == 0)
		e = sampler_read_idle(r->sampler);
	for (size_t i = 0; e == 0 && i < sampler_n_cpus(r->sampler); i++)
		e = sampler_cut(r->sampler, i, &r->batches[i]);
	if (e == 0 && r->mode == INTAKE_SAMPLING)
		e = take_batches(r, sampler_n_cpus(r->sampler));
	return e;
}
