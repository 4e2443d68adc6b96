// SPDX-License-Identifier: Apache-2.0
/*
 * debug files: a directory plays the root of a process, one the host's /usr/lib/debug, one a --debug-dir. Each file
 * holds its own path, so that what was opened tells where it lay.
 */
#include "tests/unit/tool.h"

#include "agent/debug-files.h"
#include "agent/debug-roots.h"

#define BY_ID ".build-id/ab/cdef0123.debug"

static const struct build_id id = { .n_bytes = 5, .bytes = { 0xab, 0xcd, 0xef, 0x01, 0x23 } };

struct fixture {
	char *dir;
	char given_path[300], host_path[300];
	struct debug_files files;
	struct debug_place place;
};

static int set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	char root[300];

	if (!x || tool_dir_new((void **)&x->dir) < 0)
		return -1;
	tool_run("cd '%s' && mkdir root given host root/opt", x->dir);
	snprintf(root, sizeof(root), "%s/root", x->dir);
	snprintf(x->given_path, sizeof(x->given_path), "%s/given", x->dir);
	snprintf(x->host_path, sizeof(x->host_path), "%s/host", x->dir);
	debug_files_init(&x->files, x->host_path);
	assert_int_equal(debug_files_add_dir(&x->files, x->given_path), 0);
	x->place.path = "/opt/app/prog";
	x->place.root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(x->place.root_fd >= 0);
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	close_fd(x->place.root_fd);
	debug_files_done(&x->files);
	tool_run("rm -rf '%s'", x->dir);
	free(x->dir);
	free(x);
	return 0;
}

/* A file below the fixture's directory. */
static void make(const struct fixture *x, const char *path)
{
	tool_run("cd '%s' && mkdir -p \"$(dirname '%s')\" && printf %%s '%s' > '%s'", x->dir, path, path, path);
}

