/* SPDX-License-Identifier: Apache-2.0 */
/* config address: a configured address to listen on, as a daemon opens it at its start. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct config_address;

enum config_address_answer {
	CONFIG_ADDRESS_IN_USE = 1, /* by another program */
};

/*
 * Bound and listening; *ret stays as it is where none is configured. key: "http.listen". CONFIG_ADDRESS_IN_USE and
 * -errno with the reason, a line. Waits for two seconds for the gateway of a daemon that was killed: it dies with it, a
 * moment later, and has the socket till then.
 */
_must_check_ int config_address_listen(const struct config_address *address, const char *key, int *ret,
				       char *ret_reason, size_t reason_size);
