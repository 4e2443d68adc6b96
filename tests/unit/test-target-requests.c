// SPDX-License-Identifier: Apache-2.0
/* What targets send, read by other eyes: protoc, Python's JSON, and messages unpacked again. */
#include <endian.h>

#include "common/compress.h"
#include "otlp-v1development.pb-c.h"
#include "parca.pb-c.h"
#include "push.pb-c.h"
#include "tests/unit/scratch-dir.h"
#include "tests/unit/target-fixture.h"

static void protoc(const char *message, const char *proto, const void *data, size_t size, struct buf *ret)
{
	_cleanup_free_ char *command = NULL;

	scratch_write("message", data, size);
	assert_true(asprintf(&command, "protoc --proto_path=%s --decode=%s %s <message", UPLOADER_DIR, message, proto) >
		    0);
	scratch_run(command, ret);
}

static void assert_has(const struct buf *text, const char *needle)
{
	if (!text->data || !strstr(text->data, needle))
		fail_msg("no '%s' in:\n%s", needle, text->data);
}

static void assert_header(const struct upload_request *r, const char *line)
{
	if (!fixture_has_header(r, line))
		fail_msg("no '%s' in:\n%s", line, r->headers.data);
}

/* Sums of what the parts hold; and how the times of one series differ. */
static void assert_pprof(const struct target_fixture *f, size_t part, const ProtobufCBinaryData *raw, int64_t *count,
			 int64_t *cpu_ns)
{
	_cleanup_(profile_freep) struct profile *p = NULL;

	assert_int_equal(compression_of(raw->data, raw->len), COMPRESSION_GZIP);
	assert_int_equal(profile_decode(raw->data, raw->len, &p), 0);
	*count += made_total(p, COPIER_COUNT);
	*cpu_ns += made_total(p, COPIER_CPU_NS);
	assert_int_equal(p->time_ns, MADE_START_NS + f->split.parts[part].index * 1000000);
	for (size_t i = 0; i < p->n_samples; i++)
		assert_null(profile_find_label(&p->samples[i], "service_name"));
}

static void test_pyroscope(void **state)
{
	const struct made made = { .n_samples = 33000, .n_services = 2, .depth = 5 };
	const char *const labels[] = { "a.region=eu" };
	const char *const headers[] = { "X-Scope-OrgID: t1" };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(buf_done) struct buf text = {};
	int64_t count = 0, cpu_ns = 0;

	fixture_init(&f, &target_pyroscope, &made);
	f.config.labels = labels;
	f.config.n_labels = 1;
	f.config.headers = headers;
	f.config.n_headers = 1;
	assert_true(f.split.n_parts >= 4); /* 16,500 samples of each service */
	for (size_t i = 0; i < f.split.n_parts; i++) {
		Push__PushRequest *m;
		char id[64];

		fixture_request(&f, &target_pyroscope, i, 0, &r);
		m = push__push_request__unpack(NULL, r.body.size, (uint8_t *)r.body.data);
		assert_non_null(m);
		assert_int_equal(m->n_series, 1);
		assert_int_equal(m->series[0]->n_samples, 1);
		snprintf(id, sizeof(id), FIXTURE_ID "-%zu", i);
		assert_string_equal(m->series[0]->samples[0]->id, id);
		assert_pprof(&f, i, &m->series[0]->samples[0]->raw_profile, &count, &cpu_ns);
		push__push_request__free_unpacked(m, NULL);
	}
	assert_int_equal(count, made_total(f.profile, COPIER_COUNT));
	assert_int_equal(cpu_ns, made_total(f.profile, COPIER_CPU_NS));

	fixture_request(&f, &target_pyroscope, 0, 0, &r);
	assert_string_equal(r.method, "POST");
	assert_string_equal(r.url.data, "http://store:1234/push.v1.PusherService/Push");
	assert_header(&r, "Content-Type: application/proto");
	assert_header(&r, "Connect-Protocol-Version: 1");
	assert_header(&r, "X-Scope-OrgID: t1");
	assert_false(r.is_grpc);
	assert_int_equal(r.n_cut_labels, 0);
	protoc("push.PushRequest", "push.proto", r.body.data, r.body.size, &text);
	assert_has(&text, "name: \"__name__\"\n    value: \"process_cpu\"");
	assert_has(&text, "name: \"a_region\"\n    value: \"eu\"");
	assert_has(&text, "name: \"service_name\"\n    value: \"svc-0\"");
	assert_has(&text, "name: \"host\"\n    value: \"h1\"");
	assert_null(strstr(text.data, "comm"));
	assert_int_equal(target_pyroscope.request(&f.config, &f.batch, &f.split.parts[0], 1, FIXTURE_NOW_NS, &r),
			 TARGET_NO_MORE);
	fixture_done(&f);
}

