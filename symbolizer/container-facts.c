// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/container-facts.h"

#include <stdbool.h>
#include <string.h>

#include "symbolizer/cri.pb-c.h"
#include "symbolizer/json-reader.h"

/* Labels and annotations that tell something. Of several that tell the same, the first here wins. */
static const struct label_rule {
	const char *key;
	enum container_fact fact;
} label_rules[] = {
	{ "io.kubernetes.cri.container-name", CONTAINER_FACT_NAME }, /* containerd */
	{ "io.kubernetes.container.name", CONTAINER_FACT_NAME },     /* CRI-O, cri-dockerd */
	{ "com.amazonaws.ecs.container-name", CONTAINER_FACT_NAME },
	{ "nerdctl/name", CONTAINER_FACT_NAME },
	{ "io.kubernetes.cri.image-name", CONTAINER_FACT_IMAGE },
	{ "io.kubernetes.cri-o.ImageName", CONTAINER_FACT_IMAGE },
	{ "io.kubernetes.cri.sandbox-name", CONTAINER_FACT_POD },
	{ "io.kubernetes.pod.name", CONTAINER_FACT_POD },
	{ "io.kubernetes.cri.sandbox-namespace", CONTAINER_FACT_NAMESPACE },
	{ "io.kubernetes.pod.namespace", CONTAINER_FACT_NAMESPACE },
	{ "app.kubernetes.io/name", CONTAINER_FACT_APP },
	{ "app", CONTAINER_FACT_APP },
	{ "k8s-app", CONTAINER_FACT_APP },
	{ "com.docker.swarm.service.name", CONTAINER_FACT_APP },
	{ "com.docker.compose.service", CONTAINER_FACT_APP },
	{ "com.amazonaws.ecs.task-definition-family", CONTAINER_FACT_APP },
	{ "app.kubernetes.io/version", CONTAINER_FACT_VERSION },
	{ "io.kubernetes.cri-o.SandboxID", CONTAINER_FACT_SANDBOX },
};
#define RANK_FIELD ARRAY_SIZE(label_rules) /* of what is told outside of labels: they know better */
#define RANK_NONE (RANK_FIELD + 1)

/* Labels as JSON in an annotation. */
#define NESTED_LABELS "io.kubernetes.cri-o.Labels"

struct parse {
	const char *id;
	bool is_other; /* in a list of containers: what comes is told of another one */
	size_t ranks[CONTAINER_FACT_N];
	struct container_facts facts;
};

static void put(struct parse *p, enum container_fact fact, size_t rank, const char *text)
{
	size_t size = strlen(text);

	if (rank >= p->ranks[fact] || size == 0 || size >= CONTAINER_FACT_BYTES)
		return;
	p->ranks[fact] = rank;
	memcpy(p->facts.texts[fact], text, size + 1);
}

static void put_label(struct parse *p, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(label_rules); i++)
		if (strcmp(label_rules[i].key, key) == 0)
			put(p, label_rules[i].fact, i, value);
}

/* KEY=VALUE, in runc's state.json. */
static void put_pair(struct parse *p, char *pair)
{
	char *equals = strchr(pair, '=');

	if (!equals)
		return;
	*equals = 0;
	put_label(p, pair, equals + 1);
}

typedef int (*on_string_fn)(struct parse *p, const struct json_reader *r);

static int walk(struct parse *p, const char *text, size_t size, on_string_fn on_string)
{
	_cleanup_(json_reader_done) struct json_reader r;
	int value, e = 0;

	json_reader_init(&r, text, size);
	while ((value = json_next(&r)) > 0 && e == 0)
		if (value == JSON_STRING)
			e = on_string(p, &r);
	return value < 0 ? value : e;
}

static int on_nested_label(struct parse *p, const struct json_reader *r)
{
	if (r->depth == 1)
		put_label(p, r->levels[0].key, r->string.data);
	return 0;
}

static int on_storage_metadata(struct parse *p, const struct json_reader *r)
{
	static const char *const image[] = { "image-name" };

	if (json_is_at(r, image, ARRAY_SIZE(image)))
		put(p, CONTAINER_FACT_IMAGE, RANK_FIELD, r->string.data);
	return 0;
}

/* Text in a text: what is wrong with it is no reason to refuse the rest. */
static int walk_nested(struct parse *p, const struct json_reader *r, on_string_fn on_string)
{
	int e = walk(p, r->string.data, r->string.size, on_string);

	return e == -ENOMEM ? e : 0;
}

static int on_annotation(struct parse *p, const struct json_reader *r, const char *key)
{
	put_label(p, key, r->string.data);
	return strcmp(key, NESTED_LABELS) == 0 ? walk_nested(p, r, on_nested_label) : 0;
}

