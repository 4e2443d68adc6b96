// SPDX-License-Identifier: Apache-2.0
#include "agent/workloads.h"

#include <string.h>
#include <sys/epoll.h>

#include "agent/config.h"
#include "agent/modules.h"
#include "agent/workload-table.h"
#include "common/clock.h"
#include "common/log.h"
#include "symbolizer/debug-need.h"
#include "symbolizer/indexer-client.h"
#include "symbolizer/indexer.h"
#include "workload/cgroup.h"
#include "workload/names.h"
#include "workload/process.h"
#include "workload/relabel.h"
#include "workload/service-rules.h"

#define LANE_IDLE_NS (10 * NS_PER_S)
#define MAX_QUEUE 64                        /* questions that wait for the indexer; the others wait for their turn */
#define PATHS_LIMIT_BYTES ((size_t)4 << 20) /* of executables and cgroups */
#define IDLE_SWEEPS 3 /* for which a workload is kept though no window names it: it will be back */

/* -- what workloads point to -- */

static int note_path(struct workloads *w, struct place *place)
{
	const struct cgroup *cgroup = place->path ? NULL : cgroups_find(w->config.cgroups, place->cgroup_id);
	int r;

	if (!cgroup)
		return 0;
	r = name_get(w->paths, cgroup->path, strlen(cgroup->path), &place->path);
	place->container.identity = cgroup->identity;
	return r == -ENOSPC ? 0 : r;
}

static int get_place(struct workloads *w, uint64_t cgroup_id, struct place **ret)
{
	struct place *place = NULL;

	HASH_FIND(hh, w->places, &cgroup_id, sizeof(cgroup_id), place);
	if (!place) {
		place = calloc(1, sizeof(*place));
		if (!place)
			return -ENOMEM;
		place->cgroup_id = cgroup_id;
		HASH_ADD(hh, w->places, cgroup_id, sizeof(place->cgroup_id), place);
		if (!place->hh.tbl) {
			free(place);
			return -ENOMEM;
		}
	}
	place->refs++;
	*ret = place;
	return note_path(w, place);
}

static void unref_place(struct workloads *w, struct place *place)
{
	if (!place || --place->refs > 0)
		return;
	HASH_DEL(w->places, place);
	container_names_forget(&w->containers, &place->container);
	name_unref(w->paths, place->path);
	free(place);
}

static int get_program(struct workloads *w, uint64_t lineage, struct program **ret)
{
	struct program *program = NULL;

	HASH_FIND(hh, w->by_lineage, &lineage, sizeof(lineage), program);
	if (!program) {
		program = calloc(1, sizeof(*program));
		if (!program)
			return -ENOMEM;
		program->lineage = lineage;
		HASH_ADD(hh, w->by_lineage, lineage, sizeof(program->lineage), program);
		if (!program->hh.tbl) {
			free(program);
			return -ENOMEM;
		}
	}
	program->refs++;
	*ret = program;
	return 0;
}

static void unref_program(struct workloads *w, struct program *program)
{
	if (!program || --program->refs > 0)
		return;
	HASH_DEL(w->by_lineage, program);
	program_facts_forget(&w->programs, &program->fact);
	free(program);
}

static void key_done(struct workloads *w, struct key *key)
{
	unref_place(w, key->place);
	unref_program(w, key->program);
	name_unref(w->paths, key->exe);
}

static bool asks_programs(const struct workloads *w)
{
	return w->programs.reads_cmdline || w->programs.reads_environment;
}

/* Also where it fails, key_done() ends it. A path that finds no room is not known. */
static int key_init(struct workloads *w, const struct workload_sighting *seen, struct key *key)
{
	int r;

	memset(key, 0, sizeof(*key));
	memcpy(key->comm, seen->comm, sizeof(key->comm));
	if (seen->exe_module != MODULE_NONE)
		key->exe_handle = modules_handle(w->config.modules, seen->exe_module);
	r = get_place(w, seen->cgroup_id, &key->place);
	if (r == 0 && seen->process && asks_programs(w))
		r = get_program(w, seen->process->lineage, &key->program);
	if (r == 0 && seen->exe)
		r = name_get(w->paths, seen->exe, strlen(seen->exe), &key->exe);
	return r == -ENOSPC ? 0 : r;
}

