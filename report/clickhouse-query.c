// SPDX-License-Identifier: Apache-2.0
#include "report/clickhouse-query.h"

#include <inttypes.h>
#include <string.h>

#include "report/fetch.h"
#include "store/selection.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define HOST_LABEL "host"
#define SERVICE_LABEL "service_name"

/* The largest stacks. GLOBAL: on a cluster the same ones on each of its servers. */
#define LARGEST_BEGINS "(ServiceName, %s) GLOBAL IN (SELECT ServiceName, StackHash FROM samples WHERE "
#define LARGEST_ENDS                                                                                                   \
	" GROUP BY ServiceName, StackHash ORDER BY sum(Value) DESC, StackHash LIMIT " TEXT(CLICKHOUSE_MAX_STACKS) ")"

void clickhouse_query_done(struct clickhouse_query *q)
{
	buf_done(&q->sql);
	buf_done(&q->parameters);
}

/* -- parameters -- */

/* The server reads a parameter as it reads a field of TabSeparated: a backslash begins an escape. */
static int add_field(const char *text, struct buf *ret)
{
	static const char specials[] = "\\\t\n\r\b\f", letters[] = "\\tnrbf";
	int r = 0;

	for (; r == 0 && *text; text++) {
		const char *special = strchr(specials, *text);

		if (special)
			r = buf_add_char(ret, '\\');
		if (r == 0)
			r = buf_add_char(ret, special ? letters[special - specials] : *text);
	}
	return r;
}

static int add_text(struct clickhouse_query *q, const char *name, size_t number, const char *value)
{
	_cleanup_(buf_done) struct buf field = {};
	int r = add_field(value, &field);

	if (r == 0)
		r = buf_printf(&q->parameters, "&param_%s%zu=", name, number);
	return r < 0 ? r : fetch_add_escaped(field.data ?: "", &q->parameters);
}

static int add_time(struct clickhouse_query *q, const char *name, int64_t ns)
{
	return buf_printf(&q->parameters, "&param_%s=%" PRId64, name, ns);
}

/* An expression matches the whole value, as in store/matcher.h, and a '.' any character. */
static int add_value(struct clickhouse_query *q, size_t number, const struct matcher_words *words)
{
	_cleanup_(buf_done) struct buf whole = {};
	int r;

	if (!words->is_regex)
		return add_text(q, "value", number, words->value);
	r = buf_printf(&whole, "^(?s:%s)$", words->value);
	return r < 0 ? r : add_text(q, "value", number, whole.data);
}

/* All that the texts name: {since}, {until}, {keyN}, {valueN}, {labelN}. */
static int begin(struct clickhouse_query *q, const struct engine_question *question)
{
	const struct selection *s = question->selection;
	int r;

	buf_clear(&q->sql);
	buf_clear(&q->parameters);
	r = add_time(q, "since", s->since_ns);
	if (r == 0)
		r = add_time(q, "until", s->until_ns);
	for (size_t i = 0; r == 0 && i < s->n_matchers; i++) {
		struct matcher_words words = matcher_words(s->matchers[i]);

		r = add_text(q, "key", i, words.key);
		if (r == 0)
			r = add_value(q, i, &words);
	}
	for (size_t i = 0; r == 0 && i < question->n_labels; i++)
		r = add_text(q, "label", i, question->labels[i]);
	return r;
}

/* -- conditions -- */

/* The label of a map that does not have it is ''. */
static int add_matcher(struct clickhouse_query *q, size_t number, const struct matcher_words *words)
{
	bool is_service = strcmp(words->key, SERVICE_LABEL) == 0;
	int r = buf_add_str(&q->sql, words->is_negative ? " AND NOT " : " AND ");

	if (r == 0)
		r = buf_add_str(&q->sql, words->is_regex ? "match(toString(" : "((");
	if (r == 0)
		r = is_service ? buf_add_str(&q->sql, "ServiceName")
			       : buf_printf(&q->sql, "Labels[{key%zu:String}]", number);
	return r < 0 ? r : buf_printf(&q->sql, ")%s{value%zu:String})", words->is_regex ? ", " : " = ", number);
}

/* Samples of the time range, and of the matchers all or those of the label host. */
static int add_where(struct clickhouse_query *q, const struct selection *s, bool of_hosts)
{
	int r = buf_add_str(&q->sql, "Type = 'cpu'");

	if (r == 0 && s->since_ns > 0)
		r = buf_add_str(&q->sql, " AND Start >= fromUnixTimestamp64Nano({since:Int64})");
	if (r == 0 && s->until_ns < INT64_MAX)
		r = buf_add_str(&q->sql, " AND Start < fromUnixTimestamp64Nano({until:Int64})");
	for (size_t i = 0; r == 0 && i < s->n_matchers; i++) {
		struct matcher_words words = matcher_words(s->matchers[i]);

		if (!of_hosts || strcmp(words.key, HOST_LABEL) == 0)
			r = add_matcher(q, i, &words);
	}
	return r;
}

