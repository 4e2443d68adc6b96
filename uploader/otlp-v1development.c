// SPDX-License-Identifier: Apache-2.0
#include "uploader/otlp-v1development.h"

#include <string.h>

#include "pprof/copier.h"
#include "pprof/message.h"
#include "pprof/pool.h"
#include "pprof/tables.h"
#include "uploader/otlp-v1development.pb-c.h"

enum {
	REQUEST_RESOURCE_PROFILES = 1,
	REQUEST_DICTIONARY = 2,

	RESOURCE_PROFILES_SCOPE_PROFILES = 2,
	SCOPE_PROFILES_PROFILES = 2,
	PROFILE_SAMPLES = 2,

	DICTIONARY_MAPPING = 1,
	DICTIONARY_LOCATION = 2,
	DICTIONARY_FUNCTION = 3,
	DICTIONARY_LINK = 4,
	DICTIONARY_STRING = 5,
	DICTIONARY_ATTRIBUTE = 6,
	DICTIONARY_STACK = 7,
};

/* Mappings, locations and functions have their place in the profile plus one: element 0 of a table stands for none. */
#define INDEX(pointer, array) ((int32_t)((pointer) - (array)) + 1)

struct encoder {
	const struct profile *p;
	struct pool strings;    /* all three have an empty record 0 */
	struct pool attributes; /* struct attribute_head and the string */
	struct pool stacks;     /* int32_t: locations */
	struct buf scratch;     /* a record for one of them */
	struct buf dictionary, profile;
	Otlp__Line *lines; /* as many as the largest location has */
	Otlp__Line **line_ptrs;
};

struct attribute_head {
	int32_t key;
	int32_t is_number;
	int64_t number;
};

static void encoder_done(struct encoder *e)
{
	pool_done(&e->strings);
	pool_done(&e->attributes);
	pool_done(&e->stacks);
	buf_done(&e->scratch);
	buf_done(&e->dictionary);
	buf_done(&e->profile);
	free(e->lines);
	free(e->line_ptrs);
}

static int init_pool(struct pool *p, size_t max_records, size_t max_bytes)
{
	uint32_t zero;
	int r = pool_init(p, max_records, max_bytes);

	return r < 0 ? r : pool_add(p, "", 0, &zero);
}

static int encoder_init(struct encoder *e)
{
	size_t n_lines = 1;
	int r;

	r = init_pool(&e->strings, PROFILE_MAX_STRINGS, PROFILE_MAX_STRINGS_BYTES);
	if (r == 0)
		r = init_pool(&e->attributes, PROFILE_MAX_LABEL_SETS, PROFILE_MAX_LABEL_SETS_BYTES);
	if (r == 0)
		r = init_pool(&e->stacks, PROFILE_MAX_SAMPLES, PROFILE_MAX_SAMPLES_BYTES);
	if (r < 0)
		return r;
	for (size_t i = 0; i < e->p->n_locations; i++)
		if (e->p->locations[i].n_lines > n_lines)
			n_lines = e->p->locations[i].n_lines;
	e->lines = calloc(n_lines, sizeof(*e->lines));
	e->line_ptrs = calloc(n_lines, sizeof(Otlp__Line *));
	if (!e->lines || !e->line_ptrs)
		return -ENOMEM;
	for (size_t i = 0; i < n_lines; i++)
		e->line_ptrs[i] = &e->lines[i];
	return 0;
}

static int add_string(struct encoder *e, const char *s, int32_t *ret)
{
	uint32_t number;
	int r = pool_add(&e->strings, s, strlen(s), &number);

	if (r == 0)
		*ret = (int32_t)number;
	return r;
}

/* -- attributes -- */

/* str NULL: a number. */
static int add_attribute(struct encoder *e, const char *key, const char *str, int64_t number, int32_t *ret)
{
	struct attribute_head head = { .is_number = !str, .number = str ? 0 : number };
	uint32_t index;
	int r;

	r = add_string(e, key, &head.key);
	if (r < 0)
		return r;
	buf_clear(&e->scratch);
	r = buf_add(&e->scratch, &head, sizeof(head));
	if (r == 0 && str)
		r = buf_add(&e->scratch, str, strlen(str) + 1);
	if (r == 0)
		r = pool_add(&e->attributes, e->scratch.data, e->scratch.size, &index);
	if (r == 0)
		*ret = (int32_t)index;
	return r;
}

