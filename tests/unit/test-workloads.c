// SPDX-License-Identifier: Apache-2.0
/*
 * workloads, with files below a root of the test's own, a real process whose environment is read, and a real child that
 * reads: this program is its own indexer. The clock that paces questions is the test's.
 */
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "agent/config.h"
#include "agent/cri-call.h"
#include "agent/modules.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/indexer.h"
#include "tests/unit/cri-server.h"
#include "workload/cgroup.h"
#include "workload/process.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define WAIT_NS (60 * NS_PER_S)
#define DOCKER_DIR "var/lib/docker/containers/" ID
#define CRIO_DIR "run/containers/storage/overlay-containers/"

enum {
	DOCKER = 1,
	CRIO,
	POD_OF_CRIO,
	UNIT,
	OTHER
};

struct fixture {
	char dir[32], root[48]; /* the root lies in the directory */
	int proc_fd;
	struct cgroups *cgroups;
	struct modules *modules;
	struct workloads *w;
	struct config *config;
	pid_t child;
	uint64_t now_ns; /* the test's clock */
};

static int run_indexer(void **state, const char *host_root)
{
	static char name[] = "test-workloads", command[] = "indexer";
	static char *const argv[] = { name, command, NULL };
	struct fixture *f = *state;
	const struct workloads_config config = {
		.proc_fd = f->proc_fd,
		.cgroups = f->cgroups,
		.modules = f->modules,
		.host = "node7",
		.host_root = host_root,
		.indexer_path = "/proc/self/exe",
		.indexer_argv = argv,
	};

	return workloads_new(&config, &f->w);
}

static int set_up(void **state)
{
	static const struct {
		uint64_t id;
		const char *path;
	} cgroups[] = {
		{ DOCKER, "/system.slice/docker-" ID ".scope" },
		{ CRIO, "/kubepods.slice/crio-" ID ".scope" },
		{ POD_OF_CRIO, "/kubepods.slice/crio-" POD ".scope" },
		{ UNIT, "/system.slice/nginx.service" },
	};
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	strcpy(f->dir, "/tmp/cpuhound-test-XXXXXX");
	f->now_ns = 1000 * NS_PER_S;
	f->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!mkdtemp(f->dir) || snprintf(f->root, sizeof(f->root), "%s/root", f->dir) < 0 || mkdir(f->root, 0755) < 0 ||
	    cgroups_new(100, &f->cgroups) < 0 || modules_new(100, &f->modules) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(cgroups); i++)
		if (cgroups_add(f->cgroups, cgroups[i].id, cgroups[i].path) < 0)
			return -1;
	return run_indexer(state, f->root);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[64];

	if (f->child > 0) {
		kill(f->child, SIGKILL);
		waitpid(f->child, NULL, 0);
	}
	workloads_free(f->w);
	config_free(f->config);
	modules_free(f->modules);
	cgroups_free(f->cgroups);
	close_fd(f->proc_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	if (system(command) != 0)
		return -1;
	free(f);
	return 0;
}

/* A file below the root, with its directories. */
static void lay(const struct fixture *f, const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "mkdir -p '%s/%s'", f->root, dir);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/%s/%s", f->root, dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* "section.key=value", up to a NULL. */
static void configure(struct fixture *f, const char *const *settings)
{
	struct config_override overrides[8];
	char keys[8][64];
	struct config_report report = {};
	char file[64];
	struct config_sources sources = { .file = file, .overrides = overrides };
	struct config *old = f->config;

	lay(f, ".", "empty.conf", "");
	snprintf(file, sizeof(file), "%s/empty.conf", f->root);
	for (; settings[sources.n_overrides]; sources.n_overrides++) {
		const char *setting = settings[sources.n_overrides];
		int size = (int)strcspn(setting, "=");

		snprintf(keys[sources.n_overrides], 64, "%.*s", size, setting);
		overrides[sources.n_overrides] = (struct config_override){
			.key = keys[sources.n_overrides],
			.value = setting + size + 1,
			.flag = "--set",
		};
	}
	if (config_load(&sources, &report, &f->config) != 0)
		fail_msg("%s", report.errors.data);
	config_report_done(&report);
	assert_int_equal(workloads_configure(f->w, f->config), 0);
	config_free(old);
}

