// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-page.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/hub-child.h"
#include "agent/sealed-file.h"
#include "common/compress.h"
#include "report/answer.h"
#include "report/fetch.h"
#include "store/store.h"
#include "symbolizer/child-process.h"
#include "web/viewer-page.h"

#define DATA_BYTES ((size_t)512 << 20)
#define NICE 5 /* windows that come, and whatever this host is for, go first */

/* Of an URL; NULL: the store at hand. */
static struct {
	const char *url;
	struct fetch_settings settings;
} view;

static int open_nothing(void)
{
	return 0;
}

static int give(const struct web_request *request, const struct buf *body, struct hub_answer *a)
{
	_cleanup_(buf_done) struct buf packed = {};
	bool is_packed = web_request_is_packed(request);
	int r = is_packed ? compress_add(COMPRESSION_GZIP, body->data, body->size, &packed) : 0;

	if (is_packed)
		body = &packed;
	if (r == 0)
		r = sealed_file_new("answer", body->data, body->size, &a->body_fd);
	return r < 0 ? r : hub_answer_set(a, HUB_READ, "%s", "");
}

static int answer(const struct answer_place *place, const struct web_request *request, struct hub_answer *a)
{
	_cleanup_(buf_done) struct buf body = {};
	char why[ANSWER_WHY_BYTES] = "";
	int r = answer_make(place, &request->question, &body, why);

	switch (r) {
	case 0:
		return give(request, &body, a);
	case ANSWER_BAD_QUESTION:
		return hub_answer_set(a, HUB_REFUSED_QUERY, "%s", why);
	case ANSWER_NOTHING:
		return hub_answer_set(a, HUB_GONE, "%s", why);
	case ANSWER_TOO_LARGE:
		return hub_answer_set(a, HUB_REFUSED_LARGE, "%s", why);
	case ANSWER_FAILED:
		return hub_answer_set(a, HUB_SOURCE_FAILED, "%s", why);
	default:
		return r;
	}
}

static int answer_of_url(const struct web_request *request, struct hub_answer *a)
{
	const struct answer_place place = { .url = view.url, .settings = &view.settings, .add_page = viewer_page_add };

	return answer(&place, request, a);
}

/* Opened anew each time: its catalogue may be another by now, and it costs a millisecond. */
static int answer_of_store(const struct web_request *request, struct hub_answer *a)
{
	_cleanup_(store_freep) struct store *store = NULL;
	struct answer_place place = { .add_page = viewer_page_add };
	int r = store_open(CHILD_GIVEN_FD, STORE_READ, &store);

	if (r == STORE_NONE)
		return hub_answer_set(a, HUB_FAILED,
				      "no windows yet in this directory: start 'cpuhound agent', or name another");
	place.store = store;
	return r == 0 ? answer(&place, request, a) : r;
}

static int answer_request(const struct web_request *request, int body_fd, const struct hub_rules *rules,
			  struct hub_answer *ret)
{
	int r = view.url ? answer_of_url(request, ret) : answer_of_store(request, ret);

	malloc_trim(0); /* an answer of a flame graph took a lot, and the next question may come tomorrow */
	if (r == -ENOMEM)
		r = hub_answer_set(ret, HUB_REFUSED_LARGE,
				   "it needs more memory than one answer may: narrow the time, or match labels");
	if (r < 0)
		snprintf(ret->text, sizeof(ret->text), "it cannot be answered: %s", strerrordesc_np(-r));
	return r < 0 ? r : 0;
}

int hub_page_main(int argc, char **argv)
{
	const char *files[2] = {};
	struct hub_child_role role = {
		.name = "cpuhound-page",
		.data_bytes = DATA_BYTES,
		.nice = NICE,
		.reads_only = true,
		.has_threads = true,
		.files = files,
		.n_files = ARRAY_SIZE(files),
		.open = open_nothing,
		.answer = answer_request,
	};

	if (argc == 5) {
		view.url = argv[2];
		view.settings.token_file = argv[3][0] ? argv[3] : NULL;
		view.settings.ca_file = argv[4][0] ? argv[4] : NULL;
		role.may_connect = true;
		files[0] = view.settings.token_file;
		files[1] = view.settings.ca_file;
		if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
			return 1;
	}
	return hub_child_run(&role);
}
