/* SPDX-License-Identifier: Apache-2.0 */
/* gateway settings: reads the files with the secrets, at start and at each reload. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "web/settings.h"

#define GATEWAY_REASON_BYTES 300

struct gateway_token {
	const char *name, *file;
	bool may_read, may_push;
};

struct gateway_files {
	const struct gateway_token *tokens;
	size_t n_tokens;
	const char *certificate_file; /* NULL: none; so are the others */
	const char *private_key_file;
	const char *client_ca_file;
	const char *const *host_names;
	size_t n_host_names;
	bool is_loopback; /* where profiles are to be had */
	enum web_site site;
	uint32_t max_body_bytes; /* of a hub */
};

/*
 * -errno with the reason as a line for the log: a file that cannot be read, a token that is too short, a public address
 * without authentication. On success the caller clears *ret (explicit_bzero()) once it is given away.
 */
_must_check_ int gateway_settings_read(const struct gateway_files *files, struct web_settings *ret,
				       char ret_reason[static GATEWAY_REASON_BYTES]);
