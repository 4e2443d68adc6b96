// SPDX-License-Identifier: Apache-2.0
/*
 * debug queue: programs whose debug files lie in a directory that plays the root of their process, where only the
 * program itself tells what they are called. They are believed for that root alone.
 */
#include "tests/unit/tool.h"

#include <poll.h>

#include "agent/debug-queue.h"
#include "agent/modules.h"
#include "agent/opener.h"
#include "symbolizer/binary.h"
#include "symbolizer/children.h"

static const struct root_id root = { .mnt_ns = 1, .dev = 2, .ino = 3 },
			    other_root = { .mnt_ns = 1, .dev = 2, .ino = 4 };

/* The debug file goes to a place in the root, under a name that the program's .gnu_debuglink alone tells. */
#define LINKED_AT(place)                                                                                               \
	"gcc -O2 -g -Wl,--build-id p.c -o p && objcopy --only-keep-debug p x.dbg && strip p && "                       \
	"objcopy --add-gnu-debuglink=x.dbg p && mkdir -p root/" place " && mv x.dbg root/" place

static const struct {
	const char *what, *build;
} programs[] = {
	{ "split unit",
	  "gcc -O2 -g -gsplit-dwarf -Wl,--build-id p.c -o p && mkdir -p \"root$PWD\" && mv *.dwo \"root$PWD\"" },
	{ "link, beside it", LINKED_AT("opt") },
	{ "link, in .debug", LINKED_AT("opt/.debug") },
	{ "link, in usr/lib/debug", LINKED_AT("usr/lib/debug/opt") },
	{ "dwz",
	  "gcc -O2 -g -Wl,--build-id p.c -o p && cp p q && dwz -m common -M /opt/common p q && mv common root/opt" },
};

static const char source[] = "static inline __attribute__((always_inline)) int inner(int x)\n"
			     "{\n"
			     "\treturn x * 3 / 7;\n"
			     "}\n"
			     "__attribute__((noinline)) int outer(int x) { return inner(x) ^ 1; }\n"
			     "int main(int argc, char **argv) { return outer(argc); }\n";

struct fixture {
	char cache_dir[300];
	int root_fd;
	struct binaries *binaries;
	struct modules *modules;
	struct opener opener;
	struct debug_queue queue;
	struct binary *binary;
	uint32_t module;
};

static void open_all(struct fixture *x)
{
	const struct binaries_config config = {
		.cache_dir = x->cache_dir,
		.cache_limit_bytes = 64 << 20,
		.max_binaries = 100,
		.find_debug = debug_queue_find,
		.find_context = &x->queue,
	};

	debug_queue_init(&x->queue);
	assert_int_equal(binaries_new(&config, &x->binaries), 0);
	assert_int_equal(modules_new(100, &x->modules), 0);
	assert_int_equal(opener_init(&x->opener, x->binaries, x->modules, NULL), 0);
	debug_queue_attach(&x->queue, &x->opener);
}

static void close_all(struct fixture *x)
{
	opener_done(&x->opener);
	modules_free(x->modules);
	binaries_free(x->binaries);
	debug_queue_done(&x->queue);
}

/* As the opener does it for a file that was met in a root where it saw no debug file. */
static void meet(struct fixture *x, const char *dir, const struct root_id *where)
{
	assert_int_equal(binaries_add(x->binaries, tool_open_in(dir, "root/opt/p"), "/opt/p", &x->binary), 0);
	assert_int_equal(modules_add(x->modules, "/opt/p", x->binary, NULL, &x->module), 0);
	modules_note_root(x->modules, x->module, where);
}

