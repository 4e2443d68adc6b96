// SPDX-License-Identifier: Apache-2.0
#include "report/engine-clickhouse.h"

#include <string.h>

#include "pprof/build.h"
#include "report/clickhouse-query.h"
#include "report/clickhouse-rows.h"
#include "report/engine-server.h"
#include "report/engine-stacks.h"

#define DEFAULT_DATABASE "cpuhound"

struct clickhouse {
	struct engine_server *server;
	struct clickhouse_hosts hosts;
	struct engine_stacks stacks;
	struct buf sums;                      /* the answer */
	struct clickhouse_sums_reader reader; /* of it */
	struct buf frames;                    /* of one sum: struct frame */
};

struct clickhouse *clickhouse_free(struct clickhouse *c)
{
	if (!c)
		return NULL;
	clickhouse_hosts_done(&c->hosts);
	engine_stacks_done(&c->stacks);
	clickhouse_sums_reader_done(&c->reader);
	buf_done(&c->sums);
	buf_done(&c->frames);
	free(c);
	return NULL;
}

/* -- asking -- */

/* ClickHouse src/Common/ErrorCodes.cpp: what there is to do about it. */
static const struct {
	const char *code, *advice;
} advices[] = {
	{ "Code: 60", "run packaging/clickhouse/schema.sql: " }, /* UNKNOWN_TABLE */
	{ "Code: 81", "run packaging/clickhouse/schema.sql: " }, /* UNKNOWN_DATABASE */
	{ "Code: 47", "run packaging/clickhouse/schema.sql: " }, /* UNKNOWN_IDENTIFIER: a column */
	{ "Code: 193", "see --token-file: " },                   /* WRONG_PASSWORD */
	{ "Code: 194", "see --token-file: " },                   /* REQUIRED_PASSWORD */
	{ "Code: 516", "see --token-file: " },                   /* AUTHENTICATION_FAILED */
	{ "Code: 427", "it knows no such expression (RE2): " },  /* CANNOT_COMPILE_REGEXP */
	{ "Code: 159", "select a shorter time: " },              /* TIMEOUT_EXCEEDED */
	{ "Code: 241", "select a shorter time: " },              /* MEMORY_LIMIT_EXCEEDED */
};

static int refused(struct engine_server *s, const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		const char *found = strstr(reason, advices[i].code);

		if (found && !strchr("0123456789", found[strlen(advices[i].code)]))
			return engine_fail(s, "%s%s", advices[i].advice, reason);
	}
	return engine_fail(s, "%s", reason);
}

/*
 * wait_end_of_query: an answer is whole, or it is a refusal; else an error could stand behind a part of the rows.
 */
static int add_url(const struct engine_server *s, const struct clickhouse_query *q, struct buf *ret)
{
	int r = buf_printf(ret, "%s/?wait_end_of_query=1&database=", s->url.data);

	if (r == 0)
		r = buf_add_str(ret, s->path.size > 1 ? s->path.data + 1 : DEFAULT_DATABASE);
	return r < 0 ? r : buf_add_str(ret, q->parameters.data);
}

static int ask(struct engine_server *s, int (*make)(const struct engine_question *, struct clickhouse_query *),
	       struct buf *ret)
{
	_cleanup_(clickhouse_query_done) struct clickhouse_query q = {};
	_cleanup_(buf_done) struct buf url = {};
	char reason[FETCH_REASON_BYTES] = "";
	int r = make(&s->question, &q);

	if (r == 0)
		r = add_url(s, &q, &url);
	if (r == 0)
		r = fetch_post(s->fetch, url.data, "text/plain", &q.sql, ENGINE_MAX_ANSWER_BYTES, ret, reason);
	return r > 0 ? refused(s, reason) : r;
}

static int bad_answer(struct engine_server *s, int r)
{
	return engine_bad_answer(s, r, "what it answers are no rows of these tables: is it ClickHouse?");
}

static int check_database(struct engine_server *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *name = s->path.size > 1 ? s->path.data + 1 : "";

	if (name[strspn(name, letters)])
		return engine_fail(s, "the path of its URL is the database: letters, digits and '_'");
	return 0;
}

static int ask_hosts(struct clickhouse *c)
{
	_cleanup_(buf_done) struct buf answer = {};
	int r = ask(c->server, clickhouse_query_hosts, &answer);

	if (r != 0)
		return r;
	r = clickhouse_hosts_read(&c->hosts, answer.data, answer.size);
	if (r == 0 && c->hosts.n > CLICKHOUSE_MAX_HOSTS)
		return engine_fail(c->server, "it has more than %d hosts: select some, as in host=~'web-.*'",
				   CLICKHOUSE_MAX_HOSTS);
	return bad_answer(c->server, r);
}

