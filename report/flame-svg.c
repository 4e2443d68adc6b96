// SPDX-License-Identifier: Apache-2.0
#include "report/flame-svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "report/flame.h"
#include "report/xml-text.h"

/* Of the picture, in pixels. */
#define WIDTH 1200
#define MARGIN 10
#define ROW 17
#define HEAD_ROWS 3
#define CHAR 7.25 /* of a monospaced font of 12 pixels */
#define MIN_TEXT 22
#define MAX_TITLE_CHARS 140
#define MAX_NAME_CHARS 4096
#define GRAPH_WIDTH (WIDTH - 2 * MARGIN)

#define VALUE_SIZE 64

/* Where each node lies, in the unit of the values. */
struct layout {
	double *weights, *starts;
	double scale; /* pixels for one */
	uint32_t max_depth;
	uint64_t n_drawn, n_cut;
};

static void layout_done(struct layout *l)
{
	free(l->weights);
	free(l->starts);
}

static double self_weight(const struct flame *f, const struct call_node *node)
{
	double sum = 0;

	for (size_t c = 0; c < f->n_columns; c++)
		sum += fabs((double)node->self[c].value);
	return sum;
}

static void place_children(struct layout *l, const struct call_node *nodes, uint32_t node)
{
	double start = l->starts[node];

	for (uint32_t i = nodes[node].first_child; i != CALL_TREE_NONE; i = nodes[i].next_sibling) {
		l->starts[i] = start;
		start += l->weights[i];
	}
}

static bool is_drawn(const struct layout *l, uint32_t node)
{
	return l->weights[node] * l->scale >= 1;
}

static int lay_out(const struct flame *f, const struct call_node *nodes, size_t n, struct layout *l)
{
	uint32_t depth = 0;

	l->weights = calloc(n, sizeof(*l->weights));
	l->starts = calloc(n, sizeof(*l->starts));
	if (!l->weights || !l->starts)
		return -ENOMEM;
	for (size_t i = n; i-- > 0;) { /* parents stand before their children */
		l->weights[i] += self_weight(f, &nodes[i]);
		if (i > 0)
			l->weights[nodes[i].parent] += l->weights[i];
	}
	l->scale = l->weights[0] > 0 ? GRAPH_WIDTH / l->weights[0] : 0;
	place_children(l, nodes, 0);
	for (uint32_t i = call_tree_next(nodes, 0, &depth); i != CALL_TREE_NONE; i = call_tree_next(nodes, i, &depth)) {
		place_children(l, nodes, i);
		if (!is_drawn(l, i)) {
			l->n_cut++;
			continue;
		}
		l->n_drawn++;
		if (depth > l->max_depth)
			l->max_depth = depth;
	}
	return 0;
}

/* "12.34 s, 1.234 cores", or "1234 bytes". */
static void format_value(const struct flame *f, const struct flame_column *c, int64_t value, char ret[VALUE_SIZE])
{
	double seconds = (double)value / NS_PER_S;
	double wall_s = (double)c->span.covered_ns / NS_PER_S;

	if (strcmp(f->unit, "nanoseconds") != 0)
		snprintf(ret, VALUE_SIZE, "%" PRId64 " %s", value, f->unit);
	else if (strcmp(f->type, "cpu") == 0 && wall_s > 0)
		snprintf(ret, VALUE_SIZE, "%.2f s, %.3f cores", seconds, seconds / wall_s);
	else
		snprintf(ret, VALUE_SIZE, "%.2f s", seconds);
}