/* 40 labels of the target are more than may be; the service is among those that stay. */
static void test_pyroscope_labels(void **state)
{
	char bytes[256] = {}, texts[26][32];
	const char *labels[26];
	struct made made = { .n_samples = 2, .n_services = 1, .depth = 1, .label_value = bytes };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(buf_done) struct buf text = {};

	for (size_t i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	for (size_t i = 0; i < 26; i++) {
		snprintf(texts[i], sizeof(texts[i]), "own_%zu=x", i);
		labels[i] = texts[i];
	}
	fixture_init(&f, &target_pyroscope, &made);
	f.config.labels = labels;
	f.config.n_labels = 25;
	fixture_request(&f, &target_pyroscope, 0, 0, &r);
	protoc("push.PushRequest", "push.proto", r.body.data, r.body.size, &text); /* refuses invalid UTF-8 */
	assert_has(&text, "svc-0");
	assert_has(&text, "name: \"extra\"");
	assert_int_equal(r.n_cut_labels, 1); /* host: __name__, 25, service_name and extra are 28 */
	f.config.n_labels = 26;
	fixture_request(&f, &target_pyroscope, 0, 0, &r);
	assert_int_equal(r.n_cut_labels, 2);
	fixture_done(&f);
}

static void test_parca(void **state)
{
	const struct made made = { .n_samples = 100, .n_services = 3, .depth = 5, .label_value = "x" };
	const char *const labels[] = { "my.zone=a-1" };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(buf_done) struct buf text = {};
	int64_t count = 0, cpu_ns = 0;

	fixture_init(&f, &target_parca, &made);
	f.config.labels = labels;
	f.config.n_labels = 1;
	assert_int_equal(f.split.n_parts, 3);
	for (size_t i = 0; i < f.split.n_parts; i++) {
		Parca__WriteRawRequest *m;
		uint32_t length;

		fixture_request(&f, &target_parca, i, 0, &r);
		assert_true(r.is_grpc);
		assert_int_equal(r.body.data[0], 0);
		memcpy(&length, r.body.data + 1, sizeof(length));
		assert_int_equal(be32toh(length), r.body.size - 5);
		m = parca__write_raw_request__unpack(NULL, r.body.size - 5, (uint8_t *)r.body.data + 5);
		assert_non_null(m);
		assert_true(m->normalized);
		assert_int_equal(m->n_series, 1);
		assert_pprof(&f, i, &m->series[0]->samples[0]->raw_profile, &count, &cpu_ns);
		parca__write_raw_request__free_unpacked(m, NULL);
	}
	assert_int_equal(count, made_total(f.profile, COPIER_COUNT));
	assert_int_equal(cpu_ns, made_total(f.profile, COPIER_CPU_NS));
	assert_string_equal(r.url.data, "http://store:1234/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw");
	assert_header(&r, "Content-Type: application/grpc");
	assert_header(&r, "TE: trailers");
	protoc("parca.WriteRawRequest", "parca.proto", r.body.data + 5, r.body.size - 5, &text);
	assert_has(&text, "name: \"__name__\"\n      value: \"process_cpu\"");
	assert_has(&text, "name: \"my_zone\"\n      value: \"a-1\"");
	assert_has(&text, "name: \"node\"\n      value: \"h1\"");
	assert_has(&text, "name: \"service_name\"\n      value: \"svc-2\"");
	assert_has(&text, "normalized: true");
	fixture_done(&f);
}

/* -- otlp -- */

static Otlp__ExportProfilesServiceRequest *unpack_otlp(const struct upload_request *r, struct buf *plain)
{
	Otlp__ExportProfilesServiceRequest *m;

	assert_header(r, "Content-Encoding: gzip");
	assert_header(r, "Content-Type: application/x-protobuf");
	buf_clear(plain);
	assert_int_equal(compression_of(r->body.data, r->body.size), COMPRESSION_GZIP);
	assert_int_equal(decompress_add(r->body.data, r->body.size, 64 << 20, plain), 0);
	m = otlp__export_profiles_service_request__unpack(NULL, plain->size, (uint8_t *)plain->data);
	assert_non_null(m);
	return m;
}

/* Every index leads somewhere, and element 0 of each table is zero. */
static void check_dictionary(const Otlp__ProfilesDictionary *d)
{
	assert_string_equal(d->string_table[0], "");
	assert_int_equal(d->mapping_table[0]->memory_limit, 0);
	assert_int_equal(d->location_table[0]->n_lines, 0);
	assert_int_equal(d->function_table[0]->name_strindex, 0);
	assert_int_equal(d->n_link_table, 1);
	assert_int_equal(d->link_table[0]->trace_id.len, 16);
	assert_int_equal(d->link_table[0]->span_id.len, 8);
	assert_int_equal(d->stack_table[0]->n_location_indices, 0);
	assert_int_equal(d->attribute_table[0]->key_strindex, 0);
	assert_null(d->attribute_table[0]->value);
	for (size_t i = 0; i < d->n_stack_table; i++)
		for (size_t k = 0; k < d->stack_table[i]->n_location_indices; k++)
			assert_in_range(d->stack_table[i]->location_indices[k], 1, d->n_location_table - 1);
	for (size_t i = 0; i < d->n_location_table; i++) {
		assert_in_range(d->location_table[i]->mapping_index, 0, d->n_mapping_table - 1);
		for (size_t k = 0; k < d->location_table[i]->n_lines; k++)
			assert_in_range(d->location_table[i]->lines[k]->function_index, 1, d->n_function_table - 1);
		for (size_t k = 0; k < d->location_table[i]->n_attribute_indices; k++)
			assert_in_range(d->location_table[i]->attribute_indices[k], 1, d->n_attribute_table - 1);
	}
	for (size_t i = 0; i < d->n_function_table; i++)
		assert_in_range(d->function_table[i]->name_strindex, 0, d->n_string_table - 1);
	for (size_t i = 1; i < d->n_attribute_table; i++)
		assert_in_range(d->attribute_table[i]->key_strindex, 1, d->n_string_table - 1);
}

static const Otlp__AnyValue *find_attribute(const Otlp__ProfilesDictionary *d, const int32_t *indices, size_t n,
					    const char *key)
{
	for (size_t i = 0; i < n; i++) {
		const Otlp__KeyValueAndUnit *a = d->attribute_table[indices[i]];

		if (strcmp(d->string_table[a->key_strindex], key) == 0)
			return a->value;
	}
	return NULL;
}

static const char *resource_attribute(const Otlp__Resource *r, const char *key)
{
	for (size_t i = 0; i < r->n_attributes; i++)
		if (strcmp(r->attributes[i]->key, key) == 0)
			return r->attributes[i]->value->string_value;
	return NULL;
}

static const char *function_of(const Otlp__ProfilesDictionary *d, const Otlp__Location *l, size_t line)
{
	return d->string_table[d->function_table[l->lines[line]->function_index]->name_strindex];
}

static void check_sample(const Otlp__ProfilesDictionary *d, const Otlp__Sample *s)
{
	const Otlp__Stack *stack = d->stack_table[s->stack_index];
	const Otlp__Location *const leaf = d->location_table[stack->location_indices[0]];
	const Otlp__Location *inlined = d->location_table[stack->location_indices[1]];
	const Otlp__Location *kernel = d->location_table[stack->location_indices[3]];
	const Otlp__Mapping *map = d->mapping_table[leaf->mapping_index];
	const Otlp__AnyValue *comm = find_attribute(d, s->attribute_indices, s->n_attribute_indices, "thread.name");
	const Otlp__AnyValue *pid = find_attribute(d, s->attribute_indices, s->n_attribute_indices, "process.pid");

	assert_int_equal(s->n_values, 1);
	assert_int_equal(stack->n_location_indices, 4);
	assert_memory_equal(function_of(d, leaf, 0), "leaf_", 5);
	assert_int_equal(inlined->n_lines, 2);
	assert_string_equal(function_of(d, inlined, 0), "in");
	assert_string_equal(function_of(d, kernel, 0), "sys");
	assert_string_equal(d->string_table[map->filename_strindex], "/app/server");
	assert_string_equal(find_attribute(d, map->attribute_indices, map->n_attribute_indices,
					   "process.executable.build_id.gnu")
				    ->string_value,
			    "aa11");
	assert_string_equal(find_attribute(d, leaf->attribute_indices, leaf->n_attribute_indices, "profile.frame.type")
				    ->string_value,
			    "native");
	assert_string_equal(find_attribute(d, kernel->attribute_indices, kernel->n_attribute_indices,
					   "profile.frame.type")
				    ->string_value,
			    "kernel");
	assert_memory_equal(comm->string_value, "worker-", 7);
	assert_int_equal(pid->value_case, OTLP__ANY_VALUE__VALUE_INT_VALUE);
	assert_in_range(pid->int_value, 1000, 1004);
}

static void test_otlp(void **state)
{
	const struct made made = { .n_samples = 100, .n_services = 2, .depth = 5 };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(buf_done) struct buf plain = {}, text = {};
	int64_t count = 0;

	fixture_init(&f, &target_otlp, &made);
	assert_int_equal(f.split.n_parts, 2);
	for (size_t i = 0; i < f.split.n_parts; i++) {
		Otlp__ExportProfilesServiceRequest *m;
		Otlp__Profile *p;

		fixture_request(&f, &target_otlp, i, 0, &r);
		m = unpack_otlp(&r, &plain);
		check_dictionary(m->dictionary);
		assert_int_equal(m->n_resource_profiles, 1);
		assert_string_equal(resource_attribute(m->resource_profiles[0]->resource, "service.name"),
				    i ? "svc-1" : "svc-0");
		assert_string_equal(resource_attribute(m->resource_profiles[0]->resource, "host.name"), "h1");
		assert_string_equal(resource_attribute(m->resource_profiles[0]->resource, "os.type"), "linux");
		assert_string_equal(m->resource_profiles[0]->scope_profiles[0]->scope->name, "process_cpu");
		p = m->resource_profiles[0]->scope_profiles[0]->profiles[0];
		assert_string_equal(m->dictionary->string_table[p->sample_type->type_strindex], "samples");
		assert_string_equal(m->dictionary->string_table[p->sample_type->unit_strindex], "count");
		assert_string_equal(m->dictionary->string_table[p->period_type->type_strindex], "cpu");
		assert_string_equal(m->dictionary->string_table[p->period_type->unit_strindex], "nanoseconds");
		assert_int_equal(p->period, MADE_PERIOD_NS);
		assert_int_equal(p->time_unix_nano, MADE_START_NS);
		assert_int_equal(p->duration_nano, MADE_DURATION_NS);
		assert_int_equal(p->profile_id.len, 16);
		assert_memory_equal(p->profile_id.data, "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd",
				    15);
		assert_int_equal(p->profile_id.data[15], 0xef ^ i);
		for (size_t k = 0; k < p->n_samples; k++) {
			check_sample(m->dictionary, p->samples[k]);
			count += p->samples[k]->values[0];
		}
		otlp__export_profiles_service_request__free_unpacked(m, NULL);
	}
	assert_int_equal(count, made_total(f.profile, COPIER_COUNT));
	assert_string_equal(r.url.data, "http://store:1234/v1development/profiles");
	protoc("otlp.ExportProfilesServiceRequest", "otlp-v1development.proto", plain.data, plain.size, &text);
	assert_has(&text, "string_table: \"\"");
	assert_has(&text, "key: \"service.name\"\n      value {\n        string_value: \"svc-1\"");
	fixture_done(&f);
}

static void test_otlp_extremes(void **state)
{
	char bytes[256] = {};
	const struct made rows[] = {
		{ .n_samples = 1, .n_services = 1, .depth = 0 },
		{ .n_samples = 2, .n_services = 1, .depth = 3000, .label_value = bytes },
	};

	for (size_t i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(upload_request_done) struct upload_request r = {};
		_cleanup_(buf_done) struct buf plain = {}, text = {};
		Otlp__ExportProfilesServiceRequest *m;
		struct target_fixture f;

		fixture_init(&f, &target_otlp, &rows[i]);
		fixture_request(&f, &target_otlp, 0, 0, &r);
		m = unpack_otlp(&r, &plain);
		check_dictionary(m->dictionary);
		assert_int_equal(m->dictionary->n_stack_table, 1 + i * 2);
		assert_int_equal(m->dictionary->stack_table[i]->n_location_indices, i ? 1000 : 0);
		otlp__export_profiles_service_request__free_unpacked(m, NULL);
		protoc("otlp.ExportProfilesServiceRequest", "otlp-v1development.proto", plain.data, plain.size, &text);
		fixture_done(&f);
	}
}

/* -- rows -- */

static void write_rows(const struct upload_request *r, const char *name)
{
	_cleanup_(buf_done) struct buf plain = {};

	assert_int_equal(decompress_add(r->body.data, r->body.size, 256 << 20, &plain), 0);
	scratch_write(name, plain.data, plain.size);
}

static void test_s3(void **state)
{
	const struct made made = { .n_samples = 20000, .n_services = 3, .depth = 5, .label_value = "\"q\\\"\t\xff" };
	const char *const labels[] = { "zone=z\"1" };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf out = {};

	fixture_init(&f, &target_s3, &made);
	f.config.labels = labels;
	f.config.n_labels = 1;
	f.config.prefix = "a/p=1";
	f.config.cluster = "c 1";
	f.config.session_token = "token";
	assert_int_equal(f.split.n_parts, 1);
	fixture_request(&f, &target_s3, 0, 0, &r);
	assert_string_equal(r.method, "PUT");
	assert_string_equal(r.url.data, "http://store:1234/b/a/p%3D1/v1/dt%3D2023-11-14/hour%3D22/cluster%3Dc_1/"
					"host%3Dh1/1700000000000000000-600-0123456789abcdef.pb.gz");
	assert_header(&r, "if-none-match: *");
	assert_header(&r, "content-type: application/octet-stream");
	assert_header(&r, "x-amz-security-token: token");
	assert_header(&r, "x-amz-date: 20231114T221330Z");
	assert_non_null(strstr(r.headers.data, "Credential=AKID/20231114/us-east-1/s3/aws4_request"));
	assert_int_equal(profile_decode(r.body.data, r.body.size, &p), 0);
	assert_int_equal(p->n_samples, 20000);
	assert_int_equal(made_total(p, COPIER_CPU_NS), made_total(f.profile, COPIER_CPU_NS));

	fixture_request(&f, &target_s3, 0, 1, &r);
	assert_non_null(strstr(r.url.data, "/1700000000000000000-600-0123456789abcdef.ndjson.zst"));
	assert_header(&r, "content-type: application/zstd");
	assert_int_equal(compression_of(r.body.data, r.body.size), COMPRESSION_ZSTD);
	write_rows(&r, "rows.ndjson");
	scratch_run("python3 -c \"\nimport json\nrows=[json.loads(l) for l in open('rows.ndjson')]\n"
		    "print(len(rows), sum(r['samples'] for r in rows), sum(r['cpu_ns'] for r in rows))\n"
		    "print(sorted(set(r['service'] for r in rows)), sorted(set(r['comm'] for r in rows)))\n"
		    "r=rows[6]\nprint(r['ts'], r['duration_ns'], r['host'], r['container']=='', r['labels']['pid'], "
		    "r['labels']['zone'], ascii(r['labels']['extra']))\n"
		    "print(r['stack'], sorted(r['labels']))\nassert set(map(tuple,rows))=={tuple(r)}, 'columns "
		    "differ'\n\"",
		    &out);
	assert_has(&out, "20000 79997 799970000000\n");
	assert_has(&out, "['svc-0', 'svc-1', 'svc-2'] ['worker-0', 'worker-1', 'worker-2']\n");
	assert_has(&out, "2023-11-14 22:13:20.000000 10000000000 h1 True 1001 z\"1 '\"q\\\\\"\\ufffd\\ufffd'\n");
	assert_has(&out, "['leaf_6', 'in', 'caller_2', 'server+0x5555', 'sys'] ['extra', 'pid', 'zone']\n");
	assert_int_equal(target_s3.request(&f.config, &f.batch, &f.split.parts[0], 2, FIXTURE_NOW_NS, &r),
			 TARGET_NO_MORE);
	fixture_done(&f);
}

static void test_s3_addresses(void **state)
{
	static const struct {
		const char *url;
		bool virtual_host_style;
		const char *begins;
	} rows[] = {
		{ "https://s3.example.com", true, "https://b.s3.example.com/v1/" },
		{ "https://s3.example.com:443/", false, "https://s3.example.com/b/v1/" },
		{ "http://s3.example.com:80", true, "http://b.s3.example.com/v1/" },
		{ "http://s3.example.com:443", false, "http://s3.example.com:443/b/v1/" },
	};
	const struct made made = { .n_samples = 1, .depth = 1 };
	struct target_fixture f;

	fixture_init(&f, &target_s3, &made);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(upload_request_done) struct upload_request r = {};

		f.config.url = rows[i].url;
		f.config.virtual_host_style = rows[i].virtual_host_style;
		fixture_request(&f, &target_s3, 0, 0, &r);
		if (strncmp(r.url.data, rows[i].begins, strlen(rows[i].begins)) != 0)
			fail_msg("row %zu: %s", i, r.url.data);
	}
	fixture_done(&f);
}

