// SPDX-License-Identifier: Apache-2.0
#include "report/engine-pyroscope.h"

#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"
#include "pprof/build.h"
#include "pprof/pool.h"
#include "pprof/profile.h"
#include "report/engine-server.h"
#include "report/pyroscope-query.h"
#include "report/pyroscope-sum.h"
#include "store/selection.h"

#define MAX_SETS ((size_t)4096)
#define MAX_REQUESTS ((size_t)20000)
#define MAX_SETS_BYTES ((size_t)8 << 20)
#define MAX_ERRORS_IN_ERRORS 3
#define MAX_TRIES 3
#define MAX_POINTS ((size_t)100000)
#define MAX_TIMES_BYTES ((size_t)8 << 20)
#define MAX_HOSTS_BYTES ((size_t)4 << 20)
#define STEPS_A_PIECE 1000
#define MAX_PIECES 100
#define MS_PER_S 1000
#define MIN_STEP_MS ((int64_t)15 * MS_PER_S) /* what targets of this kind push by default */
/* The longest that a server answers for by default (max_query_length). */
#define PIECE_MS ((int64_t)24 * 3600 * MS_PER_S)

struct recorded {
	int64_t start_ms, end_ms, wall_ms;
	uint64_t n_points;
};

struct pyroscope {
	struct engine_server *server;
	struct pyroscope_span span;
	struct pyroscope_sets sets;
	size_t next;         /* of them */
	struct pool hosts;   /* names with their NUL: the number is that in: */
	struct buf recorded; /* struct recorded */
};

struct pyroscope *pyroscope_free(struct pyroscope *p)
{
	if (!p)
		return NULL;
	pyroscope_sets_done(&p->sets);
	pool_done(&p->hosts);
	buf_done(&p->recorded);
	free(p);
	return NULL;
}

/* -- asking -- */

/* Connect tells an error as {"code":"...","message":"..."}, and hands on one of a part of the server in the message. */
static int refused(struct engine_server *s, const struct buf *answer)
{
	_cleanup_(buf_done) struct buf text = {}, valid = {};
	int r = answer->size > 0 ? buf_add(&text, answer->data, answer->size) : 0;

	for (int i = 0; r == 0 && text.size > 0 && i < MAX_ERRORS_IN_ERRORS; i++) {
		_cleanup_(json_putp) struct json_object *error = NULL;
		const char *message = NULL;

		if (json_parse(text.data, text.size, &error) == 0)
			message = json_find_string(error, "message");
		if (!message)
			break;
		buf_clear(&valid);
		r = utf8_add_valid(&valid, message, strlen(message), FETCH_REASON_BYTES);
		buf_clear(&text);
		if (r == 0)
			r = buf_add_str(&text, message);
	}
	if (r < 0)
		return r;
	if (valid.size > 0 && strstr(valid.data, "no org id"))
		return engine_fail(s, "it keeps tenants apart: say whose profiles, with --tenant NAME");
	return valid.size > 0 ? engine_fail(s, "%s", valid.data) : FETCH_FAILED;
}

/* A part of the server that gave up on another one, or a proxy on the server: 1.21.1 says 499 now and then. */
static bool is_passing(const char *reason)
{
	static const char *const statuses[] = { "HTTP 499", "HTTP 502", "HTTP 503", "HTTP 504" };

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (strncmp(reason, statuses[i], strlen(statuses[i])) == 0)
			return true;
	return false;
}

static int ask(struct engine_server *s, const char *method, const struct buf *request, size_t max_bytes,
	       struct buf *ret)
{
	_cleanup_(buf_done) struct buf url = {};
	int r = buf_printf(&url, "%s%s/querier.v1.QuerierService/%s", s->url.data, s->path.data ?: "", method);

	if (r < 0)
		return r;
	for (int i = 0; i < MAX_TRIES; i++) {
		buf_clear(ret);
		r = fetch_post(s->fetch, url.data, "application/proto", request, max_bytes, ret, s->reason);
		if (r <= 0 || !is_passing(s->reason))
			break;
	}
	if (r > 0)
		return refused(s, ret);
	s->reason[0] = 0; /* of what was asked again */
	return r;
}

static int bad_answer(struct engine_server *s, int r)
{
	return engine_bad_answer(s, r, "what it answers is none of the query API's: is it Pyroscope?");
}

static size_t n_pieces(const struct pyroscope *p)
{
	return (size_t)((p->span.end_ms - p->span.start_ms) / PIECE_MS) + 1;
}

static int set_span(struct pyroscope *p)
{
	const struct selection *s = p->server->question.selection;
	int64_t until_ns = s->until_ns < INT64_MAX ? s->until_ns : (int64_t)clock_now_ns(CLOCK_REALTIME);

	if (s->since_ns <= 0)
		return engine_fail(p->server, "it answers for a time only: say from when, as in --since 1h");
	p->span.start_ms = (s->since_ns - 1) / (int64_t)NS_PER_MS + 1;
	p->span.end_ms = (until_ns - 1) / (int64_t)NS_PER_MS;
	if (p->span.end_ms < p->span.start_ms)
		return engine_fail(p->server, "the time that is selected is over before it begins");
	if (n_pieces(p) > MAX_PIECES)
		return engine_fail(p->server,
				   "it is asked for a day at a time, for %d days at most: say a later --since",
				   MAX_PIECES);
	return 0;
}