/* -- the table -- */

static void workload_free(struct workloads *w, struct workload *one)
{
	HASH_DEL(w->all, one);
	w->by_number[one->number] = NULL;
	workload_forget_labels(one);
	key_done(w, &one->key);
	free(one);
}

static bool find_number(struct workloads *w, uint32_t *ret)
{
	for (uint32_t i = 0; i < WORKLOADS_MAX && HASH_COUNT(w->all) < WORKLOADS_MAX; i++) {
		uint32_t number = (w->next_number + i) % WORKLOADS_MAX;

		if (w->by_number[number])
			continue;
		w->next_number = number + 1;
		*ret = number;
		return true;
	}
	return false;
}

/* Takes over what the key points to when it succeeds. */
static int workload_new(struct workloads *w, const struct key *key, uint32_t number, struct workload **ret)
{
	struct workload *one = calloc(1, sizeof(*one));

	if (!one)
		return -ENOMEM;
	one->key = *key;
	one->number = number;
	HASH_ADD(hh, w->all, key, sizeof(one->key), one);
	if (!one->hh.tbl) {
		free(one);
		return -ENOMEM;
	}
	w->by_number[number] = one;
	*ret = one;
	return 0;
}

static int ask(struct workloads *w, struct workload *one, uint32_t tgid, uint64_t now_ns)
{
	int r = note_path(w, one->key.place);

	if (r == 0)
		r = container_names_want(&w->containers, &one->key.place->container, now_ns);
	if (r == 0 && one->key.program)
		r = program_facts_want(&w->programs, &one->key.program->fact, tgid);
	return r;
}

int workloads_add(struct workloads *w, const struct workload_sighting *seen, uint64_t now_ns, uint32_t *ret)
{
	struct workload *one = NULL;
	uint32_t number;
	struct key key;
	int r;

	r = key_init(w, seen, &key);
	if (r == 0)
		HASH_FIND(hh, w->all, &key, sizeof(key), one);
	if (r == 0 && !one && find_number(w, &number)) {
		r = workload_new(w, &key, number, &one);
		if (r == 0)
			memset(&key, 0, sizeof(key));
	}
	key_done(w, &key);
	if (r < 0)
		return r;
	if (!one) {
		w->n_no_room++;
		*ret = WORKLOAD_NO_ROOM;
		return 0;
	}
	*ret = one->number;
	return ask(w, one, seen->tgid, now_ns);
}

void workloads_keep(struct workloads *w, uint32_t number)
{
	if (w->by_number[number])
		w->by_number[number]->is_kept = true;
}

void workloads_sweep(struct workloads *w)
{
	for (uint32_t i = WORKLOAD_NO_ROOM + 1; i < WORKLOADS_MAX; i++) {
		struct workload *one = w->by_number[i];

		if (!one)
			continue;
		one->n_idle_sweeps = one->is_kept ? 0 : one->n_idle_sweeps + 1;
		one->is_kept = false;
		if (one->n_idle_sweeps > IDLE_SWEEPS)
			workload_free(w, one);
	}
}

/* -- the whole -- */

int workloads_configure(struct workloads *w, const struct config *config)
{
	_cleanup_(buf_done) struct buf variables = {};
	struct program_facts *p = &w->programs;
	struct workload *one, *next;
	int r = 0;

	if (config && config->workload.read_environment)
		r = service_rules_add_variables(config->service_rules, &variables);
	if (r < 0)
		return r;
	if (variables.size >= DEBUG_NEED_NAME_BYTES)
		log_warning("service rules ask for more variables than can be read: the last are ignored");
	w->rules = config;
	w->containers.api_paths[RUNTIME_DOCKER] = config ? config->workload.docker_socket ?: "" : "";
	w->containers.api_paths[RUNTIME_CRI] = config ? config->workload.cri_socket ?: "" : "";
	p->reads_environment = config && config->workload.read_environment;
	p->reads_cmdline = config && service_rules_ask_for_cmdline(config->service_rules);
	free(p->variables);
	p->variables = take_ptr(variables.data);
	HASH_ITER (hh, w->all, one, next)
		workload_forget_labels(one);
	return 0;
}