static void test_clickhouse(void **state)
{
	const struct made made = { .n_samples = 60000, .n_services = 2, .depth = 5, .label_value = "\"q\\\"\t\xff" };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(buf_done) struct buf out = {};

	fixture_init(&f, &target_clickhouse, &made);
	assert_int_equal(f.split.n_parts, 3);
	f.config.database = "d1";
	for (size_t i = 0; i < 3; i++) {
		char name[16];

		fixture_request(&f, &target_clickhouse, i, 0, &r);
		snprintf(name, sizeof(name), "stacks%zu", i);
		write_rows(&r, name);
		fixture_request(&f, &target_clickhouse, i, 1, &r);
		snprintf(name, sizeof(name), "samples%zu", i);
		write_rows(&r, name);
	}
	assert_string_equal(r.url.data,
			    "http://store:1234/?query=INSERT%20INTO%20d1.samples%20FORMAT%20JSONEachRow"
			    "&async_insert=0&input_format_skip_unknown_fields=0&insert_deduplication_token=" FIXTURE_ID
			    "-2-samples");
	assert_header(&r, "Content-Encoding: gzip");
	scratch_run("cat stacks[0-2] >stacks; cat samples[0-2] >samples; python3 -c \"\nimport json\n"
		    "stacks=[json.loads(l) for l in open('stacks')]\nrows=[json.loads(l) for l in open('samples')]\n"
		    "by={(s['ServiceName'],s['Hash']):s['Stack'] for s in stacks}\n"
		    "print(len(stacks), len(by), len(rows), sum(int(r['Samples']) for r in rows), "
		    "sum(int(r['Value']) for r in rows))\n"
		    "for n, r in enumerate(rows): assert by[r['ServiceName'],r['StackHash']][0]=='leaf_%d' % n\n"
		    "r=rows[6]\nprint(by[r['ServiceName'],r['StackHash']], r['Start'], r['End'], r['Type'], "
		    "ascii(r['Labels']))\n\"",
		    &out);
	assert_has(&out, "60000 60000 60000 239994 2399940000000\n");
	assert_has(&out, "['leaf_6', 'in', 'caller_2', 'server+0x5555', 'sys'] 2023-11-14 22:13:20.000000 "
			 "2023-11-14 22:13:30.000000 cpu {");
	assert_has(&out, "'host': 'h1'");
	assert_has(&out, "'pid': '1001'");
	assert_int_equal(target_clickhouse.request(&f.config, &f.batch, &f.split.parts[0], 2, FIXTURE_NOW_NS, &r),
			 TARGET_NO_MORE);
	fixture_done(&f);
}