/* The path of the candidate below the fixture's directory; "": there is none. */
static const char *find(struct fixture *x, struct debug_need need, uint32_t candidate)
{
	static char text[600];
	char path[DEBUG_NEED_NAME_BYTES];
	_cleanup_close_ int fd = -1;
	ssize_t n;
	int r;

	need.candidate = candidate;
	r = debug_files_find(&x->files, &x->place, &need, &fd, path);
	if (r == DEBUG_NEED_NONE)
		return "";
	assert_int_equal(r, 0);
	n = fs_pread_all(fd, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = 0;
	assert_non_null(memchr(path, 0, sizeof(path)));
	return text;
}

static void check_order(struct fixture *x, const struct debug_need *need, const char *const *paths, size_t n)
{
	for (uint32_t i = 0; i < n; i++)
		assert_string_equal(find(x, *need, i), paths[i]);
	assert_string_equal(find(x, *need, (uint32_t)n), "");
	/* What is not there does not count. */
	for (size_t gone = 0; gone < n; gone++) {
		tool_run("rm '%s/%s'", x->dir, paths[gone]);
		assert_string_equal(find(x, *need, 0), gone + 1 < n ? paths[gone + 1] : "");
	}
	for (size_t i = 0; i < n; i++)
		make(x, paths[i]);
}

static void make_all(const struct fixture *x, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		make(x, paths[i]);
}

static void test_build_id(void **state)
{
	static const char *const paths[] = { "root/usr/lib/debug/" BY_ID, "given/" BY_ID, "host/" BY_ID };
	const struct debug_need need = { .kind = DEBUG_NEED_FILE, .build_id = id };
	struct debug_need other = need;
	struct fixture *x = *state;

	make_all(x, paths, ARRAY_SIZE(paths));
	check_order(x, &need, paths, ARRAY_SIZE(paths));
	other.build_id.bytes[4]++;
	assert_string_equal(find(x, other, 0), "");
	other.build_id.n_bytes = 1; /* ".build-id/ab/.debug" would be everybody's */
	assert_string_equal(find(x, other, 0), "");
}

static void test_link(void **state)
{
	static const char *const paths[] = {
		"root/opt/app/prog.debug",
		"root/opt/app/.debug/prog.debug",
		"root/usr/lib/debug/opt/app/prog.debug",
		"given/opt/app/prog.debug",
		"given/prog.debug",
		"host/opt/app/prog.debug",
	};
	const struct debug_need need = { .kind = DEBUG_NEED_FILE, .name = "prog.debug" };
	struct fixture *x = *state;

	make_all(x, paths, ARRAY_SIZE(paths));
	check_order(x, &need, paths, ARRAY_SIZE(paths));
}

/* The host's own root is searched once, and what cannot be reached any more not at all. */
static void test_roots(void **state)
{
	static const char *const paths[] = { "given/" BY_ID, "host/" BY_ID };
	const struct debug_need need = { .kind = DEBUG_NEED_FILE, .build_id = id };
	struct fixture *x = *state;
	int root_fd = x->place.root_fd;

	make_all(x, paths, ARRAY_SIZE(paths));
	make(x, "root/usr/lib/debug/" BY_ID);
	x->place.root_fd = -1;
	check_order(x, &need, paths, ARRAY_SIZE(paths));
	x->place.root_fd = root_fd;
	x->place.is_on_host = true;
	assert_string_equal(find(x, need, 1), "given/" BY_ID);
	assert_string_equal(find(x, need, 2), "");
}

static void test_alt(void **state)
{
	static const char *const paths[] = {
		"root/usr/lib/debug/" BY_ID,
		"root/usr/lib/debug/.dwz/app.debug",
		"given/" BY_ID,
		"given/.dwz/app.debug",
		"host/" BY_ID,
		"host/.dwz/app.debug",
	};
	const struct debug_need need = {
		.kind = DEBUG_NEED_ALT,
		.build_id = id,
		.name = "/usr/lib/debug/.dwz/app.debug",
	};
	struct fixture *x = *state;

	make_all(x, paths, ARRAY_SIZE(paths));
	check_order(x, &need, paths, ARRAY_SIZE(paths));
}

/* From where the debug file really lies, in the root that it was found in. */
static void test_relative_alt(void **state)
{
	const struct debug_need file = { .kind = DEBUG_NEED_FILE, .build_id = id };
	const struct debug_need alt = { .kind = DEBUG_NEED_ALT, .name = "../../.dwz/app" };
	struct fixture *x = *state;

	make(x, "host/opt/app/prog.debug");
	make(x, "host/.dwz/app");
	make(x, "given/.dwz/app");
	make(x, "root/usr/lib/debug/.dwz/app");
	assert_string_equal(find(x, alt, 0), "");
	tool_run("cd '%s/host' && mkdir -p .build-id/ab && ln -s ../../opt/app/prog.debug " BY_ID, x->dir);
	assert_string_equal(find(x, file, 0), "host/opt/app/prog.debug");
	assert_string_equal(find(x, alt, 0), "host/.dwz/app");
	assert_string_equal(find(x, alt, 1), "");
	make(x, "root/usr/lib/debug/opt/app/prog.debug");
	assert_string_equal(find(x, (struct debug_need){ .kind = DEBUG_NEED_FILE, .name = "prog.debug" }, 0),
			    "root/usr/lib/debug/opt/app/prog.debug");
	assert_string_equal(find(x, alt, 0), "root/usr/lib/debug/.dwz/app");
}

static void test_dwp(void **state)
{
	static const char *const paths[] = { "root/opt/app/prog.dwp", "given/opt/app/prog.dwp", "host/prog.debug.dwp",
					     "host/opt/app/prog.dwp" };
	struct fixture *x = *state;

	make_all(x, paths, ARRAY_SIZE(paths));
	make(x, "host/prog.debug");
	x->place.found_root = DEBUG_ROOT_HOST;
	strcpy(x->place.found_path, "/prog.debug");
	check_order(x, &(struct debug_need){ .kind = DEBUG_NEED_DWP }, paths, ARRAY_SIZE(paths));
}

static void test_dwo(void **state)
{
	static const char *const paths[] = { "root/src/build/a.dwo", "given/src/build/a.dwo", "host/src/build/a.dwo" };
	const struct debug_need relative = { .kind = DEBUG_NEED_DWO, .name = "a.dwo", .dir = "/src/build" };
	const struct debug_need absolute = { .kind = DEBUG_NEED_DWO, .name = "/src/build/a.dwo", .dir = "/elsewhere" };
	struct fixture *x = *state;

	make_all(x, paths, ARRAY_SIZE(paths));
	check_order(x, &relative, paths, ARRAY_SIZE(paths));
	check_order(x, &absolute, paths, ARRAY_SIZE(paths));
	assert_string_equal(find(x, (struct debug_need){ .kind = DEBUG_NEED_DWO, .dir = "/src/build" }, 0), "");
}

/* No name and no link leads out of the root that it is meant in. */
static void test_no_way_out(void **state)
{
	struct debug_need need = { .kind = DEBUG_NEED_FILE, .name = "../../../../../../secret" };
	struct fixture *x = *state;

	make(x, "secret");
	make(x, "root/opt/app/x");
	make(x, "given/opt/app/x");
	make(x, "host/opt/app/x");
	assert_string_equal(find(x, need, 0), "");
	tool_run("cd '%s' && ln -s '%s/secret' root/opt/app/a && ln -s ../../../secret root/opt/app/b && "
		 "ln -s /proc/self/fd/0 root/opt/app/c && ln -s '%s/secret' host/opt/app/a && ln -s d root/opt/app/d",
		 x->dir, x->dir, x->dir);
	for (char name = 'a'; name <= 'd'; name++) {
		need.name[0] = name;
		need.name[1] = 0;
		assert_string_equal(find(x, need, 0), "");
	}
	tool_run("cd '%s' && ln -s /opt/app/x root/opt/app/e", x->dir); /* within it, links are what they are */
	need.name[0] = 'e';
	assert_string_equal(find(x, need, 0), "root/opt/app/x");
}

static void test_traps(void **state)
{
	struct debug_need need = { .kind = DEBUG_NEED_FILE, .name = "fifo" };
	struct fixture *x = *state;

	tool_run("cd '%s/root' && mkdir -p opt/app/dir && mkfifo opt/app/fifo && truncate -s 17G opt/app/huge", x->dir);
	assert_string_equal(find(x, need, 0), "");
	strcpy(need.name, "dir");
	assert_string_equal(find(x, need, 0), "");
	strcpy(need.name, "huge");
	assert_string_equal(find(x, need, 0), "");
	tool_run("truncate -s 15G '%s/root/opt/app/huge'", x->dir);
	assert_int_equal(strlen(find(x, need, 0)), 0); /* zeros: but it is opened */
	assert_string_equal(x->place.found_path, "/opt/app/huge");
	memset(need.name, 'x', sizeof(need.name) - 1);
	assert_string_equal(find(x, need, 0), "");
	memset(need.name, '/', sizeof(need.name) - 1);
	assert_string_equal(find(x, need, 0), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* A root has a number of its own where there may be debug files of the binary, as long as there is room. */
static void test_numbers_of_roots(void **state)
{
	static const struct {
		const char *file, *remove;
	} places[] = {
		{ "opt/app/prog.debug", "opt/app/prog.debug" },
		{ "opt/app/prog.dwp", "opt/app/prog.dwp" },
		{ "opt/app/.debug/anything", "opt/app/.debug" },
		{ "usr/lib/debug/" BY_ID, "usr/lib/debug/.build-id" },
		{ "usr/lib/debug/opt/app/prog.debug", "usr/lib/debug/opt/app/prog.debug" },
		{ "usr/lib/debug/opt/app/prog", "usr/lib/debug/opt/app/prog" },
	};
	struct root_id root = { .mnt_ns = 1, .dev = 2, .ino = 3 }, other = { .mnt_ns = 1, .dev = 2, .ino = 4 };
	struct debug_roots roots = {};
	struct fixture *x = *state;
	const int fd = x->place.root_fd;
	uint32_t number = 0;

	assert_int_equal(debug_roots_number(&roots, &root, fd, "/opt/app/prog"), 0);
	make(x, "root/usr/lib/debug/opt/app/other.debug"); /* some distributions have the directories */
	assert_int_equal(debug_roots_number(&roots, &root, fd, "/opt/app/prog"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char path[100];

		snprintf(path, sizeof(path), "root/%s", places[i].file);
		make(x, path);
		assert_int_equal(debug_roots_number(&roots, &root, fd, "/opt/app/prog"), 1);
		tool_run("rm -r '%s/root/%s'", x->dir, places[i].remove);
		assert_int_equal(debug_roots_number(&roots, &root, fd, "/opt/app/prog"), 0);
	}
	make(x, "root/opt/app/prog.debug");
	assert_int_equal(debug_roots_number(&roots, &other, fd, "/opt/app/prog"), 2);
	assert_int_equal(debug_roots_number(&roots, &root, fd, "/opt/app/prog"), 1);
	for (root.ino = 100; roots.n < DEBUG_ROOTS_MAX; root.ino++)
		number = debug_roots_number(&roots, &root, fd, "/opt/app/prog");
	assert_int_equal(number, DEBUG_ROOTS_MAX);
	assert_int_equal(debug_roots_number(&roots, &root, fd, "/opt/app/prog"), 0);
	assert_int_equal(roots.n_refused, 1);
	debug_roots_done(&roots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_build_id),   TEST(test_link),         TEST(test_roots), TEST(test_numbers_of_roots),
		TEST(test_alt),        TEST(test_relative_alt), TEST(test_dwp),   TEST(test_dwo),
		TEST(test_no_way_out), TEST(test_traps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
