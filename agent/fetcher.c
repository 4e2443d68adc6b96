// SPDX-License-Identifier: Apache-2.0
#include "agent/fetcher.h"

#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/fetch-cache.h"
#include "agent/fetch-packet.h"
#include "common/parse.h"
#include "symbolizer/child-process.h"
#include "symbolizer/sandbox.h"

#define DATA_BYTES ((size_t)128 << 20)
#define OPEN_FILES 64
#define SILENCE_S "30"   /* a server that sends nothing for so long is given up */
#define LONGEST_S "600"  /* for one file, whatever comes */
#define PRIORITY_NICE 10 /* nobody waits for it */

/* libdebuginfod brings libcurl and twenty others: they are loaded here alone, not with every start of the program. */
struct library {
	__typeof__(&debuginfod_begin) begin;
	__typeof__(&debuginfod_find_debuginfo) find_debuginfo;
};

struct fetcher {
	struct library library;
	debuginfod_client *client;
	const char *cache_path;
	uint64_t limit_bytes;
};

static int set_environment(char **argv)
{
	const struct {
		const char *name, *value;
	} variables[] = {
		{ DEBUGINFOD_URLS_ENV_VAR, argv[FETCHER_URLS] },
		{ DEBUGINFOD_CACHE_PATH_ENV_VAR, argv[FETCHER_CACHE] },
		{ DEBUGINFOD_MAXSIZE_ENV_VAR, argv[FETCHER_LIMIT] },
		{ DEBUGINFOD_TIMEOUT_ENV_VAR, SILENCE_S },
		{ DEBUGINFOD_MAXTIME_ENV_VAR, LONGEST_S },
	};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		if (setenv(variables[i].name, variables[i].value, 1) < 0)
			return -errno;
	}
	return 0;
}

/* In a process that lives as long as the library. */
static int load_library(struct library *ret)
{
	void *handle = dlopen(DEBUGINFOD_SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return -ELIBACC;
	ret->begin = dlsym(handle, "debuginfod_begin");
	ret->find_debuginfo = dlsym(handle, "debuginfod_find_debuginfo");
	return ret->begin && ret->find_debuginfo ? 0 : -ELIBBAD;
}

static int enter_sandbox(const struct fetcher *f, const char **ret_step)
{
	const struct sandbox_path cache = { .path = f->cache_path, .is_writable = true };
	const struct sandbox_limits limits = {
		.data_bytes = DATA_BYTES,
		.output_bytes = f->limit_bytes,
		.open_files = OPEN_FILES,
		.nice = PRIORITY_NICE,
		.keeps_user = true,
		.may_use_files = true,
		.may_connect = true,
		.paths = &cache,
		.n_paths = 1,
	};

	*ret_step = "ignoring signals";
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return -errno;
	return sandbox_enter(&limits, ret_step);
}

static int prepare(struct fetcher *f, int argc, char **argv, const char **ret_step)
{
	int r;

	*ret_step = "reading its arguments";
	if (argc != FETCHER_N_ARGUMENTS || parse_u64(argv[FETCHER_LIMIT], 10, &f->limit_bytes) < 0)
		return -EINVAL;
	f->cache_path = argv[FETCHER_CACHE];
	r = set_environment(argv);
	if (r < 0)
		return r;
	*ret_step = "loading " DEBUGINFOD_SONAME " (Debian: libdebuginfod1)";
	r = load_library(&f->library);
	if (r < 0)
		return r;
	r = enter_sandbox(f, ret_step);
	if (r < 0)
		return r;
	*ret_step = "preparing the client";
	f->client = f->library.begin();
	return f->client ? 0 : -ENOMEM;
}

static int say_hello(int status, const char *step)
{
	struct fetch_answer hello = { .is_hello = 1 };

	if (status < 0) {
		hello.status = FETCH_FAILED;
		snprintf(hello.reason, sizeof(hello.reason), "%s: %s", step, strerrordesc_np(-status));
	}
	return fetch_send_answer(CHILD_SOCKET_FD, &hello);
}

/* libdebuginfod tells what went wrong last as an errno. */
static enum fetch_status status_of(int error)
{
	switch (error) {
	case ENOENT:
		return FETCH_MISSING;
	case EFBIG:
		return FETCH_TOO_LARGE;
	default:
		return FETCH_FAILED;
	}
}

static void fetch(struct fetcher *f, const struct build_id *id, struct fetch_answer *ret)
{
	_cleanup_close_ int fd = f->library.find_debuginfo(f->client, id->bytes, id->n_bytes, NULL);
	int r;

	*ret = (struct fetch_answer){ .status = FETCH_FOUND };
	if (fd < 0) {
		ret->status = status_of(-fd);
		snprintf(ret->reason, sizeof(ret->reason), "%s", strerrordesc_np(-fd));
		return;
	}
	r = fetch_cache_prune(f->cache_path, f->limit_bytes, id);
	if (r < 0) {
		ret->status = FETCH_FAILED;
		snprintf(ret->reason, sizeof(ret->reason), "making room: %s", strerrordesc_np(-r));
	}
}

int fetcher_main(int argc, char **argv)
{
	struct fetcher f = {};
	struct fetch_answer answer;
	struct build_id id;
	const char *step;
	int r;

	prctl(PR_SET_NAME, "cpuhound-fetch"); /* /proc/self/exe would make it "exe" */
	r = prepare(&f, argc, argv, &step);
	if (say_hello(r, step) != 0 || r < 0)
		_exit(EXIT_FAILURE);
	for (;;) {
		r = fetch_receive_order(CHILD_SOCKET_FD, &id);
		if (r != 0)
			break;
		fetch(&f, &id, &answer);
		r = fetch_send_answer(CHILD_SOCKET_FD, &answer);
		if (r != 0)
			break;
	}
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
