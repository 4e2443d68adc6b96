// SPDX-License-Identifier: Apache-2.0
#include "report/stack-filter.h"

#include <string.h>

#include "report/categories.h"
#include "report/frame-table.h"
#include "report/stack-reader.h"

enum {
	SEEN = 1,
	IS_FUNCTION = 2,
	IS_LIBRARY = 4,
	IS_FILE = 8,
	IS_CATEGORY = 16,
	IS_OTHER_CATEGORY = 32, /* that a rule tells */
};

void stack_filter_done(struct stack_filter *f)
{
	regex_free(f->stack);
	free(f->function);
	free(f->library);
	free(f->file);
	buf_done(&f->seen);
	buf_done(&f->text);
}

uint64_t stack_filter_n_given_up(const struct stack_filter *f)
{
	return f->stack ? regex_n_given_up(f->stack) : 0;
}

static bool is_of_frames(const struct stack_filter *f)
{
	return f->function || f->library || f->file || f->categories;
}

bool stack_filter_takes_all(const struct stack_filter *f)
{
	return !f->stack && !is_of_frames(f) && f->domain == STACK_ANY;
}

static int grow(struct stack_filter *f, size_t n_frames)
{
	size_t more = n_frames > f->seen.size ? n_frames - f->seen.size : 0;
	int r = more ? buf_reserve(&f->seen, more) : 0;

	if (r < 0 || more == 0)
		return r;
	memset(f->seen.data + f->seen.size, 0, more + 1);
	f->seen.size = n_frames;
	return 0;
}

static int look_at_category(const struct stack_filter *f, const struct frame_info *frame)
{
	uint32_t category = categories_match(f->categories, frame);

	return category == CATEGORY_OTHER ? 0 : category == f->category ? IS_CATEGORY : IS_OTHER_CATEGORY;
}

static int look_at(struct stack_filter *f, const struct frame_info *frame)
{
	int seen = SEEN;

	if (f->function && strcmp(frame->function, f->function) == 0)
		seen |= IS_FUNCTION;
	if (f->library && strcmp(frame->library, f->library) == 0)
		seen |= IS_LIBRARY;
	if (f->file && strcmp(frame->file, f->file) == 0)
		seen |= IS_FILE;
	return f->categories ? seen | look_at_category(f, frame) : seen;
}

/* What some frame of the stack is. */
static int look_at_all(struct stack_filter *f, const struct frame_table *table, const struct stack *s)
{
	int all = 0;

	for (size_t i = 0; i < s->n_frames; i++) {
		char *seen = &f->seen.data[s->frames[i]];

		if (!*seen)
			*seen = (char)look_at(f, frame_table_get(table, s->frames[i]));
		all |= *seen;
	}
	return all;
}

static bool is_of_category(const struct stack_filter *f, int all)
{
	return f->category == CATEGORY_OTHER ? !(all & IS_OTHER_CATEGORY) : all & IS_CATEGORY;
}

/* Whether frames are there for all that is asked for. */
static bool has_frames(const struct stack_filter *f, int all)
{
	return (!f->function || all & IS_FUNCTION) && (!f->library || all & IS_LIBRARY) &&
	       (!f->file || all & IS_FILE) && (!f->categories || is_of_category(f, all));
}

static bool is_of_domain(const struct stack_filter *f, const struct frame_table *table, const struct stack *s)
{
	uint32_t kind = frame_table_get(table, s->frames[0])->kind;

	switch (f->domain) {
	case STACK_KERNEL:
		return kind == FRAME_KERNEL;
	case STACK_USER:
		return kind == FRAME_USER || kind == FRAME_JIT;
	default:
		return true;
	}
}

static int has_text(struct stack_filter *f, const struct frame_table *table, const struct stack *s)
{
	int r = 0;

	buf_clear(&f->text);
	for (size_t i = s->n_frames; r == 0 && i > 0; i--) {
		r = buf_add_str(&f->text, frame_table_get(table, s->frames[i - 1])->function);
		if (r == 0 && i > 1)
			r = buf_add_char(&f->text, ';');
	}
	return r < 0 ? r : regex_matches(f->stack, f->text.data);
}

int stack_filter_takes(struct stack_filter *f, const struct frame_table *table, const struct stack *s)
{
	if (!is_of_domain(f, table, s))
		return 0;
	if (is_of_frames(f)) {
		int r = grow(f, frame_table_n(table));
		int all = r < 0 ? 0 : look_at_all(f, table, s);

		if (r < 0)
			return r;
		if (!has_frames(f, all))
			return 0;
	}
	return f->stack ? has_text(f, table, s) : 1;
}
