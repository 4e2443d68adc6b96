// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup: whose a path is. The path is read component by component from the outside in; every container found
 * replaces the one around it, so that the innermost wins (docker in docker, Kubernetes in docker).
 * What runtimes call their cgroups is data: a new one is a row here and a line in the test.
 */
#include "workload/cgroup.h"

#include <string.h>

struct text {
	const char *s;
	size_t size;
};

/* What a container may be called. */
enum id_form {
	ID_HEX64,    /* what most runtimes make */
	ID_BUILDKIT, /* 25 of [a-z0-9] */
	ID_HEX_OR_BUILDKIT,
	ID_ECS,       /* HEX64, or 32 hex digits, a dash and a number */
	ID_NAME,      /* chosen by people */
	ID_UNIT_NAME, /* chosen by people, escaped as in a unit's name */
	ID_NONE,      /* looks like a container and is none */
};

/* One component of the path. First match wins. */
static const struct name_rule {
	const char *prefix, *suffix;
	enum id_form form;
	enum container_runtime runtime;
} name_rules[] = {
	{ "docker-", ".scope", ID_HEX_OR_BUILDKIT, CONTAINER_DOCKER },
	{ "cri-containerd-", ".scope", ID_HEX64, CONTAINER_CONTAINERD },
	{ "cri-containerd-", "", ID_HEX64, CONTAINER_CONTAINERD },
	{ "nerdctl-", ".scope", ID_HEX64, CONTAINER_CONTAINERD },
	{ "crio-", ".scope", ID_HEX64, CONTAINER_CRIO },
	{ "crio-", "", ID_HEX64, CONTAINER_CRIO },
	{ "libpod-payload-", "", ID_HEX64, CONTAINER_PODMAN },
	{ "libpod-", ".scope", ID_HEX64, CONTAINER_PODMAN },
	{ "libpod-", "", ID_HEX64, CONTAINER_PODMAN },
	{ "lxc.payload.", "", ID_NAME, CONTAINER_LXC },
	{ "systemd-nspawn@", ".service", ID_UNIT_NAME, CONTAINER_NSPAWN },
	{ "machine-qemu\\x2d", ".scope", ID_NONE, CONTAINER_NONE }, /* libvirt's virtual machines */
	{ "machine-lxc\\x2d", ".scope", ID_UNIT_NAME, CONTAINER_LXC },
	{ "machine-", ".scope", ID_UNIT_NAME, CONTAINER_NSPAWN },
};

/* A component below one with a given name. First match wins. */
static const struct parent_rule {
	const char *parent;
	enum id_form form;
	enum container_runtime runtime;
} parent_rules[] = {
	{ "docker", ID_HEX64, CONTAINER_DOCKER }, { "buildkit", ID_BUILDKIT, CONTAINER_DOCKER },
	{ "moby", ID_HEX64, CONTAINER_DOCKER },   { "k8s.io", ID_HEX64, CONTAINER_CONTAINERD },
	{ "lxc", ID_NAME, CONTAINER_LXC },        { "lxc.payload", ID_NAME, CONTAINER_LXC },
};

/* SLICE:RUNTIME:ID, which a runtime writes when it takes a path for systemd's to be one of cgroupfs. */
static const struct colon_rule {
	const char *name;
	enum container_runtime runtime;
} colon_rules[] = {
	{ "docker", CONTAINER_DOCKER },      { "cri-containerd", CONTAINER_CONTAINERD },
	{ "nerdctl", CONTAINER_CONTAINERD }, { "crio", CONTAINER_CRIO },
	{ "libpod", CONTAINER_PODMAN },
};

const char *container_runtime_to_string(enum container_runtime runtime)
{
	static const char *const names[] = {
		[CONTAINER_NONE] = "none", [CONTAINER_DOCKER] = "docker", [CONTAINER_CONTAINERD] = "containerd",
		[CONTAINER_CRIO] = "crio", [CONTAINER_PODMAN] = "podman", [CONTAINER_ECS] = "ecs",
		[CONTAINER_LXC] = "lxc",   [CONTAINER_NSPAWN] = "nspawn", [CONTAINER_OCI] = "oci",
	};

	return (size_t)runtime < ARRAY_SIZE(names) ? names[runtime] : "none";
}

static bool text_is(struct text t, const char *s)
{
	return t.size == strlen(s) && memcmp(t.s, s, t.size) == 0;
}

static bool cut_prefix(struct text *t, const char *prefix)
{
	size_t n = strlen(prefix);

	if (t->size < n || memcmp(t->s, prefix, n) != 0)
		return false;
	t->s += n;
	t->size -= n;
	return true;
}

