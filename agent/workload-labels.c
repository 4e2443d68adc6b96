// SPDX-License-Identifier: Apache-2.0
/* What follows from what is known of a workload, by the configuration: whether it is left out, and its labels. */
#include <string.h>

#include "agent/config.h"
#include "agent/modules.h"
#include "agent/workload-filter.h"
#include "agent/workload-table.h"
#include "symbolizer/binary.h"
#include "workload/label-set.h"
#include "workload/relabel.h"
#include "workload/service.h"

void workload_forget_labels(struct workload *one)
{
	for (size_t i = 0; i < one->n_labels; i++) {
		free(one->labels[i].name);
		free(one->labels[i].value);
	}
	free(one->labels);
	one->labels = NULL;
	one->n_labels = 0;
	one->is_labelled = one->is_judged = false;
}

/* Where nothing can change any more what is known of it. */
static bool are_facts_settled(const struct workload *one)
{
	const struct place *place = one->key.place;
	const struct program *program = one->key.program;

	return (!place || (!place->container.is_pending &&
			   (place->container.next_ns == UINT64_MAX || place->container.next_ns == 0))) &&
	       (!program || !program->fact.is_pending);
}

/* "" while it is not known, or where there is none; *ret_is_settled: that is the last word. */
static void read_build_id(const struct workloads *w, const struct workload *one, char ret[static BUILD_ID_HEX_SIZE],
			  bool *ret_is_settled)
{
	uint32_t id = one->key.exe_handle ? modules_of_handle(w->config.modules, one->key.exe_handle) : MODULE_NONE;
	const struct module *module = id != MODULE_NONE ? modules_get(w->config.modules, id) : NULL;

	ret[0] = 0;
	*ret_is_settled =
		!module || (!module->is_waiting && (!module->binary || module->binary->state != BINARY_PENDING));
	if (module && module->binary && module->binary->state == BINARY_READY)
		build_id_to_hex(&module->binary->build_id, ret);
}

static const char *host_of(const struct workloads *w)
{
	return w->rules && w->rules->labels.host[0] ? w->rules->labels.host : w->config.host;
}

/* comm needs a NUL of its own. */
static struct workload_facts facts_of(const struct workloads *w, const struct workload *one, const char *comm,
				      const char *build_id)
{
	const struct place *place = one->key.place;
	const struct program *program = one->key.program;
	struct workload_facts facts = {
		.exe = one->key.exe,
		.comm = comm,
		.build_id = build_id,
		.host = host_of(w),
	};

	if (place && place->path) {
		facts.identity = &place->container.identity;
		facts.cgroup = place->path;
		facts.container = place->container.texts[CONTAINER_FACT_NAME];
		facts.image = place->container.texts[CONTAINER_FACT_IMAGE];
		facts.pod = place->container.texts[CONTAINER_FACT_POD];
		facts.namespace = place->container.texts[CONTAINER_FACT_NAMESPACE];
		facts.app = place->container.texts[CONTAINER_FACT_APP];
		facts.app_version = place->container.texts[CONTAINER_FACT_VERSION];
	}
	if (program) {
		facts.cmdline = program->fact.cmdline;
		facts.otel_service = program->fact.service_name;
		facts.otel_version = program->fact.service_version;
		facts.environment = (const char *const *)program->fact.variables;
		facts.n_environment = program->fact.n_variables;
	}
	return facts;
}

static void find_service(const struct workloads *w, const struct workload_facts *facts, struct service *ret)
{
	service_find(facts, w->rules ? w->rules->service_rules : NULL, ret);
}

static void judge(struct workloads *w, struct workload *one)
{
	char comm[sizeof(one->key.comm) + 1] = {};
	struct workload_facts facts;
	struct service service;
	bool is_settled = are_facts_settled(one);

	memcpy(comm, one->key.comm, sizeof(one->key.comm));
	facts = facts_of(w, one, comm, "");
	find_service(w, &facts, &service);
	one->verdict = workload_filter_judge(w->rules, &service, is_settled);
	one->is_judged = is_settled;
}

