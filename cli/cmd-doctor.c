// SPDX-License-Identifier: Apache-2.0
/* doctor: prints what this machine offers and lacks, each with what to do about it. */
#include <stdio.h>
#include <string.h>

#include "agent/environment.h"
#include "cli/json.h"
#include "cli/options.h"
#include "common/log.h"

static const char usage[] =
	"usage: cpuhound doctor [--json]\n"
	"\n"
	"Checks what sampling needs: kernel features, capabilities, limits, confinement. It tries the system calls\n"
	"that sampling begins with and changes nothing.\n"
	"\n"
	"  --json   one JSON object: schema_version, findings: [{name, state, text, remedy}]\n"
	"\n"
	"States: OK, info (a fact), degraded (works, with something missing), FAILED (sampling cannot start).\n"
	"Exit code 3 when a finding FAILED.\n";

static const struct {
	const char *json, *text, *colour;
} states[] = {
	[FINDING_OK] = { "ok", "OK", "\033[32m" },
	[FINDING_INFO] = { "info", "info", "" },
	[FINDING_DEGRADED] = { "degraded", "degraded", "\033[33m" },
	[FINDING_FAILED] = { "failed", "FAILED", "\033[31m" },
};

static bool colour_wanted(void)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_color && no_color[0]);
}

static int name_width(const struct finding *findings, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		if (strlen(findings[i].name) > width)
			width = strlen(findings[i].name);
	}
	return (int)width;
}

static void print_finding(const struct finding *f, int width, bool colour)
{
	bool paint = colour && states[f->state].colour[0];

	printf("%s%-8s%s  %-*s  %s\n", paint ? states[f->state].colour : "", states[f->state].text,
	       paint ? "\033[0m" : "", width, f->name, f->text);
	if (f->state >= FINDING_DEGRADED && f->remedy[0])
		printf("%-8s  %-*s  -> %s\n", "", width, "", f->remedy);
}

static int finding_to_json(const struct finding *f, struct json_object **ret)
{
	const struct {
		const char *name, *value;
	} members[] = {
		{ "name", f->name },
		{ "state", states[f->state].json },
		{ "text", f->text },
		{ "remedy", f->remedy },
	};
	_cleanup_(json_putp) struct json_object *object = json_object_new_object();
	int r;

	if (!object)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		r = json_add_string(object, members[i].name, members[i].value);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(object);
	return 0;
}

static int print_json(const struct finding *findings, size_t n)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *array = json_object_new_array(), *object;
	int r;

	r = json_new_top(&top);
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	r = json_add(top, "findings", array);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = finding_to_json(&findings[i], &object);
		if (r == 0)
			r = json_append(array, object);
	}
	return r < 0 ? r : json_print(top);
}

static bool any_failed(const struct finding *findings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (findings[i].state == FINDING_FAILED)
			return true;
	}
	return false;
}

static int diagnose(bool json)
{
	_cleanup_free_ struct finding *findings = NULL;
	bool colour = colour_wanted();
	size_t n;
	int r;

	r = environment_check(&findings, &n);
	if (r < 0) {
		log_error("cannot look at this machine: %s: are /proc and /sys mounted?", strerror(-r));
		return EXIT_ENVIRONMENT;
	}
	if (json) {
		r = print_json(findings, n);
		if (r < 0) {
			log_error("cannot print JSON: %s", strerror(-r));
			return EXIT_ERROR;
		}
	} else {
		for (size_t i = 0; i < n; i++)
			print_finding(&findings[i], name_width(findings, n), colour);
	}
	return any_failed(findings, n) ? EXIT_ENVIRONMENT : EXIT_OK;
}

static int run(int argc, char **argv)
{
	enum exit_code code;
	bool json, done;

	code = options_json_only(&cmd_doctor, argc, argv, &json, &done);
	if (done)
		return code;
	return diagnose(json);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "check what this machine and this user offer, with remedies",
	.usage = usage,
	.run = run,
};
