// SPDX-License-Identifier: Apache-2.0
/* The config as a whole: sources and their order, what is refused and how it is told, what a reload would change. */
#include "tests/unit/cmocka-all.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config.h"
#include "common/buf.h"
#include "common/fsutil.h"
#include "workload/label-set.h"
#include "workload/relabel.h"
#include "workload/service-rules.h"

/* A directory with config files, which the test removes. */
struct folder {
	char path[64];
	char file[96];
};

static void write_file(const struct folder *f, const char *name, const void *bytes, size_t size)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, bytes, size), 0);
	close(fd);
}

static void write_text(const struct folder *f, const char *name, const char *text)
{
	write_file(f, name, text, strlen(text));
}

static void folder_init(struct folder *f, const char *text)
{
	char conf_d[96];

	snprintf(f->path, sizeof(f->path), "/tmp/test-config-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->file, sizeof(f->file), "%s/a.conf", f->path);
	snprintf(conf_d, sizeof(conf_d), "%s/conf.d", f->path);
	assert_int_equal(mkdir(conf_d, 0755), 0);
	write_text(f, "a.conf", text);
}

static void folder_done(struct folder *f)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", f->path);
	assert_int_equal(system(command), 0);
}

static struct config *load_sources(const struct config_sources *sources, struct config_report *report)
{
	struct config *c;
	int r = config_load(sources, report, &c);

	if (r != 0)
		fail_msg("%d: %s", r, report->errors.size ? report->errors.data : "");
	return c;
}

static struct config *load(const char *text, struct config_report *report)
{
	_cleanup_(folder_done) struct folder f;
	const struct config_sources sources = { .file = f.file };

	folder_init(&f, text);
	return load_sources(&sources, report);
}

/* The errors must be these lines: each is "FILE:" where it begins with a ':', which then stands for the file. */
static void expect_errors(const char *text, const char *wanted)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(buf_done) struct buf got = {};
	_cleanup_(folder_done) struct folder f;
	const struct config_sources sources = { .file = f.file };
	struct config *c = NULL;

	folder_init(&f, text);
	assert_int_equal(config_load(&sources, &report, &c), CONFIG_BAD);
	assert_null(c);
	for (const char *s = report.errors.data; *s; s++) {
		if (strncmp(s, f.file, strlen(f.file)) == 0)
			s += strlen(f.file);
		assert_int_equal(buf_add_char(&got, *s), 0);
	}
	assert_string_equal(got.data, wanted);
}

static const char *origin_of(const struct config *c, const char *section, const char *key)
{
	struct config_setting_view s;

	for (size_t i = 0; config_setting(c, i, &s); i++) {
		if (strcmp(s.section, section) == 0 && strcmp(s.key, key) == 0)
			return s.origin;
	}
	return "none";
}

static void test_defaults(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = load("", &report);

	assert_string_equal(c->agent.state_dir, "/var/lib/cpuhound");
	assert_int_equal(c->agent.window_ns, 10 * 1000000000ULL);
	assert_int_equal(c->agent.frequency_hz, 19);
	assert_true(c->http.listen.given);
	assert_true(c->http.listen.loopback);
	assert_false(c->http.metrics_listen.given);
	assert_null(c->http.token_file);
	assert_true(c->symbols.debug_info);
	assert_int_equal(c->symbols.debug_dirs.n, 0);
	assert_false(c->optional_labels.pid);
	assert_string_equal(c->labels.host, "");
	assert_int_equal(c->static_labels->n, 0);
	assert_string_equal(origin_of(c, "agent", "window"), "default");
	assert_int_equal(report.warnings.size, 0);
}

