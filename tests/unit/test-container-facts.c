// SPDX-License-Identifier: Apache-2.0
/* container facts: files as the runtimes write them, and JSON of ill will. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>

#include "symbolizer/container-facts.h"
#include "symbolizer/json-reader.h"
#include "tests/unit/cri-server.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What each runtime writes, cut to what matters here and some of what does not. */
static const struct {
	const char *text;
	const char *name, *image, *pod, *namespace, *app, *version, *sandbox;
} cases[] = {
	/* containerd: config.json of a bundle */
	{ "{\"ociVersion\":\"1.1.0\",\"process\":{\"args\":[\"x\"],\"env\":[\"app=no\"]},\"annotations\":{"
	  "\"io.kubernetes.cri.container-name\":\"checkout\",\"io.kubernetes.cri.container-type\":\"container\","
	  "\"io.kubernetes.cri.image-name\":\"registry:5000/shop/checkout:v2.3.1\","
	  "\"io.kubernetes.cri.sandbox-id\":\"ff\",\"io.kubernetes.cri.sandbox-name\":\"checkout-7d9c5b6f8-x2x9k\","
	  "\"io.kubernetes.cri.sandbox-namespace\":\"shop\"},\"linux\":{\"annotations\":{\"app\":\"no\"}}}",
	  "checkout", "registry:5000/shop/checkout:v2.3.1", "checkout-7d9c5b6f8-x2x9k", "shop", "", "", "" },
	/* CRI-O: labels as JSON in an annotation; those of the pod are its own container's */
	{ "{\"annotations\":{\"io.kubernetes.cri-o.ImageName\":\"quay.io/"
	  "db:15\",\"io.kubernetes.cri-o.SandboxID\":\"fe\","
	  "\"io.kubernetes.cri-o.Labels\":\"{\\\"io.kubernetes.container.name\\\":\\\"db\\\","
	  "\\\"io.kubernetes.pod.name\\\":\\\"db-0\\\",\\\"io.kubernetes.pod.namespace\\\":\\\"data\\\"}\"}}",
	  "db", "quay.io/db:15", "db-0", "data", "", "", "fe" },
	{ "{\"annotations\":{\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"old\\\",\\\"app.kubernetes.io/name\\\":"
	  "\\\"new\\\",\\\"app.kubernetes.io/version\\\":\\\"7\\\"}\"}}",
	  "", "", "", "", "new", "7", "" },
	{ "{\"annotations\":{\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\"\",\"nerdctl/name\":\"web\"}}", "web", "", "",
	  "", "", "", "" },
	/* docker: config.v2.json, and its answer */
	{ "{\"Name\":\"/shop-web-1\",\"ID\":\"" ID "\",\"Image\":\"sha256:12\",\"Config\":{\"Hostname\":\"h\","
	  "\"Image\":\"nginx:1.25\",\"Env\":[\"A=b\"],\"Labels\":{\"com.docker.compose.service\":\"web\"}},"
	  "\"State\":{\"Pid\":1,\"Dead\":false,\"Error\":null}}",
	  "shop-web-1", "nginx:1.25", "", "", "web", "", "" },
	{ "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"Id\":\"" ID "\",\"Name\":\"/web\","
	  "\"Config\":{\"Image\":\"nginx\",\"Labels\":null}}\n",
	  "web", "nginx", "", "", "", "", "" },
	/* ECS, over docker: its own name of the container */
	{ "{\"Name\":\"/ecs-task-7-web-d0\",\"Config\":{\"Labels\":{\"com.amazonaws.ecs.container-name\":\"web\","
	  "\"com.amazonaws.ecs.task-definition-family\":\"task\"}}}",
	  "web", "", "", "", "task", "", "" },
	/* runc's state.json */
	{ "{\"id\":\"" ID
	  "\",\"config\":{\"rootfs\":\"/x\",\"labels\":[\"bundle=/b\",\"nerdctl/name=web\",\"plain\"]}}",
	  "web", "", "", "", "", "", "" },
	/* containers/storage: several containers; only ours counts */
	{ "[{\"id\":\"aa\",\"names\":[\"other\"],\"metadata\":\"{\\\"image-name\\\":\\\"o:1\\\"}\"},"
	  "{\"id\":\"" ID "\",\"names\":[\"db\",\"second\"],\"image\":\"ab\",\"layer\":\"cd\","
	  "\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/library/postgres:15\\\",\\\"name\\\":\\\"db\\\"}\","
	  "\"flags\":{\"MountLabel\":\"\"}},{\"id\":\"bb\",\"names\":[\"last\"]}]",
	  "db", "docker.io/library/postgres:15", "", "", "", "", "" },
	/* escapes */
	{ "{\"Name\":\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\n\\/\\u0000\\ud83dx\"}",
	  "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n/\xef\xbf\xbd\xef\xbf\xbdx", "", "", "", "", "", "" },
};

static void test_runtimes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const expected[CONTAINER_FACT_N] = { cases[i].name,      cases[i].image, cases[i].pod,
								 cases[i].namespace, cases[i].app,   cases[i].version,
								 cases[i].sandbox };
		struct container_facts facts;

		assert_int_equal(container_facts_parse(cases[i].text, strlen(cases[i].text), ID, &facts), 0);
		for (size_t k = 0; k < CONTAINER_FACT_N; k++)
			if (strcmp(facts.texts[k], expected[k]) != 0)
				fail_msg("case %zu, fact %zu: '%s' is not '%s'", i, k, facts.texts[k], expected[k]);
	}
}

