// SPDX-License-Identifier: Apache-2.0
#include "report/engine-frames.h"

#include <string.h>

#include "common/parse.h"

struct pair {
	const char *name; /* interned, so equal pairs have equal bytes */
	uint64_t library;
};

int engine_frames_init(struct engine_frames *f)
{
	int r;

	*f = (struct engine_frames){};
	r = intern_new(ENGINE_FRAMES_MAX_BYTES, &f->strings);
	if (r == 0)
		r = pool_init(&f->pairs, ENGINE_FRAMES_MAX, ENGINE_FRAMES_MAX * sizeof(struct pair));
	return r < 0 ? r : pool_init(&f->libraries, ENGINE_FRAMES_MAX, ENGINE_FRAMES_MAX * sizeof(char *));
}

void engine_frames_done(struct engine_frames *f)
{
	intern_free(f->strings);
	pool_done(&f->pairs);
	pool_done(&f->libraries);
	free(f->mappings);
	*f = (struct engine_frames){};
}

static int add_library(struct engine_frames *f, const char *library, size_t size, uint32_t *ret)
{
	struct profile_mapping *mappings;
	const char *filename;
	int r = intern_add(f->strings, library, size, &filename);

	if (r == 0)
		r = pool_add(&f->libraries, &filename, sizeof(filename), ret);
	if (r < 0 || *ret < f->n_mappings)
		return r;
	mappings = reallocarray(f->mappings, f->n_mappings + 1, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	f->mappings = mappings;
	f->mappings[f->n_mappings++] = (struct profile_mapping){ .filename = filename };
	return 0;
}

int engine_frames_add(struct engine_frames *f, const char *name, size_t name_size, const char *library,
		      size_t library_size, uint32_t *ret)
{
	struct pair pair = {};
	uint32_t number = 0;
	int r = add_library(f, library, library_size, &number);

	if (r == 0)
		r = intern_add(f->strings, name, name_size, &pair.name);
	if (r < 0)
		return r;
	pair.library = number;
	return pool_add(&f->pairs, &pair, sizeof(pair), ret);
}

bool engine_frame_is_place(const char *name, const char *module, uint64_t *ret_addr)
{
	size_t n = strlen(module);

	if (n > 0 && (strncmp(name, module, n) != 0 || name[n++] != '+'))
		return false;
	return strncmp(name + n, "0x", 2) == 0 && parse_u64(name + n + 2, 16, ret_addr) == 0;
}

struct frame engine_frames_get(const struct engine_frames *f, uint32_t number)
{
	size_t size;
	const struct pair *pair = pool_get(&f->pairs, number, &size);
	const struct profile_mapping *mapping = &f->mappings[pair->library];
	struct frame frame = { .mapping = mapping->filename[0] ? mapping : NULL };

	if (!engine_frame_is_place(pair->name, mapping->filename, &frame.addr))
		frame.function = pair->name;
	return frame;
}
