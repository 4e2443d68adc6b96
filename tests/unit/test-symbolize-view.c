// SPDX-License-Identifier: Apache-2.0
/* What is answered to an address, to the character; and lines as they come in. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json-text.h"
#include "cli/json.h"
#include "cli/line-input.h"
#include "cli/symbolize-view.h"
#include "cli/text.h"
#include "common/buf.h"
#include "common/fsutil.h"
#include "symbolizer/index.h"
#include "tests/unit/cmocka-all.h"

static const struct index_frame frames[] = {
	{ "ns::inner(int)", "_ZN2ns5innerEi", "/src/a.h", 3, 2, true },
	{ "out\ner\x1b", "_out\"er\\", "/src/b\xff.cc", 0, 0, false },
	{ "plain", "plain", NULL, 0, 0, false },
};

static void assert_answer(const struct symbolize_view *v, const struct symbolize_reply *reply, const char *expected)
{
	_cleanup_(buf_done) struct buf text = {};

	assert_int_equal(symbolize_view_add(v, reply, &text), 0);
	assert_string_equal(text.data, expected);
}

static void test_text(void **state)
{
	const struct symbolize_reply known = { NULL, 0x1139, frames, 3 }, unknown = { NULL, 0, NULL, 0 };
	const struct symbolize_reply bad = { "zz", 0, NULL, 0 };

	assert_answer(&(struct symbolize_view){}, &known,
		      "ns::inner(int)\n/src/a.h:3\nout\xef\xbf\xbd"
		      "er\xef\xbf\xbd\n/src/b\xef\xbf\xbd.cc:?\nplain\n??:?\n");
	assert_answer(&(struct symbolize_view){ .mangled = true, .with_addresses = true }, &known,
		      "0x0000000000001139\n_ZN2ns5innerEi\n/src/a.h:3\n_out\"er\\\n/src/"
		      "b\xef\xbf\xbd.cc:?\nplain\n??:?\n");
	assert_answer(&(struct symbolize_view){}, &unknown, "??\n??:0\n");
	assert_answer(&(struct symbolize_view){ .with_addresses = true }, &bad, "0x0000000000000000\n??\n??:0\n");
}

static void test_json(void **state)
{
	const struct symbolize_reply known = { NULL, 0xffffffff81000139, frames, 3 }, unknown = { NULL, 0, NULL, 0 };
	const struct symbolize_reply bad = { "z\"\n", 0, NULL, 0 };

	assert_answer(&(struct symbolize_view){ .json = true }, &known,
		      "{\"addr\":\"0xffffffff81000139\",\"frames\":["
		      "{\"function\":\"ns::inner(int)\",\"linkage_name\":\"_ZN2ns5innerEi\",\"file\":\"/src/a.h\","
		      "\"line\":3,\"start_line\":2},"
		      "{\"function\":\"out\xef\xbf\xbd"
		      "er\xef\xbf\xbd\",\"linkage_name\":\"_out\\\"er\\\\\",\"file\":\"/src/b\xef\xbf\xbd.cc\"},"
		      "{\"function\":\"plain\",\"linkage_name\":\"plain\"}]}\n");
	assert_answer(&(struct symbolize_view){ .json = true }, &unknown, "{\"addr\":\"0x0\",\"frames\":[]}\n");
	assert_answer(&(struct symbolize_view){ .json = true }, &bad,
		      "{\"addr\":\"z\\\"\xef\xbf\xbd\",\"error\":\"no address\",\"frames\":[]}\n");
}

/* Our own writer against json-c: what it writes, json-c reads as what it would have written. */
static void test_json_strings(void **state)
{
	static const char *const strings[] = { "",         "plain",    "\"",    "\\\\\"",
					       "\x01\x7f", "\xc3\xa9", "a\xc3", "\xe2\x80\xae/" };

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		_cleanup_(json_putp) struct json_object *ours = NULL, *theirs = json_object_new_object();
		_cleanup_(buf_done) struct buf text = {};

		assert_int_equal(buf_add_char(&text, '{'), 0);
		assert_int_equal(json_text_add_member(&text, "s", strings[i]), 0);
		assert_int_equal(buf_add_char(&text, '}'), 0);
		assert_int_equal(json_add_string(theirs, "s", strings[i]), 0);
		ours = json_tokener_parse(text.data);
		assert_non_null(ours);
		assert_true(json_object_equal(ours, theirs));
	}
}

