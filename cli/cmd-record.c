// SPDX-License-Identifier: Apache-2.0
/*
 * record: profiles this machine, or a part of it, for a while; prints who burnt the CPU and writes the profile.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "agent/recorder.h"
#include "cli/child.h"
#include "cli/command.h"
#include "cli/environment-check.h"
#include "cli/invoker.h"
#include "cli/output.h"
#include "cli/record-options.h"
#include "cli/tables.h"
#include "common/clock.h"
#include "common/log.h"
#include "pprof/profile.h"

#define STACKS_LIMIT_BYTES ((size_t)256 << 20) /* of folded stacks: an hour of a large machine */
#define UNWIND_TABLE_MB 64                     /* 15 million rows: a busy host has some 3 million */
#define NAMING_PATIENCE_NS (60 * NS_PER_S)     /* for files still being read after the end */
#define DEBUG_PATIENCE_NS (150 * NS_PER_S)     /* where only debug info is left: one file may take 120 s */
#define PROGRESS_MS 200
#define TOP_FUNCTIONS 15
#define TOP_SERVICES 10

static const char usage[] =
	"usage: cpuhound record [-a | -p PID... | -c CONTAINER_ID | -g CGROUP_PATH | -- COMMAND ARGS]\n"
	"                       [-F HZ] [-d DURATION] [-o FILE]... [--follow] [--cache-dir DIR] [--debug-dir DIR]...\n"
	"\n"
	"Samples who runs on the CPUs and writes a profile. Without options: the whole machine for 10 seconds.\n"
	"It needs root, or what 'cpuhound doctor' says is missing.\n"
	"\n"
	"What:\n"
	"  -a, --all              the whole machine (the default)\n"
	"  -p, --pid PID          a process with all its threads; may be repeated, or PID,PID\n"
	"      --follow           with -p: and its children, those it has and those it starts\n"
	"  -c, --container ID     a container, by the first characters of its id, with all cgroups below it\n"
	"  -g, --cgroup PATH      a cgroup with all cgroups below it\n"
	"  -- COMMAND ARGS        starts COMMAND and samples it and what it starts, until it ends\n"
	"\n"
	"How:\n"
	"  -F, --frequency HZ     samples a second on each CPU, 1 to 10000 (99)\n"
	"  -d, --duration TIME    10, 10s, 5m, 1h or 7d (10s; with COMMAND: until it ends)\n"
	"  -o, --output FILE      .pb.gz (pprof), .pb.zst, .folded, .html (a flame graph for a browser) or .svg;\n"
	"                         '-': folded text on standard output; may be repeated. Without it:\n"
	"                         cpuhound-HOST-TIME.pb.gz, and .html\n"
	"      --cache-dir DIR    where names of binaries are kept (/var/cache/cpuhound)\n"
	"      --debug-dir DIR    where debug info lies, as in /usr/lib/debug; may be repeated\n"
	"\n"
	"Ctrl-C ends early and still writes. What is in it: cpuhound show FILE; who burns CPU: cpuhound hogs FILE.\n"
	"Exit code 3: this host, or this user, lacks something.\n";

struct recording {
	struct record_options options;
	struct invoker invoker;
	struct recorder *recorder;
	struct child child;
	int signal_fd;
	bool show_progress, interrupted;
	uint64_t end_ns, shown_ns; /* CLOCK_MONOTONIC */
};

static int fail(const char *what, int error)
{
	log_error("cannot %s: %s", what, strerror(-error));
	return EXIT_ERROR;
}

static int open_outputs(struct recording *rec)
{
	for (size_t i = 0; i < rec->options.n_outputs; i++) {
		struct output *o = &rec->options.outputs[i];
		int r = output_open(o, &rec->invoker);

		if (r < 0) {
			log_error("cannot write '%s': %s", o->path, strerror(-r));
			return EXIT_ERROR;
		}
	}
	return EXIT_OK;
}

static enum filter_kind filter_of(const struct record_options *o)
{
	if (o->n_pids || o->command)
		return FILTER_PROCESS;
	return o->container || o->cgroup ? FILTER_CGROUP : FILTER_NONE;
}

