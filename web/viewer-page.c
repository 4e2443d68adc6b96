// SPDX-License-Identifier: Apache-2.0
#include "web/viewer-page.h"

#include <nettle/base64.h>

#include "common/buf.h"
#include "common/compress.h"
#include "report/flame-json.h"
#include "report/flame.h"
#include "report/xml-text.h"
#include "web/viewer-files.h"

#define MAX_TITLE_CHARS 200

static int add_base64(const struct buf *bytes, struct buf *ret)
{
	size_t size = BASE64_ENCODE_RAW_LENGTH(bytes->size);
	int r;

	r = buf_reserve(ret, size);
	if (r < 0)
		return r;
	base64_encode_raw(ret->data + ret->size, bytes->size, (const uint8_t *)bytes->data);
	ret->size += size;
	return 0;
}

static int add_data(const struct flame *f, struct buf *ret)
{
	_cleanup_(buf_done) struct buf json = {}, gzip = {};
	int r;

	r = flame_json_add(f, &json);
	if (r == 0)
		r = compress_add(COMPRESSION_GZIP, json.data, json.size, &gzip);
	return r < 0 ? r : add_base64(&gzip, ret);
}

int viewer_page_add(const struct flame *f, struct buf *ret)
{
	int r;

	r = buf_add(ret, viewer_head, viewer_head_bytes);
	if (r == 0)
		r = xml_text_add(ret, f->title, MAX_TITLE_CHARS);
	if (r == 0)
		r = buf_add(ret, viewer_middle, viewer_middle_bytes);
	if (r == 0)
		r = add_data(f, ret);
	return r < 0 ? r : buf_add(ret, viewer_tail, viewer_tail_bytes);
}