static bool cut_suffix(struct text *t, const char *suffix)
{
	size_t n = strlen(suffix);

	if (t->size < n || memcmp(t->s + t->size - n, suffix, n) != 0)
		return false;
	t->size -= n;
	return true;
}

static bool is_made_of(struct text t, const char *characters)
{
	for (size_t i = 0; i < t.size; i++) {
		if (!t.s[i] || !strchr(characters, t.s[i]))
			return false;
	}
	return true;
}

static bool is_hex(struct text t, size_t size)
{
	return t.size == size && is_made_of(t, "0123456789abcdef");
}

static bool is_buildkit(struct text t)
{
	return t.size == 25 && is_made_of(t, "0123456789abcdefghijklmnopqrstuvwxyz");
}

static bool is_ecs(struct text t)
{
	if (is_hex(t, 64))
		return true;
	if (t.size < 34 || !is_hex((struct text){ t.s, 32 }, 32) || t.s[32] != '-')
		return false;
	return is_made_of((struct text){ t.s + 33, t.size - 33 }, "0123456789");
}

static bool has_form(struct text t, enum id_form form)
{
	switch (form) {
	case ID_HEX64:
		return is_hex(t, 64);
	case ID_BUILDKIT:
		return is_buildkit(t);
	case ID_HEX_OR_BUILDKIT:
		return is_hex(t, 64) || is_buildkit(t);
	case ID_ECS:
		return is_ecs(t);
	case ID_NAME:
	case ID_UNIT_NAME:
	case ID_NONE:
		return t.size > 0;
	}
	return false;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* systemd's \xHH at the start of s: the byte; -1: something else. A NUL stays written out. */
static int escaped_byte(const char *s, size_t size)
{
	int high, low;

	if (size < 4 || s[0] != '\\' || s[1] != 'x')
		return -1;
	high = hex_digit(s[2]);
	low = hex_digit(s[3]);
	return high < 0 || low < 0 || high + low == 0 ? -1 : 16 * high + low;
}

/* Copies with systemd's escapes undone. What does not fit leaves "" and false. */
static bool copy_unescaped(struct text from, char *ret, size_t ret_size)
{
	size_t n = 0;

	for (size_t i = 0; i < from.size; i++) {
		int byte = escaped_byte(from.s + i, from.size - i);

		if (n + 1 >= ret_size) {
			*ret = 0;
			return false;
		}
		ret[n++] = byte < 0 ? from.s[i] : (char)byte;
		if (byte >= 0)
			i += 3;
	}
	ret[n] = 0;
	return true;
}

static bool copy_text(struct text from, char *ret, size_t ret_size)
{
	if (from.size >= ret_size)
		return false;
	memcpy(ret, from.s, from.size);
	ret[from.size] = 0;
	return true;
}

static bool set_container(struct cgroup_identity *who, enum container_runtime runtime, struct text id,
			  enum id_form form)
{
	char name[CONTAINER_ID_SIZE];
	bool fits = form == ID_UNIT_NAME ? copy_unescaped(id, name, sizeof(name)) : copy_text(id, name, sizeof(name));

	if (!fits)
		return false;
	who->runtime = runtime;
	memcpy(who->container_id, name, strlen(name) + 1);
	return true;
}

/* Where we are in the path. */
struct walk {
	struct text parent;
	bool is_in_ecs; /* somewhere below /ecs */
	bool is_in_pod; /* right below a pod */
};

static bool match_name(struct text component, struct cgroup_identity *who)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_rules); i++) {
		const struct name_rule *rule = &name_rules[i];
		struct text id = component;

		if (!cut_prefix(&id, rule->prefix) || !cut_suffix(&id, rule->suffix) || !has_form(id, rule->form))
			continue;
		return rule->form != ID_NONE && set_container(who, rule->runtime, id, rule->form);
	}
	return false;
}

static bool match_parent(struct text component, struct text parent, struct cgroup_identity *who)
{
	for (size_t i = 0; i < ARRAY_SIZE(parent_rules); i++) {
		const struct parent_rule *rule = &parent_rules[i];

		if (text_is(parent, rule->parent) && has_form(component, rule->form))
			return set_container(who, rule->runtime, component, rule->form);
	}
	return false;
}

static bool match_colons(struct text component, struct cgroup_identity *who)
{
	const char *id_colon = memrchr(component.s, ':', component.size);
	struct text id, name, rest;
	const char *name_colon;

	if (!id_colon)
		return false;
	rest = (struct text){ component.s, (size_t)(id_colon - component.s) };
	id = (struct text){ id_colon + 1, component.size - rest.size - 1 };
	name_colon = memrchr(rest.s, ':', rest.size);
	if (!name_colon || !has_form(id, ID_HEX_OR_BUILDKIT))
		return false;
	name = (struct text){ name_colon + 1, (size_t)(id_colon - name_colon) - 1 };
	for (size_t i = 0; i < ARRAY_SIZE(colon_rules); i++) {
		if (text_is(name, colon_rules[i].name))
			return set_container(who, colon_rules[i].runtime, id, ID_HEX64);
	}
	return false;
}

