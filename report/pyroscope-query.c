// SPDX-License-Identifier: Apache-2.0
#include "report/pyroscope-query.h"

#include <string.h>

#include "common/clock.h"
#include "pprof/message.h"
#include "report/engine.h"
#include "report/querier.pb-c.h"
#include "store/selection.h"

#define HOST_LABEL "host"
#define MAX_MS (INT64_MAX / 4 / (int64_t)NS_PER_MS) /* no time in ns is beyond */

/* -- selectors -- */

/* As Go writes a string. Bytes of other characters are escaped as well: U+FFFD itself would be an error. */
static int add_quoted(const char *text, struct buf *ret)
{
	int r = buf_add_char(ret, '"');

	for (; r == 0 && *text; text++) {
		if (*text == '"' || *text == '\\')
			r = buf_printf(ret, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			r = buf_printf(ret, "\\x%02x", (unsigned char)*text);
		else
			r = buf_add_char(ret, *text);
	}
	return r < 0 ? r : buf_add_char(ret, '"');
}

static int add_condition(const char *name, const char *operator, const char * value, struct buf *ret)
{
	int r = buf_printf(ret, "%s%s%s", ret->data[ret->size - 1] == '{' ? "" : ",", name, operator);

	return r < 0 ? r : add_quoted(value, ret);
}

static int add_matchers(const struct selection *selection, bool of_hosts, struct buf *ret)
{
	static const char *const operators[2][2] = { { "=", "=~" }, { "!=", "!~" } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < selection->n_matchers; i++) {
		struct matcher_words m = matcher_words(selection->matchers[i]);

		if (!of_hosts || strcmp(m.key, HOST_LABEL) == 0)
			r = add_condition(m.key, operators[m.is_negative][m.is_regex], m.value, ret);
	}
	return r;
}

static const char *value_of(const struct pyroscope_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->labels[i].name, name) == 0)
			return set->labels[i].value;
	return NULL;
}

/* Whether a set before this one has that label. */
static bool is_known(const struct pyroscope_sets *sets, size_t n_before, const char *name)
{
	for (size_t i = 0; i < n_before; i++)
		if (value_of(&sets->sets[i], name))
			return true;
	return false;
}

/* "": the label is not there. */
static int add_missing(const struct pyroscope_sets *sets, const struct pyroscope_set *set, struct buf *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sets->n; i++)
		for (size_t j = 0; r == 0 && j < sets->sets[i].n; j++) {
			const char *name = sets->sets[i].labels[j].name;

			if (!value_of(set, name) && !is_known(sets, i, name))
				r = add_condition(name, "=", "", ret);
		}
	return r;
}

int pyroscope_add_selector(const struct selection *selection, bool of_hosts, const struct pyroscope_sets *sets,
			   const struct pyroscope_set *set, struct buf *ret)
{
	int r = buf_add_char(ret, '{');

	if (r == 0)
		r = add_matchers(selection, of_hosts, ret);
	for (size_t i = 0; r == 0 && set && i < set->n; i++)
		r = add_condition(set->labels[i].name, "=", set->labels[i].value, ret);
	if (r == 0 && set)
		r = add_missing(sets, set, ret);
	return r < 0 ? r : buf_add_char(ret, '}');
}

/* -- requests -- */

int pyroscope_add_series_request(const struct engine_question *question, const char *selector,
				 const struct pyroscope_span *span, struct buf *ret)
{
	Querier__SeriesRequest request = QUERIER__SERIES_REQUEST__INIT;
	_cleanup_free_ char **names = calloc(question->n_labels + 1, sizeof(*names));
	char *matcher = (char *)(uintptr_t)selector;

	if (!names)
		return -ENOMEM;
	names[0] = (char *)(uintptr_t)HOST_LABEL;
	for (size_t i = 0; i < question->n_labels; i++)
		names[i + 1] = (char *)(uintptr_t)question->labels[i];
	request.matchers = &matcher;
	request.n_matchers = 1;
	if (!question->has_all_labels) {
		request.label_names = names;
		request.n_label_names = question->n_labels + 1;
	}
	request.start = span->start_ms;
	request.end = span->end_ms;
	return message_add(ret, &request.base);
}

