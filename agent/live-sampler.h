/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live sampler: a recorder of whoever watches where no agent runs: a child of its own, so that what befalls it does not
 * befall the terminal. Its socket is a client of a live feed (agent/live-feed.h); it ends when that is closed. Not
 * sandboxed: it is the one that samples, with the privileges of who started it.
 */
#pragma once

#define LIVE_SAMPLER_COMMAND "live-sampler"

/* What argv[] holds; CHILD_GIVEN_FD takes what it says. */
enum live_sampler_argument {
	LIVE_SAMPLER_HZ = 2,
	LIVE_SAMPLER_CACHE_DIR, /* "": none is kept */
	LIVE_SAMPLER_N_ARGUMENTS,
};

int live_sampler_main(int argc, char **argv);
