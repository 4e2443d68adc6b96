// SPDX-License-Identifier: Apache-2.0
/* gateway requests: numbers, two profiles at a time, and what a lost gateway had asked. */
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "agent/gateway-requests.h"
#include "common/clock.h"

static struct gateway_requests table;
static unsigned int retry_s;

static int setup(void **state)
{
	memset(&table, 0, sizeof(table));
	return 0;
}

static int add(uint64_t gateway_id, uint32_t seconds)
{
	const struct web_request r = { .kind = seconds ? WEB_PROFILE : WEB_METRICS, .seconds = seconds };

	return gateway_requests_add(&table, gateway_id, &r, -1, 0, &retry_s);
}

static void assert_next(enum gateway_request_state state, uint64_t gateway_id)
{
	struct gateway_request *q = gateway_requests_next(&table);

	assert_non_null(q);
	assert_int_equal(q->state, state);
	assert_int_equal(q->gateway_id, gateway_id);
}

static void test_two_profiles(void **state)
{
	assert_int_equal(add(1, 60), 0);
	assert_int_equal(add(2, 20), 0);
	assert_int_equal(add(3, 1), GATEWAY_REQUESTS_BUSY);
	assert_int_equal(retry_s, 21);
	assert_int_equal(add(4, 0), 0);
	assert_next(GATEWAY_TAKEN, 1);
	assert_int_equal(add(3, 1), GATEWAY_REQUESTS_BUSY);
	/* One that is left makes room only when the agent knows: it may be at it still. */
	gateway_requests_cancel(&table, 1);
	assert_int_equal(add(3, 1), GATEWAY_REQUESTS_BUSY);
	assert_next(GATEWAY_FREE, 1);
	assert_int_equal(add(3, 1), 0);
}

static void test_numbers(void **state)
{
	uint64_t id;

	assert_int_equal(add(7, 0), 0);
	assert_int_equal(add(7, 0), -EBADMSG);
	id = gateway_requests_next(&table)->id;
	assert_non_null(gateway_requests_find(&table, id));
	assert_int_equal(add(7, 0), -EBADMSG);
	assert_null(gateway_requests_find(&table, id + 1));
	assert_null(gateway_requests_next(&table));
	/* Another gateway begins its numbers anew: the old answer is not for it. */
	gateway_requests_cancel_all(&table);
	assert_null(gateway_requests_find(&table, id));
	assert_int_equal(add(7, 0), 0);
	assert_next(GATEWAY_FREE, 7);
	assert_next(GATEWAY_TAKEN, 7);
	assert_null(gateway_requests_find(&table, id));
	assert_non_null(gateway_requests_find(&table, id + 1));
}

static void test_never_told(void **state)
{
	assert_int_equal(add(1, 1), 0);
	gateway_requests_cancel(&table, 1);
	assert_null(gateway_requests_next(&table));
	gateway_requests_cancel(&table, 1); /* crossed an answer: nothing */
	gateway_requests_cancel(&table, 99);
}

static void test_full(void **state)
{
	for (uint64_t i = 0; i < GATEWAY_MAX_REQUESTS; i++)
		assert_int_equal(add(i, 0), 0);
	assert_int_equal(add(GATEWAY_MAX_REQUESTS, 0), GATEWAY_REQUESTS_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_two_profiles, setup),
		cmocka_unit_test_setup(test_numbers, setup),
		cmocka_unit_test_setup(test_never_told, setup),
		cmocka_unit_test_setup(test_full, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
