// SPDX-License-Identifier: Apache-2.0
#include "report/frame-table.h"

#include <string.h>

#include "common/buf.h"
#include "common/intern.h"
#include "common/utf8.h"
#include "pprof/pool.h"
#include "pprof/profile.h"

#define N_MEMO 64 /* strings that many frames have in common are at hand; a power of two */

struct frame_table {
	struct pool frames; /* struct frame_info: its strings are interned, so equal frames have equal bytes */
	struct intern *strings;
	struct buf text; /* of one string */
	const char *memo[N_MEMO];
	uint64_t n_beyond;
};

_Static_assert(sizeof(struct frame_info) == 4 * sizeof(char *) + 2 * sizeof(uint32_t), "compared as bytes");

struct frame_table *frame_table_free(struct frame_table *t)
{
	if (!t)
		return NULL;
	pool_done(&t->frames);
	intern_free(t->strings);
	buf_done(&t->text);
	free(t);
	return NULL;
}

int frame_table_new(struct frame_table **ret)
{
	static const struct frame_info other = { .function = FRAME_OTHER, .kind = FRAME_MARKER };
	_cleanup_(frame_table_freep) struct frame_table *t = calloc(1, sizeof(*t));
	uint32_t number;
	int r;

	if (!t)
		return -ENOMEM;
	r = intern_new(FRAME_TABLE_MAX_BYTES, &t->strings);
	if (r == 0)
		r = pool_init(&t->frames, FRAME_TABLE_MAX_FRAMES, FRAME_TABLE_MAX_FRAMES * sizeof(struct frame_info));
	if (r == 0)
		r = frame_table_add(t, &other, &number);
	if (r == 0)
		*ret = take_ptr(t);
	return r;
}

static int keep(struct frame_table *t, const char *s, const char **ret)
{
	size_t size = s ? strlen(s) : 0;
	int r;

	if (size <= PROFILE_MAX_NAME_BYTES && utf8_is_valid(s, size))
		return intern_add(t->strings, s ?: "", size, ret);
	buf_clear(&t->text);
	r = buf_reserve(&t->text, 1);
	if (r == 0)
		r = utf8_add_valid(&t->text, s, size, PROFILE_MAX_NAME_BYTES);
	return r < 0 ? r : intern_add(t->strings, t->text.data, t->text.size, ret);
}

/* Of a string that many frames have: of a mapping, or a file. Where it lies is a hint of which one it is. */
static int keep_common(struct frame_table *t, const char *s, const char **ret)
{
	const char **memo = &t->memo[(uintptr_t)s >> 4 & (N_MEMO - 1)];
	int r;

	if (s && *memo && strcmp(*memo, s) == 0) {
		*ret = *memo;
		return 0;
	}
	r = keep(t, s, ret);
	if (r == 0)
		*memo = *ret;
	return r;
}

int frame_table_add(struct frame_table *t, const struct frame_info *frame, uint32_t *ret)
{
	struct frame_info kept = { .kind = frame->kind, .is_named = frame->is_named };
	int r;

	r = keep(t, frame->function, &kept.function);
	if (r == 0)
		r = keep_common(t, frame->library, &kept.library);
	if (r == 0)
		r = keep_common(t, frame->build_id, &kept.build_id);
	if (r == 0)
		r = keep_common(t, frame->file, &kept.file);
	if (r == 0)
		r = pool_add(&t->frames, &kept, sizeof(kept), ret);
	if (r != -ENOSPC)
		return r;
	t->n_beyond++;
	*ret = 0;
	return 0;
}

const struct frame_info *frame_table_get(const struct frame_table *t, uint32_t number)
{
	size_t size;

	return (const struct frame_info *)pool_get(&t->frames, number, &size);
}

size_t frame_table_n(const struct frame_table *t)
{
	return t->frames.n;
}

uint64_t frame_table_n_beyond(const struct frame_table *t)
{
	return t->n_beyond;
}