static uint32_t see(struct fixture *f, uint64_t cgroup_id, const char *exe, const char *comm)
{
	char padded[16] = {};
	const struct process process = { .tgid = (uint32_t)f->child, .lineage = 7 };
	const struct workload_sighting seen = {
		.cgroup_id = cgroup_id,
		.tgid = (uint32_t)f->child,
		.exe = exe,
		.process = f->child ? &process : NULL,
		.comm = padded,
	};
	uint32_t number;

	memcpy(padded, comm, strlen(comm));
	assert_int_equal(workloads_add(f->w, &seen, f->now_ns, &number), 0);
	return number;
}

static void settle(struct fixture *f)
{
	uint64_t end_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	assert_int_equal(workloads_dispatch(f->w, f->now_ns), 0);
	while (workloads_n_pending(f->w)) {
		struct pollfd fd = { .fd = workloads_fd(f->w), .events = POLLIN };
		int timeout_ms = workloads_timeout_ms(f->w, f->now_ns);

		poll(&fd, 1, timeout_ms < 0 || timeout_ms > 1000 ? 1000 : timeout_ms);
		assert_int_equal(workloads_dispatch(f->w, f->now_ns), 0);
		if (clock_now_ns(CLOCK_MONOTONIC) > end_ns)
			fail_msg("names do not come");
	}
}

static const char *label_of(struct fixture *f, uint32_t number, const char *name)
{
	const struct workload_label *labels;
	size_t n;

	assert_int_equal(workloads_labels(f->w, number, &labels, &n), 0);
	for (size_t i = 0; i < n; i++)
		if (strcmp(labels[i].name, name) == 0)
			return labels[i].value;
	return "";
}

static void assert_labels(struct fixture *f, uint32_t number, const char *const (*expected)[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(label_of(f, number, expected[i][0]), expected[i][1]) != 0)
			fail_msg("%s is '%s', not '%s'", expected[i][0], label_of(f, number, expected[i][0]),
				 expected[i][1]);
}

#define DOCKER_TEXT                                                                                                    \
	"{\"Name\":\"/shop\",\"Config\":{\"Image\":\"shop:1.2\",\"Labels\":{\"app.kubernetes.io/"                      \
	"name\":\"checkout\"}}}"

static void test_container(void **state)
{
	static const char *const expected[][2] = {
		{ "service_name", "checkout" },
		{ "version", "1.2" },
		{ "container", "shop" },
		{ "container_id", ID },
		{ "cgroup", "/system.slice/docker-" ID ".scope" },
		{ "comm", "worker" },
		{ "host", "node7" },
		{ "pod", "" },
		{ "__exe__", "" },
	};
	struct fixture *f = *state;
	uint32_t number;

	lay(f, DOCKER_DIR, "config.v2.json", DOCKER_TEXT);
	number = see(f, DOCKER, "/bin/shop", "worker");
	assert_false(workloads_is_named(f->w, number));
	assert_int_equal(see(f, DOCKER, "/bin/shop", "worker"), number);
	assert_int_not_equal(see(f, DOCKER, "/bin/shop", "other"), number);
	assert_int_not_equal(see(f, DOCKER, "/bin/other", "worker"), number);
	assert_string_equal(label_of(f, number, "service_name"), "0123456789ab"); /* so far */
	settle(f);
	assert_true(workloads_is_named(f->w, number));
	assert_labels(f, number, expected, ARRAY_SIZE(expected));
	assert_int_equal(workloads_stats(f->w).n_told, 1);
	assert_string_equal(label_of(f, see(f, UNIT, "/usr/sbin/nginx", "nginx"), "service_name"), "nginx.service");
	assert_string_equal(label_of(f, see(f, OTHER, "/bin/x", "y"), "service_name"), "x");
}

