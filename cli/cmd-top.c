// SPDX-License-Identifier: Apache-2.0
/* top: who runs now, second after second: a tree on the terminal, or one table. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "cli/agent-socket.h"
#include "cli/environment-check.h"
#include "cli/json.h"
#include "cli/live-source.h"
#include "cli/options.h"
#include "cli/text.h"
#include "cli/top-guard.h"
#include "cli/top-interval.h"
#include "cli/top-keys.h"
#include "cli/top-once.h"
#include "cli/top-options.h"
#include "cli/top-screen.h"
#include "cli/top-view.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "report/activity.h"

#define DEPTH 2                   /* levels that are open at first */
#define TABLE_ROWS 10             /* below each row of a table */
#define RETRY_MS 1000             /* for an agent that has gone */
#define SILENCE_NS (4 * NS_PER_S) /* from then on it is told */
#define PATIENCE_MS (30 * 1000)   /* for the next second: a sampler of its own takes some to start */

static const char usage[] =
	"usage: cpuhound top [--by KEY,...] [--interval TIME] [--depth N] [-F HZ] [LABEL=VALUE...]\n"
	"       cpuhound top --once [--json] [-n N] [...]\n"
	"\n"
	"Who runs now: services, their processes, and the functions that these are in. What the agent of this host\n"
	"samples, where one runs, for root and members of the agent's group; else of a sampler of its own, for root.\n"
	"\n"
	"      --by KEY,...     the levels (service,pid,function): labels of samples, as container, unit or host;\n"
	"                       function, library, file\n"
	"      --interval TIME  how long each picture is of, in whole seconds (1s)\n"
	"      --depth N        levels that are open (2)\n"
	"  -F, --frequency HZ   a sampler of its own in any case, with so many samples a second on each CPU (99)\n"
	"      --once           one table of one interval, and ends\n"
	"      --json           with --once: one JSON object: docs/schemas/top.schema.json\n"
	"  -n, --top N          with --once: so many rows below each row (10); the others are summed up\n"
	"      --run-dir DIR    of the agent, instead of agent.run_dir as the configuration has it\n"
	"      --cache-dir DIR  of an own sampler: where names of binaries are kept (/var/cache/cpuhound)\n"
	"  LABEL=VALUE          samples with this label; also !=, =~REGEX, !~REGEX; service is short for service_name\n"
	"\n"
	"Keys: arrows move, Enter opens or closes a row, 1 2 3 open so many levels, s sorts by CPU, kernel or name,\n"
	"/ searches names as you type, Esc ends the search, p pauses, q quits.\n";

struct watching {
	struct top_options options;
	struct live_source source;
	struct buf path; /* of the agent's socket */
	struct top_interval next, shown;
	struct top_view view;
	struct top_screen *screen;
	int signal_fd;
	uint64_t heard_ns;          /* CLOCK_MONOTONIC; when the source answered last; 0: never */
	uint64_t retry_ns;          /* and when one that is gone may be looked for again */
	char note[LIVE_TEXT_BYTES]; /* "": none */
};

static void watching_done(struct watching *w)
{
	w->screen = top_screen_close(w->screen); /* first: what is said goes to a terminal that is as it was */
	live_source_repeat(&w->source);
	live_source_done(&w->source);
	top_interval_done(&w->next);
	top_interval_done(&w->shown);
	top_view_done(&w->view);
	buf_done(&w->path);
	close_fd(w->signal_fd);
	top_options_done(&w->options);
}

static enum exit_code fail(const char *what, int error)
{
	log_error("cannot %s: %s", what, strerror(-error));
	return EXIT_ERROR;
}

static enum exit_code spawn(struct watching *w)
{
	enum exit_code code = environment_check_say();
	int r;

	if (code != EXIT_OK)
		return code;
	r = live_source_spawn(&w->source, w->options.hz ?: TOP_DEFAULT_HZ, w->options.cache_dir);
	return r < 0 ? fail("start a sampler", r) : EXIT_OK;
}

/* An agent that nobody may ask is no reason for a second sampler. */
static enum exit_code open_source(struct watching *w)
{
	int r = agent_socket_find(w->options.run_dir, LIVE_SOCKET_NAME, &w->path);

	if (r < 0)
		return fail("find the agent's socket", r);
	if (w->options.hz)
		return spawn(w);
	r = live_source_connect(&w->source, w->path.data);
	if (r == AGENT_NONE && !w->options.run_dir)
		return spawn(w);
	return r == 0 ? EXIT_OK : (enum exit_code)agent_socket_refuse(w->path.data, r);
}