/* An id whose place tells the runtime, or nothing but the id. */
static bool match_bare(struct text component, const struct walk *walk, struct cgroup_identity *who)
{
	if (walk->is_in_ecs && has_form(component, ID_ECS))
		return set_container(who, CONTAINER_ECS, component, ID_ECS);
	if (!has_form(component, ID_HEX64))
		return false;
	return set_container(who, walk->is_in_pod ? CONTAINER_CONTAINERD : CONTAINER_OCI, component, ID_HEX64);
}

static bool match_container(struct text component, const struct walk *walk, struct cgroup_identity *who)
{
	return match_name(component, who) || match_parent(component, walk->parent, who) ||
	       match_colons(component, who) || match_bare(component, walk, who);
}

/* 8-4-4-4-12 hex digits, with dashes or, in slices, underscores; a static pod has 32 digits without. */
static bool copy_pod_uid(struct text uid, char ret[static POD_UID_SIZE])
{
	char copy[POD_UID_SIZE];

	if (uid.size != 36 && uid.size != 32)
		return false;
	for (size_t i = 0; i < uid.size; i++) {
		bool is_dash = uid.size == 36 && (i == 8 || i == 13 || i == 18 || i == 23);

		if (is_dash ? uid.s[i] != '-' && uid.s[i] != '_' : hex_digit(uid.s[i]) < 0)
			return false;
		copy[i] = is_dash ? '-' : uid.s[i];
	}
	copy[uid.size] = 0;
	memcpy(ret, copy, sizeof(copy) - 36 + uid.size);
	return true;
}

/* podUID, or ...kubepods...-podUID.slice, also before a colon. */
static bool match_pod(struct text component, struct cgroup_identity *who)
{
	const char *colon = memchr(component.s, ':', component.size);
	const char *kubepods, *pod;

	if (colon)
		component.size = (size_t)(colon - component.s);
	if (!cut_suffix(&component, ".slice"))
		return cut_prefix(&component, "pod") && copy_pod_uid(component, who->pod_uid);
	kubepods = memmem(component.s, component.size, "kubepods", strlen("kubepods"));
	if (!kubepods)
		return false;
	component = (struct text){ kubepods, component.size - (size_t)(kubepods - component.s) };
	pod = memmem(component.s, component.size, "-pod", strlen("-pod"));
	if (!pod)
		return false;
	component = (struct text){ pod + 4, component.size - (size_t)(pod - component.s) - 4 };
	return copy_pod_uid(component, who->pod_uid);
}

/* systemd puts an underscore before a name that could be taken for a file of the kernel. */
static void match_unit(struct text component, struct cgroup_identity *who)
{
	struct text stem = component;

	if (!cut_suffix(&stem, ".service") && !cut_suffix(&stem, ".scope"))
		return;
	if (stem.size == 0)
		return;
	cut_prefix(&component, "_");
	copy_unescaped(component, who->unit, sizeof(who->unit));
}

/* The container's own scope tells no more than the container; nspawn's service was started as a unit. */
static bool is_own_scope(struct text component)
{
	return cut_suffix(&component, ".scope");
}

/* The process that runs the container, beside its payload. */
static bool is_nspawn_itself(struct text component, struct text parent)
{
	return text_is(component, "supervisor") && cut_prefix(&parent, "systemd-nspawn@");
}

static void visit(struct text component, struct walk *walk, struct cgroup_identity *who)
{
	bool is_container = match_container(component, walk, who);

	if (is_nspawn_itself(component, walk->parent)) {
		who->runtime = CONTAINER_NONE;
		who->container_id[0] = 0;
	}
	if (!is_container || !is_own_scope(component))
		match_unit(component, who);
	walk->is_in_pod = match_pod(component, who);
	walk->is_in_ecs = !is_container && (walk->is_in_ecs || text_is(component, "ecs"));
	walk->parent = component;
}

void cgroup_identify(const char *path, struct cgroup_identity *ret)
{
	struct cgroup_identity who = {};
	struct walk walk = { .parent = { "", 0 } };

	for (const char *p = path; *p;) {
		size_t size = strcspn(p, "/");

		if (size > 0)
			visit((struct text){ p, size }, &walk, &who);
		p += size + (p[size] == '/');
	}
	*ret = who;
}
