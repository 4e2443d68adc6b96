// SPDX-License-Identifier: Apache-2.0
#include "report/engine-stacks.h"

#include "report/row-binary.h"

#define MAX_STACKS ((size_t)1 << 20)
#define MAX_STACK_FRAMES ((size_t)1 << 16) /* no more fit a profile (pprof/build.c) */

int engine_stacks_init(struct engine_stacks *s)
{
	int r;

	*s = (struct engine_stacks){};
	r = engine_frames_init(&s->frames);
	return r < 0 ? r : pool_init(&s->hashes, MAX_STACKS, MAX_STACKS * sizeof(uint64_t));
}

void engine_stacks_done(struct engine_stacks *s)
{
	engine_frames_done(&s->frames);
	buf_done(&s->numbers);
	pool_done(&s->hashes);
	buf_done(&s->ends);
	buf_done(&s->names);
	buf_done(&s->libraries);
}

/* An array's elements into ret (struct row_text). */
static int read_texts(struct row_binary *rows, struct buf *ret)
{
	size_t n;
	int r = row_binary_count(rows, &n);

	buf_clear(ret);
	if (r == 0 && n > MAX_STACK_FRAMES)
		r = -EBADMSG;
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct row_text text;

		r = row_binary_text(rows, &text);
		if (r == 0)
			r = buf_add(ret, &text, sizeof(text));
	}
	return r;
}

/* Tables of before there were libraries have none of them. */
static int add_frames(struct engine_stacks *s)
{
	const struct row_text *names = (const struct row_text *)(const void *)s->names.data;
	const struct row_text *libraries = (const struct row_text *)(const void *)s->libraries.data;
	size_t n = s->names.size / sizeof(*names), n_libraries = s->libraries.size / sizeof(*libraries);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct row_text library = i < n_libraries ? libraries[i] : (struct row_text){ "", 0 };
		uint32_t number;

		r = engine_frames_add(&s->frames, names[i].data, names[i].size, library.data, library.size, &number);
		if (r == 0)
			r = buf_add(&s->numbers, &number, sizeof(number));
	}
	return r;
}

static int read_stack(struct engine_stacks *s, struct row_binary *rows)
{
	uint32_t number, end;
	size_t n_before = s->hashes.n;
	uint64_t hash;
	int r = row_binary_u64(rows, &hash);

	if (r == 0)
		r = read_texts(rows, &s->names);
	if (r == 0)
		r = read_texts(rows, &s->libraries);
	if (r == 0)
		r = add_frames(s);
	if (r == 0)
		r = pool_add(&s->hashes, &hash, sizeof(hash), &number);
	if (r < 0)
		return r;
	if (number < n_before)
		return -EBADMSG; /* the question groups by it */
	end = (uint32_t)(s->numbers.size / sizeof(uint32_t));
	return buf_add(&s->ends, &end, sizeof(end));
}

int engine_stacks_read(struct engine_stacks *s, const void *data, size_t size)
{
	struct row_binary rows = { data, (const uint8_t *)data + size };
	int r = 0;

	while (r == 0 && rows.at < rows.end)
		r = read_stack(s, &rows);
	return r;
}

int engine_stacks_find(struct engine_stacks *s, uint64_t hash, struct buf *ret)
{
	const uint32_t *ends = (const uint32_t *)(const void *)s->ends.data;
	const uint32_t *numbers = (const uint32_t *)(const void *)s->numbers.data;
	uint32_t number;
	int r = 0;

	buf_clear(ret);
	if (!pool_find(&s->hashes, &hash, sizeof(hash), &number))
		return ENGINE_STACK_UNKNOWN;
	for (size_t i = number ? ends[number - 1] : 0; r == 0 && i < ends[number]; i++) {
		struct frame frame = engine_frames_get(&s->frames, numbers[i]);

		r = buf_add(ret, &frame, sizeof(frame));
	}
	return r;
}
