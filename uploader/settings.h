/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: how one target is used, as [target NAME] or `cpuhound push` say it. Borrowed by whoever takes them; secrets
 * are in files, and never in here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "uploader/target.h"

#define UPLOAD_TIMEOUT_NS 60000000000ULL

struct upload_settings {
	const struct target_ops *kind;
	struct target_config config; /* without its secrets; its name is the target's */
	const char **split_by;       /* labels that make a series, NULL-terminated; NULL: as the kind has it */
	bool drops_ambiguous;        /* on_ambiguous = drop */
	uint64_t interval_ns;        /* 0: the kind's */
	uint64_t max_age_ns;         /* 0: the kind's */
	uint64_t timeout_ns;         /* of a request */
	uint64_t bandwidth_bytes_per_s;
	bool skips_verification;
	const char *username, *proxy; /* NULL: none */
	/* Files that are read again when they change. NULL: none. */
	const char *token_file, *password_file, *tls_ca_file, *tls_cert_file, *tls_key_file;
	const char *secret_key_file, *session_token_file;
};