static int init_lane(struct workloads *w)
{
	static char program[] = "cpuhound", command[] = INDEXER_COMMAND;
	static char *const argv[] = { program, command, NULL };
	const struct indexer_client_config lane = {
		.path = w->config.indexer_path ?: "/proc/self/exe",
		.argv = w->config.indexer_argv ?: argv,
		.max_queue = MAX_QUEUE,
		.idle_ns = LANE_IDLE_NS,
	};
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0)
		return -errno;
	r = indexer_client_new(&lane, &w->lane);
	if (r < 0)
		return r;
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, indexer_client_fd(w->lane), &event) < 0 ? -errno : 0;
}

static int add_no_room(struct workloads *w)
{
	struct key key = {};
	struct workload *one;
	int r;

	r = name_get(w->paths, "[too many workloads]", strlen("[too many workloads]"), &key.exe);
	if (r == 0)
		r = workload_new(w, &key, WORKLOAD_NO_ROOM, &one);
	if (r < 0)
		key_done(w, &key);
	return r;
}

int workloads_new(const struct workloads_config *config, struct workloads **ret)
{
	_cleanup_(workloads_freep) struct workloads *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->config = *config;
	w->epoll = w->containers.host_root_fd = -1;
	w->containers.runtime = (struct runtime_socket)RUNTIME_SOCKET_NONE;
	r = names_new(PATHS_LIMIT_BYTES, &w->paths);
	if (r == 0)
		r = init_lane(w);
	if (r == 0)
		r = container_names_init(&w->containers, config->host_root, w->lane);
	if (r < 0)
		return r;
	program_facts_init(&w->programs, config->proc_fd, w->lane);
	r = add_no_room(w);
	if (r < 0)
		return r;
	*ret = take_ptr(w);
	return 0;
}

struct workloads *workloads_free(struct workloads *w)
{
	struct workload *one, *next;

	if (!w)
		return NULL;
	HASH_ITER (hh, w->all, one, next)
		workload_free(w, one);
	program_facts_done(&w->programs);
	container_names_done(&w->containers);
	indexer_client_free(w->lane);
	names_free(w->paths);
	close_fd(w->epoll);
	free(w);
	return NULL;
}

static int take_results(struct workloads *w, uint64_t now_ns)
{
	struct indexer_result result;
	int r = 0;

	while (r == 0 && indexer_client_take(w->lane, &result)) {
		if (result.job == INDEXER_ENVIRONMENT)
			r = program_facts_on_result(&w->programs, &result);
		else
			r = container_names_on_result(&w->containers, &result, now_ns);
		indexer_result_done(&result);
	}
	return r;
}

static int watch_runtime(struct workloads *w)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = w->containers.runtime.fd;

	if (fd < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST)
		return 0;
	return -errno;
}

int workloads_dispatch(struct workloads *w, uint64_t now_ns)
{
	int r;

	r = indexer_client_dispatch(w->lane);
	if (r == 0)
		r = take_results(w, now_ns);
	if (r == 0)
		r = container_names_dispatch(&w->containers, now_ns);
	if (r == 0)
		r = watch_runtime(w);
	return r == 0 && workloads_n_pending(w) ? indexer_client_dispatch(w->lane) : r;
}

int workloads_fd(const struct workloads *w)
{
	return w->epoll;
}

int workloads_timeout_ms(const struct workloads *w, uint64_t now_ns)
{
	const struct runtime_socket *runtime = &w->containers.runtime;
	int lane_ms = indexer_client_timeout_ms(w->lane);

	return runtime->fd < 0 ? lane_ms : clock_sooner_ms(lane_ms, clock_ms_until(runtime->deadline_ns, now_ns));
}

struct workloads_stats workloads_stats(const struct workloads *w)
{
	return (struct workloads_stats){
		.n = HASH_COUNT(w->all) - 1,
		.n_no_room = w->n_no_room,
		.n_told = w->containers.n_told,
		.n_untold = w->containers.n_untold,
		.n_unanswered = w->containers.n_unanswered,
		.n_relabel_given_up = w->rules && w->rules->relabel ? relabel_n_given_up(w->rules->relabel) : 0,
	};
}

struct child_keeper_stats workloads_indexer_stats(const struct workloads *w)
{
	return indexer_client_stats(w->lane);
}

pid_t workloads_indexer_pid(const struct workloads *w)
{
	return indexer_client_pid(w->lane);
}
