// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/hub-child.h"
#include "agent/sealed-file.h"
#include "common/buf.h"
#include "common/compress.h"
#include "common/json.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "store/selection.h"
#include "store/store.h"
#include "store/window-json.h"
#include "symbolizer/child-process.h"

#define DATA_BYTES ((size_t)768 << 20)
#define PAGE_WINDOWS 2000 /* and the rest of the last one's hour */
#define MERGED_ID "hub"

static struct store *store;

static int open_store(void)
{
	int r = store_open(CHILD_GIVEN_FD, STORE_READ, &store);

	return r > 0 ? -ENOENT : r;
}

static int give(struct hub_answer *a, const char *name, const struct buf *body)
{
	int r = sealed_file_new(name, body->data, body->size, &a->body_fd);

	return r < 0 ? r : hub_answer_set(a, HUB_READ, "%s", "");
}

/* Lines of matchers. */
static int select_windows(const struct web_hub_request *request, struct selection *ret, struct hub_answer *a)
{
	char text[WEB_MATCH_BYTES], *rest = text, *line;
	int r = 0;

	strcpy(text, request->match);
	ret->since_ns = request->since_ns;
	ret->until_ns = request->until_ns;
	while (r == 0 && (line = strsep(&rest, "\n")) && *line) {
		char why[MATCHER_WHY_BYTES] = "no matcher: key=value, key!=value, key=~regex or key!~regex";

		r = selection_add(ret, line, why);
		if (r > 0)
			return hub_answer_set(a, HUB_REFUSED_QUERY, "match '%.60s': %.100s", line, why);
		if (r == -ENOSPC)
			return hub_answer_set(a, HUB_REFUSED_QUERY, "more than %d matchers", SELECTION_MAX_MATCHERS);
	}
	return r;
}

/* The start of the hour. */
static int64_t hour_of(int64_t start_ns)
{
	return start_ns - start_ns % (int64_t)window_tier_ns(WINDOW_HOUR);
}

/*
 * A page ends with an hour: a file is merged from windows of one hour, so what is merged before the next page is asked
 * for is wholly on that page, or was wholly on this one.
 */
static int add_page(struct window_cursor *c, int64_t cursor_ns, struct json_object *top, struct json_object *array)
{
	struct window_info info;
	int64_t last_ns = 0;
	size_t n = 0;
	int r;

	while ((r = window_cursor_next(c, &info)) != STORE_END) {
		if (r < 0)
			return r;
		if (r == STORE_GONE || info.start_ns < cursor_ns)
			continue;
		if (n >= PAGE_WINDOWS && hour_of(info.start_ns) != hour_of(last_ns))
			return json_add_number(top, "next_cursor", hour_of(info.start_ns));
		r = window_json_append(array, &info);
		if (r < 0)
			return r;
		last_ns = info.start_ns;
		n++;
	}
	return 0;
}

static int list(const struct web_hub_request *request, const struct selection *selection, struct hub_answer *a)
{
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	_cleanup_(json_putp) struct json_object *top = NULL;
	_cleanup_(buf_done) struct buf text = {};
	struct json_object *array = NULL;
	int r = store_select(store, selection, &c);

	if (r == 0)
		r = json_new_top(&top);
	if (r == 0)
		r = json_add_array(top, "windows", &array);
	if (r == 0)
		r = add_page(c, request->cursor_ns, top, array);
	if (r == 0)
		r = json_add_text(top, &text);
	return r == 0 ? give(a, "windows", &text) : r;
}

static int read_window(const struct web_hub_request *request, struct hub_answer *a)
{
	_cleanup_(buf_done) struct buf bytes = {};
	struct window_info info;
	int r = store_find(store, request->tier, request->first, &info);

	if (r == 0)
		r = store_read_bytes(store, &info, &bytes);
	if (r == STORE_GONE || r == STORE_BAD)
		return hub_answer_set(a, HUB_GONE, "there is no such window, or not any more");
	return r == 0 ? give(a, "window", &bytes) : r;
}

static int add_window(struct merge *m, const struct window_info *info, const struct selection *selection)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	int r = store_load(store, info, &p);

	if (r == 0)
		r = selection_keep_samples(selection, p);
	return r == 0 ? merge_add(m, p) : r;
}

static int merge_all(struct window_cursor *c, struct merge *m, const struct selection *selection, size_t *ret_n)
{
	struct window_info info;
	int r;

	*ret_n = 0;
	while ((r = window_cursor_next(c, &info)) != STORE_END) {
		if (r == 0)
			r = add_window(m, &info, selection);
		if (r < 0)
			return r;
		*ret_n += r == 0; /* else it has gone, or is damaged */
	}
	return 0;
}

static int merge_selected(const struct selection *selection, struct hub_answer *a)
{
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	_cleanup_(merge_freep) struct merge *m = NULL;
	_cleanup_(buf_done) struct buf raw = {}, packed = {};
	const struct merge_options options = { .id = MERGED_ID };
	size_t n = 0;
	int r = merge_new(&m);

	if (r == 0)
		r = store_select(store, selection, &c);
	if (r == 0)
		r = merge_all(c, m, selection, &n);
	if (r == 0 && n == 0)
		return hub_answer_set(a, HUB_GONE, "no window is selected");
	if (r == 0)
		r = merge_encode(m, &options, &raw);
	if (r == 0)
		r = compress_add(COMPRESSION_GZIP, raw.data, raw.size, &packed);
	if (r == -ENOSPC || r == -ERANGE || r == -EFBIG || r == -ENOMEM)
		return hub_answer_set(a, HUB_REFUSED_LARGE,
				      "more is selected than fits into one profile: narrow the time, or match labels");
	return r == 0 ? give(a, "profile", &packed) : r;
}

static int read_selected(const struct web_request *request, struct hub_answer *a)
{
	struct selection selection = SELECTION_ALL_TIME;
	int r = select_windows(&request->hub, &selection, a);

	selection.files = SELECT_FEWEST;
	if (r == 0 && request->kind == WEB_WINDOWS)
		r = list(&request->hub, &selection, a);
	else if (r == 0)
		r = merge_selected(&selection, a);
	selection_done(&selection);
	return r;
}

static int answer_request(const struct web_request *request, int body_fd, const struct hub_rules *rules,
			  struct hub_answer *ret)
{
	int r = request->kind == WEB_WINDOW ? read_window(&request->hub, ret) : read_selected(request, ret);

	if (r < 0)
		snprintf(ret->text, sizeof(ret->text), "the hub cannot read it: %s", strerrordesc_np(-r));
	return r < 0 ? r : 0;
}

int hub_reader_main(void)
{
	static const struct hub_child_role role = {
		.name = "cpuhound-reader",
		.data_bytes = DATA_BYTES,
		.open = open_store,
		.answer = answer_request,
	};

	return hub_child_run(&role);
}
