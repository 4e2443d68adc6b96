// SPDX-License-Identifier: Apache-2.0
#include "report/source-hub.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "pprof/profile.h"
#include "store/selection.h"
#include "store/store.h"
#include "store/window-json.h"

#define WINDOWS_PATH "/api/v1/windows"
#define MAX_PAGE_BYTES ((size_t)64 << 20)
#define MAX_PAGE_WINDOWS ((size_t)100000)

struct hub_windows {
	struct fetch *fetch;
	const char *url;
	size_t url_size; /* without the '/' at its end */
	const struct selection *selection;
	struct window_info *page;
	size_t n, next;         /* of the page */
	size_t n_before;        /* on earlier ones */
	int64_t next_cursor_ns; /* of the next page; 0: there is none */
	char reason[FETCH_REASON_BYTES];
};

static int add_query(const struct hub_windows *h, struct buf *url)
{
	const struct selection *s = h->selection;
	int r = buf_printf(url, "?since_ns=%" PRId64 "&until_ns=%" PRId64, s->since_ns, s->until_ns);

	if (r == 0 && h->next_cursor_ns > 0)
		r = buf_printf(url, "&cursor=%" PRId64, h->next_cursor_ns);
	for (size_t i = 0; r == 0 && i < s->n_matchers; i++) {
		r = buf_add_str(url, "&match=");
		if (r == 0)
			r = fetch_add_escaped(matcher_text(s->matchers[i]), url);
	}
	return r;
}

static int refuse(struct hub_windows *h, const char *why)
{
	snprintf(h->reason, sizeof(h->reason), "%s", why);
	return FETCH_FAILED;
}

static int read_windows(struct hub_windows *h, struct json_object *array)
{
	size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : MAX_PAGE_WINDOWS + 1;
	int r = 0;

	if (n > MAX_PAGE_WINDOWS)
		return refuse(h, "what it answers is no list of windows: is it a cpuhound hub?");
	free(h->page);
	h->page = calloc(n + 1, sizeof(*h->page));
	if (!h->page)
		return -ENOMEM;
	h->n_before += h->n;
	h->next = h->n = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = window_json_read(json_object_array_get_idx(array, i), &h->page[i]);
	if (r == -EBADMSG)
		return refuse(h, "its list of windows is damaged");
	h->n = r == 0 ? n : 0;
	return r;
}

/* A page moves on, or the list would not end. */
static int take_page(struct hub_windows *h, const struct buf *text)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int64_t cursor_ns, before_ns = h->next_cursor_ns;
	int r = json_parse(text->data ?: "", text->size, &top);

	if (r == JSON_NOT_ONE)
		return refuse(h, "what it answers is no JSON: is it a cpuhound hub?");
	if (r == 0 && json_find_number(top, "schema_version") != JSON_SCHEMA_VERSION)
		return refuse(h, "its list of windows is of another version");
	if (r == 0)
		r = read_windows(h, json_find(top, "windows"));
	if (r != 0)
		return r;
	cursor_ns = (int64_t)json_find_number(top, "next_cursor");
	h->next_cursor_ns = cursor_ns > before_ns ? cursor_ns : 0;
	return 0;
}

static int fetch_page(struct hub_windows *h)
{
	_cleanup_(buf_done) struct buf url = {}, text = {};
	int r = buf_add(&url, h->url, h->url_size);

	if (r == 0)
		r = buf_add_str(&url, WINDOWS_PATH);
	if (r == 0)
		r = add_query(h, &url);
	if (r == 0)
		r = fetch_get(h->fetch, url.data, MAX_PAGE_BYTES, &text, h->reason);
	if (r > 0)
		return FETCH_FAILED;
	return r == 0 ? take_page(h, &text) : r;
}

int hub_windows_new(const char *url, const struct fetch_settings *settings, const struct selection *selection,
		    struct hub_windows **ret, char ret_reason[static FETCH_REASON_BYTES])
{
	_cleanup_(hub_windows_freep) struct hub_windows *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->url = url;
	h->url_size = strlen(url);
	while (h->url_size > 0 && url[h->url_size - 1] == '/')
		h->url_size--;
	h->selection = selection;
	r = fetch_new(settings, &h->fetch, ret_reason);
	if (r != 0)
		return r;
	r = fetch_page(h);
	memcpy(ret_reason, h->reason, FETCH_REASON_BYTES);
	if (r == 0)
		*ret = take_ptr(h);
	return r;
}

struct hub_windows *hub_windows_free(struct hub_windows *h)
{
	if (!h)
		return NULL;
	fetch_free(h->fetch);
	free(h->page);
	free(h);
	return NULL;
}

int hub_windows_next(struct hub_windows *h, struct window_info *ret)
{
	int r = 0;

	while (r == 0 && h->next == h->n && h->next_cursor_ns > 0)
		r = fetch_page(h);
	if (r != 0)
		return r < 0 ? r : -EIO;
	if (h->next == h->n)
		return STORE_END;
	*ret = h->page[h->next++];
	return 0;
}

int hub_windows_load(struct hub_windows *h, const struct window_info *info, struct profile **ret)
{
	_cleanup_(buf_done) struct buf url = {}, bytes = {};
	int r = buf_add(&url, h->url, h->url_size);

	if (r == 0)
		r = buf_printf(&url, WINDOWS_PATH "/%s/%" PRIu64, window_tier_name(info->tier), info->first);
	if (r == 0)
		r = fetch_get(h->fetch, url.data, PROFILE_MAX_FILE_BYTES, &bytes, h->reason);
	if (r == FETCH_GONE)
		return STORE_GONE;
	if (r == FETCH_FAILED)
		return -EIO;
	if (r == 0)
		r = profile_decode(bytes.data, bytes.size, ret);
	return r == -EBADMSG || r == -EFBIG ? STORE_BAD : r;
}

const char *hub_windows_reason(const struct hub_windows *h)
{
	return h->reason;
}

size_t hub_windows_n(const struct hub_windows *h)
{
	return h->n_before + h->n;
}