static void test_precedence(void **state)
{
	static char cache[] = "CPUHOUND_AGENT_CACHE_DIR=/environment", group[] = "CPUHOUND_AGENT_GROUP=environment";
	static char run[] = "CPUHOUND_AGENT_RUN_DIR=/environment", region[] = "CPUHOUND_LABELS_REGION=eu";
	static char *environment[] = { cache, group, run, region, NULL };
	static const struct config_override overrides[] = {
		{ "agent.group", "set", "--set" },
		{ "agent.run_dir", "/set", "--set" },
		{ "agent.run_dir", "/flag", "--run-dir" },
		{ "service.a.b.exe", "/opt/*", "--set" },
	};
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(folder_done) struct folder f;
	_cleanup_(config_freep) struct config *c = NULL;
	const struct config_sources sources = {
		.file = f.file, .environment = environment, .overrides = overrides, .n_overrides = 4
	};
	char origin[160];

	folder_init(&f, "[agent]\nstate_dir = /file\nwindow = 1m\nfrequency_hz = 7\ncache_dir = /file\n"
			"group = file\nrun_dir = /file\n");
	write_text(&f, "conf.d/20.conf", "[agent]\nwindow = 2m\nfrequency_hz = 97\n");
	write_text(&f, "conf.d/10.conf", "[agent]\n\nwindow = 3m\ncache_dir = /conf.d\n");
	write_text(&f, "conf.d/30.conf.bak", "no config");
	write_text(&f, "conf.d/.40.conf", "no config");
	c = load_sources(&sources, &report);
	assert_string_equal(c->agent.state_dir, "/file");
	snprintf(origin, sizeof(origin), "file %s:2", f.file);
	assert_string_equal(origin_of(c, "agent", "state_dir"), origin);
	assert_int_equal(c->agent.window_ns, 120 * 1000000000ULL);
	snprintf(origin, sizeof(origin), "file %s/conf.d/20.conf:2", f.path);
	assert_string_equal(origin_of(c, "agent", "window"), origin);
	assert_int_equal(c->agent.frequency_hz, 97);
	assert_string_equal(c->agent.cache_dir, "/environment");
	assert_string_equal(origin_of(c, "agent", "cache_dir"), "environment CPUHOUND_AGENT_CACHE_DIR");
	assert_string_equal(c->agent.group, "set");
	assert_string_equal(origin_of(c, "agent", "group"), "flag --set");
	assert_string_equal(c->agent.run_dir, "/flag");
	assert_string_equal(origin_of(c, "agent", "run_dir"), "flag --run-dir");
	assert_string_equal(label_set_find(c->static_labels, "region"), "eu");
	assert_string_equal(((const struct config_service *)c->services.items)->name, "a.b");
}

static void test_files_by_name(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(folder_done) struct folder f;
	_cleanup_(config_freep) struct config *c = NULL;
	const struct config_sources sources = { .file = f.file };
	const struct config_service *services;
	char name[32], text[64];

	folder_init(&f, "");
	for (unsigned int i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "conf.d/%02u.conf", i * 13 % 32);
		snprintf(text, sizeof(text), "[service %02u]\nexe = x\n", i * 13 % 32);
		write_text(&f, name, text);
	}
	c = load_sources(&sources, &report);
	services = c->services.items;
	assert_int_equal(c->services.n, 32);
	for (unsigned int i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "%02u", i);
		assert_string_equal(services[i].name, name);
	}
}

static void test_types(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c =
		load("[http]\nlisten = [::1]:80\nmetrics_listen = 10.1.2.3:0\n"
		     "[symbols]\ndebug_info = off\ndebug_dirs = /a dir , /b\n[agent]\nkill_switch =\nwindow = 1s\n",
		     &report);
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&c->http.listen.socket;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&c->http.metrics_listen.socket;

	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6->sin6_port), 80);
	assert_true(c->http.listen.loopback);
	assert_int_equal(c->http.listen.size_bytes, sizeof(*in6));
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0x0a010203);
	assert_false(c->http.metrics_listen.loopback);
	assert_false(c->symbols.debug_info);
	assert_int_equal(c->symbols.debug_dirs.n, 2);
	assert_string_equal(c->symbols.debug_dirs.items[0], "/a dir");
	assert_string_equal(c->symbols.debug_dirs.items[1], "/b");
	assert_null(c->agent.kill_switch);
	assert_int_equal(c->agent.window_ns, 1000000000);
}