/* FNV-1a, computed by hand in Python over "\4\0\0\0main" and the like: what other writers must come to as well. */
static void test_clickhouse_hash(void **state)
{
	const struct made made = { .n_samples = 1, .n_services = 1, .depth = 2 };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(buf_done) struct buf out = {};

	fixture_init(&f, &target_clickhouse, &made);
	fixture_request(&f, &target_clickhouse, 0, 0, &r);
	write_rows(&r, "stacks");
	scratch_run("python3 -c \"\nimport json\ns=json.loads(open('stacks').read())\nh=0xcbf29ce484222325\n"
		    "for pair in zip(s['Stack'], s['Libraries'], strict=True):\n"
		    "    for t in pair:\n"
		    "        for b in len(t).to_bytes(4,'little')+t.encode(): h=(h^b)*0x100000001b3%2**64\n"
		    "print(s['Stack'], s['Libraries'], h==int(s['Hash']))\n\"",
		    &out);
	assert_string_equal(out.data, "['leaf_0', 'caller_1'] ['server', 'server'] True\n");
	fixture_done(&f);
}

/* Samples that differ in labels only share a row of stacks. */
static void test_clickhouse_stack_once(void **state)
{
	const struct made made = { .n_samples = 6, .n_services = 2, .depth = 0 };
	struct target_fixture f;
	_cleanup_(upload_request_done) struct upload_request r = {};
	_cleanup_(buf_done) struct buf out = {};

	fixture_init(&f, &target_clickhouse, &made);
	fixture_request(&f, &target_clickhouse, 0, 0, &r);
	write_rows(&r, "stacks");
	scratch_run("cut -d, -f1,2,4- stacks", &out);
	assert_string_equal(
		out.data,
		"{\"ServiceName\":\"svc-1\",\"Hash\":\"14695981039346656037\",\"Stack\":[],\"Libraries\":[]}\n"
		"{\"ServiceName\":\"svc-0\",\"Hash\":\"14695981039346656037\",\"Stack\":[],\"Libraries\":[]}\n");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pyroscope),       cmocka_unit_test(test_pyroscope_labels),
		cmocka_unit_test(test_parca),           cmocka_unit_test(test_otlp),
		cmocka_unit_test(test_otlp_extremes),   cmocka_unit_test(test_s3),
		cmocka_unit_test(test_s3_addresses),    cmocka_unit_test(test_clickhouse),
		cmocka_unit_test(test_clickhouse_hash), cmocka_unit_test(test_clickhouse_stack_once),
	};

	return cmocka_run_group_tests(tests, scratch_dir_new, scratch_dir_free);
}
