// SPDX-License-Identifier: Apache-2.0
/*
 * lane: one target at work, over a real store and a real socket, with a clock that is told. Each window of ten seconds
 * is a batch of its own; the server answers when the test does.
 */
#include "tests/unit/cmocka-all.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/unit/store-fixture.h"
#include "uploader/lane.h"

#define N 4 /* windows */
#define OK "200 OK"

static struct store *store;
static struct source source;
static struct http *http;
static struct lane_world world;
static struct lane lane;
static struct upload_settings settings;
static struct upload_clock now;
static char url[64], token[128];
static int listening = -1, client = -1;
static char request[1 << 16]; /* the one that came last */

static int listen_somewhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(listening, (struct sockaddr *)&at, size) < 0 || listen(listening, 10) < 0 ||
	    getsockname(listening, (struct sockaddr *)&at, &size) < 0)
		return -1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(at.sin_port));
	return 0;
}

static int open_folder(const char *name)
{
	assert_int_equal(mkdirat(state_fd, name, 0700), 0);
	return openat(state_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int set_up(void **state)
{
	if (state_set_up(state) != 0 || listen_somewhere() < 0)
		return -1;
	store = open_store(STORE_WRITE);
	put_windows(store, 1, N);
	store = store_free(store);
	store = open_store(STORE_READ);
	source_init(&source, store);
	assert_int_equal(source_add_new(&source), 0);
	assert_int_equal(http_new(&http), 0);
	world = (struct lane_world){ .http = http, .source = &source, .host = "h" };
	world.targets_fd = open_folder("targets");
	world.bad_fd = open_folder("bad");
	settings = (struct upload_settings){
		.kind = &target_http,
		.config = { .name = "central", .url = url, .database = "" },
		.interval_ns = (uint64_t)WINDOW_NS,
		.timeout_ns = 5 * NS_PER_S,
	};
	now = (struct upload_clock){ .realtime_ns = BASE_NS + 100 * WINDOW_NS, .monotonic_ns = NS_PER_S };
	assert_int_equal(lane_init(&lane, &world, &settings, &now), 0);
	return 0;
}

static int tear_down(void **state)
{
	lane_done(&lane);
	http = http_free(http);
	source_done(&source);
	store = store_free(store);
	close_fd(world.targets_fd);
	close_fd(world.bad_fd);
	client = close_fd(client);
	listening = close_fd(listening);
	return state_tear_down(state);
}

/* Another process in its place: nothing is left of it but what is on disk. */
static int killed(void)
{
	http_transfer_free(lane.transfer);
	upload_request_done(&lane.request);
	delivery_done(&lane.delivery);
	credentials_done(&lane.credentials);
	client = close_fd(client);
	world.is_ending = false;
	return lane_init(&lane, &world, &settings, &now);
}

static void step(void)
{
	struct pollfd fds[] = { { .fd = http_fd(http), .events = POLLIN },
				{ .fd = client >= 0 ? client : listening, .events = POLLIN } };

	assert_int_equal(lane_step(&lane, &now), 0);
	assert_true(poll(fds, 2, 5) >= 0);
	http_dispatch(http);
}

static bool is_whole(size_t n)
{
	const char *body = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");

	return body && length && n >= (size_t)(body + 4 - request) + strtoul(length + 16, NULL, 10);
}

/* The next request; false: none comes. All that waits waits no longer. */
static bool is_asked(void)
{
	size_t n = 0;

	now.monotonic_ns += 1000 * NS_PER_S;
	memset(request, 0, sizeof(request));
	for (int i = 0; i < 400 && !is_whole(n) && (lane.transfer || i < 2); i++) {
		ssize_t more;

		step();
		if (client < 0)
			client = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		more = recv(client, request + n, sizeof(request) - 1 - n, 0);
		if (more == 0)
			client = close_fd(client); /* one that was kept, and is not used */
		n += more > 0 ? (size_t)more : 0;
	}
	return is_whole(n);
}

/* What is answered reaches the lane, which does not go on yet. */
static void answer(const char *status)
{
	char text[256];

	snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
	assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	for (int i = 0; i < 400 && !http_transfer_is_done(lane.transfer); i++) {
		poll(NULL, 0, 1);
		http_dispatch(http);
	}
	assert_true(http_transfer_is_done(lane.transfer));
}

static struct queue on_disk(void)
{
	struct queue q;

	assert_int_equal(queue_read(world.targets_fd, "central", &q), 0);
	return q;
}

static ino_t file_number(void)
{
	struct stat st;

	assert_int_equal(fstatat(world.targets_fd, "central.json", &st, 0), 0);
	return st.st_ino;
}

/* Which window the request is of, by its interval. */
static int asked_for(void)
{
	const char *at = strstr(request, "?from=");

	assert_non_null(at);
	return (int)((strtoll(at + 6, NULL, 10) * (int64_t)NS_PER_S - BASE_NS) / WINDOW_NS);
}

static void set_url(const char *behind)
{
	snprintf(url + strlen(url), sizeof(url) - strlen(url), "%s", behind);
}

static void test_all_is_sent_once_the_newest_first(void **state)
{
	struct queue q;

	set_url("/?from={start}");
	for (int i = N; i > 0; i--) {
		assert_true(is_asked());
		assert_int_equal(asked_for(), i);
		assert_int_equal(lane_state(&lane), LANE_SENDING);
		answer(OK);
	}
	assert_false(is_asked());
	assert_int_equal(lane_state(&lane), LANE_IDLE);
	q = on_disk();
	assert_int_equal(q.counters.sent_windows, N);
	assert_int_equal(q.counters.sent_batches, N);
	assert_int_equal(q.counters.requests, N);
	assert_int_equal(q.n_passed, 1);
	assert_int_equal(q.n_open, 0);
	assert_int_equal(killed(), 0);
	assert_false(is_asked());
	assert_int_equal(lane.queue.counters.possible_duplicates, 0);
}

/* What is not fresh any more waits for its turn: so many in an interval. */
static void test_the_past_is_capped(void **state)
{
	assert_true(is_asked());
	answer(OK);
	for (int i = 0; i < 10; i++)
		step(); /* at the same time */
	assert_null(lane.transfer);
	assert_int_equal(lane_wake_ns(&lane), now.monotonic_ns + (uint64_t)WINDOW_NS / 8);
	assert_true(is_asked()); /* later */
}

static void test_killed_in_a_request(void **state)
{
	assert_true(is_asked());
	assert_true(on_disk().open[0].is_sending);
	assert_int_equal(killed(), 0);
	assert_int_equal(lane.queue.counters.possible_duplicates, 1);
	assert_int_equal(lane.queue.counters.ambiguous, 1);
	for (int i = 0; i < N; i++) {
		assert_true(is_asked());
		answer(OK);
	}
	assert_false(is_asked());
	assert_int_equal(on_disk().counters.sent_windows, N);
	assert_int_equal(on_disk().counters.possible_duplicates, 1);
}

/* Each part for itself: what a kill leaves open is one of them, not the batch. */
static void test_killed_in_a_later_part(void **state)
{
	static const char *by_service[] = { "service_name", NULL };
	const struct made two = { .first = N + 1, .start_ns = BASE_NS + (N + 1) * WINDOW_NS, .services = "api,db" };
	struct window_info info;
	struct store *w = open_store(STORE_WRITE);
	struct queue q;

	assert_int_equal(put(w, &two, &info), 0);
	store_free(w);
	assert_int_equal(source_add_new(&source), 0);
	settings.split_by = by_service;
	assert_true(is_asked());
	answer(OK);
	assert_true(is_asked());
	q = on_disk();
	assert_int_equal(q.open[0].n_parts, 2);
	assert_int_equal(q.open[0].part, 1);
	assert_true(q.open[0].is_sending);
	assert_int_equal(killed(), 0);
	for (int i = 0; i < N + 1; i++) {
		assert_true(is_asked());
		answer(OK);
	}
	assert_false(is_asked());
	assert_int_equal(on_disk().counters.sent_windows, N + 1);
	assert_int_equal(on_disk().counters.possible_duplicates, 1);
}

static void test_killed_where_a_loss_is_wanted(void **state)
{
	settings.drops_ambiguous = true;
	assert_true(is_asked());
	assert_int_equal(killed(), 0);
	for (int i = 0; i < N - 1; i++) {
		assert_true(is_asked());
		answer(OK);
	}
	assert_false(is_asked());
	assert_int_equal(on_disk().counters.possible_losses, 1);
	assert_int_equal(on_disk().counters.possible_duplicates, 0);
}

/* It takes nothing twice: its file is written once a batch, with its id, before the first of its requests. */
static void test_who_takes_nothing_twice(void **state)
{
	struct queue q;
	ino_t number;

	settings.kind = &target_clickhouse;
	assert_true(is_asked());
	assert_non_null(strstr(request, ".stacks"));
	number = file_number();
	q = on_disk();
	assert_int_equal(q.n_open, 1);
	assert_non_null(strstr(request, q.open[0].id));
	answer(OK);
	assert_true(is_asked());
	assert_non_null(strstr(request, ".samples"));
	assert_int_equal(file_number(), number);
	assert_int_equal(killed(), 0);
	assert_int_equal(lane.queue.counters.possible_duplicates, 0);
	for (int i = 0; i < 2 * N; i++) {
		assert_true(is_asked());
		assert_non_null(strstr(request, i % 2 ? ".samples" : ".stacks"));
		assert_true(i > 1 || strstr(request, q.open[0].id));
		answer(OK);
	}
	assert_false(is_asked());
	assert_int_equal(on_disk().counters.sent_windows, N);
}

/* Asked to end, it begins nothing; the part that it is at comes to its end, with all its requests. */
static void test_an_end(void **state)
{
	settings.kind = &target_clickhouse;
	assert_true(is_asked());
	world.is_ending = true;
	assert_true(lane_is_busy(&lane));
	answer(OK);
	assert_true(is_asked());
	assert_non_null(strstr(request, ".samples"));
	answer(OK);
	assert_false(is_asked());
	assert_false(lane_is_busy(&lane));
	assert_int_equal(lane_wake_ns(&lane), UINT64_MAX);
	assert_int_equal(killed(), 0);
	assert_int_equal(lane.queue.counters.ambiguous, 0);
	for (int i = 0; i < 2 * (N - 1); i++) {
		assert_true(is_asked());
		answer(OK);
	}
	assert_false(is_asked());
	assert_int_equal(on_disk().counters.sent_windows, N);
}

/* The same where the answer is no good: it is not tried again. */
static void test_an_end_with_a_failure(void **state)
{
	assert_true(is_asked());
	world.is_ending = true;
	answer("503 Later");
	assert_false(is_asked());
	assert_false(lane_is_busy(&lane));
	assert_int_equal(lane_wake_ns(&lane), UINT64_MAX);
	assert_false(on_disk().open[0].is_sending);
}

static void test_a_refused_part(void **state)
{
	struct queue q;

	assert_true(is_asked());
	answer("400 Bad");
	assert_true(is_asked());
	q = on_disk();
	assert_int_equal(q.counters.rejected_parts, 1);
	assert_int_equal(q.counters.refused_windows, 1);
	assert_non_null(strstr(lane.fault, "HTTP 400"));
}

/* It holds, and is tried now and then; a new secret ends that at once. */
static void test_a_secret_that_changes(void **state)
{
	snprintf(token, sizeof(token), "%s/token", state_path);
	state_put("token", "old\n");
	settings.token_file = token;
	lane_done(&lane);
	assert_int_equal(lane_init(&lane, &world, &settings, &now), 0);
	assert_true(is_asked());
	assert_non_null(strstr(request, "Authorization: Bearer old\r\n"));
	answer("401 Who are you");
	assert_int_equal(lane_step(&lane, &now), 0);
	assert_int_equal(lane_state(&lane), LANE_HOLDING);
	assert_true(lane.policy.not_before_ns > now.monotonic_ns + 100 * NS_PER_S);
	now.monotonic_ns += 10 * NS_PER_S;
	assert_int_equal(lane_step(&lane, &now), 0);
	assert_null(lane.transfer);
	state_put("token", "newer\n");
	now.monotonic_ns += 10 * NS_PER_S;
	assert_int_equal(lane_step(&lane, &now), 0);
	assert_non_null(lane.transfer);
	assert_int_equal(lane_state(&lane), LANE_SENDING);
	assert_true(is_asked());
	assert_non_null(strstr(request, "Authorization: Bearer newer\r\n"));
}

/* What went away or is too old is behind, and counted. */
static void test_what_is_never_sent(void **state)
{
	assert_int_equal(lane_note_gone(&lane, 2, &now), 0);
	source_drop_before(&source, 2);
	assert_int_equal(lane.queue.counters.evicted_windows, 1);
	settings.max_age_ns = 97 * (uint64_t)WINDOW_NS; /* of the second and third: too old */
	now.realtime_ns += WINDOW_NS / 2;
	assert_true(is_asked());
	answer(OK);
	assert_false(is_asked());
	assert_int_equal(on_disk().counters.too_old_windows, 2);
	assert_int_equal(on_disk().counters.sent_windows, 1);
}

static void put_queue(const char *text)
{
	_cleanup_close_ int fd =
		openat(world.targets_fd, "central.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

static void test_files_that_cannot_be_used(void **state)
{
	struct queue later;

	put_queue("{\"version\":99}");
	assert_int_equal(killed(), LANE_NOT_READ);
	assert_int_equal(lane_state(&lane), LANE_OFF);
	assert_false(is_asked());
	put_queue("{damaged");
	assert_int_equal(killed(), LANE_NOT_READ);
	assert_non_null(strstr(lane.fault, "was damaged"));
	assert_true(is_asked());
	/* Of a store that had more windows than this one: its numbers mean nothing here. */
	queue_init(&later, "central");
	later.counters.sent_windows = 7;
	assert_int_equal(queue_pass(&later, (struct queue_range){ 0, 1000 }), 0);
	assert_int_equal(queue_write(world.targets_fd, &later), 0);
	assert_int_equal(killed(), LANE_NOT_READ);
	assert_non_null(strstr(lane.fault, "more windows than the store ever had"));
	assert_int_equal(lane.queue.counters.sent_windows, 7);
	assert_true(is_asked());
}

#define LANE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LANE_TEST(test_all_is_sent_once_the_newest_first),
		LANE_TEST(test_the_past_is_capped),
		LANE_TEST(test_killed_in_a_request),
		LANE_TEST(test_killed_in_a_later_part),
		LANE_TEST(test_killed_where_a_loss_is_wanted),
		LANE_TEST(test_who_takes_nothing_twice),
		LANE_TEST(test_an_end),
		LANE_TEST(test_an_end_with_a_failure),
		LANE_TEST(test_a_refused_part),
		LANE_TEST(test_a_secret_that_changes),
		LANE_TEST(test_what_is_never_sent),
		LANE_TEST(test_files_that_cannot_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
