/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live profiles: those that somebody waits for at the gateway (/debug/pprof/profile): a tap of the recorder each, for
 * the seconds that were asked for. One thread.
 */
#pragma once

#include <stdint.h>

#include "agent/tap.h"
#include "common/clean.h"
#include "web/request.h"

struct gateway_keeper;
struct recorder;

#define LIVE_PROFILES_MAX 2 /* at a time, as the gateway has it */

struct live_profiles {
	struct {
		struct tap *tap; /* NULL: none */
		uint64_t id;     /* the gateway's */
		uint64_t end_ns; /* CLOCK_MONOTONIC */
	} open[LIVE_PROFILES_MAX];
};

/* Begins one, or answers at once why not. */
void live_profiles_begin(struct live_profiles *p, struct recorder *r, struct gateway_keeper *g, uint64_t id,
			 const struct web_request *request, uint64_t now_ns);
void live_profiles_cancel(struct live_profiles *p, struct recorder *r, uint64_t id);

/* Answers those whose time is up. */
void live_profiles_dispatch(struct live_profiles *p, struct recorder *r, struct gateway_keeper *g, uint64_t now_ns);
uint64_t live_profiles_due_ns(const struct live_profiles *p); /* CLOCK_MONOTONIC; UINT64_MAX: nobody waits */

/* Sampling ends: what came so far is not answered, but why. */
void live_profiles_end(struct live_profiles *p, struct recorder *r, struct gateway_keeper *g, const char *why);