/* One object in a list of containers; its id comes first. */
static int on_storage_string(struct parse *p, const struct json_reader *r)
{
	static const char *const id[] = { "", "id" }, *const name[] = { "", "names", "" },
				 *const metadata[] = { "", "metadata" };

	if (json_is_at(r, id, ARRAY_SIZE(id)))
		p->is_other = strcmp(r->string.data, p->id) != 0;
	else if (p->is_other)
		return 0;
	else if (json_is_at(r, name, ARRAY_SIZE(name)))
		put(p, CONTAINER_FACT_NAME, RANK_FIELD, r->string.data);
	else if (json_is_at(r, metadata, ARRAY_SIZE(metadata)))
		return walk_nested(p, r, on_storage_metadata);
	return 0;
}

static int on_string(struct parse *p, const struct json_reader *r)
{
	static const char *const docker_name[] = { "Name" }, *const docker_image[] = { "Config", "Image" },
				 *const runc_label[] = { "config", "labels", "" };
	const char *const annotation[] = { "annotations", r->levels[1].key };
	const char *const docker_label[] = { "Config", "Labels", r->levels[2].key };

	if (!r->levels[0].is_object)
		return on_storage_string(p, r);
	if (json_is_at(r, annotation, ARRAY_SIZE(annotation)))
		return on_annotation(p, r, annotation[1]);
	if (json_is_at(r, docker_label, ARRAY_SIZE(docker_label)))
		put_label(p, docker_label[2], r->string.data);
	else if (json_is_at(r, runc_label, ARRAY_SIZE(runc_label)))
		put_pair(p, r->string.data);
	else if (json_is_at(r, docker_name, ARRAY_SIZE(docker_name)))
		put(p, CONTAINER_FACT_NAME, RANK_FIELD, r->string.data + (r->string.data[0] == '/'));
	else if (json_is_at(r, docker_image, ARRAY_SIZE(docker_image)))
		put(p, CONTAINER_FACT_IMAGE, RANK_FIELD, r->string.data);
	return 0;
}

/* Behind the header of an HTTP answer; another text is left as it is. */
static const char *skip_http_header(const char *text, size_t *size)
{
	static const char http[] = "HTTP/1.", blank[] = "\r\n\r\n";
	const char *body;

	if (*size < strlen(http) || memcmp(text, http, strlen(http)) != 0)
		return text;
	body = memmem(text, *size, blank, strlen(blank));
	if (!body)
		return text;
	body += strlen(blank);
	*size -= (size_t)(body - text);
	return body;
}

static struct parse begin(const char *id)
{
	struct parse p = { .id = id, .is_other = true };

	for (size_t i = 0; i < CONTAINER_FACT_N; i++)
		p.ranks[i] = RANK_NONE;
	return p;
}

static int finish(const struct parse *p, struct container_facts *ret)
{
	for (size_t i = 0; i < CONTAINER_FACT_N; i++) {
		if (p->ranks[i] != RANK_NONE) {
			*ret = p->facts;
			return 0;
		}
	}
	return -ENODATA;
}

int container_facts_parse(const char *text, size_t size, const char *id, struct container_facts *ret)
{
	struct parse p = begin(id);
	int e;

	text = skip_http_header(text, &size);
	e = walk(&p, text, size, on_string);
	return e < 0 ? e : finish(&p, ret);
}

/* A kubelet asks for an image by its hash, which is no name. */
static void put_cri_image(struct parse *p, const char *name)
{
	if (strncmp(name, "sha256:", strlen("sha256:")) != 0)
		put(p, CONTAINER_FACT_IMAGE, RANK_FIELD, name);
}

static void put_cri_status(struct parse *p, const Cri__ContainerStatus *status)
{
	if (strcmp(status->id, p->id) != 0)
		return;
	for (size_t i = 0; i < status->n_labels; i++)
		put_label(p, status->labels[i]->key, status->labels[i]->value);
	for (size_t i = 0; i < status->n_annotations; i++)
		put_label(p, status->annotations[i]->key, status->annotations[i]->value);
	if (status->metadata)
		put(p, CONTAINER_FACT_NAME, RANK_FIELD, status->metadata->name);
	if (status->image) {
		put_cri_image(p, status->image->user_specified_image);
		put_cri_image(p, status->image->image);
	}
}

int container_facts_parse_cri(const uint8_t *message, size_t size, const char *id, struct container_facts *ret)
{
	struct parse p = begin(id);
	Cri__ContainerStatusResponse *response = cri__container_status_response__unpack(NULL, size, message);

	if (!response)
		return -EBADMSG;
	if (response->status)
		put_cri_status(&p, response->status);
	cri__container_status_response__free_unpacked(response, NULL);
	return finish(&p, ret);
}
