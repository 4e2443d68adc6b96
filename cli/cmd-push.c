// SPDX-License-Identifier: Apache-2.0
/* push: windows or profiles to a central store, by hand. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/config.h"
#include "agent/upload-targets.h"
#include "cli/options.h"
#include "cli/profile-fail.h"
#include "cli/push-options.h"
#include "common/log.h"
#include "pprof/profile-file.h"
#include "store/store.h"
#include "uploader/canary.h"
#include "uploader/push.h"

static const char usage[] =
	"usage: cpuhound push --target NAME [SELECTION]... [FILE]...\n"
	"       cpuhound push --to KIND+URL [--label KEY=VALUE]... [--set KEY=VALUE]... [SELECTION]... [FILE]...\n"
	"\n"
	"Sends windows of the store to a central store, and waits for its answers. What has been sent before is sent "
	"again.\n"
	"KIND is pyroscope, parca, otlp, s3, clickhouse, http, or hub: --to pyroscope+http://127.0.0.1:4040\n"
	"\n"
	"  -t, --target NAME      as [target NAME] of the configuration has it\n"
	"      --to KIND+URL      one that is not configured\n"
	"      --label KEY=VALUE  on all that is sent, with --to\n"
	"      --set KEY=VALUE    a key of [target NAME], such as bucket or token_file\n"
	"  -c, --config FILE      instead of " CONFIG_DEFAULT_FILE "\n" SELECTION_USAGE
	"      --check            send a profile of one sample, service_name=" CANARY_SERVICE
	", and see that the store "
	"shows it\n"
	"\n"
	"SELECTION is KEY=VALUE, KEY!=VALUE, KEY=~REGEX or KEY!~REGEX over labels: service=api\n"
	"FILE is a profile that cpuhound wrote; with one, no windows are sent unless they are selected, too.\n"
	"\n"
	"Exit code 0 only when the server took all of it.\n";

/* One line for what went wrong between this program and that server. */
static int explain(const struct push *p, const char *what, int r)
{
	const char *name = p->settings->config.name;

	if (r < 0)
		log_error("cannot push %s to '%s': %s", what, name, strerror(-r));
	else if (p->n_refused == 0 && p->n_parts > 0)
		log_error("%s to '%s': %s", what, name, p->fault);
	else if (p->n_parts == 0)
		log_error("nothing of %s was taken by '%s': %s", what, name, p->fault);
	else
		log_error("%" PRIu64 " of %" PRIu64 " parts of %s were not taken by '%s': %s", p->n_refused,
			  p->n_refused + p->n_parts, what, name, p->fault);
	return EXIT_ERROR;
}

static int push_file(struct push *p, const char *path)
{
	struct profile_file file;
	int r = profile_file_read(path, &file);

	if (r < 0)
		return profile_fail(path, r);
	r = push_profile(p, file.profile);
	return r == 0 ? EXIT_OK : explain(p, path, r);
}

static int push_selected(struct push *p, const struct selection_options *selection)
{
	_cleanup_close_ int fd = -1; /* closed after the store */
	_cleanup_(store_freep) struct store *store = NULL;
	int r = selection_options_open(selection, STORE_READ, &fd, &store);

	if (r != EXIT_OK)
		return r;
	r = push_windows(p, store, &selection->selection);
	if (r != 0)
		return explain(p, "the windows", r);
	if (p->n_windows > 0)
		return EXIT_OK;
	log_error("no window of '%s' is selected: nothing was sent", selection->store);
	return EXIT_ERROR;
}

static void print_result(const struct push *p)
{
	printf("%s took %" PRIu64 " windows in %" PRIu64 " batches: %" PRIu64 " parts, %" PRIu64 " samples, %" PRIu64
	       " bytes\n",
	       p->settings->config.name, p->n_windows, p->n_batches, p->n_parts, p->n_samples, p->n_bytes);
	if (p->n_possible_duplicates > 0)
		printf("%" PRIu64 " parts were sent again after an answer was lost: they may be there twice\n",
		       p->n_possible_duplicates);
	if (p->n_cut_labels > 0)
		printf("%" PRIu64 " labels were left out or shortened: this store takes no more\n", p->n_cut_labels);
}

static int check(struct push *p)
{
	static const char *const ends[] = {
		[0] = ", and shows it",
		[PUSH_UNSEEN] = "; a store of this kind cannot be asked for it",
		[PUSH_FORBIDDEN] = "; it may be pushed there, but not read",
	};
	int r = push_canary(p);

	if (r < 0 || r == PUSH_FAILED)
		return explain(p, "the canary", r);
	printf("%s took the canary%s\n", p->settings->config.name, ends[r]);
	return EXIT_OK;
}

static int push_all(struct push *p, const struct push_options *o)
{
	int code = EXIT_OK;

	if (o->check)
		return check(p);
	for (size_t i = 0; code == EXIT_OK && i < o->n_files; i++)
		code = push_file(p, o->files[i]);
	if (code == EXIT_OK && (o->n_files == 0 || o->selection.is_limited))
		code = push_selected(p, &o->selection);
	if (code == EXIT_OK)
		print_result(p);
	return code;
}

static const struct config_target *find_target(const struct config *c, const char *name)
{
	const struct config_target *targets = c->targets.items;

	for (size_t i = 0; i < c->targets.n; i++) {
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	}
	return NULL;
}

static int push_to(const struct push_options *o, const struct config *c, const struct upload_settings *settings)
{
	struct utsname kernel = {};
	struct push p;
	int r;

	uname(&kernel); /* cannot fail */
	r = push_init(&p, settings, c->labels.host[0] ? c->labels.host : kernel.nodename);
	r = r == 0 ? push_all(&p, o) : explain(&p, "anything", r);
	push_done(&p);
	return r;
}

static int push(const struct push_options *o)
{
	const struct config_sources sources = config_options_sources(&o->config);
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(upload_target_done) struct upload_settings settings = {};
	_cleanup_(config_freep) struct config *c = NULL;
	char reason[TARGET_REASON_BYTES];
	const struct config_target *target;
	int r = config_load(&sources, &report, &c);

	config_report_log(&report);
	if (r != 0)
		return r < 0 ? EXIT_ERROR : EXIT_USAGE;
	target = find_target(c, o->target);
	if (!target) {
		log_error("there is no [target %s] in the configuration", o->target);
		return EXIT_USAGE;
	}
	r = upload_target_init(target, &settings, reason); /* config_load() has checked it */
	return r == 0 ? push_to(o, c, &settings) : EXIT_ERROR;
}

static int run(int argc, char **argv)
{
	_cleanup_(push_options_done) struct push_options o = PUSH_OPTIONS_NONE;
	bool done;
	int code = push_options_parse(&o, argc, argv, &done);

	return done ? code : push(&o);
}

const struct command cmd_push = {
	.name = "push",
	.summary = "send windows or profiles to a central store",
	.usage = usage,
	.run = run,
};
