// SPDX-License-Identifier: Apache-2.0
/*
 * target clickhouse: ClickHouse by its HTTP interface (clickhouse.com/docs/interfaces/http, formats/JSONEachRow), into
 * the tables of packaging/clickhouse/schema.sql. Stacks repeat, so they have a table of their own and are inserted
 * first: samples never point to what is not there.
 *
 * Each insert has a token (insert_deduplication_token): the server leaves out a block that it had before, so a repeated
 * push changes nothing. Tables that were made otherwise need Replicated* or non_replicated_deduplication_window.
 *
 * A server of today leaves out, without a word, what its tables have no column for, unless
 * input_format_skip_unknown_fields=0: tables of an older schema hold the target instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/parse.h"
#include "pprof/copier.h"
#include "pprof/pool.h"
#include "uploader/answer.h"
#include "uploader/rows.h"
#include "uploader/target-start.h"

#define MAX_ROWS 20000 /* one insert should have 10k to 100k, which are some 2 KB each before compression */
#define DEFAULT_DATABASE "cpuhound"
#define UNKNOWN_FIELD "Unknown field"
#define RUN_SCHEMA "run schema.sql, which makes its tables: "

/* ClickHouse src/Common/ErrorCodes.cpp: what tables that are not those of schema.sql answer with. */
enum {
	NO_SUCH_COLUMN = 16,
	UNKNOWN_TABLE = 60,
	UNKNOWN_DATABASE = 81,
	INCORRECT_DATA = 117, /* with UNKNOWN_FIELD */
};

enum step {
	STEP_STACKS,
	STEP_SAMPLES,
	N_STEPS,
};

static const char *const tables[N_STEPS] = { [STEP_STACKS] = "stacks", [STEP_SAMPLES] = "samples" };

static const char *database(const struct target_config *c)
{
	return *c->database ? c->database : DEFAULT_DATABASE;
}

static int check(const struct target_config *c, char ret_reason[static TARGET_REASON_BYTES])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	if (c->database[strspn(c->database, letters)]) {
		snprintf(ret_reason, TARGET_REASON_BYTES,
			 "database: '%.100s' has other characters than letters, digits and '_'", c->database);
		return TARGET_BAD_CONFIG;
	}
	return target_check_start(c, ret_reason);
}

/* -- rows -- */

static int add_service(const struct target_config *c, const struct profile_sample *s, struct buf *ret)
{
	int r = buf_add_str(ret, "{\"ServiceName\":");

	return r < 0 ? r : rows_add_label(c, s, "service_name", ret);
}

static int64_t end_ns(const struct profile *p)
{
	return p->time_ns + p->duration_ns;
}

static int add_sample_row(const struct target_config *c, const struct profile *p, const struct profile_sample *s,
			  struct buf *ret)
{
	static const char *const without[] = { "service_name", NULL };
	uint64_t hash;
	int r = rows_hash_stack(s, &hash);

	if (r == 0)
		r = add_service(c, s, ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"Type\":\"cpu\",\"Start\":");
	if (r == 0)
		r = rows_add_time(p->time_ns, ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"End\":");
	if (r == 0)
		r = rows_add_time(end_ns(p), ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"Labels\":");
	if (r == 0)
		r = rows_add_labels(c, s, without, ret);
	if (r < 0)
		return r;
	/* Quoted, 64 bits survive readers of JSON that only know doubles. */
	return buf_printf(ret,
			  ",\"StackHash\":\"%" PRIu64 "\",\"Samples\":\"%" PRId64 "\",\"Value\":\"%" PRId64 "\"}\n",
			  hash, s->values[COPIER_COUNT], s->values[COPIER_CPU_NS]);
}