enum workload_verdict workloads_judge(struct workloads *w, uint32_t number)
{
	struct workload *one = w->by_number[number];

	if (!workload_filter_is_used(w->rules) || number == WORKLOAD_NO_ROOM)
		return WORKLOAD_KEPT;
	if (!one->is_judged)
		judge(w, one);
	return one->verdict == WORKLOAD_OUT && !one->is_judged ? WORKLOAD_UNDECIDED : one->verdict;
}

/* Rules may use up what only they may see, which is then gone. */
static int relabel(struct workloads *w, struct label_set *set, struct workload *one)
{
	int r = w->rules && w->rules->relabel ? relabel_apply(w->rules->relabel, set) : 0;

	one->is_dropped = r == RELABEL_DROPPED;
	for (size_t i = set->n; i-- > 0;)
		if (strncmp(set->items[i].name, "__", 2) == 0)
			label_set_remove(set, set->items[i].name);
	return r < 0 ? r : 0;
}

static int take_labels(struct label_set *set, struct workload *one)
{
	_Static_assert(LABEL_SET_MAX == WORKLOAD_MAX_LABELS, "all of them");
	one->labels = calloc(set->n + 1, sizeof(*one->labels));
	if (!one->labels)
		return -ENOMEM;
	for (; one->n_labels < set->n; one->n_labels++)
		one->labels[one->n_labels] = (struct workload_label){
			.name = set->items[one->n_labels].name,
			.value = set->items[one->n_labels].value,
		};
	set->n = 0;
	return 0;
}

/* The label set has an end of its own: its texts move to the workload. */
static int name(struct workloads *w, struct workload *one)
{
	_cleanup_(label_set_done) struct label_set set = {};
	char comm[sizeof(one->key.comm) + 1] = {}, build_id[BUILD_ID_HEX_SIZE];
	struct workload_facts facts;
	struct service service;
	bool is_settled;
	int r = 0;

	workload_forget_labels(one);
	memcpy(comm, one->key.comm, sizeof(one->key.comm));
	read_build_id(w, one, build_id, &is_settled);
	facts = facts_of(w, one, comm, build_id);
	find_service(w, &facts, &service);
	one->verdict = workload_filter_judge(w->rules, &service, true);
	if (w->rules)
		r = label_set_copy(w->rules->static_labels, &set);
	if (r == 0)
		r = service_add_labels(&facts, &service, &set);
	if (r == 0)
		r = relabel(w, &set, one);
	if (r == 0)
		r = take_labels(&set, one);
	one->is_labelled = r == 0 && is_settled && are_facts_settled(one);
	return r;
}

int workloads_labels(struct workloads *w, uint32_t number, const struct workload_label **ret, size_t *ret_n)
{
	struct workload *one = w->by_number[number];
	int r = one->is_labelled ? 0 : name(w, one);

	if (r < 0)
		return r;
	if (one->is_dropped || (one->verdict != WORKLOAD_KEPT && number != WORKLOAD_NO_ROOM))
		return WORKLOAD_LEFT_OUT;
	*ret = one->labels;
	*ret_n = one->n_labels;
	return 0;
}

bool workloads_tells_pid(const struct workloads *w)
{
	return w->rules && w->rules->optional_labels.pid;
}

bool workloads_tells_tid(const struct workloads *w)
{
	return w->rules && w->rules->optional_labels.tid;
}

static bool is_awaited(const struct workload *one)
{
	return (one->key.place && one->key.place->container.is_pending) ||
	       (one->key.program && one->key.program->fact.is_pending);
}

bool workloads_is_named(const struct workloads *w, uint32_t number)
{
	return !is_awaited(w->by_number[number]);
}

size_t workloads_n_pending(const struct workloads *w)
{
	return w->containers.n_pending + w->programs.n_pending;
}