static struct pyroscope_span piece_of(const struct pyroscope *p, size_t i)
{
	struct pyroscope_span piece = { .start_ms = p->span.start_ms + (int64_t)i * PIECE_MS };

	piece.end_ms = i + 1 < n_pieces(p) ? piece.start_ms + PIECE_MS - 1 : p->span.end_ms;
	return piece;
}

static int ask_sets_of(struct pyroscope *p, const char *selector, const struct pyroscope_span *piece)
{
	_cleanup_(buf_done) struct buf request = {}, answer = {};
	int r = pyroscope_add_series_request(&p->server->question, selector, piece, &request);

	if (r == 0)
		r = ask(p->server, "Series", &request, MAX_SETS_BYTES, &answer);
	return r == 0 ? pyroscope_read_series(answer.data, answer.size, MAX_SETS, &p->sets) : r;
}

static int ask_sets(struct pyroscope *p)
{
	_cleanup_(buf_done) struct buf selector = {};
	int r = pyroscope_add_selector(p->server->question.selection, false, NULL, NULL, &selector);

	for (size_t i = 0; r == 0 && i < n_pieces(p); i++) {
		struct pyroscope_span piece = piece_of(p, i);

		r = ask_sets_of(p, selector.data, &piece);
	}
	if (r == -EFBIG || (r == 0 && p->sets.n * n_pieces(p) * 2 > MAX_REQUESTS))
		return engine_fail(p->server, "too many sets of labels to ask for one after another: select a service, "
					      "or fewer labels (--by), or a shorter time");
	return r < 0 ? bad_answer(p->server, r) : r;
}

/* -- how long each host was recorded -- */

static int find_recorded(struct pyroscope *p, const char *host, struct recorded **ret)
{
	static const struct recorded none;
	uint32_t number;
	int r = pool_add(&p->hosts, host, strlen(host) + 1, &number);

	if (r == 0 && number == p->recorded.size / sizeof(none))
		r = buf_add(&p->recorded, &none, sizeof(none));
	if (r == 0)
		*ret = (struct recorded *)(void *)p->recorded.data + number;
	return r;
}

static int add_time(struct pyroscope *p, const struct pyroscope_time *t, int64_t step_ms)
{
	struct recorded *recorded;
	int64_t wall_ms;
	int r = find_recorded(p, t->host, &recorded);

	if (r != 0 || t->n == 0)
		return r;
	r = pyroscope_wall_ms(t->points_ms, t->n, step_ms, &wall_ms);
	if (r < 0)
		return r;
	if (recorded->start_ms == 0 || t->points_ms[0] < recorded->start_ms)
		recorded->start_ms = t->points_ms[0];
	if (t->points_ms[t->n - 1] + step_ms > recorded->end_ms)
		recorded->end_ms = t->points_ms[t->n - 1] + step_ms;
	recorded->n_points += t->n;
	return __builtin_add_overflow(recorded->wall_ms, wall_ms, &recorded->wall_ms) ? -ERANGE : 0;
}

static size_t count_hosts(const struct pyroscope *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->sets.n; i++)
		n += i == 0 ||
		     strcmp(pyroscope_set_host(&p->sets.sets[i - 1]), pyroscope_set_host(&p->sets.sets[i])) != 0;
	return n;
}

/* As fine as an answer of MAX_POINTS may be. */
static int64_t step_of(const struct pyroscope *p, const struct pyroscope_span *piece)
{
	int64_t length_ms = piece->end_ms - piece->start_ms, step_ms = length_ms / STEPS_A_PIECE;
	int64_t n_hosts = (int64_t)count_hosts(p), least_ms = length_ms * n_hosts / (int64_t)(MAX_POINTS / 2);

	if (step_ms < least_ms)
		step_ms = least_ms;
	return step_ms < MIN_STEP_MS ? MIN_STEP_MS : step_ms;
}

static int ask_times_of(struct pyroscope *p, const char *selector, const struct pyroscope_span *piece)
{
	_cleanup_(pyroscope_times_done) struct pyroscope_times times = {};
	_cleanup_(buf_done) struct buf request = {}, answer = {};
	int64_t step_ms = step_of(p, piece);
	int r = pyroscope_add_times_request(selector, piece, (double)step_ms / MS_PER_S, &request);

	if (r == 0)
		r = ask(p->server, "SelectSeries", &request, MAX_TIMES_BYTES, &answer);
	if (r == 0)
		r = pyroscope_read_times(answer.data, answer.size, MAX_POINTS, &times);
	for (size_t i = 0; r == 0 && i < times.n; i++)
		r = add_time(p, &times.hosts[i], step_ms);
	return r;
}