static int say_not_found(const struct record_options *o, int answer)
{
	const char *what = o->container ? "container" : "cgroup", *name = o->container ? o->container : o->cgroup;

	if (answer == RECORDER_AMBIGUOUS)
		log_error("%s '%s' is ambiguous: give more characters of its id", what, name);
	else
		log_error("no %s '%s' is running here", what, name);
	return EXIT_ERROR;
}

static int set_filter(struct recording *rec)
{
	const struct record_options *o = &rec->options;
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->n_pids; i++) {
		if (kill(o->pids[i], 0) < 0 && errno == ESRCH) {
			log_error("no process %d is running here", o->pids[i]);
			return EXIT_ERROR;
		}
		r = recorder_filter_process(rec->recorder, o->pids[i]);
	}
	if (o->command)
		r = recorder_filter_process(rec->recorder, rec->child.pid);
	else if (o->container)
		r = recorder_filter_container(rec->recorder, o->container);
	else if (o->cgroup)
		r = recorder_filter_cgroup(rec->recorder, o->cgroup);
	if (r > 0)
		return say_not_found(o, r);
	return r < 0 ? fail("set the filter", r) : EXIT_OK;
}

static int start(struct recording *rec)
{
	const struct record_options *o = &rec->options;
	const struct recorder_config config = {
		.period_ns = NS_PER_S / o->hz,
		.filter = filter_of(o),
		.follow = o->follow || o->command,
		.cache_dir = o->cache_dir,
		.debug_dirs = o->debug_dirs,
		.n_debug_dirs = o->n_debug_dirs,
		.unwind_table_mb = UNWIND_TABLE_MB,
		.stacks_limit_bytes = STACKS_LIMIT_BYTES,
	};
	int r, code;

	if (o->command) {
		r = child_fork(o->command, &rec->invoker, &rec->child);
		if (r < 0)
			return fail("start a process", r);
	}
	r = recorder_new(&config, &rec->recorder);
	if (r < 0)
		return fail("start sampling", r);
	code = set_filter(rec);
	if (code != EXIT_OK)
		return code;
	r = recorder_start(rec->recorder);
	if (r < 0)
		return fail("start sampling", r);
	if (o->command) {
		r = child_release(&rec->child);
		if (r < 0) {
			log_error("cannot run '%s': %s", o->command[0], strerror(-r));
			return EXIT_ERROR;
		}
	}
	rec->end_ns = o->duration_ns ? clock_now_ns(CLOCK_MONOTONIC) + o->duration_ns : UINT64_MAX;
	return EXIT_OK;
}

static void clear_progress(const struct recording *rec)
{
	if (rec->show_progress)
		fputs("\r\033[K", stderr);
}

static void print_progress(struct recording *rec, uint64_t now_ns)
{
	struct recorder_progress progress;

	if (!rec->show_progress || now_ns < rec->shown_ns + PROGRESS_MS * NS_PER_MS)
		return;
	rec->shown_ns = now_ns;
	recorder_progress(rec->recorder, &progress);
	clear_progress(rec);
	if (rec->end_ns == UINT64_MAX)
		fputs("recording until the command ends (Ctrl-C ends it now)", stderr);
	else
		fprintf(stderr, "%" PRIu64 " s left", (uint64_t)((rec->end_ns - now_ns + NS_PER_S - 1) / NS_PER_S));
	fprintf(stderr, ", %" PRIu64 " samples, %" PRIu64 " processes, %" PRIu64 " lost", progress.n_samples,
		progress.n_processes, progress.n_lost);
}

static int wait_ms(const struct recording *rec, uint64_t now_ns)
{
	int wait = recorder_timeout_ms(rec->recorder);
	uint64_t left_ms = (rec->end_ns - now_ns) / NS_PER_MS + 1;

	if (rec->show_progress && wait > PROGRESS_MS)
		wait = PROGRESS_MS;
	return left_ms < (uint64_t)wait ? (int)left_ms : wait;
}