static double percent(int64_t part, int64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* Of one column: "NAME 12.34 s, 1.234 cores (5.6 %), self 1.2 %, 34 samples". */
static int add_numbers(const struct flame *f, const struct call_node *nodes, uint32_t node, size_t c, struct buf *ret)
{
	const struct flame_column *column = &f->columns[c];
	const struct call_value *total = &nodes[node].total[c];
	char value[VALUE_SIZE];
	int r;

	r = buf_add_char(ret, '\n');
	if (r == 0 && column->name[0])
		r = xml_text_add(ret, column->name, MAX_TITLE_CHARS);
	if (r == 0 && column->name[0])
		r = buf_add_str(ret, ": ");
	format_value(f, column, total->value, value);
	if (r == 0)
		r = xml_text_add(ret, value, VALUE_SIZE);
	if (r == 0)
		r = buf_printf(ret, " (%.2f %%), self %.2f %%, %" PRId64 " samples",
			       percent(total->value, nodes[0].total[c].value),
			       percent(nodes[node].self[c].value, nodes[0].total[c].value), total->n_samples);
	return r;
}

/* From blue (less than before) over white to red (more), else by what kind of code it is, in shades by its name. */
static void choose_color(const struct flame *f, const struct frame_info *frame, const struct call_node *node,
			 int ret[static 3])
{
	static const int kinds[][3] = {
		[FRAME_USER] = { 240, 170, 90 },
		[FRAME_KERNEL] = { 140, 175, 230 },
		[FRAME_JIT] = { 150, 205, 140 },
		[FRAME_MARKER] = { 195, 195, 195 },
	};
	double before = fabs((double)node->total[0].value), after = fabs((double)node->total[1].value);
	double most = before > after ? before : after;
	int pale = most > 0 ? (int)(255 - 175 * fabs(after - before) / most) : 255;
	unsigned int hash = 5381;

	if (f->n_columns > 1) {
		ret[0] = after < before ? pale : 255;
		ret[1] = pale;
		ret[2] = after > before ? pale : 255;
		return;
	}
	for (const char *p = frame->function; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	for (size_t i = 0; i < 3; i++)
		ret[i] = kinds[frame->kind][i] + (int)(hash % 25) - 12;
}

static bool is_only_inlined(const struct call_node *node)
{
	return node->is_inlined && !node->is_called;
}

static int add_title(const struct flame *f, const struct call_node *nodes, uint32_t node, struct buf *ret)
{
	const struct frame_info *frame = frame_table_get(f->frames, nodes[node].frame);
	int r;

	r = buf_add_str(ret, "<g><title>");
	if (r == 0)
		r = xml_text_add(ret, frame->function, MAX_NAME_CHARS);
	if (r == 0 && frame->library[0])
		r = buf_add_str(ret, " (");
	if (r == 0 && frame->library[0])
		r = xml_text_add(ret, frame->library, MAX_NAME_CHARS);
	if (r == 0 && frame->library[0])
		r = buf_add_char(ret, ')');
	if (r == 0 && is_only_inlined(&nodes[node]))
		r = buf_add_str(ret, ", inlined");
	for (size_t c = 0; r == 0 && c < f->n_columns; c++)
		r = add_numbers(f, nodes, node, c, ret);
	return r < 0 ? r : buf_add_str(ret, "</title>");
}

static int add_frame(const struct flame *f, const struct call_node *nodes, uint32_t node, uint32_t depth,
		     const struct layout *l, struct buf *ret)
{
	const struct frame_info *frame = frame_table_get(f->frames, nodes[node].frame);
	double x = MARGIN + l->starts[node] * l->scale, width = l->weights[node] * l->scale;
	uint64_t y = (uint64_t)(HEAD_ROWS + depth - 1) * ROW + MARGIN;
	int color[3], r;

	choose_color(f, frame, &nodes[node], color);
	r = add_title(f, nodes, node, ret);
	if (r == 0)
		r = buf_printf(ret,
			       "<rect x=\"%.2f\" y=\"%" PRIu64 "\" width=\"%.2f\" height=\"%d\" "
			       "fill=\"#%02x%02x%02x\"/>",
			       x, y, width > 2 ? width - 0.5 : width, ROW - 1, (unsigned int)color[0],
			       (unsigned int)color[1], (unsigned int)color[2]);
	if (r == 0 && width >= MIN_TEXT) {
		r = buf_printf(ret, "<text x=\"%.2f\" y=\"%" PRIu64 "\"%s>", x + 3, y + 12,
			       is_only_inlined(&nodes[node]) ? " font-style=\"italic\"" : "");
		if (r == 0)
			r = xml_text_add(ret, frame->function, (size_t)((width - 6) / CHAR));
		if (r == 0)
			r = buf_add_str(ret, "</text>");
	}
	return r < 0 ? r : buf_add_str(ret, "</g>\n");
}

static int add_line(struct buf *ret, uint64_t y, const char *text)
{
	int r;

	r = buf_printf(ret, "<text x=\"%d\" y=\"%" PRIu64 "\">", MARGIN, y);
	if (r == 0)
		r = xml_text_add(ret, text, MAX_TITLE_CHARS);
	return r < 0 ? r : buf_add_str(ret, "</text>\n");
}

/* What is in the picture, and what is not: lost ticks, short stacks, frames that were cut. */
static int add_quality(const struct flame *f, const struct layout *l, struct buf *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	uint64_t lost = 0, taken = 0;
	int r;

	for (size_t c = 0; c < f->n_columns; c++) {
		lost += ledger_sum_lost(&f->columns[c].ledger);
		taken += f->columns[c].ledger.taken;
	}
	r = buf_printf(&text, "%" PRIu64 " frames; %" PRIu64 " narrower than a pixel are not drawn",
		       l->n_drawn + l->n_cut, l->n_cut);
	if (r == 0 && taken)
		r = buf_printf(&text, "; lost %" PRIu64 " of %" PRIu64 " ticks", lost, taken);
	if (r == 0 && call_tree_n_beyond(f->tree))
		r = buf_printf(&text, "; %" PRIu64 " samples beyond what a graph holds", call_tree_n_beyond(f->tree));
	return r < 0 ? r : add_line(ret, MARGIN + 2 * ROW - 5, text.data);
}

static int add_head(const struct flame *f, const struct call_node *nodes, struct buf *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	char value[VALUE_SIZE];
	int r;

	r = buf_add_str(&text, f->title);
	for (size_t c = 0; r == 0 && c < f->n_columns; c++) {
		format_value(f, &f->columns[c], nodes[0].total[c].value, value);
		r = buf_printf(&text, "%s %s%s%s, %" PRId64 " samples", text.size ? ";" : "", f->columns[c].name,
			       f->columns[c].name[0] ? ": " : "", value, nodes[0].total[c].n_samples);
	}
	if (r == 0 && f->n_columns > 1)
		r = buf_add_str(&text, " (red: more, blue: less)");
	return r < 0 ? r : add_line(ret, MARGIN + ROW - 5, text.data);
}

static int add_frames(const struct flame *f, const struct call_node *nodes, const struct layout *l, struct buf *ret)
{
	uint32_t depth = 0;
	int r = 0;

	for (uint32_t i = call_tree_next(nodes, 0, &depth); r == 0 && i != CALL_TREE_NONE;
	     i = call_tree_next(nodes, i, &depth))
		if (is_drawn(l, i))
			r = add_frame(f, nodes, i, depth, l, ret);
	return r;
}

static int draw(const struct flame *f, const struct call_node *nodes, const struct layout *l, struct buf *ret)
{
	uint64_t height = (uint64_t)(HEAD_ROWS + l->max_depth) * ROW + 2 * MARGIN;
	int r;

	r = buf_printf(ret,
		       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%" PRIu64
		       "\" viewBox=\"0 0 %d %" PRIu64 "\" font-family=\"monospace\" font-size=\"12\">\n"
		       "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
		       WIDTH, height, WIDTH, height);
	if (r == 0)
		r = add_head(f, nodes, ret);
	if (r == 0)
		r = add_quality(f, l, ret);
	if (r == 0)
		r = add_frames(f, nodes, l, ret);
	return r < 0 ? r : buf_add_str(ret, "</svg>\n");
}

int flame_svg_add(const struct flame *f, struct buf *ret)
{
	_cleanup_(layout_done) struct layout l = {};
	size_t n;
	const struct call_node *nodes = call_tree_nodes(f->tree, &n);
	int r;

	r = lay_out(f, nodes, n, &l);
	return r < 0 ? r : draw(f, nodes, &l, ret);
}