static void test_bad_values(void **state)
{
	static const char *const cases[][2] = {
		{ "[agent]\nwindow = 301s\n", "window: '301s' is no duration from 1s to 300s, such as 10s or 2m" },
		{ "[agent]\nwindow = 500ms\n", "window: '500ms' is no duration from 1s to 300s, such as 10s or 2m" },
		{ "[agent]\nfrequency_hz = 0\n", "frequency_hz: '0' is no whole number from 1 to 1000" },
		{ "[agent]\nfrequency_hz = 19Hz\n", "frequency_hz: '19Hz' is no whole number from 1 to 1000" },
		{ "[agent]\nstate_dir = lib\n", "state_dir: 'lib' is no whole path: it begins with '/'" },
		{ "[agent]\nstate_dir =\n", "state_dir: must not be empty" },
		{ "[agent]\ngroup = \x1b[31m\n", "group: is no UTF-8 text, or holds control characters" },
		{ "[agent]\ngroup = \xff\n", "group: is no UTF-8 text, or holds control characters" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char wanted[256];

		snprintf(wanted, sizeof(wanted), ":2: agent.%s\n", cases[i][1]);
		expect_errors(cases[i][0], wanted);
	}
	expect_errors("[symbols]\ndebug_info = maybe\n", ":2: symbols.debug_info: 'maybe' is neither yes nor no\n");
	expect_errors("[symbols]\ndebug_dirs = /a,,/b\n",
		      ":2: symbols.debug_dirs: there is nothing between two commas\n");
}

static void test_bad_addresses(void **state)
{
	static const char *const cases[] = {
		"7171",       ":7171",          "localhost:80", "::1:80",           "[::1]", "127.0.0.1:65536",
		"127.0.0.1:", "[127.0.0.1]:80", "1.2.3:80",     "[fe80::1%eth0]:80"
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[128], wanted[256];

		snprintf(text, sizeof(text), "[http]\nlisten = %s\n", cases[i]);
		snprintf(wanted, sizeof(wanted),
			 ":2: http.listen: '%s' is no address and port, such as 127.0.0.1:7171 or [::1]:7171\n",
			 cases[i]);
		expect_errors(text, wanted);
	}
}

static void test_all_errors_are_told(void **state)
{
	expect_errors("frequency_hz = 1\n[agent]\nfrequencyhz = 1\nqqqqqq = 2\n[htp]\nlisten = x\n[agent "
		      "x]\n[service]\n"
		      "[service a]\nunit = *x\nunit = y\n[qqqqqq]\n",
		      ":1: 'frequency_hz' stands in no [section]\n"
		      ":3: [agent] has no key 'frequencyhz': did you mean 'frequency_hz'?\n"
		      ":4: [agent] has no key 'qqqqqq': see 'cpuhound check-config --template'\n"
		      ":5: there is no section [htp]: did you mean [http]?\n"
		      ":7: [agent] has no name: write [agent]\n"
		      ":8: [service] needs a name: [service NAME]\n"
		      ":11: service.unit is set twice: first in file :10\n"
		      ":12: there is no section [qqqqqq]: see 'cpuhound check-config --template'\n");
}

/* A bad value is told even where a later one overrides it: the override may be gone tomorrow. */
static void test_overridden_errors(void **state)
{
	static const struct config_override right = { "agent.window", "5s", "--window" };
	static const struct config_override wrong[] = { { "window", "5s", "--set" },
							{ "agent.widow", "5s", "--set" },
							{ "service..unit", "x", "--set" },
							{ "service.unit", "x", "--set" } };
	_cleanup_(config_report_done) struct config_report report = {}, second = {};
	_cleanup_(folder_done) struct folder f;
	struct config_sources sources = { .file = f.file, .overrides = &right, .n_overrides = 1 };
	struct config *c = NULL;

	folder_init(&f, "[agent]\nwindow = x\n");
	assert_int_equal(config_load(&sources, &report, &c), CONFIG_BAD);
	assert_int_equal(report.n_errors, 1);
	write_text(&f, "a.conf", "");
	sources.overrides = wrong;
	sources.n_overrides = ARRAY_SIZE(wrong);
	assert_int_equal(config_load(&sources, &second, &c), CONFIG_BAD);
	assert_string_equal(second.errors.data, "flag --set: 'window' is no SECTION.KEY=VALUE\n"
						"flag --set: [agent] has no key 'widow': did you mean 'window'?\n"
						"flag --set: [service] needs a name: [service NAME]\n"
						"flag --set: [service] needs a name: [service NAME]\n");
	assert_null(c);
}

static void test_many_errors(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(folder_done) struct folder f;
	_cleanup_(buf_done) struct buf text = {};
	const struct config_sources sources = { .file = f.file };
	struct config *c = NULL;
	size_t n_lines = 0;

	for (size_t i = 0; i < 200; i++)
		assert_int_equal(buf_add_str(&text, "word\n"), 0);
	folder_init(&f, text.data);
	assert_int_equal(config_load(&sources, &report, &c), CONFIG_BAD);
	assert_int_equal(report.n_errors, 200);
	for (const char *s = report.errors.data; (s = strchr(s, '\n')); s++)
		n_lines++;
	assert_int_equal(n_lines, CONFIG_MAX_TOLD + 1);
	assert_non_null(strstr(report.errors.data, "\nand 150 errors more\n"));
}

static void test_limits(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(buf_done) struct buf text = {}, labels = {}, keys = {};
	_cleanup_(folder_done) struct folder f;
	const struct config_sources sources = { .file = f.file };
	struct config *c = NULL;

	for (size_t i = 0; i < 257; i++)
		assert_int_equal(buf_printf(&text, "[service s%zu]\nexe = x\n", i), 0);
	expect_errors(text.data, ":513: too much: at most 256 sections of a kind, 4096 keys and 4 MiB of text\n"
				 ":514: too much: at most 256 sections of a kind, 4096 keys and 4 MiB of text\n");
	assert_int_equal(buf_add_str(&labels, "[labels]\n"), 0);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(buf_printf(&labels, "l%zu = x\n", i), 0);
	expect_errors(labels.data, ":34: [labels] holds more than 32 labels\n");
	assert_int_equal(buf_add_str(&keys, "[labels]\n"), 0);
	for (size_t i = 0; i < 4060; i++)
		assert_int_equal(buf_printf(&keys, "l%zu = x\n", i), 0);
	for (size_t i = 0; i < 8; i++) /* the last ones have no room for all of their keys */
		assert_int_equal(buf_printf(&keys, "[service s%zu]\nversion = x\n", i), 0);
	folder_init(&f, keys.data);
	assert_int_equal(config_load(&sources, &report, &c), CONFIG_BAD);
	assert_non_null(strstr(report.errors.data, ": too much: at most "));
}

static void test_files_that_are_none(void **state)
{
	_cleanup_(config_report_done) struct config_report missing = {}, fifo = {}, huge = {};
	_cleanup_(folder_done) struct folder f;
	struct config_sources sources = { .file = "/nonexistent/a.conf" };
	struct config *c = NULL;
	char path[160];

	folder_init(&f, "");
	assert_int_equal(config_load(&sources, &missing, &c), CONFIG_BAD);
	assert_string_equal(missing.errors.data, "/nonexistent/a.conf: cannot be read: No such file or directory\n");
	sources.file = f.file;
	snprintf(path, sizeof(path), "%s/conf.d/a.conf", f.path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(config_load(&sources, &fifo, &c), CONFIG_BAD);
	assert_non_null(strstr(fifo.errors.data, "conf.d/a.conf: cannot be read: it is no regular file\n"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(truncate(f.file, (1 << 20) + 1), 0);
	assert_int_equal(config_load(&sources, &huge, &c), CONFIG_BAD);
	assert_non_null(strstr(huge.errors.data, "a.conf: cannot be read: File too large\n"));
	assert_null(c);
}

static void test_long_values_are_whole_or_refused(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = NULL;
	char text[4200] = "[agent]\nkill_switch = /";

	memset(text + strlen(text), 'x', 4095);
	c = load(text, &report);
	assert_int_equal(strlen(c->agent.kill_switch), 4096);
	text[strlen(text)] = 'x';
	expect_errors(text, ":2: agent.kill_switch: longer than 4096 bytes\n");
}

static void test_environment(void **state)
{
	static char typo[] = "CPUHOUND_HTTP_LISTNE=1.2.3.4:5", foreign[] = "CPUHOUND_PORT_7171_TCP_ADDR=10.0.0.1";
	static char section[] = "CPUHOUND_SERVICE_HOST=10.0.0.1", debug[] = "CPUHOUND_DEBUG=1", none[] = "PATH=/bin";
	static char known[] = "CPUHOUND_HTTP_SERVICE_HOST=10.0.0.1";
	static char *environment[] = { typo, foreign, section, debug, none, known, NULL };
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(folder_done) struct folder f;
	_cleanup_(config_freep) struct config *c = NULL;
	const struct config_sources sources = { .file = f.file, .environment = environment };

	folder_init(&f, "");
	c = load_sources(&sources, &report);
	assert_string_equal(report.warnings.data,
			    "environment CPUHOUND_HTTP_LISTNE: there is no such key: did you mean "
			    "CPUHOUND_HTTP_LISTEN? ignoring it\n"
			    "environment CPUHOUND_HTTP_SERVICE_HOST: there is no such key; ignoring it\n");
	assert_true(c->http.listen.loopback);
}

#define OPEN_ERROR                                                                                                     \
	"http.listen: whoever reaches 0.0.0.0:80 would read this machine's profiles: give http.token_file or "         \
	"http.tls_client_ca_file, or listen on 127.0.0.1\n"

#define PLAIN_ERROR                                                                                                    \
	"http.listen: on the way from 0.0.0.0:80 token and profiles could be read: give http.tls_cert_file and "       \
	"http.tls_key_file, or listen on 127.0.0.1\n"

static void test_listening_needs_a_secret_and_tls(void **state)
{
	_cleanup_(config_report_done) struct config_report token = {}, tls = {}, metrics = {};
	_cleanup_(config_freep) struct config *c = NULL;

	expect_errors("[http]\nlisten = 0.0.0.0:80\n", ":2: " OPEN_ERROR);
	expect_errors("[http]\nlisten = 0.0.0.0:80\ntls_cert_file = /c\ntls_key_file = /k\n", ":2: " OPEN_ERROR);
	expect_errors("[http]\nlisten = 0.0.0.0:80\ntoken_file = /t\n", ":2: " PLAIN_ERROR);
	c = load("[http]\nlisten = 0.0.0.0:80\ntoken_file = /t\ntls_cert_file = /c\ntls_key_file = /k\n", &token);
	assert_int_equal(token.warnings.size, 0);
	config_free(c);
	c = load("[http]\nlisten = 0.0.0.0:80\ntls_client_ca_file = /a\ntls_cert_file = /c\ntls_key_file = /k\n", &tls);
	assert_int_equal(tls.warnings.size, 0);
	config_free(c);
	c = load("[http]\nmetrics_listen = 0.0.0.0:80\n", &metrics);
	assert_int_equal(metrics.warnings.size, 0);
}

#define TLS "tls_cert_file = /c\ntls_key_file = /k\n"

/* A hub cannot do without tokens: they tell whose windows may come. A view can. */
static void test_hub_needs_tokens(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = NULL;

	expect_errors("[hub]\nlisten = 0.0.0.0:80\ntls_client_ca_file = /a\n" TLS,
		      ":2: hub.listen: whoever reaches 0.0.0.0:80 could push windows, and read all hosts: give a "
		      "[hub_token NAME], or listen on 127.0.0.1\n");
	expect_errors("[hub]\nlisten = 0.0.0.0:80\nview = /v\n" TLS,
		      ":2: hub.listen: whoever reaches 0.0.0.0:80 could read all hosts: give a [hub_token NAME] or "
		      "hub.tls_client_ca_file, or listen on 127.0.0.1\n");
	c = load("[hub]\nlisten = 0.0.0.0:80\nview = /v\ntls_client_ca_file = /a\n" TLS, &report);
	assert_int_equal(report.warnings.size, 0);
	assert_string_equal(c->hub.view, "/v");
}

static void test_keys_that_need_each_other(void **state)
{
	expect_errors("[http]\ntls_cert_file = /c\n", ":2: http.tls_cert_file needs its key: give http.tls_key_file\n");
	expect_errors("[http]\ntls_key_file = /k\n",
		      ":2: http.tls_key_file needs its certificate: give http.tls_cert_file\n");
	expect_errors("[http]\ntls_client_ca_file = /a\n",
		      ":2: http.tls_client_ca_file needs TLS: give http.tls_cert_file and http.tls_key_file\n");
	expect_errors("[limits]\nmap_mb = 64\n",
		      "default: limits.unwind_table_mb: 64 MiB are part of limits.map_mb, which is 64 MiB: raise that, "
		      "or lower this\n");
}

static void test_frequency_in_step(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = load("[agent]\nfrequency_hz = 100\n", &report);

	assert_int_equal(c->agent.frequency_hz, 100);
	assert_non_null(strstr(report.warnings.data, ":2: agent.frequency_hz: 100 Hz runs in step with timers"));
}

static void test_labels(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = load("[labels]\nhost = db-7\nregion = eu west\nempty =\n", &report);

	assert_string_equal(c->labels.host, "db-7");
	assert_int_equal(c->static_labels->n, 1);
	assert_string_equal(label_set_find(c->static_labels, "region"), "eu west");
	expect_errors("[labels]\na-b = x\npid = 7\n",
		      ":2: 'a-b' is no name of a label: letters, digits and '_', no digit first\n"
		      ":3: labels.pid: samples have a label of that name: change it with a [relabel] section\n");
}

static void test_services(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c =
		load("[workload]\nread_environment = yes\n[service my api]\nexe = */api\nversion = 2\n"
		     "[service b]\nenv = APP=x*, STAGE=prod\nname = other\n",
		     &report);
	static const char *const environment[] = { "APP=xy", "STAGE=prod" };
	const struct service_rule *rule;

	rule = service_rules_find(c->service_rules, &(struct service_facts){ .exe = "/bin/api" });
	assert_string_equal(rule->name, "my api");
	assert_string_equal(rule->version, "2");
	rule = service_rules_find(c->service_rules,
				  &(struct service_facts){ .environment = environment, .n_environment = 2 });
	assert_string_equal(rule->name, "other");
	expect_errors("[service a]\n[service b]\nname = x\n",
		      ":1: [service a] would be every process: give container, unit, exe, cmdline or env\n"
		      ":2: [service b] would be every process: give container, unit, exe, cmdline or env\n");
	expect_errors("[service a]\nenv = =x\n[service b]\nexe = x\nenv = A=b\n",
		      ":2: service.env: '=x' is no KEY=GLOB\n"
		      ":5: service.env: environments are not read: set workload.read_environment = yes\n");
}

static void test_relabels(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(label_set_done) struct label_set labels = {};
	_cleanup_(config_freep) struct config *c =
		load("[relabel 100-last]\nsource_labels = x\ntarget_label = x\nreplacement = ${1}c\n"
		     "[relabel 20-second]\nsource_labels = x\ntarget_label = x\nreplacement = ${1}b\n"
		     "[relabel 9-first]\ntarget_label = x\nreplacement = a\n"
		     "[relabel 101-after]\nsource_labels = x, y\nseparator = -\ntarget_label = z\n",
		     &report);

	assert_int_equal(relabel_apply(c->relabel, &labels), 0);
	assert_string_equal(label_set_find(&labels, "x"), "abc");
	assert_string_equal(label_set_find(&labels, "z"), "abc-");
	expect_errors("[relabel x]\naction = labeldrop\n[relabel 1-a]\naction = labeldrop\nregex = (a\n"
		      "[relabel 2-b]\nreplacement = x\n",
		      ":5: [relabel 1-a] regex: missing closing parenthesis (at character 3)\n"
		      ":6: [relabel 2-b] target_label: 'replace' needs the label to set\n"
		      ":2: [relabel x]: the name begins with a number, which is its turn: [relabel 10-NAME]\n");
}

static void expect_diff_of(enum config_daemon daemon, const char *old_text, const char *now_text,
			   const char *reloadable, const char *restart)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *old = load(old_text, &report), *now = load(now_text, &report);
	_cleanup_(buf_done) struct buf a = {}, b = {};

	assert_int_equal(config_diff(old, now, daemon, &a, &b), 0);
	assert_string_equal(a.size ? a.data : "", reloadable);
	assert_string_equal(b.size ? b.data : "", restart);
}

static void expect_diff(const char *old_text, const char *now_text, const char *reloadable, const char *restart)
{
	expect_diff_of(CONFIG_AGENT, old_text, now_text, reloadable, restart);
}

/* One file may be both daemons'. */
static void test_diff_of_daemons(void **state)
{
	static const char now[] = "[agent]\nstate_dir = /x\n[labels]\na = 1\n[store]\nmax_mb = 5000\n"
				  "[hub]\nstore = /y\nmax_labels = 7\n[hub_token x]\ntoken_file = /t\nread = yes\n";

	expect_diff_of(CONFIG_AGENT, "", now, "labels.a", "agent.state_dir, store.max_mb");
	expect_diff_of(CONFIG_HUB, "", now, "hub.max_labels, hub_token.x", "store.max_mb, hub.store");
}

static void test_diff(void **state)
{
	expect_diff("", "", "", "");
	expect_diff("[agent]\nwindow = 60s\n", "[agent]\nwindow = 1m\n", "", "");
	expect_diff("", "[agent]\nwindow = 20s\nstate_dir = /x\n[http]\nlisten =\n", "agent.window",
		    "agent.state_dir, http.listen");
	expect_diff("[filter]\ninclude_services = a, b\n", "[filter]\ninclude_services = a,b\n", "", "");
	expect_diff("[filter]\ninclude_services = a, b\n", "[filter]\ninclude_services = b, a\n",
		    "filter.include_services", "");
	expect_diff("[symbols]\ndebug_info = yes\n", "[symbols]\ndebug_info = true\n", "", "");
	expect_diff("[labels]\na = 1\nb = 2\nhost = x\n", "[labels]\nb = 3\nc = 4\n",
		    "labels.host, labels.b, labels.c, labels.a", "");
	expect_diff("[service a]\nexe = a\n[service b]\nexe = b\n", "[service a]\nexe = a\n[service b]\nexe = b\n", "",
		    "");
	expect_diff("[service a]\nexe = a\n[service b]\nexe = b\n", "[service a]\nexe = x\n[service c]\nexe = c\n",
		    "service.a, service.c, service.b", "");
	expect_diff("[service a]\nexe = x\n", "[service b]\nexe = x\n", "service.b, service.a", "");
	expect_diff("[service a]\nexe = a\n[service b]\nexe = b\n", "[service b]\nexe = b\n[service a]\nexe = a\n",
		    "service.b, service.a", "");
}

/* Everything uncommented, which is at its default, is the same as nothing; the example of a label is one more. */
static void test_template_is_the_default(void **state)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *plain = load("", &report), *full = NULL;
	_cleanup_(buf_done) struct buf text = {}, uncommented = {}, a = {}, b = {};
	const char *end;

	assert_int_equal(config_add_template(&text), 0);
	end = strstr(text.data, "#[service");
	assert_non_null(end);
	for (const char *s = text.data; s < end; s++) {
		if (*s != '#' || s[1] == ' ')
			assert_int_equal(buf_add_char(&uncommented, *s), 0);
	}
	full = load(uncommented.data, &report);
	assert_int_equal(config_diff(plain, full, CONFIG_AGENT | CONFIG_HUB, &a, &b), 0);
	assert_string_equal(a.data, "labels.region");
	assert_int_equal(b.size, 0);
	assert_string_equal(origin_of(plain, "agent", "window"), "default");
	assert_int_equal(strncmp(origin_of(full, "agent", "window"), "file ", 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_files_by_name),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_all_errors_are_told),
		cmocka_unit_test(test_overridden_errors),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_long_values_are_whole_or_refused),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_listening_needs_a_secret_and_tls),
		cmocka_unit_test(test_hub_needs_tokens),
		cmocka_unit_test(test_keys_that_need_each_other),
		cmocka_unit_test(test_frequency_in_step),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_relabels),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_of_daemons),
		cmocka_unit_test(test_template_is_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
