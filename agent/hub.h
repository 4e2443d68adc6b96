/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub: `cpuhound serve`: keeps the windows of many hosts. The wiring of its children: the gateway has the sockets, the
 * intake takes what hosts push (agent/hub-intake.h), readers answer who reads (agent/hub-reader.h), and the maintainer
 * keeps the store in order. This process opens the store's directory and the sockets, reads the secrets, and looks at
 * no foreign byte. It needs no capability, and gives up all. Some more children answer the page's questions
 * (agent/hub-page.h); of a view (hub.view) there are no others.
 */
#pragma once

#include "agent/config.h"
#include "agent/daemon.h"
#include "common/clean.h"

/* Runs until SIGTERM or SIGINT. Arguments and answers are as of daemon_run(). */
_must_check_ int hub_run(struct config *config, const struct config_sources *sources);
