// SPDX-License-Identifier: Apache-2.0
#include "report/frame-table.h"

#include <string.h>

#include "common/buf.h"
#include "common/hash.h"
#include "common/intern.h"
#include "common/slots.h"
#include "common/utf8.h"
#include "pprof/pool.h"
#include "pprof/profile.h"

/* Strings are interned, so equal ones have equal bytes. Their numbers are those of the records in their pool. */
struct function {
	const char *name, *file;
	uint64_t is_named;
};

struct binary {
	const char *library, *build_id;
	uint64_t kind;
};

struct pair {
	uint32_t function, binary;
};

#define MIN_SLOTS 1024

struct frame_table {
	struct pool functions, binaries, frames;
	struct slots
		known; /* frames by what profiles say of them: one look where the parts take three tables; none is 0 */
	size_t n_known;
	uint64_t seed;
	struct buf infos; /* struct frame_info, by the frame's number */
	struct intern *strings;
	struct buf text; /* of one string */
	uint64_t n_beyond;
};

struct frame_table *frame_table_free(struct frame_table *t)
{
	if (!t)
		return NULL;
	pool_done(&t->functions);
	pool_done(&t->binaries);
	pool_done(&t->frames);
	buf_done(&t->infos);
	intern_free(t->strings);
	buf_done(&t->text);
	slots_done(&t->known);
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
	r = hash_seed(&t->seed);
	if (r == 0)
		r = intern_new(FRAME_TABLE_MAX_BYTES, &t->strings);
	if (r == 0)
		r = pool_init(&t->functions, FRAME_TABLE_MAX_FRAMES, FRAME_TABLE_MAX_FRAMES * sizeof(struct function));
	if (r == 0)
		r = pool_init(&t->binaries, FRAME_TABLE_MAX_FRAMES, FRAME_TABLE_MAX_FRAMES * sizeof(struct binary));
	if (r == 0)
		r = pool_init(&t->frames, FRAME_TABLE_MAX_FRAMES, FRAME_TABLE_MAX_FRAMES * sizeof(struct pair));
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

/* What there is no room for has a number of its own. */
static int add_record(struct pool *p, int kept, const void *record, size_t size, uint32_t *ret)
{
	int r = kept == 0 ? pool_add(p, record, size, ret) : kept;

	if (r != -ENOSPC)
		return r;
	*ret = FRAME_NO_ROOM;
	return 0;
}

int frame_table_add_function(struct frame_table *t, const char *name, const char *file, bool is_named, uint32_t *ret)
{
	struct function f = { .is_named = is_named };
	int r = keep(t, name, &f.name);

	if (r == 0)
		r = keep(t, file, &f.file);
	return add_record(&t->functions, r, &f, sizeof(f), ret);
}

int frame_table_add_binary(struct frame_table *t, const char *library, const char *build_id, enum frame_kind kind,
			   uint32_t *ret)
{
	struct binary b = { .kind = kind };
	int r = keep(t, library, &b.library);

	if (r == 0)
		r = keep(t, build_id, &b.build_id);
	return add_record(&t->binaries, r, &b, sizeof(b), ret);
}

static int add_info(struct frame_table *t, const struct pair *pair)
{
	size_t size;
	const struct function *f = pool_get(&t->functions, pair->function, &size);
	const struct binary *b = pool_get(&t->binaries, pair->binary, &size);
	const struct frame_info info = {
		.function = f->name,
		.library = b->library,
		.build_id = b->build_id,
		.file = f->file,
		.kind = (enum frame_kind)b->kind,
		.is_named = f->is_named,
	};

	return buf_add(&t->infos, &info, sizeof(info));
}

int frame_table_add_pair(struct frame_table *t, uint32_t function, uint32_t binary, uint32_t *ret)
{
	const struct pair pair = { function, binary };
	uint32_t number = FRAME_NO_ROOM;
	int r = 0;

	if (function != FRAME_NO_ROOM && binary != FRAME_NO_ROOM)
		r = add_record(&t->frames, 0, &pair, sizeof(pair), &number);
	if (r == 0 && number == frame_table_n(t))
		r = add_info(t, &pair);
	if (r < 0)
		return r;
	t->n_beyond += number == FRAME_NO_ROOM;
	*ret = number == FRAME_NO_ROOM ? 0 : number;
	return 0;
}

static bool is_same(const struct frame_table *t, uint32_t number, const char *name, const char *file,
		    const struct binary *b)
{
	const struct frame_info *f = frame_table_get(t, number);

	return f->is_named && f->library == b->library && f->build_id == b->build_id && f->kind == b->kind &&
	       strcmp(f->function, name) == 0 && strcmp(f->file, file) == 0;
}

/* The slot of the frame, or the free one where it belongs. There is always a free one. */
static struct slot *find_known(const struct frame_table *t, uint32_t hash, const char *name, const char *file,
			       const struct binary *b)
{
	for (size_t i = hash & (t->known.n - 1);; i = (i + 1) & (t->known.n - 1)) {
		struct slot *known = &t->known.all[i];

		if (known->number == 0 || (known->hash == hash && is_same(t, known->number, name, file, b)))
			return known;
	}
}

static int add_named(struct frame_table *t, const char *name, const char *file, uint32_t binary, uint32_t *ret)
{
	uint32_t function;
	int r = frame_table_add_function(t, name, file, true, &function);

	return r == 0 ? frame_table_add_pair(t, function, binary, ret) : r;
}

/* A name that was cut or made valid is not what is kept, and so is never known. */
int frame_table_add_named(struct frame_table *t, const char *name, const char *file, uint32_t binary, uint32_t *ret)
{
	const struct binary *b;
	struct slot *known;
	uint32_t hash;
	size_t size;
	int r = slots_reserve(&t->known, t->n_known, MIN_SLOTS);

	if (r < 0 || binary == FRAME_NO_ROOM)
		return r < 0 ? r : add_named(t, name, file, binary, ret);
	b = pool_get(&t->binaries, binary, &size);
	hash = hash_bytes(hash_bytes(t->seed + binary, file, strlen(file)), name, strlen(name));
	known = find_known(t, hash, name, file, b);
	if (known->number) {
		*ret = known->number;
		return 0;
	}
	r = add_named(t, name, file, binary, ret);
	if (r == 0 && *ret && is_same(t, *ret, name, file, b)) {
		*known = (struct slot){ hash, *ret };
		t->n_known++;
	}
	return r;
}

int frame_table_add(struct frame_table *t, const struct frame_info *frame, uint32_t *ret)
{
	uint32_t function, binary;
	int r = frame_table_add_function(t, frame->function, frame->file, frame->is_named, &function);

	if (r == 0)
		r = frame_table_add_binary(t, frame->library, frame->build_id, frame->kind, &binary);
	return r == 0 ? frame_table_add_pair(t, function, binary, ret) : r;
}

const struct frame_info *frame_table_get(const struct frame_table *t, uint32_t number)
{
	return (const struct frame_info *)(const void *)t->infos.data + number;
}

size_t frame_table_n(const struct frame_table *t)
{
	return t->infos.size / sizeof(struct frame_info);
}

uint64_t frame_table_n_beyond(const struct frame_table *t)
{
	return t->n_beyond;
}
