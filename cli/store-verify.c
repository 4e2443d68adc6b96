// SPDX-License-Identifier: Apache-2.0
/* store verify: reads everything. What is wrong is told file by file; exit code 1. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/store-verbs.h"
#include "common/log.h"
#include "store/verify.h"

static void print(const struct verification *v)
{
	for (size_t i = 0; i < v->n_told; i++)
		printf("%s/%s: %s\n", v->problems[i].path.folder, v->problems[i].path.file, v->problems[i].what);
	printf("%" PRIu64 " files with %" PRIu64 " windows and %" PRIu64 " samples are right, %" PRIu64
	       " things are wrong\n",
	       v->n_files, v->n_windows, v->n_samples, v->n_problems);
}

static int append_problem(struct json_object *array, const struct verify_problem *p)
{
	char path[FOLDER_BYTES + NAME_BYTES];
	struct json_object *object = NULL;
	int r = json_append_object(array, &object);

	snprintf(path, sizeof(path), "%s/%s", p->path.folder, p->path.file);
	if (r == 0)
		r = json_add_string(object, "file", path);
	return r == 0 ? json_add_string(object, "what", p->what) : r;
}

static int print_json_of(const struct store_options *o, const struct verification *v)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	const struct json_count counts[] = {
		{ "n_files", v->n_files },       { "n_windows", v->n_windows },
		{ "n_samples", v->n_samples },   { "n_unknown_files", v->n_unknown_files },
		{ "n_problems", v->n_problems },
	};
	struct json_object *array = NULL;
	int r = json_new_top(&top);

	if (r == 0)
		r = json_add_string(top, "store", o->selection.store);
	if (r == 0)
		r = json_add_counts(top, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = json_add_array(top, "problems", &array);
	for (size_t i = 0; r == 0 && i < v->n_told; i++)
		r = append_problem(array, &v->problems[i]);
	return r == 0 ? json_print(top) : r;
}

int store_verify_all(const struct store_options *o, struct store *s)
{
	_cleanup_(verification_done) struct verification v = {};
	int r = store_verify(s, &v);

	if (r == 0 && o->json)
		r = print_json_of(o, &v);
	else if (r == 0)
		print(&v);
	if (r < 0)
		return store_fail(o, "verify the store", r);
	return v.n_problems ? EXIT_ERROR : EXIT_OK;
}
