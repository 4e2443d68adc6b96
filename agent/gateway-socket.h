/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway socket: an address to listen on, bound by the agent: a port in use is known at start, and no connection is
 * refused while the gateway is started anew.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "common/clean.h"

/* "127.0.0.1:7171", "[::1]:7171", "localhost:7171", "0.0.0.0:7171": numbers, for names may change. -EINVAL. */
_must_check_ int gateway_socket_parse(const char *text, struct sockaddr_storage *ret);

/* Nobody but this host can connect. */
bool gateway_socket_is_loopback(const struct sockaddr_storage *address);

/* Bound and listening; -EADDRINUSE, -EADDRNOTAVAIL, -EACCES ... as they come. */
_must_check_ int gateway_socket_open(const struct sockaddr_storage *address, int *ret_fd);
