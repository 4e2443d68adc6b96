// SPDX-License-Identifier: Apache-2.0
/*
 * A rule and a label of any bytes, one field a line: action, regex, target_label, replacement, value. What comes out
 * is valid, bounded and the same every time; and a glob is tried on the value.
 */
#include <stdlib.h>
#include <string.h>

#include "common/glob.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "workload/label-set.h"
#include "workload/relabel.h"

#define MAX_INPUT_BYTES ((size_t)8 << 10)
#define N_FIELDS 5

static void check_labels(const struct label_set *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		const struct label *label = &labels->items[i];
		_cleanup_(buf_done) struct buf valid = {};

		if (!label_name_is_valid(label->name) || !label->value[0] ||
		    strlen(label->value) > LABEL_VALUE_MAX_BYTES || strncmp(label->name, "__", 2) == 0)
			abort();
		if (utf8_add_valid(&valid, label->value, strlen(label->value), LABEL_VALUE_MAX_BYTES) < 0 ||
		    strcmp(valid.data, label->value) != 0)
			abort();
	}
}

static int apply(struct relabel *r, const char *value, struct label_set *ret)
{
	int answer = label_set_put(ret, "a", value);

	if (answer == 0)
		answer = label_set_put(ret, "__meta_b", "b");
	return answer < 0 ? answer : relabel_apply(r, ret);
}

static void try_rule(char *const *fields)
{
	static const char *const sources[] = { "a", "__meta_b" };
	const struct relabel_spec spec = {
		.action = fields[0],
		.source_labels = sources,
		.n_source_labels = strncmp(fields[0], "label", 5) == 0 ? 0 : 2,
		.separator = ";",
		.regex = fields[1],
		.target_label = fields[2],
		.replacement = fields[3],
	};
	_cleanup_(relabel_freep) struct relabel *r = NULL;
	_cleanup_(label_set_done) struct label_set first = {}, second = {};
	struct relabel_fault fault;
	int answer;

	if (relabel_new(&r) < 0 || relabel_add(r, &spec, &fault) != 0)
		return;
	answer = apply(r, fields[4], &first);
	if (answer != apply(r, fields[4], &second) || first.n != second.n)
		abort();
	if (answer == 0)
		check_labels(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	char *fields[N_FIELDS];
	char *rest;

	if (size > MAX_INPUT_BYTES)
		return 0;
	text = rest = strndup((const char *)data, size);
	for (size_t i = 0; i < N_FIELDS; i++) {
		fields[i] = i + 1 < N_FIELDS ? strsep(&rest, "\n") : rest;
		if (!fields[i])
			return 0;
	}
	try_rule(fields);
	if (glob_matches(fields[1], fields[4]) && !glob_matches("*", fields[4]))
		abort();
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"replace\n(?i)(x+)(?P<name>\\d*);(.*)\nt_$1\n$name-${1}$$\nxx17",
		"keep\n(a|ab)*c?;b\n\n$1\nababc",
		"drop\n.*o.*\n\n$1\nfoo",
		"labelmap\n__meta_(.+)\n\nm_$1\nvalue",
		"labeldrop\n__.*\n\n$1\n\xe2\x82\xac\xff",
		"labelkeep\n[ab]\n\n$1\nv",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
