// SPDX-License-Identifier: Apache-2.0
#include "agent/config-address.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/config.h"
#include "agent/gateway-socket.h"
#include "common/clock.h"

#define TRIES 20
#define PAUSE_NS (long)(100 * NS_PER_MS)

int config_address_listen(const struct config_address *address, const char *key, int *ret, char *ret_reason,
			  size_t reason_size)
{
	int e = address->given ? gateway_socket_open(&address->socket, ret) : 0;

	for (int i = 0; e == -EADDRINUSE && i < TRIES; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
		e = gateway_socket_open(&address->socket, ret);
	}
	if (e == -EADDRINUSE) {
		snprintf(ret_reason, reason_size, "%s is in use by another program: set %s to another address",
			 address->text, key);
		return CONFIG_ADDRESS_IN_USE;
	}
	if (e < 0)
		snprintf(ret_reason, reason_size, "cannot listen on %s (%s): %s", address->text, key,
			 strerrordesc_np(-e));
	return e;
}
