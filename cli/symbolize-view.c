// SPDX-License-Identifier: Apache-2.0
#include "cli/symbolize-view.h"

#include <inttypes.h>

#include "cli/json-text.h"
#include "cli/text.h"
#include "common/buf.h"
#include "symbolizer/index.h"

static const char *function_of(const struct symbolize_view *v, const struct index_frame *frame)
{
	return v->mangled && frame->linkage_name ? frame->linkage_name : frame->function;
}

/* addr2line has "??:0" where it knows nothing, "??:?" for a function without lines. */
static int add_text_line(const struct index_frame *frame, struct buf *ret)
{
	int r;

	r = text_add(ret, frame->file ? frame->file : "??", TEXT_MAX_CHARS);
	if (r < 0)
		return r;
	return frame->line ? buf_printf(ret, ":%" PRIu32 "\n", frame->line) : buf_add_str(ret, ":?\n");
}

static int add_text_frame(const struct symbolize_view *v, const struct index_frame *frame, struct buf *ret)
{
	int r;

	r = text_add(ret, function_of(v, frame), TEXT_MAX_CHARS);
	if (r == 0)
		r = buf_add_char(ret, '\n');
	return r < 0 ? r : add_text_line(frame, ret);
}

static int add_text(const struct symbolize_view *v, const struct symbolize_reply *reply, struct buf *ret)
{
	int r = 0;

	if (v->with_addresses)
		r = buf_printf(ret, "0x%016" PRIx64 "\n", reply->addr);
	if (r == 0 && reply->n_frames == 0)
		r = buf_add_str(ret, "??\n??:0\n");
	for (size_t i = 0; r == 0 && i < reply->n_frames; i++)
		r = add_text_frame(v, &reply->frames[i], ret);
	return r;
}

static int add_json_frame(const struct symbolize_view *v, const struct index_frame *frame, struct buf *ret)
{
	int r;

	r = buf_add_char(ret, '{');
	if (r == 0)
		r = json_text_add_member(ret, "function", function_of(v, frame));
	if (r == 0 && frame->linkage_name) {
		r = buf_add_char(ret, ',');
		if (r == 0)
			r = json_text_add_member(ret, "linkage_name", frame->linkage_name);
	}
	if (r == 0 && frame->file) {
		r = buf_add_char(ret, ',');
		if (r == 0)
			r = json_text_add_member(ret, "file", frame->file);
	}
	if (r == 0 && frame->line)
		r = buf_printf(ret, ",\"line\":%" PRIu32, frame->line);
	if (r == 0 && frame->start_line)
		r = buf_printf(ret, ",\"start_line\":%" PRIu32, frame->start_line);
	return r < 0 ? r : buf_add_char(ret, '}');
}

static int add_json_address(const struct symbolize_reply *reply, struct buf *ret)
{
	int r;

	if (!reply->word)
		return buf_printf(ret, "{\"addr\":\"0x%" PRIx64 "\"", reply->addr);
	r = buf_add_char(ret, '{');
	if (r == 0)
		r = json_text_add_member(ret, "addr", reply->word);
	return r < 0 ? r : buf_add_str(ret, ",\"error\":\"no address\"");
}

static int add_json(const struct symbolize_view *v, const struct symbolize_reply *reply, struct buf *ret)
{
	int r;

	r = add_json_address(reply, ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"frames\":[");
	for (size_t i = 0; r == 0 && i < reply->n_frames; i++) {
		if (i > 0)
			r = buf_add_char(ret, ',');
		if (r == 0)
			r = add_json_frame(v, &reply->frames[i], ret);
	}
	return r < 0 ? r : buf_add_str(ret, "]}\n");
}

int symbolize_view_add(const struct symbolize_view *v, const struct symbolize_reply *reply, struct buf *ret)
{
	return v->json ? add_json(v, reply, ret) : add_text(v, reply, ret);
}
