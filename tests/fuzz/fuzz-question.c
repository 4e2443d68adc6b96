// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz question: a kind (a byte), then arguments: lines "key=value", in which 0x01 stands for a NUL. What is taken is
 * valid; and its own bytes, changed, are refused, or hold what answers go by.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "report/group-keys.h"
#include "report/question.h"

#define MAX_BYTES ((size_t)16 << 10)
#define NOW_NS ((int64_t)(1795916400 * NS_PER_S))

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void take_line(struct question *q, char *line, size_t size)
{
	char *value = memchr(line, '=', size);
	const char *reason = NULL;

	if (!value)
		return;
	*value++ = 0;
	for (char *p = value; p < line + size; p++)
		if (*p == 1)
			*p = 0;
	if (question_set(q, line, value, (size_t)(line + size - value), &reason) < 0)
		must(reason);
}

/* What answers go by holds of all that is valid. */
static void check(const struct question *q)
{
	struct group_keys keys;

	must(q->kind >= QUESTION_HOGS && q->kind < QUESTION_N_KINDS && q->side.since_ns < q->side.until_ns);
	must(q->n_rows <= QUESTION_MAX_ROWS && q->n_points <= QUESTION_MAX_POINTS);
	must(strnlen(q->stack, sizeof(q->stack)) < sizeof(q->stack));
	must(!q->by[0] || group_keys_parse(q->by, &keys) == 0);
	must(question_content_type(q)[0]);
}

/* The same bytes as they could come from another process. */
static void check_changed(const struct question *q, const uint8_t *data, size_t size)
{
	struct question changed = *q;

	for (size_t i = 0; i + 3 <= size; i += 3)
		((uint8_t *)&changed)[(data[i] | (size_t)data[i + 1] << 8) % sizeof(changed)] ^= data[i + 2];
	if (question_is_valid(&changed))
		check(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	const char *reason = NULL;
	struct question q;

	if (size < 1 || size > MAX_BYTES)
		return 0;
	text = calloc(1, size + 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	question_init(&q, (enum question_kind)(1 + data[0] % (QUESTION_N_KINDS - 1)), NOW_NS);
	for (char *line = text, *end; (end = memchr(line, '\n', size - (size_t)(line - text))); line = end + 1) {
		*end = 0;
		take_line(&q, line, (size_t)(end - line));
	}
	if (question_finish(&q, &reason) < 0) {
		must(reason);
		return 0;
	}
	must(question_is_valid(&q));
	check(&q);
	check_changed(&q, data, size);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"\0since=1h\nuntil=5m\nmatch=service=api\nby=function\ncallers=3\noutliers=1\nmin_cores=0.5\nvs=7d\n",
		"\1before_since=2h\nbefore_until=1h\nbefore_match=version=1\nby=service,version\nnormalize=total\nn="
		"3\n",
		"\2by=service,host\nstack=a|b\nfunction=f\nlibrary=libz.so.1\ndomain=kernel\nvs=24h\n",
		"\3since_ns=1795910400000000000\nuntil_ns=1795914000000000000\npoints=400\nn=50\n",
		"\4key=service\nprefix=a\x01\nn=10\n",
		"\5format=speedscope\nby=host\nnormalize=hosts\nsince=2026-11-29T01:42:42Z\n",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = 1 + strlen(seeds[i] + 1);
	return seeds[i];
}