/* A runtime may write late: it is asked again, and not for ever. */
static void test_late_names(void **state)
{
	struct fixture *f = *state;
	uint32_t number = see(f, DOCKER, "/bin/shop", "worker");

	settle(f);
	lay(f, DOCKER_DIR, "config.v2.json", DOCKER_TEXT);
	see(f, DOCKER, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "0123456789ab");
	f->now_ns += NS_PER_S;
	see(f, DOCKER, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "shop");
	assert_int_equal(workloads_stats(f->w).n_untold, 0);

	number = see(f, CRIO, "/bin/shop", "worker");
	for (int i = 0; i < 6; i++) {
		f->now_ns += 30 * NS_PER_S;
		see(f, CRIO, "/bin/shop", "worker");
		settle(f);
	}
	lay(f, CRIO_DIR ID "/userdata", "config.json", "{\"annotations\":{\"app\":\"late\"}}");
	see(f, CRIO, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "service_name"), "0123456789ab");
	assert_int_equal(workloads_stats(f->w).n_untold, 1);
}

/* The pod's labels are those of its own container; what has the name of a log tells of the pod, too. */
static void test_pods(void **state)
{
	static const char *const crio[][2] = { { "service_name", "checkout" },
					       { "version", "7" },
					       { "container", "main" } };
	static const char *const log[][2] = {
		{ "service_name", "web" }, { "container", "nginx" }, { "pod", "web-0" }, { "namespace", "shop" }
	};
	struct fixture *f = *state;
	uint32_t number;

	lay(f, CRIO_DIR ID "/userdata", "config.json",
	    "{\"annotations\":{\"io.kubernetes.container.name\":\"main\",\"io.kubernetes.cri-o.SandboxID\":\"" POD
	    "\"}}");
	lay(f, CRIO_DIR POD "/userdata", "config.json",
	    "{\"annotations\":{\"io.kubernetes.container.name\":\"POD\",\"io.kubernetes.cri-o.Labels\":"
	    "\"{\\\"app\\\":\\\"checkout\\\",\\\"app.kubernetes.io/version\\\":\\\"7\\\"}\"}}");
	number = see(f, CRIO, "/bin/shop", "worker");
	settle(f);
	assert_labels(f, number, crio, ARRAY_SIZE(crio));

	lay(f, "var/log/containers", "web-0_shop_nginx-" ID ".log", "");
	number = see(f, DOCKER, "/bin/shop", "worker");
	settle(f);
	assert_labels(f, number, log, ARRAY_SIZE(log));
}

/* Files of ill will: no JSON, a FIFO, a link that leads out of the root. */
static void test_bad_files(void **state)
{
	struct fixture *f = *state;
	char command[512];
	uint32_t number;

	lay(f, DOCKER_DIR, "config.v2.json", "{\"Name\":\"/shop\"");
	number = see(f, DOCKER, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "0123456789ab");

	snprintf(command, sizeof(command),
		 "cd '%s' && mkdir -p '" CRIO_DIR ID "/userdata' && mkfifo '" CRIO_DIR ID "/userdata/config.json'",
		 f->root);
	assert_int_equal(system(command), 0);
	number = see(f, CRIO, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "0123456789ab");

	lay(f, "../out", "config.json", "{\"annotations\":{\"io.kubernetes.container.name\":\"out\"}}");
	snprintf(command, sizeof(command),
		 "cd '%s' && mkdir -p '" CRIO_DIR POD "' && ln -s '%s/out' '" CRIO_DIR POD "/userdata'", f->root,
		 f->dir);
	assert_int_equal(system(command), 0);
	number = see(f, POD_OF_CRIO, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "fedcba987654");
}

#define DOCKER_QUESTION "GET /containers/" ID "/json HTTP/1.0\r\n"

