// SPDX-License-Identifier: Apache-2.0
#include "report/clickhouse-rows.h"

#include <string.h>

#include "report/clickhouse-query.h"

#define MAX_STRINGS_BYTES ((size_t)64 << 20)
#define MAX_ROW_LABELS 4096
#define HOST_LABEL "host"
#define SERVICE_LABEL "service_name"

static int keep_text(struct row_binary *b, struct intern *strings, const char **ret)
{
	struct row_text text;
	int r = row_binary_text(b, &text);

	return r < 0 ? r : intern_add(strings, text.data, text.size, ret);
}

/* -- hosts -- */

void clickhouse_hosts_done(struct clickhouse_hosts *h)
{
	free(h->hosts);
	intern_free(h->names);
	*h = (struct clickhouse_hosts){};
}

static int read_host(struct row_binary *b, struct intern *names, struct engine_host *ret)
{
	int r = keep_text(b, names, &ret->name);

	if (r == 0)
		r = row_binary_i64(b, &ret->start_ns);
	if (r == 0)
		r = row_binary_i64(b, &ret->end_ns);
	if (r == 0)
		r = row_binary_i64(b, &ret->wall_ns);
	if (r == 0)
		r = row_binary_u64(b, &ret->n_profiles);
	return r == 0 && (ret->start_ns < 0 || ret->end_ns < 0 || ret->wall_ns < 0) ? -EBADMSG : r;
}

static int compare_hosts(const void *a, const void *b)
{
	const struct engine_host *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int clickhouse_hosts_read(struct clickhouse_hosts *h, const void *data, size_t size)
{
	struct row_binary b = { data, (const uint8_t *)data + size };
	_cleanup_(buf_done) struct buf hosts = {};
	int r = intern_new(MAX_STRINGS_BYTES, &h->names);

	while (r == 0 && b.at < b.end) {
		struct engine_host host = {};

		r = read_host(&b, h->names, &host);
		if (r == 0)
			r = buf_add(&hosts, &host, sizeof(host));
	}
	if (r < 0)
		return r;
	h->n = hosts.size / sizeof(*h->hosts);
	h->hosts = (struct engine_host *)(void *)take_ptr(hosts.data);
	if (h->n > 0)
		qsort(h->hosts, h->n, sizeof(*h->hosts), compare_hosts);
	return 0;
}

const struct engine_host *clickhouse_hosts_find(const struct clickhouse_hosts *h, const char *name)
{
	const struct engine_host wanted = { .name = name };

	return h->n > 0 ? bsearch(&wanted, h->hosts, h->n, sizeof(*h->hosts), compare_hosts) : NULL;
}

/* -- sums -- */

int clickhouse_sums_reader_init(struct clickhouse_sums_reader *r, const void *data, size_t size)
{
	*r = (struct clickhouse_sums_reader){ .rows = { data, (const uint8_t *)data + size } };
	return intern_new(MAX_STRINGS_BYTES, &r->strings);
}

void clickhouse_sums_reader_done(struct clickhouse_sums_reader *r)
{
	intern_free(r->strings);
	buf_done(&r->labels);
	*r = (struct clickhouse_sums_reader){};
}

static int add_label(struct clickhouse_sums_reader *r, const char *key, const char *value)
{
	const struct label label = { .key = key, .str = value };

	return *value ? buf_add(&r->labels, &label, sizeof(label)) : 0;
}

/* The map of them, then the service. */
static int read_labels(struct clickhouse_sums_reader *reader, struct clickhouse_sum *ret)
{
	const char *key, *value;
	size_t n;
	int r = row_binary_count(&reader->rows, &n);

	if (r == 0 && n > MAX_ROW_LABELS)
		r = -EBADMSG;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = keep_text(&reader->rows, reader->strings, &key);
		if (r == 0)
			r = keep_text(&reader->rows, reader->strings, &value);
		if (r == 0)
			r = add_label(reader, key, value);
		if (r == 0 && strcmp(key, HOST_LABEL) == 0)
			ret->host = value;
	}
	if (r == 0)
		r = keep_text(&reader->rows, reader->strings, &value);
	return r != 0 ? r : add_label(reader, SERVICE_LABEL, value);
}

int clickhouse_sums_reader_next(struct clickhouse_sums_reader *reader, struct clickhouse_sum *ret)
{
	struct clickhouse_sum sum = { .host = "" };
	int r;

	if (reader->rows.at == reader->rows.end)
		return CLICKHOUSE_NO_MORE;
	if (reader->n == CLICKHOUSE_MAX_ROWS)
		return CLICKHOUSE_TOO_MANY;
	reader->last = reader->rows.at;
	buf_clear(&reader->labels);
	r = read_labels(reader, &sum);
	if (r == 0)
		r = row_binary_u64(&reader->rows, &sum.hash);
	if (r == 0)
		r = row_binary_i64(&reader->rows, &sum.n_samples);
	if (r == 0)
		r = row_binary_i64(&reader->rows, &sum.cpu_ns);
	if (r == 0 && (sum.n_samples < 0 || sum.cpu_ns < 0))
		r = -EBADMSG;
	if (r < 0)
		return r;
	reader->n++;
	sum.labels = (const struct label *)(const void *)reader->labels.data;
	sum.n_labels = reader->labels.size / sizeof(struct label);
	*ret = sum;
	return 0;
}

int clickhouse_sums_reader_again(struct clickhouse_sums_reader *reader)
{
	reader->rows.at = reader->last;
	reader->n--;
	return 0;
}
