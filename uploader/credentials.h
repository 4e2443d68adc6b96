/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials: the files with a target's secrets and certificates, read, and read again when they have changed.
 * In memory they are wiped before they are freed. Never in a log, a file or the command line.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/clean.h"
#include "uploader/http.h"
#include "uploader/settings.h"

#define CREDENTIAL_MAX_BYTES ((size_t)1 << 20) /* a bundle of CAs */
#define CREDENTIAL_REASON_BYTES 200

enum credential {
	CREDENTIAL_TOKEN,
	CREDENTIAL_PASSWORD,
	CREDENTIAL_CA,
	CREDENTIAL_CERT,
	CREDENTIAL_KEY,
	CREDENTIAL_SECRET_KEY,
	CREDENTIAL_SESSION_TOKEN,
	CREDENTIAL_N,
};

struct credentials {
	struct {
		struct buf text;
		struct stat seen;
	} files[CREDENTIAL_N];
};

/* CREDENTIALS_UNREADABLE: ret_reason says which file, and why; credentials stay as they were. */
enum credentials_answer {
	CREDENTIALS_UNREADABLE = 1,
};
_must_check_ int credentials_read(struct credentials *c, const struct upload_settings *s,
				  char ret_reason[static CREDENTIAL_REASON_BYTES]);
void credentials_done(struct credentials *c);

/* A file is not the one that was read: another one, or changed, or it is there again. */
bool credentials_have_changed(const struct credentials *c, const struct upload_settings *s);

/* Fills in what the files hold. Borrowed until they are read again. */
void credentials_apply(const struct credentials *c, const struct upload_settings *s, struct http_peer *peer,
		       struct target_config *config);