static int add_largest(struct clickhouse_query *q, const char *hash, const struct selection *s)
{
	int r = buf_printf(&q->sql, LARGEST_BEGINS, hash);

	if (r == 0)
		r = add_where(q, s, false);
	return r < 0 ? r : buf_add_str(&q->sql, LARGEST_ENDS);
}

/* -- questions -- */

int clickhouse_query_hosts(const struct engine_question *question, struct clickhouse_query *ret)
{
	int r = begin(ret, question);

	if (r == 0)
		r = buf_add_str(&ret->sql,
				"SELECT Host, toInt64(toUnixTimestamp64Nano(min(Start))), "
				"toInt64(toUnixTimestamp64Nano(max(End))), "
				"toInt64(sum(toUnixTimestamp64Nano(End) - toUnixTimestamp64Nano(Start))), "
				"toUInt64(count()) "
				"FROM (SELECT DISTINCT toString(Labels['" HOST_LABEL "']) AS Host, Start, End "
				"FROM samples WHERE ");
	if (r == 0)
		r = add_where(ret, question->selection, true);
	if (r < 0)
		return r;
	return buf_printf(&ret->sql, ") GROUP BY Host ORDER BY Host LIMIT %d FORMAT RowBinary",
			  CLICKHOUSE_MAX_HOSTS + 1);
}

int clickhouse_query_stacks(const struct engine_question *question, struct clickhouse_query *ret)
{
	int r = begin(ret, question);

	if (r == 0)
		r = buf_add_str(&ret->sql, "SELECT Hash, argMax(Stack, LastSeen), argMax(Libraries, LastSeen) "
					   "FROM stacks WHERE ");
	if (r == 0)
		r = add_largest(ret, "Hash", question->selection);
	return r < 0 ? r : buf_add_str(&ret->sql, " GROUP BY Hash FORMAT RowBinary");
}

/* The labels that somebody asks for, and the host in any case. */
static int add_labels(struct clickhouse_query *q, const struct engine_question *question)
{
	int r;

	if (question->has_all_labels)
		return buf_add_str(&q->sql, "Labels");
	r = buf_add_str(&q->sql, "mapFilter((k, v) -> has(['" HOST_LABEL "'");
	for (size_t i = 0; r == 0 && i < question->n_labels; i++)
		r = buf_printf(&q->sql, ", {label%zu:String}", i);
	return r < 0 ? r : buf_add_str(&q->sql, "], toString(k)), Labels)");
}

static bool wants_service(const struct engine_question *question)
{
	bool wants = question->has_all_labels;

	for (size_t i = 0; i < question->n_labels; i++)
		wants |= strcmp(question->labels[i], SERVICE_LABEL) == 0;
	return wants;
}

int clickhouse_query_sums(const struct engine_question *question, struct clickhouse_query *ret)
{
	int r = begin(ret, question);

	if (r == 0)
		r = buf_printf(&ret->sql,
			       "SELECT Kept, Service, Shown, toInt64(sum(N)), toInt64(sum(Ns)) FROM "
			       "(SELECT Kept, Service, if(row_number() OVER (ORDER BY Ns DESC, Large) <= %d, Large, "
			       "%d) AS Shown, "
			       "N, Ns FROM (SELECT ",
			       CLICKHOUSE_MAX_DETAILS, (int)CLICKHOUSE_OTHER);
	if (r == 0)
		r = add_labels(ret, question);
	if (r == 0)
		r = buf_printf(&ret->sql, " AS Kept, %s AS Service, if(",
			       wants_service(question) ? "toString(ServiceName)" : "''");
	if (r == 0)
		r = add_largest(ret, "StackHash", question->selection);
	if (r == 0)
		r = buf_printf(&ret->sql,
			       ", StackHash, %d) AS Large, sum(Samples) AS N, sum(Value) AS Ns FROM samples WHERE ",
			       (int)CLICKHOUSE_OTHER);
	if (r == 0)
		r = add_where(ret, question->selection, false);
	if (r < 0)
		return r;
	return buf_printf(&ret->sql,
			  " GROUP BY Kept, Service, Large)) GROUP BY Kept, Service, Shown "
			  "ORDER BY toString(Kept['" HOST_LABEL "']) LIMIT %d FORMAT RowBinary",
			  CLICKHOUSE_MAX_ROWS + 1);
}