static int add_stack_row(const struct target_config *c, const struct profile *p, const struct profile_sample *s,
			 uint64_t hash, struct buf *ret)
{
	int r = add_service(c, s, ret);

	if (r == 0)
		r = buf_printf(ret, ",\"Hash\":\"%" PRIu64 "\",\"LastSeen\":", hash);
	if (r == 0)
		r = rows_add_time(end_ns(p), ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"Stack\":");
	if (r == 0)
		r = rows_add_stack(s, ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"Libraries\":");
	if (r == 0)
		r = rows_add_libraries(s, ret);
	return r < 0 ? r : buf_add_str(ret, "}\n");
}

static int add_samples(const struct target_config *c, const struct profile_part *part, struct buf *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < part->n_samples; i++)
		r = add_sample_row(c, part->profile, part->samples[i], ret);
	return r;
}

/* The stack's row unless this part had it before: samples differ in labels, too. */
static int add_new_stack(const struct target_config *c, const struct profile_part *part, const struct profile_sample *s,
			 struct pool *seen, struct buf *key, struct buf *ret)
{
	size_t n_seen = seen->n;
	uint32_t number;
	uint64_t hash;
	int r = rows_hash_stack(s, &hash);

	buf_clear(key);
	if (r == 0)
		r = buf_add(key, &hash, sizeof(hash));
	if (r == 0)
		r = rows_add_label(c, s, "service_name", key);
	if (r == 0)
		r = pool_add(seen, key->data, key->size, &number);
	if (r < 0 || number < n_seen)
		return r;
	return add_stack_row(c, part->profile, s, hash, ret);
}

static int add_stacks(const struct target_config *c, const struct profile_part *part, struct buf *ret)
{
	_cleanup_(pool_done) struct pool seen = {};
	_cleanup_(buf_done) struct buf key = {};
	int r = pool_init(&seen, UINT32_MAX - 1, UINT32_MAX - 1); /* no more than the part's samples */

	for (size_t i = 0; r == 0 && i < part->n_samples; i++)
		r = add_new_stack(c, part, part->samples[i], &seen, &key, ret);
	return r;
}

/* -- requests and answers -- */

static int add_head(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		    unsigned int step, struct upload_request *ret)
{
	int r = target_start_request(c, "POST", "/", ret);

	if (r == 0)
		r = buf_printf(&ret->url, "?query=INSERT%%20INTO%%20%s.%s%%20FORMAT%%20JSONEachRow", database(c),
			       tables[step]);
	if (r == 0)
		r = buf_printf(&ret->url,
			       "&async_insert=0&input_format_skip_unknown_fields=0&insert_deduplication_token=%s-%u-%s",
			       b->id, part->number, tables[step]);
	return r < 0 ? r : target_add_header(ret, "Content-Type", "application/x-ndjson");
}

static int request(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		   unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	_cleanup_(buf_done) struct buf rows = {};
	int r;

	if (step >= N_STEPS)
		return TARGET_NO_MORE;
	r = add_head(c, b, part, step, ret);
	if (r == 0)
		r = step == STEP_STACKS ? add_stacks(c, part, &rows) : add_samples(c, part, &rows);
	return r < 0 ? r : target_add_gzip_body(ret, &rows);
}

/* Old servers tell their exception only as text: "Code: 60, e.displayText() = ...". */
static uint32_t exception_code(const struct upload_response *r)
{
	const char *p = strstr(answer_body(r), "Code: ");
	uint64_t code;

	if (r->exception_code > 0 || !p)
		return r->exception_code;
	p += strlen("Code: ");
	if (parse_u64_at(&p, p + strspn(p, "0123456789"), 10, &code) < 0 || code > UINT32_MAX)
		return 0;
	return (uint32_t)code;
}

static bool is_of_the_tables(uint32_t code, const char *text)
{
	return code == NO_SUCH_COLUMN || code == UNKNOWN_TABLE || code == UNKNOWN_DATABASE ||
	       (code == INCORRECT_DATA && strstr(text, UNKNOWN_FIELD));
}