static int begin_interval(struct watching *w)
{
	return top_interval_init(&w->next, w->options.by, w->source.is_own);
}

static enum exit_code tell_own(const char *why)
{
	log_error("the sampler %s: nothing is sampled any more", why);
	return EXIT_ERROR;
}

/* Answers of live_source_take(): LIVE_SOURCE_NOTHING in all the time that one has patience for. */
static enum exit_code tell(const struct watching *w, int answer)
{
	switch (answer) {
	case LIVE_SOURCE_NOTHING:
		return w->source.is_own ? tell_own("does not answer")
					: (enum exit_code)agent_socket_refuse(w->path.data, AGENT_NO_ANSWER);
	case LIVE_SOURCE_GONE:
		if (w->source.is_own)
			return tell_own("has ended");
		return (enum exit_code)
			text_fail("watch the agent at", w->path.data,
				  "it hangs up: it is of another version, has ended, or too many watch it");
	case LIVE_SOURCE_BAD:
		return (enum exit_code)text_fail("understand who answers at", w->path.data, "it is no agent");
	default:
		return fail("go on", answer);
	}
}

/* The next span, if it is there, becomes part of the interval that comes next. */
static int take(struct watching *w)
{
	_cleanup_(live_span_done) struct live_span span = {};
	int r = live_source_take(&w->source, &span);

	if (r != 0)
		return r;
	/* The first second of an own sampler is for the names of what runs. */
	if (!span.profile) {
		snprintf(w->note, sizeof(w->note), "%s", span.why);
	} else if (w->heard_ns || !w->source.is_own) {
		w->note[0] = 0;
		r = top_interval_add(&w->next, &span, &w->options.selection.selection);
	}
	w->heard_ns = clock_now_ns(CLOCK_MONOTONIC);
	if (r == ACTIVITY_NOT_CPU)
		return LIVE_SOURCE_BAD;
	return r == 0 ? live_source_ask(&w->source) : r;
}

static bool is_complete(const struct watching *w)
{
	return w->next.n_spans >= w->options.interval_ns / NS_PER_S;
}

/* Waits for what completes the interval, each span for as long as one has patience for. */
static int gather(struct watching *w)
{
	int r = live_source_ask(&w->source);

	while (r == 0 && !is_complete(w)) {
		struct pollfd fd = { .fd = w->source.socket, .events = POLLIN };
		int n = poll(&fd, 1, PATIENCE_MS);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return LIVE_SOURCE_NOTHING;
		r = take(w);
		if (r == LIVE_SOURCE_NOTHING)
			r = 0;
		if (r == 0 && w->note[0])
			return 0;
	}
	return r;
}

static int print_json(const struct watching *w, size_t depth)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	int r = top_once_to_json(&w->next, depth, &object);

	return r == 0 ? json_print(object) : r;
}

static enum exit_code run_once(struct watching *w)
{
	const struct top_options *o = &w->options;
	int r = gather(w);

	if (r != 0)
		return tell(w, r);
	if (w->note[0]) {
		log_error("cannot tell who runs: %s", w->note);
		return EXIT_ERROR;
	}
	r = top_interval_finish(&w->next);
	if (r == 0 && o->json)
		r = print_json(w, o->depth ?: SIZE_MAX);
	else if (r == 0)
		r = top_once_print(&w->next, o->depth ?: DEPTH, o->max_rows ?: TABLE_ROWS, stdout);
	return r < 0 ? fail("give an answer", r) : EXIT_OK;
}

/* What was gathered is shown from now on, unless nothing is to change. */
static int show_next(struct watching *w)
{
	int r = top_interval_finish(&w->next);

	if (r == 0 && !w->view.is_paused) {
		top_interval_done(&w->shown);
		w->shown = w->next;
		w->next.activity = NULL;
	}
	top_interval_done(&w->next);
	return r == 0 ? begin_interval(w) : r;
}

/* It may be started again: whoever watches need not. */
static int reconnect(struct watching *w)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int r;

	snprintf(w->note, sizeof(w->note), "the agent has ended or hung up: waiting for it");
	live_source_hang_up(&w->source);
	if (now_ns < w->retry_ns)
		return 0;
	w->retry_ns = now_ns + RETRY_MS * NS_PER_MS;
	r = live_source_connect(&w->source, w->path.data);
	if (r == 0)
		r = live_source_ask(&w->source);
	return r < 0 ? r : 0;
}