static int ask_stacks(struct clickhouse *c)
{
	_cleanup_(buf_done) struct buf answer = {};
	int r = ask(c->server, clickhouse_query_stacks, &answer);

	if (r == 0)
		r = engine_stacks_init(&c->stacks);
	if (r == 0)
		r = engine_stacks_read(&c->stacks, answer.data, answer.size);
	return r < 0 ? bad_answer(c->server, r) : r;
}

static int ask_sums(struct clickhouse *c)
{
	int r = ask(c->server, clickhouse_query_sums, &c->sums);

	if (r == 0)
		r = clickhouse_sums_reader_init(&c->reader, c->sums.data, c->sums.size);
	return r < 0 ? bad_answer(c->server, r) : r;
}

int clickhouse_new(struct engine_server *server, struct clickhouse **ret)
{
	_cleanup_(clickhouse_freep) struct clickhouse *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->server = server;
	r = check_database(server);
	if (r == 0)
		r = ask_hosts(c);
	if (r == 0)
		r = ask_stacks(c);
	if (r == 0)
		r = ask_sums(c);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

size_t clickhouse_n_hosts(const struct clickhouse *c)
{
	return c->hosts.n;
}

void clickhouse_host(const struct clickhouse *c, size_t i, struct engine_host *ret)
{
	*ret = c->hosts.hosts[i];
}

/* -- profiles -- */

static int add_frames(struct clickhouse *c, uint64_t hash)
{
	static const struct frame other = { .function = "(other)" }, unknown = { .function = "[unknown stack]" };
	int r;

	if (hash == CLICKHOUSE_OTHER) {
		buf_clear(&c->frames);
		return buf_add(&c->frames, &other, sizeof(other));
	}
	r = engine_stacks_find(&c->stacks, hash, &c->frames);
	/* Its row was let go of before that of the samples. */
	return r == ENGINE_STACK_UNKNOWN ? buf_add(&c->frames, &unknown, sizeof(unknown)) : r;
}

static int add_sum(struct clickhouse *c, struct profile_builder *b, const struct clickhouse_sum *sum)
{
	int r = add_frames(c, sum->hash);

	if (r < 0)
		return r;
	return profile_builder_add(b, (const struct frame *)(const void *)c->frames.data,
				   c->frames.size / sizeof(struct frame), sum->labels, sum->n_labels,
				   (uint64_t)sum->n_samples, (uint64_t)sum->cpu_ns);
}

/* All sums of the host that comes next. */
static int add_host(struct clickhouse *c, struct profile_builder *b, struct engine_host *host)
{
	struct clickhouse_sum sum;
	int r = clickhouse_sums_reader_next(&c->reader, &sum);

	if (r != 0)
		return r;
	host->name = sum.host;
	do {
		if (strcmp(sum.host, host->name) != 0)
			return clickhouse_sums_reader_again(&c->reader);
		r = add_sum(c, b, &sum);
		if (r == 0 && (__builtin_add_overflow(host->n_samples, sum.n_samples, &host->n_samples) ||
			       __builtin_add_overflow(host->cpu_ns, sum.cpu_ns, &host->cpu_ns)))
			r = -ERANGE;
		if (r == 0)
			r = clickhouse_sums_reader_next(&c->reader, &sum);
	} while (r == 0);
	return r == CLICKHOUSE_NO_MORE ? 0 : r;
}

int clickhouse_next(struct clickhouse *c, struct profile **ret, struct window_info *ret_window)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	const struct engine_host *recorded;
	struct engine_host host = {};
	int r = profile_builder_new(&b);

	if (r == 0)
		r = add_host(c, b, &host);
	if (r == CLICKHOUSE_NO_MORE)
		return ENGINE_END;
	if (r == CLICKHOUSE_TOO_MANY)
		return engine_fail(c->server,
				   "the answer has more than %d sums: select a shorter time, or a service, or fewer "
				   "labels (--by)",
				   CLICKHOUSE_MAX_ROWS);
	if (r < 0)
		return bad_answer(c->server, r);
	recorded = clickhouse_hosts_find(&c->hosts, host.name);
	if (recorded) {
		host.start_ns = recorded->start_ns;
		host.wall_ns = recorded->wall_ns;
	}
	return engine_make_profile(b, &host, ret, ret_window);
}
