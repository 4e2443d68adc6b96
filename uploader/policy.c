// SPDX-License-Identifier: Apache-2.0
#include "uploader/policy.h"

#include "common/clock.h"

#define HOLD_NS (300 * NS_PER_S)
#define CLOCKS_AGREE_NS ((int64_t)(60 * NS_PER_S)) /* Date has whole seconds, and was on its way */
#define MAX_DOUBLINGS 9                            /* of a second: beyond, it is the maximum anyway */

void policy_init(struct policy *p, uint64_t seed)
{
	*p = (struct policy){ .random = seed };
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct policy *p)
{
	uint64_t z = p->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint64_t backoff_ns(struct policy *p)
{
	unsigned int n = p->n_failures < MAX_DOUBLINGS ? p->n_failures : MAX_DOUBLINGS;
	uint64_t most_ns = POLICY_MIN_BACKOFF_NS << n;

	if (most_ns > POLICY_MAX_BACKOFF_NS)
		most_ns = POLICY_MAX_BACKOFF_NS;
	return 1 + draw(p) % most_ns;
}

/* Chance is added to what the server asks for, too: it asks all hosts at once. */
static void wait_more(struct policy *p, uint32_t retry_after_s, uint64_t now_ns)
{
	p->not_before_ns = now_ns + retry_after_s * NS_PER_S + backoff_ns(p);
	p->n_failures++;
}

static void hold(struct policy *p, uint64_t now_ns)
{
	p->is_holding = true;
	p->not_before_ns = now_ns + HOLD_NS / 2 + draw(p) % (HOLD_NS / 2);
}

void policy_release(struct policy *p)
{
	p->is_holding = false;
	p->n_failures = 0;
	p->not_before_ns = 0;
}

unsigned int policy_strikes(const struct upload_response *response, const struct send_answer *answer)
{
	if (response->outcome == UPLOAD_ANSWERED)
		return answer->result == SEND_BOUNDED ? POLICY_STRIKES_ANSWERED : 0;
	return response->outcome == UPLOAD_NO_ANSWER ||
	       (response->outcome == UPLOAD_NOT_SENT && response->sent_bytes > 0);
}

static enum policy_action ambiguous(struct policy *p, const struct policy_case *c, uint64_t now_ns)
{
	wait_more(p, 0, now_ns);
	if (c->is_idempotent)
		return POLICY_AGAIN;
	return c->drops_ambiguous ? POLICY_LOSE_AMBIGUOUS : POLICY_AGAIN_AMBIGUOUS;
}

static enum policy_action retry(struct policy *p, const struct policy_case *c, uint64_t now_ns)
{
	if (policy_strikes(c->response, c->answer) > 0 && c->n_strikes >= POLICY_MAX_STRIKES) {
		wait_more(p, 0, now_ns);
		return POLICY_REFUSED;
	}
	if (c->response->outcome == UPLOAD_NO_ANSWER)
		return ambiguous(p, c, now_ns);
	wait_more(p, c->answer->retry_after_s, now_ns);
	return c->n_limited >= POLICY_SAME_LIMITS && c->is_divisible ? POLICY_HALVE : POLICY_AGAIN;
}

static enum policy_action bounded(struct policy *p, const struct policy_case *c, uint64_t now_ns)
{
	wait_more(p, c->answer->retry_after_s, now_ns);
	return c->n_strikes >= POLICY_MAX_STRIKES || c->n_tries >= POLICY_MAX_TRIES ? POLICY_REFUSED : POLICY_AGAIN;
}

/* The target speaks with us: whatever it said, waiting has ended. */
static void answered(struct policy *p)
{
	p->n_failures = 0;
	p->is_holding = false;
}

enum policy_action policy_judge(struct policy *p, const struct policy_case *c, uint64_t now_ns)
{
	switch (c->answer->result) {
	case SEND_DONE:
		answered(p);
		return POLICY_GO_ON;
	case SEND_REJECTED:
		answered(p);
		return POLICY_REFUSED;
	case SEND_TOO_LARGE:
		answered(p);
		return c->is_divisible ? POLICY_HALVE : POLICY_REFUSED;
	case SEND_TOO_OLD:
		answered(p);
		return POLICY_TOO_OLD;
	case SEND_BOUNDED:
		return bounded(p, c, now_ns);
	case SEND_CONFIG:
		hold(p, now_ns);
		return POLICY_AGAIN;
	default:
		return retry(p, c, now_ns);
	}
}

/* FNV-1a, then a mix: its low bits alone would be uneven. */
uint64_t policy_phase_ns(const char *host, const char *target, uint64_t interval_ns)
{
	struct policy mix = { .random = 0xcbf29ce484222325ULL };

	for (const char *s = host; *s; s++)
		mix.random = (mix.random ^ (unsigned char)*s) * 0x100000001b3ULL;
	for (const char *s = target; *s; s++)
		mix.random = (mix.random ^ (unsigned char)*s) * 0x100000001b3ULL;
	return interval_ns ? draw(&mix) % interval_ns : 0;
}

int64_t policy_clock_offset_ns(const struct upload_response *response, int64_t now_ns, int64_t offset_ns)
{
	int64_t ahead_ns;

	if (response->outcome != UPLOAD_ANSWERED || response->date_s == 0)
		return offset_ns;
	ahead_ns = response->date_s * (int64_t)NS_PER_S - now_ns;
	return ahead_ns > CLOCKS_AGREE_NS || ahead_ns < -CLOCKS_AGREE_NS ? ahead_ns : 0;
}