static void test_no_json(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"[1,]",
		"[1 2]",
		"{\"Name\":\"x\"} y",
		"{a:1}",
		"\"\\x\"",
		"\"abc",
		"\"\\u12\"",
		"\"a\nb\"",
		"{\"a\":1]",
		"HTTP/1.0 200 OK\r\n\r\n",
		"]",
	};
	struct container_facts facts;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (container_facts_parse(texts[i], strlen(texts[i]), ID, &facts) != -EBADMSG)
			fail_msg("'%s' is taken for JSON", texts[i]);
}

static void test_nothing_in_it(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"\"x\"",
		"{\"Name\":\"\"}",
		"[{\"id\":\"x\",\"names\":[\"y\"]}]",
		"{\"annotations\":[\"app\"],\"Name\":[\"x\"],\"Config\":{\"Labels\":\"app\"}}"
	};
	struct container_facts facts;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(container_facts_parse(texts[i], strlen(texts[i]), ID, &facts), -ENODATA);
}

static void test_bounds(void **state)
{
	static char deep[1000], wide[JSON_STRING_BYTES + 200];
	struct container_facts facts;

	memset(deep, '[', sizeof(deep));
	assert_int_equal(container_facts_parse(deep, sizeof(deep), ID, &facts), -EBADMSG);

	/* A name that does not fit is none; the rest is still told. */
	snprintf(wide, sizeof(wide), "{\"Name\":\"%0300d\",\"Config\":{\"Image\":\"i\"}}", 1);
	assert_int_equal(container_facts_parse(wide, strlen(wide), ID, &facts), 0);
	assert_string_equal(facts.texts[CONTAINER_FACT_NAME], "");
	assert_string_equal(facts.texts[CONTAINER_FACT_IMAGE], "i");

	/* Nor is a string that is longer than the reader keeps. */
	memset(wide, 'x', sizeof(wide));
	memcpy(wide, "{\"Name\":\"", 9);
	strcpy(wide + JSON_STRING_BYTES + 100, "\",\"Config\":{\"Image\":\"i\"}}");
	assert_int_equal(container_facts_parse(wide, strlen(wide), ID, &facts), 0);
	assert_string_equal(facts.texts[CONTAINER_FACT_NAME], "");
	assert_string_equal(facts.texts[CONTAINER_FACT_IMAGE], "i");
}

static int parse_cri(const struct buf *message, struct container_facts *ret)
{
	return container_facts_parse_cri((const uint8_t *)message->data, message->size, ID, ret);
}

static void test_cri(void **state)
{
	struct container_facts facts;
	struct buf message = {};

	cri_put_status(&message, ID);
	assert_int_equal(parse_cri(&message, &facts), 0);
	assert_string_equal(facts.texts[CONTAINER_FACT_NAME], "main");
	assert_string_equal(facts.texts[CONTAINER_FACT_IMAGE], "registry:5000/shop/checkout:v2.3");
	assert_string_equal(facts.texts[CONTAINER_FACT_POD], "checkout-7d9c5b6f8-x2x9k");
	assert_string_equal(facts.texts[CONTAINER_FACT_NAMESPACE], "shop");
	assert_string_equal(facts.texts[CONTAINER_FACT_APP], "checkout");
	for (size_t size = 1; size < message.size; size++)
		if (parse_cri(&(struct buf){ .data = message.data, .size = size }, &facts) != -EBADMSG)
			fail_msg("%zu bytes of %zu are taken for a message", size, message.size);
	buf_clear(&message);
	assert_int_equal(parse_cri(&message, &facts), -ENODATA);
	cri_put_status(&message, "another");
	assert_int_equal(parse_cri(&message, &facts), -ENODATA);
	buf_done(&message);
}

/* What the pod asked for comes before what the runtime made of it; a hash is no name. */
static void test_cri_images(void **state)
{
	static const struct {
		const char *image, *asked_for, *expected;
	} images[] = {
		{ "shop:1", "", "shop:1" },
		{ "sha256:abcd", "shop:2", "shop:2" },
		{ "sha256:abcd", "", "" },
		{ "shop:1", "sha256:abcd", "shop:1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		struct buf message = {}, status = {}, image = {};
		struct container_facts facts;

		proto_field(&image, 1, images[i].image, strlen(images[i].image));
		proto_field(&image, 18, images[i].asked_for, strlen(images[i].asked_for));
		proto_field(&status, 1, ID, strlen(ID));
		cri_put_text(&status, 2, 1, "name");
		proto_field(&status, 8, image.data, image.size);
		proto_field(&message, 1, status.data, status.size);
		assert_int_equal(parse_cri(&message, &facts), 0);
		assert_string_equal(facts.texts[CONTAINER_FACT_NAME], "name");
		assert_string_equal(facts.texts[CONTAINER_FACT_IMAGE], images[i].expected);
		buf_done(&message);
		buf_done(&status);
		buf_done(&image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runtimes), cmocka_unit_test(test_no_json), cmocka_unit_test(test_nothing_in_it),
		cmocka_unit_test(test_bounds),   cmocka_unit_test(test_cri),     cmocka_unit_test(test_cri_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
