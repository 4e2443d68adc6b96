// SPDX-License-Identifier: Apache-2.0
#include "agent/sampler.h"

#include <string.h>

#include "agent/cpus.h"
#include "agent/sampled-cpu.h"
#include "agent/sampler-programs.h"
#include "common/clock.h"
#include "common/log.h"

static int init_cpus(struct sampler *s, size_t n_possible)
{
	s->cpus = calloc(n_possible, sizeof(*s->cpus));
	if (!s->cpus)
		return -ENOMEM;
	s->n_cpus = n_possible;
	for (size_t i = 0; i < n_possible; i++)
		s->cpus[i] = (struct sampled_cpu){
			.number = (unsigned int)i,
			.event_fd = -1,
			.period_ns = s->period_ns,
			.region = (void *)((char *)s->regions + i * s->region_stride),
		};
	return 0;
}

/* At the start each CPU that is online must be sampled; those that come later may. */
static int open_online(struct sampler *s)
{
	_cleanup_free_ unsigned int *online = NULL;
	size_t n_online;
	int r;

	r = cpus_read(CPUS_ONLINE, &online, &n_online);
	for (size_t i = 0; r == 0 && i < n_online && online[i] < s->n_cpus; i++) {
		r = sampled_cpu_open(&s->cpus[online[i]], s->tick_fd);
		if (r == -ENODEV) /* it went offline meanwhile */
			r = 0;
	}
	if (r < 0)
		return r;
	return sampler_n_sampled(s) > 0 ? 0 : -ENODEV;
}

int sampler_new(const struct sampler_config *config, struct sampler **ret)
{
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	size_t n_possible;
	int r;

	r = cpus_end(CPUS_POSSIBLE, &n_possible);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->period_ns = config->period_ns;
	r = sampler_programs_load(s, n_possible);
	if (r == 0)
		r = init_cpus(s, n_possible);
	if (r == 0)
		r = open_online(s);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

struct sampler *sampler_free(struct sampler *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_cpus; i++)
		sampled_cpu_close(&s->cpus[i]);
	free(s->cpus);
	sampler_programs_unload(s);
	free(s);
	return NULL;
}

int sampler_read_idle(struct sampler *s)
{
	_cleanup_free_ uint64_t *idle_ns = NULL;
	size_t n_idle;
	int r;

	r = cpus_idle_ns(&idle_ns, &n_idle);
	for (size_t i = 0; r == 0 && i < s->n_cpus; i++)
		if (i < n_idle && idle_ns[i] > 0) /* nothing is told of those that are offline */
			s->cpus[i].idle_ns = idle_ns[i];
	return r;
}

int sampler_start(struct sampler *s)
{
	int r = sampler_read_idle(s);

	for (size_t i = 0; r == 0 && i < s->n_cpus; i++)
		r = sampled_cpu_enable(&s->cpus[i], ++s->epoch);
	if (r == 0)
		s->running = true;
	return r;
}

int sampler_stop(struct sampler *s)
{
	int first_error = sampler_read_idle(s);

	for (size_t i = 0; i < s->n_cpus; i++) {
		int r = sampled_cpu_disable(&s->cpus[i], ++s->epoch);

		if (r < 0 && !first_error)
			first_error = r;
	}
	s->running = false;
	return first_error;
}

bool sampler_cpus_changed(const struct sampler *s)
{
	return s->cpus_changed;
}

/* That it cannot be sampled is told once, and shows in sampler_totals() for as long as it is so. */
static int open_late(struct sampler *s, struct sampled_cpu *cpu)
{
	int r = sampled_cpu_open(cpu, s->tick_fd);

	if (r < 0 && r != -ENODEV && r != cpu->open_error)
		log_warning("CPU %u is online and cannot be sampled: %s", cpu->number, strerrordesc_np(-r));
	cpu->open_error = r == -ENODEV ? 0 : r; /* it is on its way, one way or the other */
	if (r < 0)
		return 0;
	s->n_joined++;
	cpu->has_joined = true;
	return sampled_cpu_enable(cpu, ++s->epoch);
}

