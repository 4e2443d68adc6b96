// SPDX-License-Identifier: Apache-2.0
/* service: which name wins, which version, and which labels follow. */
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "workload/cgroup.h"
#include "workload/label-set.h"
#include "workload/service-rules.h"
#include "workload/service.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct cgroup_identity docker = { .runtime = CONTAINER_DOCKER,
					       .container_id = ID,
					       .unit = "docker.service" };
static const struct cgroup_identity lxc = { .runtime = CONTAINER_LXC, .container_id = "my-long-named-box" };
static const struct cgroup_identity unit = { .unit = "nginx.service" };
static const struct cgroup_identity session = { .unit = "session-3.scope" };

/* In the order of the sources: each line knows all that the ones behind it do. */
static void test_order(void **state)
{
	struct workload_facts facts = {
		.identity = &docker,
		.container = "shop-web-1",
		.pod = "web-7d9c5b6f8-x2x9k",
		.app = "web",
		.otel_service = "checkout",
		.exe = "/usr/bin/nginx",
		.comm = "worker",
	};
	const struct service_rule rule = {
		.name = "ruled", .version = "", .container = "shop-*", .unit = "docker*", .exe = "", .cmdline = ""
	};
	_cleanup_(service_rules_freep) struct service_rules *rules = NULL;
	struct service s;

	assert_int_equal(service_rules_new(&rules), 0);
	assert_int_equal(service_rules_add(rules, &rule), 0);
	service_find(&facts, rules, &s);
	assert_string_equal(s.name, "ruled");
	assert_int_equal(s.source, SERVICE_FROM_RULE);
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "checkout");
	assert_int_equal(s.source, SERVICE_FROM_ENVIRONMENT);
	facts.otel_service = "";
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "web");
	assert_int_equal(s.source, SERVICE_FROM_APP);
	facts.app = NULL;
	facts.pod = "api-7d9c5b6f8-x2x9k";
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "api");
	assert_int_equal(s.source, SERVICE_FROM_POD);
	facts.pod = NULL;
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "shop-web-1");
	assert_int_equal(s.source, SERVICE_FROM_CONTAINER);
	facts.container = NULL;
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "0123456789ab");
	facts.identity = &lxc;
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "my-long-named-box");
	facts.identity = &unit;
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "nginx.service");
	assert_int_equal(s.source, SERVICE_FROM_UNIT);
	facts.identity = &session;
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "nginx");
	assert_int_equal(s.source, SERVICE_FROM_EXE);
	facts.identity = NULL;
	facts.exe = NULL;
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "worker");
	assert_int_equal(s.source, SERVICE_FROM_COMM);
	facts.exe = "[kernel]";
	service_find(&facts, NULL, &s);
	assert_string_equal(s.name, "[kernel]");
}

static void test_pods(void **state)
{
	static const struct {
		const char *pod, *name;
	} pods[] = {
		{ "checkout-api-7d9c5b6f8-x2x9k", "checkout-api" },
		{ "web-1-55f6fd8d47-bcdfg", "web-1" },
		{ "fluentd-x2x9k", "fluentd" },
		{ "db-0", "db" },
		{ "db-main-12", "db-main" },
		{ "backup-27812345-zq2lk", "backup" },
		{ "kube-proxy-node7", "kube-proxy" },
		{ "bare", "bare" },
		{ "web-stable", "web-stable" },
		{ "a-b-c", "a-b-c" },
		{ "-x2x9k", "-x2x9k" },
		{ "one-shell-x2x9k", "one-shell" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pods); i++) {
		const struct workload_facts facts = { .pod = pods[i].pod, .host = "node7" };
		struct service s;

		service_find(&facts, NULL, &s);
		if (strcmp(s.name, pods[i].name) != 0)
			fail_msg("%s: %s", pods[i].pod, s.name);
	}
}

static void test_versions(void **state)
{
	static const struct {
		struct workload_facts facts;
		const char *version;
	} cases[] = {
		{ { .otel_version = "1", .app_version = "2", .image = "x:3", .build_id = "4" }, "1" },
		{ { .app_version = "2", .image = "x:3", .build_id = "4" }, "2" },
		{ { .image = "x:3", .build_id = "4" }, "3" },
		{ { .image = "registry:5000/shop/x:v2.3@sha256:abc", .build_id = "4" }, "v2.3" },
		{ { .image = "registry:5000/shop/x", .build_id = "0123456789abcdef" }, "0123456789ab" },
		{ { .image = "x@sha256:abc", .build_id = "4" }, "4" },
		{ { .image = "x:latest", .build_id = "4" }, "4" },
		{ { .image = "x:latest-alpine", .build_id = "4" }, "latest-alpine" },
		{ { .image = "" }, "" },
		{ {}, "" },
	};
	const struct service_rule rule = {
		.name = "r", .version = "0", .container = "", .unit = "", .exe = "*", .cmdline = ""
	};
	_cleanup_(service_rules_freep) struct service_rules *rules = NULL;
	struct workload_facts facts = cases[0].facts;
	struct service s;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		service_find(&cases[i].facts, NULL, &s);
		if (strcmp(s.version, cases[i].version) != 0)
			fail_msg("case %zu: '%s'", i, s.version);
	}
	assert_int_equal(service_rules_new(&rules), 0);
	assert_int_equal(service_rules_add(rules, &rule), 0);
	facts.exe = "/x";
	service_find(&facts, rules, &s);
	assert_string_equal(s.version, "0");
}

static void test_labels(void **state)
{
	const struct workload_facts facts = {
		.identity = &docker,
		.cgroup = "/docker/" ID,
		.container = "web",
		.image = "nginx:1",
		.pod = "web-0",
		.namespace = "shop",
		.exe = "/bin/x",
		.comm = "w\xff",
		.host = "node7",
	};
	static const char *const expected[][2] = {
		{ "service_name", "web" },    { "version", "1" },          { "container_id", ID },
		{ "container", "web" },       { "namespace", "shop" },     { "pod", "web-0" },
		{ "unit", "docker.service" }, { "cgroup", "/docker/" ID }, { "comm", "w\xef\xbf\xbd" },
		{ "host", "node7" },          { "__exe__", "/bin/x" },     { "__image__", "nginx:1" },
		{ "__runtime__", "docker" },
	};
	_cleanup_(label_set_done) struct label_set set = {}, bare = {};
	struct service s;

	service_find(&facts, NULL, &s);
	assert_int_equal(service_add_labels(&facts, &s, &set), 0);
	assert_int_equal(set.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(label_set_find(&set, expected[i][0]), expected[i][1]);
	service_find(&(struct workload_facts){}, NULL, &s);
	assert_int_equal(service_add_labels(&(struct workload_facts){}, &s, &bare), 0);
	assert_int_equal(bare.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
