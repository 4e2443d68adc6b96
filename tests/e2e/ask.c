// SPDX-License-Identifier: Apache-2.0
/*
 * ask: answers a question as `cpuhound serve` does, without HTTP: prints the body. Exit code: 0; 1: a fault; 10 + enum
 * answer_result: no answer, and the reason on stderr; 20: no such question.
 *
 *     ask STORE|URL KIND [KEY=VALUE]... [TOKEN_FILE=PATH]
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "report/answer.h"
#include "report/fetch.h"
#include "report/question.h"
#include "store/store.h"
#include "web/viewer-page.h"

static const char *const kinds[QUESTION_N_KINDS] = {
	[QUESTION_HOGS] = "hogs",         [QUESTION_DIFF] = "diff",     [QUESTION_FLAME] = "flame",
	[QUESTION_TIMELINE] = "timeline", [QUESTION_LABELS] = "labels", [QUESTION_EXPORT] = "export",
};

static int take_arguments(struct question *q, char **arguments, const char **ret_reason)
{
	int r = 0;

	for (; r == 0 && *arguments; arguments++) {
		char *value = strchr(*arguments, '=');

		*ret_reason = "KEY=VALUE";
		if (!value)
			return -EINVAL;
		*value++ = 0;
		r = question_set(q, *arguments, value, strlen(value), ret_reason);
	}
	return r == 0 ? question_finish(q, ret_reason) : r;
}

/* It comes last, and is no argument of the question. */
static const char *take_token_file(char **arguments)
{
	static const char key[] = "TOKEN_FILE=";
	const char *path = NULL;

	for (; *arguments; arguments++) {
		if (strncmp(*arguments, key, strlen(key)) != 0)
			continue;
		path = *arguments + strlen(key);
		*arguments = NULL;
		break;
	}
	return path;
}

static int read_question(struct question *q, const char *kind, char **arguments)
{
	const char *reason = "no such kind";

	for (uint32_t i = QUESTION_HOGS; i < QUESTION_N_KINDS; i++) {
		if (strcmp(kind, kinds[i]) != 0)
			continue;
		question_init(q, (enum question_kind)i, (int64_t)clock_now_ns(CLOCK_REALTIME));
		if (take_arguments(q, arguments, &reason) == 0 && question_is_valid(q))
			return 0;
	}
	fprintf(stderr, "%s\n", reason);
	return 20;
}

static int answer(const struct answer_place *place, const struct question *q)
{
	_cleanup_(buf_done) struct buf body = {};
	char why[ANSWER_WHY_BYTES];
	int r = answer_make(place, q, &body, why);

	if (r < 0)
		fprintf(stderr, "%s\n", strerror(-r));
	else if (r > 0)
		fprintf(stderr, "%s\n", why);
	else
		r = fs_write_all(STDOUT_FILENO, body.data, body.size);
	return r < 0 ? 1 : r > 0 ? 10 + r : 0;
}

int main(int argc, char **argv)
{
	_cleanup_(store_freep) struct store *store = NULL;
	_cleanup_close_ int fd = -1;
	const struct fetch_settings settings = { .token_file = argc > 3 ? take_token_file(argv + 3) : NULL };
	struct answer_place place = { .settings = &settings, .add_page = viewer_page_add };
	struct question q;
	int r = argc < 3 ? 2 : read_question(&q, argv[2], argv + 3);

	if (r != 0)
		return r;
	place.url = argv[1];
	if (!strstr(argv[1], "://")) {
		fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : store_open(fd, STORE_READ, &store);
		if (r != 0)
			fprintf(stderr, "no store\n");
		place.store = store;
	}
	return r == 0 ? answer(&place, &q) : 1;
}