static int open_new(struct sampler *s, const unsigned int *online, size_t n_online)
{
	bool is_idle_read = false;
	size_t k = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_cpus; i++) {
		struct sampled_cpu *cpu = &s->cpus[i];
		bool is_online = k < n_online && online[k] == i;

		k += is_online;
		cpu->has_joined = false;
		if (!is_online)
			cpu->open_error = 0;
		if (!is_online || sampled_cpu_is_open(cpu))
			continue;
		if (!is_idle_read) /* the kernel may have begun to count anew */
			r = sampler_read_idle(s);
		is_idle_read = true;
		if (r == 0)
			r = open_late(s, cpu);
	}
	return r;
}

int sampler_follow_cpus(struct sampler *s)
{
	_cleanup_free_ unsigned int *online = NULL;
	uint64_t n_before = s->n_joined;
	size_t n_online;
	int r = 0;

	for (size_t i = 0; s->cpus_changed && r == 0 && i < s->n_cpus; i++) /* else flips find what has gone */
		r = sampled_cpu_advance(&s->cpus[i], ++s->epoch);
	s->cpus_changed = false;
	if (r == 0)
		r = cpus_read(CPUS_ONLINE, &online, &n_online);
	if (r == 0)
		r = open_new(s, online, n_online);
	return r < 0 ? r : s->n_joined > n_before ? SAMPLER_JOINED : 0;
}

bool sampler_has_joined(const struct sampler *s, size_t i)
{
	return s->cpus[i].has_joined;
}

void sampler_sleep(struct sampler *s)
{
	sampler_programs_detach(s);
}

/* Nobody told of CPUs while it slept: which events have gone is not known. */
int sampler_wake(struct sampler *s)
{
	int r;

	for (size_t i = 0; i < s->n_cpus; i++) {
		sampled_cpu_close(&s->cpus[i]);
		s->cpus[i].region->is_leaving = 0;
	}
	r = sampler_programs_attach(s);
	return r == 0 ? open_online(s) : r;
}

void sampler_set_period(struct sampler *s, uint64_t period_ns)
{
	s->period_ns = period_ns;
}

uint64_t sampler_period_ns(const struct sampler *s)
{
	return s->period_ns;
}

size_t sampler_n_cpus(const struct sampler *s)
{
	return s->n_cpus;
}

size_t sampler_n_sampled(const struct sampler *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_cpus; i++)
		n += sampled_cpu_is_open(&s->cpus[i]);
	return n;
}

double sampler_fill(const struct sampler *s, size_t i)
{
	const struct cpu_buf *buf = sampled_cpu_buf(&s->cpus[i]);
	double log = (double)__atomic_load_n(&buf->n_records, __ATOMIC_RELAXED) / CPUHOUND_LOG_RECORDS;
	double stacks = (double)__atomic_load_n(&buf->n_stack_words, __ATOMIC_RELAXED) / CPUHOUND_STACK_WORDS;

	return log > stacks ? log : stacks;
}

uint64_t sampler_n_records(const struct sampler *s, size_t i)
{
	return s->cpus[i].ticks.records + __atomic_load_n(&sampled_cpu_buf(&s->cpus[i])->n_records, __ATOMIC_RELAXED);
}

static void take_buffer(struct sampler *s, size_t i, struct sample_batch *ret)
{
	const struct cpu_buf *buf = sampled_cpu_take(&s->cpus[i]);

	*ret = (struct sample_batch){
		.cpu = i,
		.records = buf->records,
		.n_records = buf->n_records,
		.stacks = buf->stacks,
		.n_stack_words = buf->n_stack_words,
	};
}

int sampler_flip(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	int r;

	sampled_cpu_swap(cpu);
	r = s->running ? sampled_cpu_advance(cpu, ++s->epoch) : 0;
	if (r == 0)
		take_buffer(s, i, ret);
	return r;
}

/* The event stands still meanwhile: no tick of the old period falls among those of the new one. */
static int flip_to_new_period(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	int r;

	r = s->running ? sampled_cpu_disable(cpu, ++s->epoch) : 0;
	if (r < 0)
		return r;
	sampled_cpu_swap(cpu);
	take_buffer(s, i, ret);
	return sampled_cpu_set_period(cpu, s->period_ns);
}