int pyroscope_add_times_request(const char *selector, const struct pyroscope_span *span, double step_s, struct buf *ret)
{
	Querier__SelectSeriesRequest request = QUERIER__SELECT_SERIES_REQUEST__INIT;
	char *host = (char *)(uintptr_t)HOST_LABEL;

	request.profile_typeid = (char *)(uintptr_t)PYROSCOPE_CPU_TYPE;
	request.label_selector = (char *)(uintptr_t)selector;
	request.start = span->start_ms;
	request.end = span->end_ms;
	request.group_by = &host;
	request.n_group_by = 1;
	request.step = step_s;
	return message_add(ret, &request.base);
}

int pyroscope_add_profile_request(const char *type, const char *selector, const struct pyroscope_span *span,
				  struct buf *ret)
{
	Querier__SelectMergeProfileRequest request = QUERIER__SELECT_MERGE_PROFILE_REQUEST__INIT;

	request.profile_typeid = (char *)(uintptr_t)type;
	request.label_selector = (char *)(uintptr_t)selector;
	request.start = span->start_ms;
	request.end = span->end_ms;
	return message_add(ret, &request.base);
}

/* -- sets of labels -- */

static void free_set(struct pyroscope_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->labels[i].name);
		free(s->labels[i].value);
	}
	free(s->labels);
}

void pyroscope_sets_done(struct pyroscope_sets *s)
{
	for (size_t i = 0; i < s->n; i++)
		free_set(&s->sets[i]);
	free(s->sets);
	*s = (struct pyroscope_sets){};
}

const char *pyroscope_set_host(const struct pyroscope_set *s)
{
	return value_of(s, HOST_LABEL) ?: "";
}

/* Those of the server's own making, and names that would need quotation marks, are none. */
static bool is_label(const Querier__LabelPair *p)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return p->value[0] && strncmp(p->name, "__", 2) != 0 && p->name[0] && strchr(first, p->name[0]) &&
	       p->name[strspn(p->name, all)] == 0;
}

static int compare_labels(const void *a, const void *b)
{
	const struct pyroscope_label *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The host's name first, then all of it. */
static int compare_sets(const void *a, const void *b)
{
	const struct pyroscope_set *x = a, *y = b;
	int r = strcmp(pyroscope_set_host(x), pyroscope_set_host(y));

	for (size_t i = 0; r == 0 && i < x->n && i < y->n; i++) {
		r = strcmp(x->labels[i].name, y->labels[i].name);
		if (r == 0)
			r = strcmp(x->labels[i].value, y->labels[i].value);
	}
	return r != 0 ? r : (x->n > y->n) - (x->n < y->n);
}

static int add_set(struct pyroscope_sets *sets, Querier__LabelPair *const *pairs, size_t n)
{
	struct pyroscope_set *set = &sets->sets[sets->n++];

	*set = (struct pyroscope_set){};
	set->labels = calloc(n + 1, sizeof(*set->labels));
	if (!set->labels)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct pyroscope_label *label = &set->labels[set->n];

		if (!is_label(pairs[i]) || value_of(set, pairs[i]->name))
			continue;
		set->n++;
		label->name = strdup(pairs[i]->name);
		label->value = strdup(pairs[i]->value);
		if (!label->name || !label->value)
			return -ENOMEM;
	}
	if (set->n > 0)
		qsort(set->labels, set->n, sizeof(*set->labels), compare_labels);
	return 0;
}

/* A label that is none may have been all that two sets differed in. */
static void drop_equal(struct pyroscope_sets *sets)
{
	size_t n = 0;

	if (sets->n > 0)
		qsort(sets->sets, sets->n, sizeof(*sets->sets), compare_sets);
	for (size_t i = 0; i < sets->n; i++)
		if (n > 0 && compare_sets(&sets->sets[n - 1], &sets->sets[i]) == 0)
			free_set(&sets->sets[i]);
		else
			sets->sets[n++] = sets->sets[i];
	sets->n = n;
}

