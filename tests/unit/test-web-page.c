// SPDX-License-Identifier: Apache-2.0
/* web: the page's files, what of them is sent and how, and the paths of its API. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>

#include "common/compress.h"
#include "web/encoding.h"
#include "web/page-files.h"
#include "web/routes.h"

static void test_accepted_packing(void **state)
{
	static const struct {
		const char *header;
		bool is_accepted;
	} rows[] = {
		{ "gzip", true },
		{ "GZIP", true },
		{ "gzip, deflate, br", true },
		{ "br;q=1.0, gzip;q=0.8, *;q=0.1", true },
		{ "deflate ,\tgzip ; q=0.001", true },
		{ "*", true },
		{ "*;q=0, gzip", true },
		{ "", false },
		{ "identity", false },
		{ "xgzip", false },
		{ "gzipx", false },
		{ "gzip;q=0", false },
		{ "gzip; q=0.000", false },
		{ "gzip ;Q=0, deflate", false },
		{ "*, gzip;q=0", false },
		{ "*;q=0", false },
		{ ",,,;;;", false },
	};

	assert_false(web_accepts_gzip(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (web_accepts_gzip(rows[i].header) != rows[i].is_accepted)
			fail_msg("'%s'", rows[i].header);
}

static void test_etags(void **state)
{
	assert_true(web_has_etag("\"a1\"", "\"a1\""));
	assert_true(web_has_etag("W/\"a1\"", "\"a1\"")); /* compared weakly */
	assert_true(web_has_etag("\"b\", \"a1\"", "\"a1\""));
	assert_true(web_has_etag("*", "\"a1\""));
	assert_false(web_has_etag("a1", "\"a1\""));
	assert_false(web_has_etag("\"xa1\"", "\"a1\""));
	assert_false(web_has_etag("", "\"a1\""));
	assert_false(web_has_etag(NULL, "\"a1\""));
}

/* Each unpacks to what it says, has a type, and a tag of its own. */
static void test_files(void **state)
{
	assert_true(n_page_files >= 3);
	for (size_t i = 0; i < n_page_files; i++) {
		const struct page_file *f = &page_files[i];
		_cleanup_(buf_done) struct buf plain = {};

		assert_int_equal(decompress_add(f->gzip, f->n_gzip_bytes, f->n_bytes, &plain), 0);
		assert_int_equal(plain.size, f->n_bytes);
		assert_ptr_equal(page_file_find(f->path), f);
		assert_non_null(strstr(f->content_type, "/"));
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(f->path, page_files[j].path);
			assert_string_not_equal(f->etag, page_files[j].etag);
		}
	}
	assert_string_equal(page_file_find("/")->content_type, "text/html; charset=utf-8");
	assert_null(page_file_find("/page/"));
	assert_null(page_file_find("/viewer/../page/index.html"));
}

static void test_routes(void **state)
{
	static const char *const api[] = { "about", "hogs", "diff", "flame", "timeline", "labels", "export" };
	static const char *const windows[] = { "/api/v1/windows", "/api/v1/windows/raw/1", "/api/v1/profile",
					       "/api/v1/" };
	char path[32];

	for (size_t i = 0; i < ARRAY_SIZE(api); i++) {
		const struct web_route *route;

		snprintf(path, sizeof(path), "/api/v1/%s", api[i]);
		route = web_route_find(path, WEB_SITE_HUB);
		assert_non_null(route);
		assert_ptr_equal(web_route_find(path, WEB_SITE_VIEW), route);
		assert_null(web_route_find(path, WEB_SITE_AGENT));
		assert_null(web_route_find(path, WEB_SITE_STATUS));
		assert_false(route->is_file); /* it needs the token */
		assert_false(web_route_takes(route, "HEAD"));
		assert_false(web_route_takes(route, "POST"));
		assert_int_equal(route->question, i); /* as enum question_kind has them */
	}
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		assert_non_null(web_route_find(windows[i], WEB_SITE_HUB));
		assert_null(web_route_find(windows[i], WEB_SITE_VIEW));
	}
	for (size_t i = 0; i < n_page_files; i++) {
		const struct web_route *route = web_route_find(page_files[i].path, WEB_SITE_VIEW);

		assert_true(route && route->is_file && route->kind == 0 && web_route_takes(route, "HEAD"));
		assert_true(strcmp(page_files[i].path, "/") == 0 ||
			    !web_route_find(page_files[i].path, WEB_SITE_AGENT));
	}
	assert_null(web_route_find("/page/none.js", WEB_SITE_HUB));
	assert_null(web_route_find("/page/", WEB_SITE_HUB));
}

/* What is packed already is not packed again. */
static void test_packed(void **state)
{
	static struct web_request r = { .kind = WEB_QUESTION, .accepts_gzip = 1 };

	question_init(&r.question, QUESTION_HOGS, 1);
	assert_true(web_request_is_packed(&r));
	r.accepts_gzip = 0;
	assert_false(web_request_is_packed(&r));
	question_init(&r.question, QUESTION_EXPORT, 1);
	r.accepts_gzip = 1;
	r.question.format = QUESTION_PPROF;
	assert_false(web_request_is_packed(&r));
	r.question.format = QUESTION_SVG;
	assert_true(web_request_is_packed(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted_packing), cmocka_unit_test(test_etags),  cmocka_unit_test(test_files),
		cmocka_unit_test(test_routes),           cmocka_unit_test(test_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