static int encode_attribute(struct encoder *e, uint32_t number)
{
	Otlp__KeyValueAndUnit m = OTLP__KEY_VALUE_AND_UNIT__INIT;
	Otlp__AnyValue value = OTLP__ANY_VALUE__INIT;
	struct attribute_head head;
	size_t size;
	const char *record = pool_get(&e->attributes, number, &size);

	if (size > 0) {
		memcpy(&head, record, sizeof(head));
		m.key_strindex = head.key;
		value.value_case =
			head.is_number ? OTLP__ANY_VALUE__VALUE_INT_VALUE : OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		if (head.is_number)
			value.int_value = head.number;
		else
			value.string_value = (char *)record + sizeof(head);
		m.value = &value;
	}
	return message_add_field(&e->dictionary, DICTIONARY_ATTRIBUTE, &m.base);
}

/* -- mappings, functions, locations -- */

static int encode_mapping(struct encoder *e, const struct profile_map *map)
{
	Otlp__Mapping m = OTLP__MAPPING__INIT;
	int32_t build_id;
	int r;

	m.memory_start = map->start;
	m.memory_limit = map->limit;
	m.file_offset = map->file_offset;
	r = add_string(e, map->filename, &m.filename_strindex);
	if (r == 0 && *map->build_id) {
		r = add_attribute(e, "process.executable.build_id.gnu", map->build_id, 0, &build_id);
		m.attribute_indices = &build_id;
		m.n_attribute_indices = 1;
	}
	return r < 0 ? r : message_add_field(&e->dictionary, DICTIONARY_MAPPING, &m.base);
}

static int encode_function(struct encoder *e, const struct profile_function *f)
{
	Otlp__Function m = OTLP__FUNCTION__INIT;
	int r;

	r = add_string(e, f->name, &m.name_strindex);
	if (r == 0)
		r = add_string(e, f->system_name, &m.system_name_strindex);
	if (r == 0)
		r = add_string(e, f->filename, &m.filename_strindex);
	m.start_line = f->start_line;
	return r < 0 ? r : message_add_field(&e->dictionary, DICTIONARY_FUNCTION, &m.base);
}

/* The kernel's files have no path but a name in brackets; only the vDSO's code is the user's. */
static const char *frame_type(const struct profile_location *l)
{
	const char *filename = l->mapping->filename;

	return filename[0] == '[' && strcmp(filename, "[vdso]") != 0 ? "kernel" : "native";
}

static int encode_location(struct encoder *e, const struct profile_location *l)
{
	Otlp__Location m = OTLP__LOCATION__INIT;
	int32_t type;
	int r = 0;

	m.address = l->address;
	if (l->mapping) {
		m.mapping_index = INDEX(l->mapping, e->p->mappings);
		r = add_attribute(e, "profile.frame.type", frame_type(l), 0, &type);
		m.attribute_indices = &type;
		m.n_attribute_indices = 1;
	}
	for (size_t i = 0; i < l->n_lines; i++) {
		otlp__line__init(&e->lines[i]);
		if (l->lines[i].function)
			e->lines[i].function_index = INDEX(l->lines[i].function, e->p->functions);
		e->lines[i].line = l->lines[i].line;
	}
	m.lines = e->line_ptrs;
	m.n_lines = l->n_lines;
	return r < 0 ? r : message_add_field(&e->dictionary, DICTIONARY_LOCATION, &m.base);
}

static int encode_stack(struct encoder *e, uint32_t number)
{
	Otlp__Stack m = OTLP__STACK__INIT;
	size_t size;

	m.location_indices = (int32_t *)pool_get(&e->stacks, number, &size);
	m.n_location_indices = size / sizeof(int32_t);
	return message_add_field(&e->dictionary, DICTIONARY_STACK, &m.base);
}

/* -- the profile -- */

static int add_stack(struct encoder *e, const struct profile_sample *s, int32_t *ret)
{
	uint32_t number;
	int r = 0;

	buf_clear(&e->scratch);
	for (size_t i = 0; r == 0 && i < s->n_locations; i++) {
		int32_t index = INDEX(s->locations[i], e->p->locations);

		r = buf_add(&e->scratch, &index, sizeof(index));
	}
	if (r == 0)
		r = pool_add(&e->stacks, e->scratch.size ? e->scratch.data : "", e->scratch.size, &number);
	if (r == 0)
		*ret = (int32_t)number;
	return r;
}