static void test_long(void **state)
{
	_cleanup_free_ char *name = malloc(100001);
	_cleanup_(buf_done) struct buf text = {};

	memset(name, 'x', 100000);
	name[100000] = 0;
	assert_int_equal(json_text_add_string(&text, name), 0);
	assert_int_equal(text.size, JSON_STRING_LIMIT_BYTES + 2);
	name[100] = '"';
	buf_clear(&text);
	assert_int_equal(json_text_add_string(&text, name), 0);
	assert_int_equal(text.size, JSON_STRING_LIMIT_BYTES + 3);
	buf_clear(&text);
	assert_int_equal(text_add(&text, name, TEXT_MAX_CHARS), 0);
	assert_int_equal(text_n_chars(&text), TEXT_MAX_CHARS);
	/* Just as long as there is room, and one more. */
	name[12] = 0;
	for (size_t room = 11; room <= 13; room++) {
		buf_clear(&text);
		assert_int_equal(text_add(&text, name, room), 0);
		assert_int_equal(text_n_chars(&text), room < 12 ? 11 : 12);
	}
}

struct input {
	int fds[2];
	struct line_input *in;
};

static struct input open_input(void)
{
	struct input input = { .in = malloc(sizeof(*input.in)) };

	assert_non_null(input.in);
	assert_int_equal(pipe2(input.fds, O_CLOEXEC), 0);
	line_input_init(input.in, input.fds[0]);
	return input;
}

static void input_done(struct input *input)
{
	close_fd(input->fds[0]);
	close_fd(input->fds[1]);
	free(input->in);
}

static void feed(struct input *input, const char *data, size_t size)
{
	assert_int_equal(fs_write_all(input->fds[1], data, size), 0);
}

static void assert_line(struct input *input, bool must_wait, const char *expected)
{
	const char *line;

	assert_int_equal(line_input_must_wait(input->in), must_wait);
	assert_int_equal(line_input_next(input->in, &line), 0);
	assert_string_equal(line, expected);
}

static void test_lines(void **state)
{
	_cleanup_(input_done) struct input input = open_input();
	const char *line;

	feed(&input, "one\n\ntwo", 8);
	assert_line(&input, true, "one");
	assert_line(&input, false, "");
	feed(&input, " and more\nth\0ree", 16);
	assert_line(&input, true, "two and more");
	input.fds[1] = close_fd(input.fds[1]);
	assert_line(&input, true, "th?ree"); /* the last, without a newline */
	assert_false(line_input_must_wait(input.in));
	assert_int_equal(line_input_next(input.in, &line), LINE_INPUT_END);
	assert_int_equal(line_input_next(input.in, &line), LINE_INPUT_END);
}

static void test_ends_in_newline(void **state)
{
	_cleanup_(input_done) struct input input = open_input();
	const char *line;

	feed(&input, "one\n", 4);
	input.fds[1] = close_fd(input.fds[1]);
	assert_line(&input, true, "one");
	assert_int_equal(line_input_next(input.in, &line), LINE_INPUT_END);
}

/* n bytes of 'x' in a file, as the first line; the next is "next". */
static int long_line(size_t n)
{
	_cleanup_free_ char *data = malloc(n + 6);
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_non_null(data);
	assert_true(fd >= 0);
	memset(data, 'x', n);
	memcpy(data + n, "\nnext\n", 6);
	assert_int_equal(fs_write_all(fd, data, n + 6), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void test_long_lines(void **state)
{
	static const size_t sizes[] = { LINE_INPUT_BYTES - 1, LINE_INPUT_BYTES, LINE_INPUT_BYTES + 1,
					5 * LINE_INPUT_BYTES + 9 };
	_cleanup_free_ struct line_input *in = malloc(sizeof(*in));

	assert_non_null(in);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_close_ int fd = long_line(sizes[i]);
		const char *line;

		line_input_init(in, fd);
		assert_int_equal(line_input_next(in, &line), 0);
		assert_int_equal(strlen(line), sizes[i] < LINE_INPUT_BYTES ? sizes[i] : LINE_INPUT_BYTES);
		assert_int_equal(strspn(line, "x"), strlen(line));
		assert_int_equal(line_input_next(in, &line), 0);
		assert_string_equal(line, "next");
		assert_int_equal(line_input_next(in, &line), LINE_INPUT_END);
	}
}

static void test_unreadable(void **state)
{
	_cleanup_close_ int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ struct line_input *in = malloc(sizeof(*in));
	const char *line;

	assert_non_null(in);
	line_input_init(in, fd);
	assert_int_equal(line_input_next(in, &line), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),         cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_strings), cmocka_unit_test(test_long),
		cmocka_unit_test(test_lines),        cmocka_unit_test(test_ends_in_newline),
		cmocka_unit_test(test_long_lines),   cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
