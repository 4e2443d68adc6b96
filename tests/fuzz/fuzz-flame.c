// SPDX-License-Identifier: Apache-2.0
/* Any profile that can be read can be drawn: as JSON that is whole, and as a picture in which no name is markup. */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "pprof/build.h"
#include "pprof/profile.h"
#include "report/flame-json.h"
#include "report/flame-svg.h"
#include "report/flame.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)

static void check_picture(const struct buf *svg)
{
	static const char *const ours[] = { "<?xml ",  "<svg ",    "</svg>", "<g>",    "</g>",
					    "<title>", "</title>", "<rect ", "<text ", "</text>" };

	for (const char *p = strchr(svg->data, '<'); p; p = strchr(p + 1, '<')) {
		size_t i = 0;

		while (i < ARRAY_SIZE(ours) && strncmp(p, ours[i], strlen(ours[i])) != 0)
			i++;
		if (i == ARRAY_SIZE(ours))
			abort();
	}
	for (size_t i = 0; i < svg->size; i++)
		if ((unsigned char)svg->data[i] < 0x20 && svg->data[i] != '\n')
			abort();
}

static void draw(const struct flame *f)
{
	_cleanup_(buf_done) struct buf json = {}, svg = {};
	_cleanup_(json_putp) struct json_object *object = NULL;

	if (flame_json_add(f, &json) < 0 || json_parse(json.data, json.size, &object) != 0 ||
	    flame_svg_add(f, &svg) < 0)
		abort();
	check_picture(&svg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(flame_done) struct flame f = {};
	int r;

	if (size > MAX_INPUT_BYTES || profile_decode(data, size, &p) < 0)
		return 0;
	if (flame_init(&f) < 0)
		abort();
	f.title = p->n_comments ? p->comments[0] : "";
	f.keys[f.n_keys++] = "key";
	r = flame_add(&f, 0, p, NULL);
	if (r == 0)
		r = flame_finish(&f);
	if (r < 0 && r != -ERANGE)
		abort();
	if (r == 0)
		draw(&f);
	return 0;
}

static int make_seed(struct buf *ret)
{
	static const struct profile_mapping program = { .start = 0x1000, .limit = 0x9000, .filename = "/bin/<x>&y" };
	static const struct frame frames[] = {
		{ .addr = 0x1010, .mapping = &program, .function = "get", .inlined = true },
		{ .addr = 0x1010, .mapping = &program, .function = "std::less<int>" },
		{ .addr = 0x1020, .mapping = &program },
		{ .addr = 0x1010, .mapping = &program, .function = "std::less<int>" },
		{ .function = "[irq]" },
	};
	static const struct label label = { .key = "key", .str = "<script>\xe2\x80\xae" };
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 1000000000, .period_ns = 10 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	int r;

	r = profile_builder_new(&b);
	for (size_t n = 2; r == 0 && n <= ARRAY_SIZE(frames); n++)
		r = profile_builder_add(b, frames, n, &label, 1, n, n * 10);
	if (r == 0)
		r = profile_builder_add_comment(b, "]]><b>");
	return r < 0 ? r : profile_builder_encode(b, &meta, ret);
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static struct buf seed;

	if (i > 0)
		return NULL;
	if (seed.size == 0 && make_seed(&seed) < 0)
		abort();
	*ret_size = seed.size;
	return seed.data;
}