static int read_source(struct watching *w)
{
	int r;

	while ((r = take(w)) == 0)
		if (is_complete(w) && (r = show_next(w)) < 0)
			return r;
	if (r == LIVE_SOURCE_NOTHING)
		return 0;
	return r == LIVE_SOURCE_GONE && w->heard_ns && !w->source.is_own ? reconnect(w) : r;
}

/* TOP_KEYS_QUIT, or 0. */
static int read_keys(struct watching *w)
{
	int key;

	while ((key = top_screen_key(w->screen)) != TOP_KEY_NONE)
		if (top_keys_press(&w->view, w->shown.activity, key) == TOP_KEYS_QUIT)
			return TOP_KEYS_QUIT;
	return 0;
}

static int draw(struct watching *w)
{
	uint64_t silent_ns = clock_now_ns(CLOCK_MONOTONIC) - w->heard_ns;
	int r = top_view_update(&w->view, w->shown.activity);

	if (w->heard_ns && w->source.socket >= 0 && silent_ns > SILENCE_NS)
		snprintf(w->note, sizeof(w->note), "no answer for %.0f s", (double)silent_ns / NS_PER_S);
	return r == 0 ? top_screen_draw(w->screen, &w->shown, &w->view, w->note[0] ? w->note : NULL) : r;
}

/* Until somebody has had enough: 0; or what ended it. */
static int watch(struct watching *w)
{
	int r = live_source_ask(&w->source);

	while (r == 0) {
		struct pollfd fds[] = {
			{ .fd = w->source.socket, .events = POLLIN },
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = w->signal_fd, .events = POLLIN },
		};

		r = draw(w);
		if (r < 0)
			break;
		/* A signal that interrupts is a new size, or the end of a stop. */
		if (poll(fds, ARRAY_SIZE(fds), RETRY_MS) < 0 && errno != EINTR)
			return -errno;
		if (fds[2].revents || fds[1].revents & (POLLHUP | POLLERR) || read_keys(w) == TOP_KEYS_QUIT)
			return 0;
		r = read_source(w);
	}
	return r;
}

static int open_signals(struct watching *w)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signal_fd < 0 ? -errno : 0;
}

static enum exit_code run_live(struct watching *w)
{
	int r = open_signals(w);

	if (r == 0)
		r = top_interval_init(&w->shown, w->options.by, w->source.is_own);
	if (r == 0)
		r = top_interval_finish(&w->shown);
	if (r < 0)
		return fail("begin", r);
	top_view_init(&w->view, w->options.depth ?: DEPTH);
	snprintf(w->note, sizeof(w->note), "waiting for the first %s",
		 w->options.interval_ns == NS_PER_S ? "second" : "interval");
	r = top_screen_open(&w->screen);
	if (r == TOP_SCREEN_UNFIT) {
		log_error("this is no terminal, or one of no known kind ($TERM): use --once");
		return EXIT_USAGE;
	}
	if (r < 0)
		return fail("open the terminal", r);
	r = watch(w);
	w->screen = top_screen_close(w->screen);
	return r == 0 ? EXIT_OK : tell(w, r);
}

static enum exit_code top(struct watching *w)
{
	enum exit_code code = open_source(w);
	int r;

	if (code != EXIT_OK)
		return code;
	r = begin_interval(w);
	if (r < 0)
		return fail("begin", r);
	return w->options.once ? run_once(w) : run_live(w);
}

static enum exit_code top_guarded(struct watching *w)
{
	int status, r = top_guard_begin(&status);

	if (r == TOP_GUARD_DRAW)
		return top(w);
	if (r < 0)
		return fail("begin", r);
	if (WIFEXITED(status))
		return (enum exit_code)WEXITSTATUS(status);
	log_error("top was ended by signal %d (%s): start it again", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return EXIT_ERROR;
}

static int run(int argc, char **argv)
{
	struct watching w = { .source = LIVE_SOURCE_NONE, .signal_fd = -1 };
	bool is_done;
	enum exit_code code = top_options_parse(&w.options, argc, argv, &is_done);

	if (!is_done)
		code = w.options.once ? top(&w) : top_guarded(&w);
	watching_done(&w);
	return code;
}

const struct command cmd_top = {
	.name = "top",
	.summary = "who runs now: services, processes and functions, live on the terminal",
	.usage = usage,
	.run = run,
};
