// SPDX-License-Identifier: Apache-2.0
/* The text of a queue, and its file. */
#include "uploader/queue.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "common/json.h"

#define FILE_MODE 0640
#define MAX_COUNT 1000000U

/* A member that must be there, and a whole number. */
static bool get_number(struct json_object *o, const char *name, uint64_t max, uint64_t *ret)
{
	struct json_object *v = json_find(o, name);

	if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 0)
		return false;
	*ret = json_object_get_uint64(v);
	return *ret <= max;
}

static bool get_count(struct json_object *o, const char *name, unsigned int max, unsigned int *ret)
{
	uint64_t n;

	if (!get_number(o, name, max, &n))
		return false;
	*ret = (unsigned int)n;
	return true;
}

static bool get_bool(struct json_object *o, const char *name, bool *ret)
{
	struct json_object *v = json_find(o, name);

	*ret = json_object_get_boolean(v);
	return json_object_is_type(v, json_type_boolean);
}

/* Made of these characters only. */
static bool get_text(struct json_object *o, const char *name, const char *alphabet, size_t min, size_t max, char *ret)
{
	const char *s = json_find_string(o, name);
	size_t n = s ? strlen(s) : 0;

	if (!s || n < min || n > max || strspn(s, alphabet) != n)
		return false;
	memcpy(ret, s, n + 1);
	return true;
}

static bool get_range(struct json_object *pair, struct queue_range *ret)
{
	struct json_object *first, *last;

	if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2)
		return false;
	first = json_object_array_get_idx(pair, 0);
	last = json_object_array_get_idx(pair, 1);
	if (!json_object_is_type(first, json_type_int) || !json_object_is_type(last, json_type_int) ||
	    json_object_get_int64(first) < 0 || json_object_get_int64(last) < 0)
		return false;
	*ret = (struct queue_range){ json_object_get_uint64(first), json_object_get_uint64(last) };
	return ret->first <= ret->last;
}

static bool get_passed(struct json_object *top, struct queue *q)
{
	struct json_object *list = json_find(top, "passed");
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : SIZE_MAX;

	if (n > QUEUE_MAX_RANGES)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct queue_range range;

		if (!get_range(json_object_array_get_idx(list, i), &range) ||
		    (i > 0 && range.first <= queue_last_passed(q)) || queue_pass(q, range) < 0)
			return false;
	}
	return true;
}

static bool get_halved(struct json_object *o, struct queue_batch *b)
{
	struct json_object *list = json_find(o, "halved");
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : SIZE_MAX;

	if (n > QUEUE_MAX_HALVED)
		return false;
	for (; b->n_halved < n; b->n_halved++) {
		struct json_object *v = json_object_array_get_idx(list, b->n_halved);

		if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 0 ||
		    json_object_get_int64(v) >= b->n_parts)
			return false;
		b->halved[b->n_halved] = (unsigned int)json_object_get_int64(v);
	}
	return true;
}

static bool get_batch(struct json_object *o, struct queue_batch *b)
{
	const struct {
		const char *name;
		unsigned int *to, max;
	} counts[] = {
		{ "windows", &b->n_windows, MAX_COUNT }, { "parts", &b->n_parts, MAX_COUNT },
		{ "part", &b->part, MAX_COUNT },         { "tries", &b->n_tries, MAX_COUNT },
		{ "strikes", &b->n_strikes, MAX_COUNT }, { "refused", &b->n_refused, MAX_COUNT },
	};
	uint64_t start_ns, end_ns;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (!get_count(o, counts[i].name, counts[i].max, counts[i].to))
			return false;
	}
	if (!get_text(o, "id", "0123456789abcdef", 32, 32, b->id) || !get_number(o, "start_ns", INT64_MAX, &start_ns) ||
	    !get_number(o, "end_ns", INT64_MAX, &end_ns) || !get_number(o, "first", INT64_MAX, &b->sequences.first) ||
	    !get_number(o, "last", INT64_MAX, &b->sequences.last) || !get_halved(o, b) ||
	    !get_bool(o, "sending", &b->is_sending))
		return false;
	b->start_ns = (int64_t)start_ns;
	b->end_ns = (int64_t)end_ns;
	return start_ns < end_ns && b->sequences.first <= b->sequences.last && b->part <= b->n_parts;
}

static bool get_open(struct json_object *top, struct queue *q)
{
	struct json_object *list = json_find(top, "open");
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : SIZE_MAX;

	if (n > QUEUE_MAX_OPEN)
		return false;
	for (; q->n_open < n; q->n_open++) {
		struct queue_batch b = {};

		if (!get_batch(json_object_array_get_idx(list, q->n_open), &b) ||
		    queue_find_open(q, b.sequences.first) || queue_find_open(q, b.sequences.last))
			return false;
		q->open[q->n_open] = b;
	}
	return true;
}

/* One that is not there is 0: an older version did not count it. */
static void get_counters(struct json_object *counters, struct queue_counters *ret)
{
#define GET_COUNTER(name) ret->name = json_find_number(counters, #name);
	QUEUE_COUNTERS(GET_COUNTER)
#undef GET_COUNTER
}

static int get_queue(struct json_object *top, struct queue *ret)
{
	struct queue q = {};
	uint64_t version;

	if (!get_number(top, "version", INT64_MAX, &version) || version == 0)
		return QUEUE_DAMAGED;
	if (version > QUEUE_VERSION)
		return QUEUE_NEWER;
	if (!get_text(top, "target", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 1,
		      QUEUE_NAME_BYTES - 1, q.name) ||
	    !get_bool(top, "enabled", &q.is_enabled) || !get_passed(top, &q) || !get_open(top, &q))
		return QUEUE_DAMAGED;
	get_counters(json_find(top, "counters"), &q.counters);
	*ret = q;
	return 0;
}

