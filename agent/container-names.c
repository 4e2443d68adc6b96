// SPDX-License-Identifier: Apache-2.0
#include "agent/container-names.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <utlist.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/indexer-client.h"
#include "workload/container-files.h"

#define MAX_LOG_NAMES 4096 /* that are looked through: kubelet runs some hundred containers at most */

/* Where the host's files lie: where init lives, which is also right in a container that shares the host's processes. */
static int open_host_root(const char *given)
{
	const char *const roots[] = { given, given ? NULL : "/proc/1/root", given ? NULL : "/host", "/" };
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(roots); i++)
		if (roots[i])
			fd = open(roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int container_names_init(struct container_names *names, const char *host_root, struct indexer_client *lane)
{
	*names = (struct container_names){
		.host_root_fd = open_host_root(host_root),
		.lane = lane,
		.runtime = RUNTIME_SOCKET_NONE,
		.api_paths = { [RUNTIME_DOCKER] = "", [RUNTIME_CRI] = "" },
	};
	return names->host_root_fd < 0 ? names->host_root_fd : 0;
}

void container_names_done(struct container_names *names)
{
	runtime_socket_done(&names->runtime);
	names->host_root_fd = close_fd(names->host_root_fd);
}

static int put(struct container_name *c, enum container_fact fact, const char *text, size_t size)
{
	if (c->texts[fact] || size == 0)
		return 0; /* the place that was looked at before knows better */
	c->texts[fact] = strndup(text, size);
	return c->texts[fact] ? 0 : -ENOMEM;
}

/* Of the pod's own container only the labels are the container's too. */
static int put_all(struct container_name *c, const struct container_facts *facts)
{
	int r = 0;

	for (enum container_fact i = 0; r == 0 && i < CONTAINER_FACT_N; i++)
		if (!c->is_sandbox_asked || i == CONTAINER_FACT_APP || i == CONTAINER_FACT_VERSION)
			r = put(c, i, facts->texts[i], strnlen(facts->texts[i], CONTAINER_FACT_BYTES));
	return r;
}

static void set_pending(struct container_names *names, struct container_name *c, bool is_pending)
{
	if (c->is_pending == is_pending)
		return;
	c->is_pending = is_pending;
	if (is_pending) {
		DL_APPEND(names->pending, c);
		names->n_pending++;
	} else {
		DL_DELETE(names->pending, c);
		names->n_pending--;
	}
}

/* Takes fd. -EAGAIN: the lane is full. */
static int ask_indexer(struct container_names *names, struct container_name *c, enum indexer_job job, const char *id,
		       int fd)
{
	int r = indexer_client_submit(names->lane, job, ++names->last_tag, fd, id);

	if (r < 0)
		return r;
	c->tag = names->last_tag;
	c->is_asked = true;
	return 0;
}

/* The identity whose files are looked for. */
static struct cgroup_identity wanted(const struct container_name *c)
{
	struct cgroup_identity who = c->identity;

	if (c->is_sandbox_asked)
		strcpy(who.container_id, c->texts[CONTAINER_FACT_SANDBOX]);
	return who;
}

/* The next file that is there, if any. */
static int ask_files(struct container_names *names, struct container_name *c)
{
	const struct cgroup_identity who = wanted(c);
	char path[CONTAINER_FILE_PATH_BYTES];
	int fd, r = 0;

	for (; r == 0 && !c->is_asked && container_files_path(&who, c->n_places, path); c->n_places += r == 0)
		if (fs_open_in_root(names->host_root_fd, path, &fd) == 0)
			r = ask_indexer(names, c, INDEXER_CONTAINER, who.container_id, fd);
	return r;
}

static int take_log_name(struct container_name *c, const char *name)
{
	struct container_log_name parts;
	int r;

	if (!container_log_name_parse(name, c->identity.container_id, &parts))
		return 0;
	r = put(c, CONTAINER_FACT_NAME, parts.container, parts.container_size);
	if (r == 0)
		r = put(c, CONTAINER_FACT_POD, parts.pod, parts.pod_size);
	return r == 0 ? put(c, CONTAINER_FACT_NAMESPACE, parts.namespace, parts.namespace_size) : r;
}

static int read_log_names(struct container_names *names, struct container_name *c)
{
	_cleanup_close_ int dir_fd = -1;
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	c->are_logs_read = true;
	if (fs_open_dir_in_root(names->host_root_fd, CONTAINER_LOGS_DIR, &dir_fd) != 0 || fs_open_dir(dir_fd, &dir) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < MAX_LOG_NAMES && (entry = readdir(dir)); i++)
		r = take_log_name(c, entry->d_name);
	closedir(dir);
	return r;
}

static bool may_know(enum runtime_api api, enum container_runtime runtime)
{
	switch (runtime) {
	case CONTAINER_OCI:
	case CONTAINER_DOCKER: /* a kubelet may run it by CRI */
		return true;
	case CONTAINER_ECS:
		return api == RUNTIME_DOCKER;
	case CONTAINER_CONTAINERD:
	case CONTAINER_CRIO:
		return api == RUNTIME_CRI;
	default:
		return false;
	}
}

/* Where a runtime is not there, the next round may find it. */
static int ask_runtimes(struct container_names *names, struct container_name *c, uint64_t now_ns)
{
	for (; !c->is_asked && c->n_apis < RUNTIME_API_N; c->n_apis++) {
		enum runtime_api api = (enum runtime_api)c->n_apis;
		int r;

		if (!names->api_paths[api][0] || !may_know(api, c->identity.runtime))
			continue;
		if (names->runtime.fd >= 0 || names->asks_runtime)
			return -EAGAIN;
		r = runtime_socket_ask(&names->runtime, api, names->api_paths[api], c->identity.container_id, now_ns);
		names->n_unanswered += r < 0;
		if (r < 0)
			continue;
		c->is_asked = true;
		names->asks_runtime = c;
	}
	return 0;
}

/* Nobody is left to ask; the next rounds come after 1, 5 and 25 s. */
static void end_round(struct container_names *names, struct container_name *c, uint64_t now_ns)
{
	static const uint64_t pauses_ns[] = { NS_PER_S, 5 * NS_PER_S, 25 * NS_PER_S };

	set_pending(names, c, false);
	c->next_ns = UINT64_MAX;
	if (c->texts[CONTAINER_FACT_NAME])
		names->n_told++;
	else if (c->n_rounds < ARRAY_SIZE(pauses_ns))
		c->next_ns = now_ns + pauses_ns[c->n_rounds];
	else
		names->n_untold++;
	c->n_rounds++;
	c->n_places = c->n_apis = 0;
	c->are_logs_read = false;
}

static bool wants_sandbox(const struct container_name *c)
{
	const char *sandbox = c->texts[CONTAINER_FACT_SANDBOX];

	return sandbox && c->texts[CONTAINER_FACT_NAME] && !c->texts[CONTAINER_FACT_APP] && !c->is_sandbox_asked &&
	       strcmp(sandbox, c->identity.container_id) != 0 && strlen(sandbox) < CONTAINER_ID_SIZE &&
	       !strchr(sandbox, '/');
}

/* Asks whoever comes next. Where there is no room to ask now, the next dispatch tries again. */
static int ask_next(struct container_names *names, struct container_name *c, uint64_t now_ns)
{
	bool is_named = c->texts[CONTAINER_FACT_NAME];
	int r = 0;

	if (wants_sandbox(c)) {
		c->is_sandbox_asked = true;
		c->n_places = 0;
	}
	if (!is_named || (c->is_sandbox_asked && !c->texts[CONTAINER_FACT_APP]))
		r = ask_files(names, c);
	if (r == 0 && !is_named && !c->is_asked && !c->are_logs_read)
		r = read_log_names(names, c);
	if (r == 0 && !c->texts[CONTAINER_FACT_NAME] && !c->is_asked)
		r = ask_runtimes(names, c, now_ns);
	if (r == 0 && !c->is_asked)
		end_round(names, c, now_ns);
	return r == -EAGAIN ? 0 : r;
}

int container_names_want(struct container_names *names, struct container_name *c, uint64_t now_ns)
{
	enum container_runtime runtime = c->identity.runtime;

	if (runtime == CONTAINER_NONE || runtime == CONTAINER_LXC || runtime == CONTAINER_NSPAWN)
		return 0; /* the id is the name */
	if (c->is_pending || now_ns < c->next_ns)
		return 0;
	set_pending(names, c, true);
	return ask_next(names, c, now_ns);
}

void container_names_forget(struct container_names *names, struct container_name *c)
{
	set_pending(names, c, false);
	if (names->asks_runtime == c)
		names->asks_runtime = NULL;
	for (enum container_fact i = 0; i < CONTAINER_FACT_N; i++)
		free(c->texts[i]);
}

static struct container_name *find_asked(struct container_names *names, uint64_t tag)
{
	struct container_name *c;

	DL_FOREACH (names->pending, c)
		if (c->is_asked && c->tag == tag)
			return c;
	return NULL;
}

int container_names_on_result(struct container_names *names, const struct indexer_result *result, uint64_t now_ns)
{
	struct container_name *c = find_asked(names, result->tag);
	struct container_facts facts;
	int r = 0;

	if (!c)
		return 0; /* it has gone meanwhile */
	c->is_asked = false;
	c->tag = 0;
	if (names->asks_runtime == c) {
		names->asks_runtime = NULL;
		names->n_unanswered += result->status < 0 && result->status != -ENODATA;
	}
	if (result->status == 0 && fs_pread_all(result->index_fd, &facts, sizeof(facts), 0) == sizeof(facts))
		r = put_all(c, &facts);
	return r == 0 ? ask_next(names, c, now_ns) : r;
}

/* What a runtime has answered goes to the indexer. */
static int take_answer(struct container_names *names, uint64_t now_ns)
{
	struct container_name *c = names->asks_runtime;
	_cleanup_close_ int fd = -1;
	enum indexer_job job;
	int r = runtime_socket_take(&names->runtime, now_ns, &fd);

	if (r == RUNTIME_WAITING)
		return 0;
	names->n_unanswered += r < 0;
	if (!c)
		return 0;
	c->is_asked = false;
	job = names->runtime.api == RUNTIME_CRI ? INDEXER_CRI : INDEXER_CONTAINER;
	r = r == 0 ? ask_indexer(names, c, job, c->identity.container_id, take_fd(fd)) : 0;
	if (!c->is_asked)
		names->asks_runtime = NULL;
	return r;
}

int container_names_dispatch(struct container_names *names, uint64_t now_ns)
{
	struct container_name *c, *next;
	int r = 0;

	if (names->runtime.fd >= 0)
		r = take_answer(names, now_ns);
	if (r == -EAGAIN) /* the lane is full: the next round asks again */
		r = 0;
	DL_FOREACH_SAFE (names->pending, c, next)
		if (r == 0 && !c->is_asked)
			r = ask_next(names, c, now_ns);
	return r;
}
