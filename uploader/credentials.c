// SPDX-License-Identifier: Apache-2.0
#include "uploader/credentials.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/fsutil.h"

static const char *path_of(const struct upload_settings *s, enum credential which)
{
	switch (which) {
	case CREDENTIAL_TOKEN:
		return s->token_file;
	case CREDENTIAL_PASSWORD:
		return s->password_file;
	case CREDENTIAL_CA:
		return s->tls_ca_file;
	case CREDENTIAL_CERT:
		return s->tls_cert_file;
	case CREDENTIAL_KEY:
		return s->tls_key_file;
	case CREDENTIAL_SECRET_KEY:
		return s->secret_key_file;
	default:
		return s->session_token_file;
	}
}

static bool is_one_word(enum credential which)
{
	return which != CREDENTIAL_CA && which != CREDENTIAL_CERT && which != CREDENTIAL_KEY;
}

static void wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	buf_done(b);
}

void credentials_done(struct credentials *c)
{
	for (int i = 0; i < CREDENTIAL_N; i++)
		wipe(&c->files[i].text);
}

static int unreadable(const char *path, const char *why, char ret_reason[static CREDENTIAL_REASON_BYTES])
{
	snprintf(ret_reason, CREDENTIAL_REASON_BYTES, "cannot read '%.120s': %.60s", path, why);
	return CREDENTIALS_UNREADABLE;
}

/* One regular file, which must say something; a secret's last line end is not part of it. */
static int read_one(struct credentials *c, enum credential which, const char *path,
		    char ret_reason[static CREDENTIAL_REASON_BYTES])
{
	_cleanup_close_ int fd = -1;
	struct buf *text = &c->files[which].text;
	ssize_t n;
	int r = fs_open_regular(AT_FDCWD, path, &fd);

	if (r != 0)
		return unreadable(path, r < 0 ? strerror(-r) : "it is no regular file", ret_reason);
	if (fstat(fd, &c->files[which].seen) < 0)
		return unreadable(path, strerror(errno), ret_reason);
	if (c->files[which].seen.st_size > (off_t)CREDENTIAL_MAX_BYTES)
		return unreadable(path, "it is too large", ret_reason);
	r = buf_reserve(text, (size_t)c->files[which].seen.st_size + 1);
	if (r < 0)
		return r;
	n = fs_pread_all(fd, text->data, (size_t)c->files[which].seen.st_size, 0);
	if (n < 0)
		return unreadable(path, strerror((int)-n), ret_reason);
	while (is_one_word(which) && n > 0 && strchr("\r\n", text->data[n - 1]))
		n--;
	text->size = (size_t)n;
	text->data[n] = 0;
	if (n == 0 || strlen(text->data) != (size_t)n || (is_one_word(which) && strpbrk(text->data, "\r\n")))
		return unreadable(path, n == 0 ? "it is empty" : "it holds more than one line of text", ret_reason);
	return 0;
}

int credentials_read(struct credentials *c, const struct upload_settings *s,
		     char ret_reason[static CREDENTIAL_REASON_BYTES])
{
	_cleanup_(credentials_done) struct credentials more = {};
	int r = 0;

	for (enum credential i = 0; r == 0 && i < CREDENTIAL_N; i++) {
		const char *path = path_of(s, i);

		if (path)
			r = read_one(&more, i, path, ret_reason);
	}
	if (r == 0) {
		struct credentials old = *c;

		*c = more;
		more = old; /* and is wiped */
	}
	return r;
}

bool credentials_have_changed(const struct credentials *c, const struct upload_settings *s)
{
	for (enum credential i = 0; i < CREDENTIAL_N; i++) {
		const struct stat *old = &c->files[i].seen;
		const char *path = path_of(s, i);
		struct stat now;

		if (!path || stat(path, &now) < 0)
			continue; /* it may be on its way: the next look will tell */
		if (now.st_ino != old->st_ino || now.st_dev != old->st_dev || now.st_size != old->st_size ||
		    now.st_mtim.tv_sec != old->st_mtim.tv_sec || now.st_mtim.tv_nsec != old->st_mtim.tv_nsec)
			return true;
	}
	return false;
}

static const char *text_of(const struct credentials *c, enum credential which)
{
	return c->files[which].text.data; /* NULL where no file was named */
}

void credentials_apply(const struct credentials *c, const struct upload_settings *s, struct http_peer *peer,
		       struct target_config *config)
{
	*peer = (struct http_peer){
		.ca_pem = text_of(c, CREDENTIAL_CA),
		.cert_pem = text_of(c, CREDENTIAL_CERT),
		.key_pem = text_of(c, CREDENTIAL_KEY),
		.skips_verification = s->skips_verification,
		.username = s->username,
		.password = text_of(c, CREDENTIAL_PASSWORD),
		.bearer = text_of(c, CREDENTIAL_TOKEN),
		.proxy = s->proxy,
		.timeout_ns = s->timeout_ns,
		.bandwidth_bytes_per_s = s->bandwidth_bytes_per_s,
	};
	*config = s->config;
	config->secret_key = text_of(c, CREDENTIAL_SECRET_KEY) ? text_of(c, CREDENTIAL_SECRET_KEY) : "";
	config->session_token = text_of(c, CREDENTIAL_SESSION_TOKEN) ? text_of(c, CREDENTIAL_SESSION_TOKEN) : "";
}
