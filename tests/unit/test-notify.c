// SPDX-License-Identifier: Apache-2.0
/* A socket of our own plays the service manager. */
#include "agent/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/clock.h"
#include "tests/unit/state-fixture.h"

static int listen_at(const char *name, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, name, size);
	if (name[0] == '@')
		address.sun_path[0] = 0;
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
			 0);
	return fd;
}

static void assert_heard(int fd, const char *expected)
{
	char got[64] = "";

	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), strlen(expected));
	assert_string_equal(got, expected);
}

static void check_socket(const char *name)
{
	_cleanup_close_ int manager = listen_at(name, strlen(name));
	struct notify n = NOTIFY_NONE;

	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(&n), 0);
	assert_null(getenv("NOTIFY_SOCKET")); /* children are not to speak for us */
	notify_send(&n, "READY=1\nSTATUS=x");
	assert_heard(manager, "READY=1\nSTATUS=x");
	notify_done(&n);
}

static void test_file(void **state)
{
	char name[96];

	snprintf(name, sizeof(name), "%s/socket", state_path);
	check_socket(name);
}

static void test_abstract(void **state)
{
	char name[96];

	snprintf(name, sizeof(name), "@%s", state_path);
	check_socket(name);
}

static void test_nobody_listens(void **state)
{
	struct notify n;

	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_open(&n), 0);
	notify_send(&n, "READY=1");
	notify_done(&n);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(notify_open(&n), -ENOENT);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_open(&n), -EINVAL);
}

static void test_manager_goes(void **state)
{
	struct notify n = NOTIFY_NONE;
	int manager = listen_at("@test-notify-gone", 17);

	setenv("NOTIFY_SOCKET", "@test-notify-gone", 1);
	assert_int_equal(notify_open(&n), 0);
	close(manager);
	notify_send(&n, "WATCHDOG=1"); /* no SIGPIPE, no fault */
	notify_done(&n);
}

static uint64_t watchdog_of(const char *usec, const char *pid)
{
	_cleanup_close_ int manager = listen_at("@test-notify-dog", 16);
	struct notify n = NOTIFY_NONE;

	setenv("NOTIFY_SOCKET", "@test-notify-dog", 1);
	setenv("WATCHDOG_USEC", usec, 1);
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_open(&n), 0);
	assert_null(getenv("WATCHDOG_USEC"));
	notify_done(&n);
	return n.watchdog_ns;
}

static void test_watchdog(void **state)
{
	char own[16];

	snprintf(own, sizeof(own), "%d", getpid());
	assert_int_equal(watchdog_of("30000000", NULL), 30000000000);
	assert_int_equal(watchdog_of("30000000", own), 30000000000);
	assert_int_equal(watchdog_of("30000000", "1"), 0); /* meant for another */
	assert_int_equal(watchdog_of("x", NULL), 0);
	assert_int_equal(watchdog_of("18446744073709551615", NULL), 0);
}

/* Three times as often as it is awaited, and at once for the first time. */
static void test_feeding(void **state)
{
	const char name[] = "@test-notify-feed";
	_cleanup_close_ int manager = listen_at(name, strlen(name));
	struct notify n = NOTIFY_NONE;
	char got[64];

	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(&n), 0);
	notify_feed_watchdog(&n, 1000); /* nobody awaits any */
	n.watchdog_ns = 300;
	notify_feed_watchdog(&n, 1000);
	notify_feed_watchdog(&n, 1099);
	notify_feed_watchdog(&n, 1100);
	assert_heard(manager, "WATCHDOG=1");
	assert_heard(manager, "WATCHDOG=1");
	assert_int_equal(recv(manager, got, sizeof(got), 0), -1);
	notify_done(&n);
}

static void test_reloading(void **state)
{
	const char name[] = "@test-notify-reload";
	_cleanup_close_ int manager = listen_at(name, strlen(name));
	struct notify n = NOTIFY_NONE;
	char got[96] = "";
	uint64_t now_us;

	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(&n), 0);
	notify_reloading(&n);
	assert_true(recv(manager, got, sizeof(got) - 1, 0) > 0);
	assert_int_equal(sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &now_us), 1);
	assert_in_range(clock_now_ns(CLOCK_MONOTONIC) / 1000 - now_us, 0, 60 * 1000000);
	notify_done(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_abstract, state_set_up, state_tear_down),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_manager_goes),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_feeding),
		cmocka_unit_test(test_reloading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