static const char *attribute_key(const char *label)
{
	static const struct {
		const char *label, *attribute;
	} names[] = {
		{ "comm", "thread.name" },
		{ "tid", "thread.id" },
		{ "pid", "process.pid" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].label, label) == 0)
			return names[i].attribute;
	return label;
}

static int encode_sample(struct encoder *e, const struct profile_sample *s)
{
	_cleanup_free_ int32_t *attributes = calloc(s->n_labels + 1, sizeof(*attributes));
	Otlp__Sample m = OTLP__SAMPLE__INIT;
	int64_t count = s->values[COPIER_COUNT];
	int r;

	if (!attributes)
		return -ENOMEM;
	r = add_stack(e, s, &m.stack_index);
	for (size_t i = 0; r == 0 && i < s->n_labels; i++)
		r = add_attribute(e, attribute_key(s->labels[i].key), s->labels[i].str, s->labels[i].num,
				  &attributes[i]);
	m.attribute_indices = attributes;
	m.n_attribute_indices = s->n_labels;
	m.values = &count;
	m.n_values = 1;
	return r < 0 ? r : message_add_field(&e->profile, PROFILE_SAMPLES, &m.base);
}

/* What one sample stands for: where the frequency changed within the profile, on average, so that the sum is right. */
static int64_t mean_period(const struct profile *p)
{
	uint64_t count = 0, cpu_ns = 0;

	for (size_t i = 0; i < p->n_samples; i++) {
		count += (uint64_t)p->samples[i].values[COPIER_COUNT];
		cpu_ns += (uint64_t)p->samples[i].values[COPIER_CPU_NS];
	}
	return count ? (int64_t)((cpu_ns + count / 2) / count) : p->period;
}

static int encode_profile_head(struct encoder *e, const uint8_t *profile_id)
{
	Otlp__ValueType sample_type = OTLP__VALUE_TYPE__INIT, period_type = OTLP__VALUE_TYPE__INIT;
	Otlp__Profile m = OTLP__PROFILE__INIT;
	int r;

	r = add_string(e, "samples", &sample_type.type_strindex);
	if (r == 0)
		r = add_string(e, "count", &sample_type.unit_strindex);
	if (r == 0)
		r = add_string(e, "cpu", &period_type.type_strindex);
	if (r == 0)
		r = add_string(e, "nanoseconds", &period_type.unit_strindex);
	m.sample_type = &sample_type;
	m.period_type = &period_type;
	m.period = mean_period(e->p);
	m.time_unix_nano = (uint64_t)e->p->time_ns;
	m.duration_nano = (uint64_t)e->p->duration_ns;
	m.profile_id.data = (uint8_t *)profile_id;
	m.profile_id.len = 16;
	return r < 0 ? r : message_add(&e->profile, &m.base);
}

/* -- the whole -- */

static int encode_zeros(struct encoder *e)
{
	static const uint8_t zeros[16];
	Otlp__Mapping mapping = OTLP__MAPPING__INIT;
	Otlp__Location location = OTLP__LOCATION__INIT;
	Otlp__Function function = OTLP__FUNCTION__INIT;
	Otlp__Link link = OTLP__LINK__INIT;
	int r;

	link.trace_id = (ProtobufCBinaryData){ 16, (uint8_t *)zeros };
	link.span_id = (ProtobufCBinaryData){ 8, (uint8_t *)zeros };
	r = message_add_field(&e->dictionary, DICTIONARY_MAPPING, &mapping.base);
	if (r == 0)
		r = message_add_field(&e->dictionary, DICTIONARY_LOCATION, &location.base);
	if (r == 0)
		r = message_add_field(&e->dictionary, DICTIONARY_FUNCTION, &function.base);
	return r < 0 ? r : message_add_field(&e->dictionary, DICTIONARY_LINK, &link.base);
}

/* Strings come last: all the others bring some. */
static int encode_dictionary(struct encoder *e)
{
	const struct profile *p = e->p;
	int r = encode_zeros(e);

	for (size_t i = 0; r == 0 && i < p->n_mappings; i++)
		r = encode_mapping(e, &p->mappings[i]);
	for (size_t i = 0; r == 0 && i < p->n_locations; i++)
		r = encode_location(e, &p->locations[i]);
	for (size_t i = 0; r == 0 && i < p->n_functions; i++)
		r = encode_function(e, &p->functions[i]);
	for (uint32_t i = 0; r == 0 && i < e->stacks.n; i++)
		r = encode_stack(e, i);
	for (uint32_t i = 0; r == 0 && i < e->attributes.n; i++)
		r = encode_attribute(e, i);
	for (uint32_t i = 0; r == 0 && i < e->strings.n; i++) {
		size_t size;
		const char *s = pool_get(&e->strings, i, &size);

		r = message_add_bytes(&e->dictionary, DICTIONARY_STRING, s, size);
	}
	return r;
}

