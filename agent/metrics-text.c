// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics-text.h"

#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/utf8.h"

#define VALUE_LIMIT_BYTES 256 /* of a label */

static int add_head(struct buf *b, const char *name, enum metric_type type, const char *help)
{
	return buf_printf(b, "# HELP " METRICS_PREFIX "%s %s\n# TYPE " METRICS_PREFIX "%s %s\n", name, help, name,
			  type == COUNTER ? "counter" : "gauge");
}

static int add_fixed(struct buf *b, uint64_t n, uint64_t per_unit, int n_digits)
{
	return buf_printf(b, " %" PRIu64 ".%0*" PRIu64 "\n", n / per_unit, n_digits, n % per_unit);
}

static int add_number(struct buf *b, uint64_t n, enum metric_unit unit)
{
	switch (unit) {
	case NANO:
		return add_fixed(b, n, NS_PER_S, 9);
	case PERMYRIAD:
		return add_fixed(b, n, 10000, 4);
	default:
		return buf_printf(b, " %" PRIu64 "\n", n);
	}
}

int metrics_text_add(struct buf *b, const struct metric *metrics, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_head(b, metrics[i].name, metrics[i].type, metrics[i].help);
		if (r == 0)
			r = buf_printf(b, METRICS_PREFIX "%s", metrics[i].name);
		if (r == 0)
			r = add_number(b, metrics[i].n, metrics[i].unit);
	}
	return r;
}

/* The value of a label: a host may be called anything. */
static int add_value(struct buf *b, const char *value)
{
	_cleanup_(buf_done) struct buf valid = {};
	int r;

	r = utf8_add_valid(&valid, value, strlen(value), VALUE_LIMIT_BYTES);
	for (size_t i = 0; r == 0 && i < valid.size; i++) {
		if (valid.data[i] == '"' || valid.data[i] == '\\')
			r = buf_add_char(b, '\\');
		if (r == 0)
			r = buf_add_char(b, valid.data[i]);
	}
	return r;
}

int metrics_text_add_head(struct buf *b, const struct family *f)
{
	return add_head(b, f->name, f->type, f->help);
}

int metrics_text_add_labelled(struct buf *b, const struct family *f, const char *value, uint64_t n)
{
	int r;

	r = buf_printf(b, METRICS_PREFIX "%s{%s=\"", f->name, f->label);
	if (r == 0)
		r = add_value(b, value);
	if (r == 0)
		r = buf_add_str(b, "\"}");
	return r < 0 ? r : add_number(b, n, f->unit);
}

int metrics_text_add_family(struct buf *b, const struct family *f, const struct labelled *items, size_t n)
{
	int r;

	r = metrics_text_add_head(b, f);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = metrics_text_add_labelled(b, f, items[i].value, items[i].n);
	return r;
}