int queue_parse(const char *text, size_t size, struct queue *ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r = size <= QUEUE_FILE_MAX_BYTES ? json_parse(text, size, &top) : JSON_NOT_ONE;

	if (r < 0)
		return r;
	return r == 0 && json_object_is_type(top, json_type_object) ? get_queue(top, ret) : QUEUE_DAMAGED;
}

static int add_passed(struct json_object *top, const struct queue *q)
{
	struct json_object *list;
	int r = json_add_array(top, "passed", &list);

	for (size_t i = 0; r == 0 && i < q->n_passed; i++) {
		struct json_object *pair = json_object_new_array();

		r = json_append(list, pair);
		if (r == 0)
			r = json_append(pair, json_object_new_uint64(q->passed[i].first));
		if (r == 0)
			r = json_append(pair, json_object_new_uint64(q->passed[i].last));
	}
	return r;
}

static int add_halved(struct json_object *o, const struct queue_batch *b)
{
	struct json_object *list;
	int r = json_add_array(o, "halved", &list);

	for (unsigned int i = 0; r == 0 && i < b->n_halved; i++)
		r = json_append(list, json_object_new_int64(b->halved[i]));
	return r;
}

static int add_batch(struct json_object *list, const struct queue_batch *b)
{
	const struct json_count numbers[] = {
		{ "start_ns", (uint64_t)b->start_ns },
		{ "end_ns", (uint64_t)b->end_ns },
		{ "first", b->sequences.first },
		{ "last", b->sequences.last },
		{ "windows", b->n_windows },
		{ "parts", b->n_parts },
		{ "part", b->part },
		{ "tries", b->n_tries },
		{ "strikes", b->n_strikes },
		{ "refused", b->n_refused },
	};
	struct json_object *o;
	int r = json_append_object(list, &o);

	if (r == 0)
		r = json_add_string(o, "id", b->id);
	if (r == 0)
		r = json_add_counts(o, numbers, ARRAY_SIZE(numbers));
	if (r == 0)
		r = add_halved(o, b);
	return r < 0 ? r : json_add(o, "sending", json_object_new_boolean(b->is_sending));
}

static int add_open(struct json_object *top, const struct queue *q)
{
	struct json_object *list;
	int r = json_add_array(top, "open", &list);

	for (size_t i = 0; r == 0 && i < q->n_open; i++)
		r = add_batch(list, &q->open[i]);
	return r;
}

static int add_counters(struct json_object *top, const struct queue_counters *c)
{
#define COUNTER_ROW(name) { #name, c->name },
	const struct json_count rows[] = { QUEUE_COUNTERS(COUNTER_ROW) };
#undef COUNTER_ROW
	struct json_object *counters;
	int r = json_add_object(top, "counters", &counters);

	return r < 0 ? r : json_add_counts(counters, rows, ARRAY_SIZE(rows));
}

int queue_format(const struct queue *q, struct buf *ret)
{
	_cleanup_(json_putp) struct json_object *top = json_object_new_object();
	int r = top ? json_add_number(top, "version", QUEUE_VERSION) : -ENOMEM;

	if (r == 0)
		r = json_add_string(top, "target", q->name);
	if (r == 0)
		r = json_add(top, "enabled", json_object_new_boolean(q->is_enabled));
	if (r == 0)
		r = add_passed(top, q);
	if (r == 0)
		r = add_open(top, q);
	if (r == 0)
		r = add_counters(top, &q->counters);
	return r < 0 ? r : json_add_text(top, ret);
}

static void make_name(const char *name, const char *suffix, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s", name, suffix);
}

static int set_aside(int dir_fd, const char *file, const char *name, struct queue *ret)
{
	char aside[QUEUE_NAME_BYTES + 16];

	make_name(name, ".json.bad", aside, sizeof(aside));
	if (renameat(dir_fd, file, dir_fd, aside) < 0)
		return -errno;
	queue_init(ret, name);
	return QUEUE_SET_ASIDE;
}

int queue_read(int dir_fd, const char *name, struct queue *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	char file[QUEUE_NAME_BYTES + 16];
	int r;

	make_name(name, ".json", file, sizeof(file));
	r = fs_read(dir_fd, file, QUEUE_FILE_MAX_BYTES, &text);
	if (r == -ENOENT) {
		queue_init(ret, name);
		return 0;
	}
	if (r == 0)
		r = queue_parse(text.data, text.size, ret);
	if (r == 0 && strcmp(ret->name, name) != 0)
		r = QUEUE_DAMAGED;
	return r == QUEUE_DAMAGED || r == -EFBIG ? set_aside(dir_fd, file, name, ret) : r;
}

int queue_write(int dir_fd, const struct queue *q)
{
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	_cleanup_(buf_done) struct buf text = {};
	char file[QUEUE_NAME_BYTES + 16];
	int r = queue_format(q, &text);

	make_name(q->name, ".json", file, sizeof(file));
	if (r == 0)
		r = fs_temp_open(dir_fd, file, FILE_MODE, &temp);
	if (r == 0)
		r = fs_write_all(temp.fd, text.data, text.size);
	if (r == 0)
		r = fs_temp_publish(&temp, file);
	if (r < 0)
		return r;
	return fsync(dir_fd) < 0 ? -errno : 0;
}
