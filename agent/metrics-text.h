/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics text: the Prometheus exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): names get a prefix.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

#define METRICS_PREFIX "cpuhound_"

enum metric_type {
	GAUGE,
	COUNTER,
};

/* What the numbers are in; shown is the base unit. */
enum metric_unit {
	ONE,
	NANO,
	PERMYRIAD,
};

struct metric {
	const char *name;
	enum metric_type type;
	enum metric_unit unit;
	uint64_t n;
	const char *help;
};

struct labelled {
	const char *value; /* of the label */
	uint64_t n;
};

struct family {
	const char *name;
	enum metric_type type;
	enum metric_unit unit;
	const char *label, *help;
};

_must_check_ int metrics_text_add(struct buf *b, const struct metric *metrics, size_t n);

/* A line for each value of a label. */
_must_check_ int metrics_text_add_family(struct buf *b, const struct family *f, const struct labelled *items, size_t n);

/* The same in steps: the head, then each line. */
_must_check_ int metrics_text_add_head(struct buf *b, const struct family *f);
_must_check_ int metrics_text_add_labelled(struct buf *b, const struct family *f, const char *value, uint64_t n);