/* Appends the fields of ResourceProfiles but its profiles. */
static int add_resource(const struct series_labels *labels, struct buf *ret)
{
	Otlp__KeyValue items[SERIES_LABELS_MAX], *item_ptrs[SERIES_LABELS_MAX];
	Otlp__AnyValue values[SERIES_LABELS_MAX];
	Otlp__ResourceProfiles m = OTLP__RESOURCE_PROFILES__INIT;
	Otlp__Resource resource = OTLP__RESOURCE__INIT;

	for (size_t i = 0; i < labels->n; i++) {
		otlp__key_value__init(&items[i]);
		otlp__any_value__init(&values[i]);
		items[i].key = labels->items[i].name;
		items[i].value = &values[i];
		values[i].value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		values[i].string_value = labels->items[i].value;
		item_ptrs[i] = &items[i];
	}
	resource.attributes = item_ptrs;
	resource.n_attributes = labels->n;
	resource.dropped_attributes_count = labels->n_cut;
	m.resource = &resource;
	return message_add(ret, &m.base);
}

/* Parca names the profile by its scope. */
static int add_scope(const struct buf *profile, struct buf *ret)
{
	Otlp__ScopeProfiles m = OTLP__SCOPE_PROFILES__INIT;
	Otlp__InstrumentationScope scope = OTLP__INSTRUMENTATION_SCOPE__INIT;
	int r;

	scope.name = (char *)"process_cpu";
	scope.version = (char *)CPUHOUND_VERSION;
	m.scope = &scope;
	r = message_add(ret, &m.base);
	return r < 0 ? r : message_add_bytes(ret, SCOPE_PROFILES_PROFILES, profile->data, profile->size);
}

static int add_request(struct encoder *e, const struct series_labels *resource, struct buf *ret)
{
	_cleanup_(buf_done) struct buf resource_profiles = {}, scope_profiles = {};
	int r;

	r = add_scope(&e->profile, &scope_profiles);
	if (r == 0)
		r = add_resource(resource, &resource_profiles);
	if (r == 0)
		r = message_add_bytes(&resource_profiles, RESOURCE_PROFILES_SCOPE_PROFILES, scope_profiles.data,
				      scope_profiles.size);
	if (r == 0)
		r = message_add_bytes(ret, REQUEST_RESOURCE_PROFILES, resource_profiles.data, resource_profiles.size);
	return r < 0 ? r : message_add_bytes(ret, REQUEST_DICTIONARY, e->dictionary.data, e->dictionary.size);
}

int otlp_v1development_encode(const struct profile *p, const struct series_labels *resource,
			      const uint8_t profile_id[static 16], struct buf *ret)
{
	_cleanup_(encoder_done) struct encoder e = { .p = p };
	int r;

	r = encoder_init(&e);
	if (r == 0)
		r = encode_profile_head(&e, profile_id);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = encode_sample(&e, &p->samples[i]);
	if (r == 0)
		r = encode_dictionary(&e);
	return r < 0 ? r : add_request(&e, resource, ret);
}

static const uint8_t *bytes_of(const struct buf *answer)
{
	return (const uint8_t *)(answer->data ? answer->data : "");
}

int otlp_v1development_rejected(const struct buf *answer, int64_t *ret_n, struct buf *ret_message)
{
	Otlp__ExportProfilesServiceResponse *m =
		otlp__export_profiles_service_response__unpack(NULL, answer->size, bytes_of(answer));
	int r = 0;

	if (!m)
		return -EBADMSG;
	if (m->partial_success)
		r = buf_add_str(ret_message, m->partial_success->error_message);
	if (r == 0)
		*ret_n = m->partial_success ? m->partial_success->rejected_profiles : 0;
	otlp__export_profiles_service_response__free_unpacked(m, NULL);
	return r;
}

int otlp_v1development_error(const struct buf *answer, struct buf *ret_message)
{
	Otlp__Status *m = otlp__status__unpack(NULL, answer->size, bytes_of(answer));
	int r = m ? buf_add_str(ret_message, m->message) : 0;

	otlp__status__free_unpacked(m, NULL);
	return r;
}