static void classify(const struct upload_response *r, struct send_answer *ret)
{
	/* What is not listed may be the data's fault or the server's. */
	static const struct answer_rule exceptions[] = {
		{ 252, 252, NULL, SEND_RETRY }, /* TOO_MANY_PARTS */
		{ 241, 241, NULL, SEND_RETRY }, /* MEMORY_LIMIT_EXCEEDED */
		{ 202, 202, NULL, SEND_RETRY }, /* TOO_MANY_SIMULTANEOUS_QUERIES */
		{ 159, 159, NULL, SEND_RETRY }, /* TIMEOUT_EXCEEDED */
		{ 209, 210, NULL, SEND_RETRY }, /* SOCKET_TIMEOUT, NETWORK_ERROR */
		{ 242, 243, NULL, SEND_RETRY }, /* TABLE_IS_READ_ONLY (no Keeper), NOT_ENOUGH_SPACE */
		{ 225, 225, NULL, SEND_RETRY }, /* NO_ZOOKEEPER */
		{ 319, 319, NULL, SEND_RETRY }, /* UNKNOWN_STATUS_OF_INSERT */
		{ 999, 999, NULL, SEND_RETRY }, /* KEEPER_EXCEPTION */
		{ NO_SUCH_COLUMN, NO_SUCH_COLUMN, NULL, SEND_CONFIG },
		{ 27, 27, NULL, SEND_CONFIG }, /* CANNOT_PARSE_INPUT_ASSERTION_FAILED */
		{ UNKNOWN_TABLE, UNKNOWN_TABLE, NULL, SEND_CONFIG },
		{ 62, 62, NULL, SEND_CONFIG }, /* SYNTAX_ERROR */
		{ 73, 73, NULL, SEND_CONFIG }, /* UNKNOWN_FORMAT */
		{ UNKNOWN_DATABASE, UNKNOWN_DATABASE, NULL, SEND_CONFIG },
		{ 89, 89, NULL, SEND_CONFIG },   /* UNKNOWN_COMPRESSION_METHOD */
		{ 115, 115, NULL, SEND_CONFIG }, /* UNKNOWN_SETTING */
		{ INCORRECT_DATA, INCORRECT_DATA, UNKNOWN_FIELD, SEND_CONFIG },
		{ 164, 164, NULL, SEND_CONFIG }, /* READONLY */
		{ 192, 194, NULL, SEND_CONFIG }, /* UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD */
		{ 497, 497, NULL, SEND_CONFIG }, /* ACCESS_DENIED */
		{ 516, 516, NULL, SEND_CONFIG }, /* AUTHENTICATION_FAILED */
	};
	static const struct answer_rule statuses[] = {
		{ 200, 299, NULL, SEND_DONE },      { 400, 400, NULL, SEND_REJECTED }, { 408, 408, NULL, SEND_RETRY },
		{ 413, 413, NULL, SEND_TOO_LARGE }, { 429, 429, NULL, SEND_RETRY },    { 501, 501, NULL, SEND_CONFIG },
		{ 502, 504, NULL, SEND_RETRY },     { 500, 599, NULL, SEND_BOUNDED },
	};
	uint32_t code;

	if (answer_outcome(r, ret))
		return;
	code = exception_code(r);
	if (code > 0)
		answer_by_rules(exceptions, ARRAY_SIZE(exceptions), SEND_BOUNDED,
				is_of_the_tables(code, answer_body(r)) ? RUN_SCHEMA "ClickHouse" : "ClickHouse", code,
				answer_body(r), ret);
	else
		answer_by_rules(statuses, ARRAY_SIZE(statuses), SEND_CONFIG, "HTTP", r->status, answer_body(r), ret);
}

const struct target_ops target_clickhouse = {
	.name = "clickhouse",
	.interval_ns = 60 * NS_PER_S,
	.is_idempotent = true,
	.limits = { .max_samples = MAX_ROWS },
	.check = check,
	.request = request,
	.classify = classify,
};