static void ask(struct fixture *x, const char *dir)
{
	const struct debug_wish_info wish = {
		.module = x->module,
		.path = modules_get(x->modules, x->module)->path,
		.fd = tool_open_in(dir, "root/opt/p"),
		.root_fd = tool_open_in(dir, "root"),
	};

	assert_int_equal(debug_queue_add(&x->queue, &wish), 0);
	while (x->queue.n > 0) {
		struct pollfd p = { .fd = binaries_fd(x->binaries), .events = POLLIN };

		poll(&p, 1, binaries_timeout_ms(x->binaries));
		assert_int_equal(binaries_dispatch(x->binaries), 0);
		assert_int_equal(debug_queue_dispatch(&x->queue), 0);
	}
}

static size_t n_functions(const struct fixture *x, uint64_t address, const char **ret_innermost)
{
	struct index_frame frames[4];
	size_t n = binary_lookup(x->binary, address, frames, ARRAY_SIZE(frames));

	*ret_innermost = n > 0 ? frames[0].function : NULL;
	return n;
}

static void check_claimed(struct fixture *x, const char *dir, uint64_t address)
{
	struct binary *again;
	const char *innermost;

	open_all(x);
	meet(x, dir, &root);
	ask(x, dir);
	assert_int_equal(x->binary->debug_state, BINARY_DEBUG_READY);
	assert_int_equal(n_functions(x, address, &innermost), 2);
	assert_string_equal(innermost, "inner");
	assert_int_equal(binaries_stats(x->binaries)->n_debug_from_cache, 0);
	/* From now on it is that root's, and so is what else is met there. */
	assert_int_equal(x->binary->root, 1);
	assert_int_equal(debug_roots_number(&x->opener.debug_roots, &root, x->root_fd, "/opt/elsewhere"), 1);
	assert_int_equal(debug_roots_number(&x->opener.debug_roots, &other_root, x->root_fd, "/elsewhere"), 0);
	assert_int_equal(binaries_add(x->binaries, tool_open_in(dir, "root/opt/p"), "/opt/p", &again), 0);
	assert_ptr_not_equal(again, x->binary);
	assert_int_equal(binaries_add_rooted(x->binaries, tool_open_in(dir, "root/opt/p"), "/opt/p", 1, &again), 0);
	assert_ptr_equal(again, x->binary);
	assert_int_equal(binaries_set_root(x->binaries, x->binary, 1), -EEXIST);
	assert_int_equal(x->opener.debug_roots.n_refused, 0);
	close_all(x);
}

/* Nor is anything found that was kept of the root that it was believed in: nothing was. */
static void check_refused(struct fixture *x, const char *dir, uint64_t address)
{
	const char *innermost;

	open_all(x);
	meet(x, dir, &root);
	meet(x, dir, &other_root);
	ask(x, dir);
	assert_int_equal(binaries_stats(x->binaries)->n_debug_from_cache, 0);
	n_functions(x, address, &innermost);
	assert_true(!innermost || strcmp(innermost, "inner") != 0);
	assert_int_equal(x->binary->root, 0);
	assert_int_equal(x->opener.debug_roots.n_refused, 1);
	close_all(x);
}

static uint64_t address_of_outer(const char *dir)
{
	_cleanup_(buf_done) struct buf text = {};

	tool_read(&text, "cd '%s' && gcc -O2 p.c -o full && nm full | awk '$3 == \"outer\" { print $1 }'", dir);
	return strtoull(text.data, NULL, 16);
}

static void test_found_in_the_root(void **state)
{
	const char *dir = *state;

	tool_write(dir, "p.c", source);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct fixture x = {};
		uint64_t address = address_of_outer(dir);

		print_message("%s\n", programs[i].what);
		tool_run("cd '%s' && rm -rf root && mkdir -p root/opt && { %s; } && mv p root/opt/p", dir,
			 programs[i].build);
		snprintf(x.cache_dir, sizeof(x.cache_dir), "%s/cache", dir);
		x.root_fd = tool_open_in(dir, "root");
		for (int again = 0; again < 2; again++)
			check_claimed(&x, dir, address);
		check_refused(&x, dir, address);
		close_fd(x.root_fd);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found_in_the_root, tool_dir_new, tool_dir_free),
	};
	int exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