/* Answers one question that begins so as a runtime does, or never; with a path for the setting. */
static void play_runtime(struct fixture *f, const char *key, const struct buf *question, const struct buf *answer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), c;
	char got[1024], setting[160];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/runtime.sock", f->root);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(setting, sizeof(setting), "workload.%s=%s", key, address.sun_path);
	configure(f, (const char *const[]){ setting, NULL });
	if (fork() != 0) {
		close(fd);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	c = accept(fd, NULL, NULL);
	if (read(c, got, sizeof(got)) < (ssize_t)question->size || memcmp(got, question->data, question->size) != 0)
		_exit(1);
	if (!answer)
		pause();
	usleep(50000); /* it takes its time */
	if (fs_write_all(c, answer->data, answer->size) < 0)
		_exit(1);
	_exit(strcmp(key, "cri_socket") == 0 && read(c, got, 1) != 0); /* there who asks ends it */
}

static void play_docker(struct fixture *f, const char *answer)
{
	struct buf question = {}, bytes = {};

	assert_int_equal(buf_add_str(&question, DOCKER_QUESTION), 0);
	assert_int_equal(buf_add_str(&bytes, answer ?: ""), 0);
	play_runtime(f, "docker_socket", &question, answer ? &bytes : NULL);
	buf_done(&question);
	buf_done(&bytes);
}

/* id: whom the answer tells of. */
static void play_cri(struct fixture *f, const char *id)
{
	struct buf question = {}, answer = {};

	assert_int_equal(cri_call_ask(&question, ID), 0);
	cri_put_answer(&answer, &question, id);
	play_runtime(f, "cri_socket", &question, &answer);
	buf_done(&question);
	buf_done(&answer);
}

static void test_docker_socket(void **state)
{
	struct fixture *f = *state;
	uint32_t number;
	int status;

	play_docker(f, "HTTP/1.0 200 OK\r\nServer: x\r\n\r\n" DOCKER_TEXT);
	number = see(f, DOCKER, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "shop");
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

/* Nobody waits for a docker that does not answer. */
static void test_mute_docker(void **state)
{
	struct fixture *f = *state;
	uint64_t start_ns;
	uint32_t number;

	play_docker(f, NULL);
	start_ns = clock_now_ns(CLOCK_MONOTONIC);
	number = see(f, DOCKER, "/bin/shop", "worker");
	assert_int_equal(workloads_dispatch(f->w, f->now_ns), 0);
	assert_true(clock_now_ns(CLOCK_MONOTONIC) - start_ns < NS_PER_S);
	assert_int_equal(workloads_n_pending(f->w), 1);
	f->now_ns += 3 * NS_PER_S;
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "0123456789ab");
	assert_int_equal(workloads_stats(f->w).n_unanswered, 1);
}

/* Kubernetes' runtime, which leaves the connection open: the answer's end is seen. */
static void test_cri_socket(void **state)
{
	static const char *const expected[][2] = { { "service_name", "checkout" },
						   { "version", "v2.3" },
						   { "container", "main" },
						   { "pod", "checkout-7d9c5b6f8-x2x9k" },
						   { "namespace", "shop" } };
	struct fixture *f = *state;
	uint32_t number;
	int status;

	play_cri(f, ID);
	number = see(f, CRIO, "/bin/shop", "worker");
	settle(f);
	assert_labels(f, number, expected, ARRAY_SIZE(expected));
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_int_equal(workloads_stats(f->w).n_unanswered, 0);
	assert_int_equal(workloads_stats(f->w).n_told, 1);
}

/* It tells of another container: nothing is taken from it. No runtime: counted. */
static void test_other_cri(void **state)
{
	struct fixture *f = *state;
	uint32_t number;

	play_cri(f, POD);
	number = see(f, CRIO, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "0123456789ab");
	assert_true(wait(NULL) > 0);
	assert_int_equal(workloads_stats(f->w).n_unanswered, 0);
	see(f, POD_OF_CRIO, "/bin/shop", "worker");
	settle(f);
	assert_int_equal(workloads_stats(f->w).n_unanswered, 1);
}

