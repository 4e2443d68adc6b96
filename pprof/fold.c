// SPDX-License-Identifier: Apache-2.0
/* fold: a profile as folded text, one line a stack. What a location is called is put together once. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "pprof/profile.h"

struct stack {
	size_t start, size; /* in text */
	int64_t value;
};

struct folder {
	const struct profile *profile;
	const char *const *root_labels;
	size_t n_root_labels;
	struct buf names;  /* of all locations: "outer;inner" */
	size_t *name_ends; /* in names, one for each location */
	struct buf text;   /* of all stacks */
	struct stack *stacks;
	size_t n_stacks;
};

static void folder_done(struct folder *f)
{
	buf_done(&f->names);
	buf_done(&f->text);
	free(f->name_ends);
	free(f->stacks);
}

static int folder_init(struct folder *f, const struct profile *p)
{
	f->profile = p;
	f->name_ends = calloc(p->n_locations + 1, sizeof(*f->name_ends));
	f->stacks = calloc(p->n_samples + 1, sizeof(*f->stacks));
	return f->name_ends && f->stacks ? 0 : -ENOMEM;
}

/* ';' stands between frames, and is in no name. */
static void replace_separators(struct buf *b, size_t start)
{
	for (size_t i = start; i < b->size; i++)
		if (b->data[i] == ';')
			b->data[i] = ':';
}

static int add_line(struct buf *b, const struct profile_location *location, const struct profile_line *line)
{
	size_t start = b->size;
	int r = profile_add_frame_name(location, line, b);

	replace_separators(b, start);
	return r;
}

static int add_label_text(struct buf *b, const char *text)
{
	size_t start = b->size;
	int r = utf8_add_valid(b, text, strlen(text), PROFILE_MAX_NAME_BYTES);

	replace_separators(b, start);
	return r;
}

/* The outermost function comes first, as in the whole line. */
static int add_location(struct buf *b, const struct profile_location *location)
{
	int r;

	if (location->n_lines == 0)
		return add_line(b, location, NULL);
	for (size_t i = location->n_lines; i-- > 0;) {
		r = add_line(b, location, &location->lines[i]);
		if (r < 0)
			return r;
		r = i > 0 ? buf_add_char(b, ';') : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int name_locations(struct folder *f)
{
	for (size_t i = 0; i < f->profile->n_locations; i++) {
		int r = add_location(&f->names, &f->profile->locations[i]);

		if (r < 0)
			return r;
		f->name_ends[i] = f->names.size;
	}
	return 0;
}

static int add_named(struct folder *f, const struct profile_location *location)
{
	size_t at = (size_t)(location - f->profile->locations);
	size_t start = at > 0 ? f->name_ends[at - 1] : 0;

	return buf_add(&f->text, f->names.data + start, f->name_ends[at] - start);
}

static int add_label_value(struct buf *b, const struct profile_label *label)
{
	if (!label)
		return buf_add_str(b, "(none)");
	return label->str ? add_label_text(b, label->str) : buf_printf(b, "%" PRId64, label->num);
}

static int add_roots(struct folder *f, const struct profile_sample *sample)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n_root_labels; i++) {
		r = add_label_value(&f->text, profile_find_label(sample, f->root_labels[i]));
		if (r == 0)
			r = buf_add_char(&f->text, ';');
	}
	return r;
}

static int add_stack(struct folder *f, const struct profile_sample *sample)
{
	int r;

	r = add_roots(f, sample);
	if (r < 0)
		return r;
	if (sample->n_locations == 0)
		return buf_add_str(&f->text, "[no stack]");
	for (size_t i = sample->n_locations; i-- > 0;) {
		r = add_named(f, sample->locations[i]);
		if (r < 0)
			return r;
		r = i > 0 ? buf_add_char(&f->text, ';') : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_stacks(struct folder *f, size_t type)
{
	for (size_t i = 0; i < f->profile->n_samples; i++) {
		struct stack *s = &f->stacks[f->n_stacks++];
		int r;

		s->start = f->text.size;
		s->value = f->profile->samples[i].values[type];
		r = add_stack(f, &f->profile->samples[i]);
		if (r < 0)
			return r;
		s->size = f->text.size - s->start;
	}
	return 0;
}

static int compare_stacks(const void *a, const void *b, void *text)
{
	const struct stack *x = a, *y = b;
	const char *bytes = text;
	int order = memcmp(bytes + x->start, bytes + y->start, x->size < y->size ? x->size : y->size);

	return order ? order : (x->size > y->size) - (x->size < y->size);
}

static int print_stack(const struct folder *f, const struct stack *s, int64_t value, struct buf *b)
{
	int r;

	if (value == 0)
		return 0;
	r = buf_add(b, f->text.data + s->start, s->size);
	if (r < 0)
		return r;
	return buf_printf(b, " %" PRId64 "\n", value);
}

/* Equal stacks are neighbours by now. */
static int print_stacks(const struct folder *f, struct buf *b)
{
	int64_t sum = 0;

	for (size_t i = 0; i < f->n_stacks; i++) {
		const struct stack *s = &f->stacks[i];
		int r;

		if (__builtin_add_overflow(sum, s->value, &sum))
			return -ERANGE;
		if (i + 1 < f->n_stacks && compare_stacks(s, s + 1, f->text.data) == 0)
			continue;
		r = print_stack(f, s, sum, b);
		if (r < 0)
			return r;
		sum = 0;
	}
	return 0;
}

int profile_fold(const struct profile *p, size_t type, const char *const *root_labels, size_t n_root_labels,
		 struct buf *ret)
{
	_cleanup_(folder_done) struct folder f = {
		.root_labels = root_labels,
		.n_root_labels = n_root_labels,
		.names.limit_bytes = ret->limit_bytes,
		.text.limit_bytes = ret->limit_bytes,
	};
	_cleanup_(buf_done) struct buf lines = { .limit_bytes = ret->limit_bytes };
	int r;

	assert(type < p->n_sample_types);
	r = folder_init(&f, p);
	if (r < 0)
		return r;
	r = name_locations(&f);
	if (r < 0)
		return r;
	r = add_stacks(&f, type);
	if (r < 0)
		return r;
	qsort_r(f.stacks, f.n_stacks, sizeof(*f.stacks), compare_stacks, f.text.data);
	r = print_stacks(&f, &lines);
	if (r < 0)
		return r;
	return buf_add(ret, lines.data, lines.size);
}
