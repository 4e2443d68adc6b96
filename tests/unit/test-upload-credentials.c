// SPDX-License-Identifier: Apache-2.0
/* credentials: files with secrets: what is read of them, what is refused, and that a change is seen. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/state-fixture.h"
#include "uploader/credentials.h"

static char token[128], ca[128];
static struct upload_settings settings;
static struct credentials c;
static struct http_peer peer;
static struct target_config config;

static int set_up(void **state)
{
	if (state_set_up(state) != 0)
		return -1;
	snprintf(token, sizeof(token), "%s/token", state_path);
	snprintf(ca, sizeof(ca), "%s/ca.pem", state_path);
	settings = (struct upload_settings){ .token_file = token, .username = "me", .proxy = "http://p:1" };
	c = (struct credentials){};
	return 0;
}

static int tear_down(void **state)
{
	credentials_done(&c);
	return state_tear_down(state);
}

static void read_all(void)
{
	char reason[CREDENTIAL_REASON_BYTES] = "";

	if (credentials_read(&c, &settings, reason) != 0)
		fail_msg("%s", reason);
	credentials_apply(&c, &settings, &peer, &config);
}

static void expect_unreadable(const char *why)
{
	char reason[CREDENTIAL_REASON_BYTES] = "";

	assert_int_equal(credentials_read(&c, &settings, reason), CREDENTIALS_UNREADABLE);
	assert_non_null(strstr(reason, "/token'"));
	assert_non_null(strstr(reason, why));
}

static void test_what_is_read(void **state)
{
	state_put("token", "abc \r\n\n");
	state_put("ca.pem", "-----BEGIN\nXYZ\n-----END\n");
	settings.tls_ca_file = ca;
	settings.secret_key_file = token;
	read_all();
	assert_string_equal(peer.bearer, "abc ");
	assert_string_equal(peer.ca_pem, "-----BEGIN\nXYZ\n-----END\n");
	assert_string_equal(peer.username, "me");
	assert_string_equal(peer.proxy, "http://p:1");
	assert_null(peer.password);
	assert_null(peer.cert_pem);
	assert_string_equal(config.secret_key, "abc ");
	assert_string_equal(config.session_token, "");
}

/* Whatever is wrong with the new one, the old one stays in force. */
static void test_what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = { { "", "it is empty" },
		     { "\n\n", "it is empty" },
		     { "one\ntwo\n", "more than one line" },
		     { "one\rtwo", "more than one line" } };
	_cleanup_close_ int fd = -1;

	state_put("token", "good\n");
	read_all();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		state_put("token", rows[i].text);
		expect_unreadable(rows[i].why);
		assert_string_equal(peer.bearer, "good");
	}
	fd = openat(state_fd, "token", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "a\0b", 3, 0), 3);
	assert_int_equal(ftruncate(fd, 3), 0);
	expect_unreadable("more than one line of text");
	assert_int_equal(ftruncate(fd, CREDENTIAL_MAX_BYTES + 1), 0);
	expect_unreadable("it is too large");
	assert_int_equal(unlinkat(state_fd, "token", 0), 0);
	expect_unreadable("No such file");
	assert_int_equal(mkfifoat(state_fd, "token", 0600), 0);
	expect_unreadable("no regular file");
	assert_string_equal(peer.bearer, "good");
}

/* Written over, replaced by another file, or there again: each is a change. */
static void test_a_change_is_seen(void **state)
{
	state_put("token", "one\n");
	read_all();
	assert_false(credentials_have_changed(&c, &settings));
	state_put("token", "two two\n");
	assert_true(credentials_have_changed(&c, &settings));
	read_all();
	assert_string_equal(peer.bearer, "two two");
	assert_false(credentials_have_changed(&c, &settings));

	state_put("other", "one one\n");
	assert_int_equal(renameat(state_fd, "other", state_fd, "token"), 0);
	assert_true(credentials_have_changed(&c, &settings));
	read_all();
	assert_string_equal(peer.bearer, "one one");

	/* While it is away nothing has changed: it may be on its way. */
	assert_int_equal(unlinkat(state_fd, "token", 0), 0);
	assert_false(credentials_have_changed(&c, &settings));
	state_put("token", "one one\n");
	assert_true(credentials_have_changed(&c, &settings));
}

static void test_nothing_configured(void **state)
{
	settings = (struct upload_settings){};
	read_all();
	assert_null(peer.bearer);
	assert_null(peer.username);
	assert_false(credentials_have_changed(&c, &settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_change_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_configured, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
