/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon setup: what the daemon opens while it still has the privileges that it started with: group, state dir, the
 * addresses to listen on, the status socket. What goes wrong is one line for the user, in `why`.
 */
#pragma once

#include "agent/config.h"
#include "agent/daemon.h"
#include "agent/state-dir.h"
#include "common/clean.h"

struct gateway_keeper;
struct live_feed;
struct status_socket;

struct daemon_setup {
	struct state_dir state;
	struct status_socket *status;
	struct live_feed *live;
	int listen_fd, metrics_fd; /* -1: none */
	char why[400];             /* what the last call failed at */
};
#define DAEMON_SETUP_NONE                                                                                              \
	{                                                                                                              \
		.state = STATE_DIR_NONE, .listen_fd = -1, .metrics_fd = -1                                             \
	}

/* 0, DAEMON_REFUSED or DAEMON_FAILED, with why. */
_must_check_ int daemon_setup(struct daemon_setup *s, const struct config *c);
void daemon_setup_done(struct daemon_setup *s);

/* Reads the secrets and starts the gateway where anything is listened on; *ret stays NULL where nothing is. As above.
 */
_must_check_ int daemon_setup_gateway(struct daemon_setup *s, const struct config *c, const char *host_name,
				      struct gateway_keeper **ret);
/* Reads the secrets again. */
_must_check_ int daemon_setup_reload(struct daemon_setup *s, const struct config *c, const char *host_name,
				     struct gateway_keeper *g);