/* Bytes that are no answer are counted. */
static void test_unreadable_runtime(void **state)
{
	struct fixture *f = *state;
	uint32_t number;

	play_docker(f, "HTTP/1.1 400 Bad Request\r\n\r\nno JSON");
	number = see(f, DOCKER, "/bin/shop", "worker");
	settle(f);
	assert_string_equal(label_of(f, number, "container"), "0123456789ab");
	assert_int_equal(workloads_stats(f->w).n_unanswered, 1);
}

static void start_child(struct fixture *f)
{
	static const char *const environment[] = { "OTEL_SERVICE_NAME=api",
						   "OTEL_RESOURCE_ATTRIBUTES=service.version=2%2e1", "TEAM=blue",
						   "PASSWORD=secret", NULL };
	char path[64], text[64];
	ssize_t n;

	f->child = fork();
	if (f->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execle("/bin/sleep", "sleep", "1000", "--", NULL, environment);
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d/cmdline", f->child);
	do {
		int fd = open(path, O_RDONLY);

		n = read(fd, text, sizeof(text));
		close(fd);
	} while (n < 6 || memcmp(text, "sleep", 6) != 0); /* until the exec is done */
}

static void test_environment(void **state)
{
	static const char *const allowed[] = { "workload.read_environment=yes", NULL };
	static const char *const rules[] = { "workload.read_environment=yes", "service.blue.env=TEAM=b*",
					     "service.blue.cmdline=sleep 1000*", NULL };
	static const char *const rules_only[] = { "service.sleepy.cmdline=sleep 1000*", NULL };
	struct fixture *f = *state;
	uint32_t number;

	start_child(f);
	number = see(f, UNIT, "/bin/sleep", "sleep");
	settle(f);
	assert_string_equal(label_of(f, number, "service_name"), "nginx.service"); /* unless it is allowed */
	configure(f, allowed);
	number = see(f, UNIT, "/bin/sleep", "sleep");
	assert_false(workloads_is_named(f->w, number));
	settle(f);
	assert_string_equal(label_of(f, number, "service_name"), "api");
	assert_string_equal(label_of(f, number, "version"), "2.1");
	tear_down(state);

	set_up(state);
	f = *state;
	configure(f, rules);
	start_child(f);
	number = see(f, UNIT, "/bin/sleep", "sleep");
	settle(f);
	assert_string_equal(label_of(f, number, "service_name"), "blue");
	configure(f, rules_only);
	number = see(f, UNIT, "/bin/sleep", "sleep");
	settle(f);
	assert_string_equal(label_of(f, number, "service_name"), "sleepy");
}

static void test_labels_of_the_configuration(void **state)
{
	static const char *const settings[] = { "labels.region=eu",
						"labels.host=other",
						"relabel.10-image.source_labels=__image__",
						"relabel.10-image.target_label=image",
						"relabel.20-drop.action=drop",
						"relabel.20-drop.source_labels=comm",
						"relabel.20-drop.regex=secret.*",
						NULL };
	static const char *const expected[][2] = { { "region", "eu" }, { "host", "other" }, { "image", "shop:1.2" } };
	const struct workload_label *labels;
	struct fixture *f = *state;
	uint32_t number;
	size_t n;

	lay(f, DOCKER_DIR, "config.v2.json", DOCKER_TEXT);
	configure(f, settings);
	number = see(f, DOCKER, "/bin/shop", "worker");
	settle(f);
	assert_labels(f, number, expected, ARRAY_SIZE(expected));
	number = see(f, DOCKER, "/bin/shop", "secret1");
	assert_int_equal(workloads_labels(f->w, number, &labels, &n), WORKLOAD_LEFT_OUT);
	assert_int_equal(workloads_judge(f->w, number), WORKLOAD_KEPT); /* a rule is no filter */
	configure(f, (const char *const[]){ NULL });
	assert_int_equal(workloads_labels(f->w, number, &labels, &n), 0);
}

static void test_filter(void **state)
{
	const struct workload_label *labels;
	struct fixture *f = *state;
	uint32_t shop, nginx, x;
	size_t n;

	lay(f, DOCKER_DIR, "config.v2.json", DOCKER_TEXT);
	configure(f, (const char *const[]){ "filter.include_services=check*,x,nginx*", "filter.exclude_services=x",
					    NULL });
	shop = see(f, DOCKER, "/bin/shop", "worker");
	nginx = see(f, UNIT, "/usr/sbin/nginx", "nginx");
	x = see(f, OTHER, "/bin/x", "y");
	assert_int_equal(workloads_judge(f->w, shop), WORKLOAD_UNDECIDED);
	assert_int_equal(workloads_labels(f->w, shop, &labels, &n), WORKLOAD_LEFT_OUT); /* by what is known */
	settle(f);
	assert_int_equal(workloads_judge(f->w, shop), WORKLOAD_KEPT);
	assert_int_equal(workloads_labels(f->w, shop, &labels, &n), 0);
	assert_int_equal(workloads_judge(f->w, nginx), WORKLOAD_KEPT);
	assert_int_equal(workloads_judge(f->w, x), WORKLOAD_OUT_BY_PROCESS);
	assert_int_equal(workloads_labels(f->w, x, &labels, &n), WORKLOAD_LEFT_OUT);
	assert_int_equal(workloads_judge(f->w, see(f, OTHER, NULL, "y")), WORKLOAD_OUT);

	configure(f, (const char *const[]){ "filter.exclude_services=nginx.service", NULL });
	assert_int_equal(workloads_judge(f->w, nginx), WORKLOAD_OUT_BY_CGROUP);
	assert_int_equal(workloads_judge(f->w, x), WORKLOAD_KEPT);
	configure(f, (const char *const[]){ "filter.exclude_services=nginx.service", "service.other.exe=/x", NULL });
	assert_int_equal(workloads_judge(f->w, nginx), WORKLOAD_OUT_BY_PROCESS);

	configure(f, (const char *const[]){ "filter.exclude_containers=sh?p", NULL });
	assert_int_equal(workloads_judge(f->w, shop), WORKLOAD_OUT_BY_CGROUP);
	assert_int_equal(workloads_judge(f->w, x), WORKLOAD_KEPT);
	configure(f, (const char *const[]){ "filter.include_containers=shop", NULL });
	assert_int_equal(workloads_judge(f->w, shop), WORKLOAD_KEPT);
	assert_int_equal(workloads_judge(f->w, x), WORKLOAD_OUT_BY_CGROUP);
}

static void test_bounds(void **state)
{
	struct fixture *f = *state;
	char comm[16];

	for (int i = 0; i < WORKLOADS_MAX + 10; i++) {
		snprintf(comm, sizeof(comm), "t%d", i);
		see(f, UNIT, "/bin/x", comm);
	}
	assert_int_equal(workloads_stats(f->w).n, WORKLOADS_MAX - 1);
	assert_int_equal(workloads_stats(f->w).n_no_room, 11);
	assert_int_equal(see(f, UNIT, "/bin/x", "more"), WORKLOAD_NO_ROOM);
	assert_string_equal(label_of(f, WORKLOAD_NO_ROOM, "service_name"), "[too many workloads]");
	for (int i = 0; i < 10; i++) {
		workloads_keep(f->w, see(f, UNIT, "/bin/x", "t7"));
		workloads_sweep(f->w);
	}
	assert_int_equal(workloads_stats(f->w).n, 1);
	assert_int_not_equal(see(f, UNIT, "/bin/x", "more"), WORKLOAD_NO_ROOM);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_container, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_late_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pods, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_docker_socket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mute_docker, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cri_socket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_cri, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_runtime, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_environment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_labels_of_the_configuration, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_filter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
	};

	if (argc > 1 && strcmp(argv[1], "indexer") == 0)
		return indexer_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