static void say_how_it_ended(const struct recording *rec, int status)
{
	if (WIFSIGNALED(status))
		log_warning("'%s' was ended by signal %d", rec->options.command[0], WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_warning("'%s' exited with %d", rec->options.command[0], WEXITSTATUS(status));
}

/* Until the time is up, the command has ended, or somebody has had enough. */
static int run(struct recording *rec)
{
	bool ended = false;

	while (!ended) {
		uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
		struct pollfd fds[] = {
			{ .fd = recorder_fd(rec->recorder), .events = POLLIN },
			{ .fd = rec->signal_fd, .events = POLLIN },
			{ .fd = rec->child.pidfd, .events = POLLIN }, /* poll() skips a negative one */
		};
		int status, r;

		if (now_ns >= rec->end_ns)
			break;
		print_progress(rec, now_ns);
		if (poll(fds, ARRAY_SIZE(fds), wait_ms(rec, now_ns)) < 0 && errno != EINTR)
			return -errno;
		r = recorder_dispatch(rec->recorder);
		if (r < 0)
			return r;
		if (fds[1].revents)
			ended = rec->interrupted = true;
		if (fds[2].revents && child_ended(&rec->child, &status)) {
			clear_progress(rec);
			say_how_it_ended(rec, status);
			ended = true;
		}
	}
	clear_progress(rec);
	return recorder_stop(rec->recorder);
}

static bool has_unnamed(const struct recording *rec, uint64_t waited_ns)
{
	size_t n = recorder_n_unnamed(rec->recorder), n_debug = recorder_n_debug_unread(rec->recorder);

	return n > 0 && waited_ns < (n == n_debug ? DEBUG_PATIENCE_NS : NAMING_PATIENCE_NS);
}

static void print_unnamed(const struct recording *rec)
{
	size_t n = recorder_n_unnamed(rec->recorder), n_debug = recorder_n_debug_unread(rec->recorder);

	if (!rec->show_progress)
		return;
	clear_progress(rec);
	if (n == n_debug)
		fprintf(stderr, "reading debug info: %zu files left (Ctrl-C: go on without)", n);
	else
		fprintf(stderr, "naming: %zu files left", n);
}

/* A second Ctrl-C ends the wait for names. */
static int wait_for_names(struct recording *rec)
{
	uint64_t start_ns = clock_now_ns(CLOCK_MONOTONIC);
	struct signalfd_siginfo gone;

	while (read(rec->signal_fd, &gone, sizeof(gone)) > 0)
		;
	while (has_unnamed(rec, clock_now_ns(CLOCK_MONOTONIC) - start_ns)) {
		struct pollfd fds[] = {
			{ .fd = recorder_fd(rec->recorder), .events = POLLIN },
			{ .fd = rec->signal_fd, .events = POLLIN },
		};
		int r;

		print_unnamed(rec);
		if (poll(fds, ARRAY_SIZE(fds), recorder_timeout_ms(rec->recorder)) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			break;
		r = recorder_dispatch(rec->recorder);
		if (r < 0)
			return r;
	}
	clear_progress(rec);
	return 0;
}

static int print_tables(FILE *out, const struct profile *p, const struct ledger *ledger)
{
	int r;

	if (ledger->in_profile == 0) {
		fprintf(out, "No samples: all of the time was idle%s.\n\n",
			ledger->filtered ? ", or others ran than what was asked for" : "");
		return 0;
	}
	r = tables_print_label(out, p, "service_name", "SERVICE", TOP_SERVICES);
	if (r < 0)
		return r;
	fputc('\n', out);
	r = tables_print_functions(out, p, TOP_FUNCTIONS);
	if (r < 0)
		return r;
	fputc('\n', out);
	return 0;
}

static int print_summary(FILE *out, const struct recording *rec, const struct buf *raw, const struct ledger *ledger)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	struct recorder_progress progress;
	int r;

	r = profile_decode(raw->data, raw->size, &p);
	if (r < 0)
		return r;
	fprintf(out, "%.1f s at %" PRIu64 " Hz: %" PRIu64 " samples, %.2f cores busy\n\n",
		(double)p->duration_ns / NS_PER_S, rec->options.hz, ledger->in_profile,
		(double)ledger->in_profile * (double)p->period / (double)p->duration_ns);
	r = print_tables(out, p, ledger);
	if (r < 0)
		return r;
	tables_print_ledger(out, ledger);
	recorder_progress(rec->recorder, &progress);
	if (progress.n_follow_failed)
		log_warning("%" PRIu64 " child processes could not be followed: more than %d at once",
			    progress.n_follow_failed, CPUHOUND_MAX_FILTER_PIDS);
	return 0;
}

static void print_next_commands(FILE *out, const struct recording *rec)
{
	const char *pprof = NULL, *html = NULL;

	for (size_t i = 0; i < rec->options.n_outputs; i++) {
		const struct output *o = &rec->options.outputs[i];

		if (o->to_stdout)
			continue;
		fprintf(out, "wrote %s\n", o->path);
		if (o->kind == OUTPUT_PPROF_GZIP)
			pprof = o->path;
		if (o->kind == OUTPUT_HTML)
			html = o->path;
	}
	if (html)
		fprintf(out, "\nthe flame graph: open %s in a browser\n", html);
	if (!pprof)
		return;
	fprintf(out,
		"\nnext:\n"
		"  cpuhound show %s\n"
		"  go tool pprof -http=: %s\n"
		"  go tool pprof -top -tagroot=service_name %s\n",
		pprof, pprof, pprof);
}

static int finish(struct recording *rec)
{
	_cleanup_(buf_done) struct buf raw = {};
	FILE *out = stdout;
	struct closed_window *window;
	struct ledger ledger;
	int r;

	r = recorder_close_window(rec->recorder, &window);
	if (r < 0)
		return fail("take in the samples", r);
	r = wait_for_names(rec);
	if (r < 0)
		return fail("read the names of functions", r);
	r = recorder_encode(rec->recorder, window, &raw, &ledger, NULL);
	if (r < 0)
		return fail("make the profile", r);
	for (size_t i = 0; i < rec->options.n_outputs; i++) {
		struct output *o = &rec->options.outputs[i];

		r = output_write(o, &raw, rec->options.default_name);
		if (r < 0) {
			log_error("cannot write '%s': %s", o->path, strerror(-r));
			return EXIT_ERROR;
		}
		if (o->to_stdout)
			out = stderr;
	}
	r = print_summary(out, rec, &raw, &ledger);
	if (r < 0)
		return fail("print the summary", r);
	print_next_commands(out, rec);
	return EXIT_OK;
}

static int open_signals(struct recording *rec)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	rec->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return rec->signal_fd < 0 ? -errno : 0;
}

static int record(struct recording *rec)
{
	int r, code;

	code = environment_check_say();
	if (code == EXIT_OK)
		code = open_outputs(rec);
	if (code != EXIT_OK)
		return code;
	r = open_signals(rec);
	if (r < 0)
		return fail("wait for signals", r);
	code = start(rec);
	if (code != EXIT_OK)
		return code;
	r = run(rec);
	if (r < 0)
		return fail("go on sampling", r);
	return finish(rec);
}

static int run_record(int argc, char **argv)
{
	struct recording rec = { .child = CHILD_NONE, .signal_fd = -1 };
	bool done = false;
	int code;

	code = record_options_parse(&rec.options, argc, argv, &done);
	if (code == EXIT_OK && !done) {
		invoker_get(&rec.invoker);
		rec.show_progress = isatty(STDERR_FILENO);
		code = record(&rec);
	}
	for (size_t i = 0; i < rec.options.n_outputs; i++)
		output_done(&rec.options.outputs[i]);
	child_done(&rec.child);
	recorder_free(rec.recorder);
	close_fd(rec.signal_fd);
	return code;
}

const struct command cmd_record = {
	.name = "record",
	.summary = "profile this machine or a part of it for a while",
	.usage = usage,
	.run = run_record,
};