static int reserve_sets(struct pyroscope_sets *sets, size_t more)
{
	struct pyroscope_set *larger = reallocarray(sets->sets, sets->n + more + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	sets->sets = larger;
	return 0;
}

int pyroscope_read_series(const void *data, size_t size, size_t max_sets, struct pyroscope_sets *sets)
{
	Querier__SeriesResponse *m = querier__series_response__unpack(NULL, size, data);
	int r;

	if (!m)
		return -EBADMSG;
	r = m->n_labels_set > max_sets ? -EFBIG : reserve_sets(sets, m->n_labels_set);
	for (size_t i = 0; r == 0 && i < m->n_labels_set; i++)
		r = add_set(sets, m->labels_set[i]->labels, m->labels_set[i]->n_labels);
	querier__series_response__free_unpacked(m, NULL);
	if (r == 0)
		drop_equal(sets);
	return r == 0 && sets->n > max_sets ? -EFBIG : r;
}

/* -- times -- */

void pyroscope_times_done(struct pyroscope_times *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->hosts[i].host);
		free(t->hosts[i].points_ms);
	}
	free(t->hosts);
	*t = (struct pyroscope_times){};
}

static int compare_ms(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int add_times(struct pyroscope_times *times, const Querier__Series *s)
{
	struct pyroscope_time *host = &times->hosts[times->n++];
	const char *name = "";

	for (size_t i = 0; i < s->n_labels; i++)
		if (strcmp(s->labels[i]->name, HOST_LABEL) == 0)
			name = s->labels[i]->value;
	host->host = strdup(name);
	host->points_ms = calloc(s->n_points + 1, sizeof(*host->points_ms));
	if (!host->host || !host->points_ms)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_points; i++)
		if (s->points[i]->value > 0 && s->points[i]->timestamp >= 0 && s->points[i]->timestamp <= MAX_MS)
			host->points_ms[host->n++] = s->points[i]->timestamp;
	if (host->n > 0)
		qsort(host->points_ms, host->n, sizeof(*host->points_ms), compare_ms);
	return 0;
}

static size_t n_points(const Querier__SelectSeriesResponse *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_series; i++)
		n += m->series[i]->n_points;
	return n;
}

int pyroscope_read_times(const void *data, size_t size, size_t max_points, struct pyroscope_times *ret)
{
	Querier__SelectSeriesResponse *m = querier__select_series_response__unpack(NULL, size, data);
	struct pyroscope_times times = {};
	int r = 0;

	if (!m)
		return -EBADMSG;
	if (n_points(m) > max_points)
		r = -EFBIG;
	if (r == 0)
		times.hosts = calloc(m->n_series + 1, sizeof(*times.hosts));
	if (r == 0 && !times.hosts)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < m->n_series; i++)
		r = add_times(&times, m->series[i]);
	querier__select_series_response__free_unpacked(m, NULL);
	if (r < 0)
		pyroscope_times_done(&times);
	else
		*ret = times;
	return r;
}

/* The middle one of the lengths. */
static int most_last_ms(const int64_t *points_ms, size_t n, int64_t *ret)
{
	_cleanup_free_ int64_t *lengths = calloc(n, sizeof(*lengths));

	if (!lengths)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < n; i++)
		lengths[i] = points_ms[i + 1] - points_ms[i];
	qsort(lengths, n - 1, sizeof(*lengths), compare_ms);
	*ret = lengths[(n - 1) / 2];
	return 0;
}

int pyroscope_wall_ms(const int64_t *points_ms, size_t n, int64_t step_ms, int64_t *ret)
{
	int64_t usual_ms = step_ms, sum_ms;
	int r = n > 1 ? most_last_ms(points_ms, n, &usual_ms) : 0;

	if (r < 0)
		return r;
	sum_ms = n > 0 ? usual_ms : 0; /* the last one */
	for (size_t i = 0; i + 1 < n; i++) {
		int64_t length_ms = points_ms[i + 1] - points_ms[i];

		sum_ms += length_ms > 2 * usual_ms ? usual_ms : length_ms;
	}
	*ret = sum_ms;
	return 0;
}
