/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon: `cpuhound agent`: samples this host for years, writes a window every few seconds, answers who asks, and looks
 * after itself: budgets, kill switch, start guard, service manager. The wiring of all that; one thread, beside that of
 * the window writer.
 */
#pragma once

#include "agent/config.h"
#include "common/clean.h"

enum daemon_answer {
	DAEMON_REFUSED = 1, /* this host does not let it run, or another agent does: said in one line */
	DAEMON_FAILED,      /* something went wrong: said in one line */
};

/*
 * Runs until SIGTERM or SIGINT. config: what it starts with, not NULL; sources: what it is read from again at SIGHUP.
 * Gives up all of the process's privileges but those that sampling needs.
 */
_must_check_ int daemon_run(struct config *config, const struct config_sources *sources);