static void close_account(struct sampler *s, struct sampled_cpu *cpu)
{
	struct sampler_account *sum = &s->closed;
	struct tick_gaps gaps;

	tick_account_close(&cpu->account, cpu->ticks.entries, cpu->ticks.idle, &gaps);
	sum->n_due += gaps.n_due;
	sum->n_entries += cpu->ticks.entries;
	sum->n_idle += cpu->ticks.idle;
	sum->n_filtered += cpu->ticks.filtered;
	sum->n_records += cpu->ticks.records;
	for (size_t k = 0; k < SAMPLE_LOST_N; k++)
		sum->n_lost[k] += cpu->ticks.lost[k];
	sum->n_idle_cpu += gaps.n_idle_cpu;
	sum->n_throttled += gaps.n_throttled;
	sum->n_other += gaps.n_other;
	cpu->ticks = (struct ticks){};
}

int sampler_cut(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	bool is_new_period = cpu->period_ns != s->period_ns;
	int r;

	r = is_new_period ? flip_to_new_period(s, i, ret) : sampler_flip(s, i, ret);
	if (r < 0)
		return r;
	close_account(s, cpu);
	return is_new_period && s->running ? sampled_cpu_enable(cpu, ++s->epoch) : 0;
}

void sampler_take_account(struct sampler *s, struct sampler_account *ret)
{
	*ret = s->closed;
	s->closed = (struct sampler_account){};
}

void sampler_release(struct sampler *s, const struct sample_batch *batch)
{
	sampled_cpu_release(&s->cpus[batch->cpu]);
}

uint64_t sampler_turned_ns(const struct sampler *s)
{
	uint64_t first_ns = 0, sum_ns = 0, n = 0;

	for (size_t i = 0; i < s->n_cpus; i++) {
		uint64_t turned_ns = s->cpus[i].account.last.monotonic_ns;

		if (!sampled_cpu_is_open(&s->cpus[i]))
			continue;
		if (n++ == 0)
			first_ns = turned_ns;
		sum_ns += turned_ns - first_ns; /* may wrap around in between */
	}
	return n > 0 ? first_ns + (uint64_t)((int64_t)sum_ns / (int64_t)n) : clock_now_ns(CLOCK_MONOTONIC);
}

size_t sample_stack(const struct sample_batch *batch, __u32 ref, const __u64 **ret)
{
	size_t at = (size_t)ref - 1, n_frames;

	if (ref == 0 || at + CPUHOUND_STACK_HEADER_WORDS > batch->n_stack_words)
		return 0;
	n_frames = batch->stacks[at + 1];
	if (n_frames > batch->n_stack_words - at - CPUHOUND_STACK_HEADER_WORDS)
		return 0;
	*ret = &batch->stacks[at + CPUHOUND_STACK_HEADER_WORDS];
	return n_frames;
}

uint64_t sampler_epoch(const struct sampler *s)
{
	return s->epoch;
}

bool sampler_has_passed(const struct sampler *s, uint64_t epoch)
{
	for (size_t i = 0; s->running && i < s->n_cpus; i++)
		if (sampled_cpu_is_open(&s->cpus[i]) && s->cpus[i].passed <= epoch)
			return false;
	return true;
}

int sampler_barrier(struct sampler *s)
{
	int r = 0;

	for (size_t i = 0; s->running && r == 0 && i < s->n_cpus; i++)
		r = sampled_cpu_barrier(&s->cpus[i], ++s->epoch);
	return r;
}

static void add_cpu(const struct sampled_cpu *cpu, struct sampler_totals *ret)
{
	for (size_t k = 0; k < SAMPLE_LOST_N; k++)
		ret->n_lost_since_cut += cpu->ticks.lost[k];
	ret->n_cpus_refused += cpu->open_error != 0;
	ret->own.run_ns += __atomic_load_n(&cpu->region->timed_ns, __ATOMIC_RELAXED) * CPUHOUND_TIMED_EVERY;
	ret->own.n_runs += __atomic_load_n(&cpu->region->n_timed, __ATOMIC_RELAXED) * CPUHOUND_TIMED_EVERY;
}

int sampler_totals(const struct sampler *s, struct sampler_totals *ret)
{
	struct sampler_totals totals = {
		.n_joined = s->n_joined,
	};
	int r;

	for (size_t i = 0; i < s->n_cpus; i++)
		add_cpu(&s->cpus[i], &totals);
	r = sampler_programs_add_totals(s, &totals);
	if (r < 0)
		return r;
	*ret = totals;
	return 0;
}