static int ask_times(struct pyroscope *p)
{
	_cleanup_(buf_done) struct buf selector = {};
	int r = pyroscope_add_selector(p->server->question.selection, true, NULL, NULL, &selector);

	for (size_t i = 0; r == 0 && i < n_pieces(p); i++) {
		struct pyroscope_span piece = piece_of(p, i);

		r = ask_times_of(p, selector.data, &piece);
	}
	return r < 0 ? bad_answer(p->server, r) : r;
}

int pyroscope_new(struct engine_server *server, struct pyroscope **ret)
{
	_cleanup_(pyroscope_freep) struct pyroscope *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->server = server;
	r = pool_init(&p->hosts, MAX_POINTS, MAX_HOSTS_BYTES);
	if (r == 0)
		r = set_span(p);
	if (r == 0)
		r = ask_sets(p);
	if (r == 0)
		r = ask_times(p);
	if (r == 0)
		*ret = take_ptr(p);
	return r;
}

size_t pyroscope_n_hosts(const struct pyroscope *p)
{
	return p->hosts.n;
}

void pyroscope_host(const struct pyroscope *p, size_t i, struct engine_host *ret)
{
	const struct recorded *recorded = (const struct recorded *)(const void *)p->recorded.data + i;
	size_t size;

	*ret = (struct engine_host){
		.name = pool_get(&p->hosts, (uint32_t)i, &size),
		.start_ns = recorded->start_ms * (int64_t)NS_PER_MS,
		.end_ns = recorded->end_ms * (int64_t)NS_PER_MS,
		.wall_ns = recorded->wall_ms * (int64_t)NS_PER_MS,
		.n_profiles = recorded->n_points,
	};
}

/* -- profiles -- */

static int ask_profile(struct pyroscope *p, struct pyroscope_sum *sum, const char *selector,
		       const struct pyroscope_span *piece)
{
	const char *type = sum->is_cpu ? PYROSCOPE_CPU_TYPE : PYROSCOPE_SAMPLES_TYPE;
	_cleanup_(buf_done) struct buf request = {}, answer = {};
	_cleanup_(profile_freep) struct profile *profile = NULL;
	int r = pyroscope_add_profile_request(type, selector, piece, &request);

	if (r == 0)
		r = ask(p->server, "SelectMergeProfile", &request, ENGINE_MAX_ANSWER_BYTES, &answer);
	if (r == 0)
		r = profile_decode(answer.data, answer.size, &profile);
	return r == 0 ? pyroscope_sum_add(sum, profile) : r;
}

static int add_labels(struct profile_builder *b, const struct pyroscope_set *set, uint32_t *ret)
{
	_cleanup_free_ struct label *labels = calloc(set->n + 1, sizeof(*labels));

	if (!labels)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		labels[i] = (struct label){ .key = set->labels[i].name, .str = set->labels[i].value };
	return profile_builder_add_labels(b, labels, set->n, ret);
}

static int add_set(struct pyroscope *p, struct profile_builder *b, const struct pyroscope_set *set,
		   struct engine_host *host)
{
	_cleanup_(pyroscope_sum_done) struct pyroscope_sum sum = { .builder = b, .host = host };
	_cleanup_(buf_done) struct buf selector = {};
	int r = pyroscope_add_selector(p->server->question.selection, false, &p->sets, set, &selector);

	if (r == 0)
		r = add_labels(b, set, &sum.labels);
	for (size_t i = 0; r == 0 && i < 2 * n_pieces(p); i++) {
		struct pyroscope_span piece = piece_of(p, i / 2);

		sum.is_cpu = i % 2;
		r = ask_profile(p, &sum, selector.data, &piece);
	}
	return r;
}

static int add_host(struct pyroscope *p, struct profile_builder *b, struct engine_host *host)
{
	struct recorded *recorded;
	int r = 0;

	host->name = pyroscope_set_host(&p->sets.sets[p->next]);
	while (r == 0 && p->next < p->sets.n && strcmp(pyroscope_set_host(&p->sets.sets[p->next]), host->name) == 0)
		r = add_set(p, b, &p->sets.sets[p->next++], host);
	if (r == 0)
		r = find_recorded(p, host->name, &recorded);
	if (r != 0)
		return r;
	host->start_ns = recorded->start_ms * (int64_t)NS_PER_MS;
	host->wall_ns = recorded->wall_ms * (int64_t)NS_PER_MS;
	return 0;
}

int pyroscope_next(struct pyroscope *p, struct profile **ret, struct window_info *ret_window)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	struct engine_host host = {};
	int r;

	if (p->next == p->sets.n)
		return ENGINE_END;
	r = profile_builder_new(&b);
	if (r == 0)
		r = add_host(p, b, &host);
	if (r == 0)
		r = engine_make_profile(b, &host, ret, ret_window);
	return r < 0 ? bad_answer(p->server, r) : r;
}
