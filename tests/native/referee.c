// SPDX-License-Identifier: Apache-2.0
#include "tests/native/referee.h"

#include <libunwind-ptrace.h>
#include <stdio.h>
#include <string.h>

struct referee {
	unw_addr_space_t space;
};

int referee_new(struct referee **ret)
{
	_cleanup_(referee_freep) struct referee *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->space = unw_create_addr_space(&_UPT_accessors, 0);
	if (!r->space)
		return -ENOMEM;
	if (unw_set_caching_policy(r->space, UNW_CACHE_GLOBAL) < 0)
		return -EIO;
	*ret = take_ptr(r);
	return 0;
}

struct referee *referee_free(struct referee *r)
{
	if (!r)
		return NULL;
	if (r->space)
		unw_destroy_addr_space(r->space);
	free(r);
	return NULL;
}

static void unwind(unw_cursor_t *cursor, struct referee_stack *ret)
{
	unw_word_t pc;

	ret->n = 0;
	do {
		if (unw_get_reg(cursor, UNW_REG_IP, &pc) < 0 || pc == 0 || ret->n == REFEREE_MAX_FRAMES)
			return;
		ret->pcs[ret->n++] = pc;
	} while (unw_step(cursor) > 0);
}

int referee_unwind(struct referee *r, pid_t tid, struct referee_stack *ret)
{
	void *process = _UPT_create(tid);
	unw_cursor_t cursor;
	int error;

	if (!process)
		return -ENOMEM;
	error = unw_init_remote(&cursor, r->space, process);
	if (error == 0)
		unwind(&cursor, ret);
	_UPT_destroy(process);
	return error < 0 ? -EIO : 0;
}

/* A line of gdb's backtrace: `#3  0x0000555555555131 in f ()`, `#0  f () at f.c:3`, or `#4  <signal handler called>`.
 */
static void parse_frame(const char *line, struct referee_stack *ret)
{
	uint64_t *pc = &ret->pcs[ret->n];

	if (line[0] != '#' || ret->n == REFEREE_MAX_FRAMES)
		return;
	line += strcspn(line, " ");
	line += strspn(line, " ");
	if (sscanf(line, "0x%lx in ", pc) == 1)
		line = strstr(line, " in ") + 4;
	else
		*pc = REFEREE_ANY;
	if (ret->n++ == 0)
		snprintf(ret->function, sizeof(ret->function), "%.*s", (int)strcspn(line, " "), line);
}

int referee_gdb(pid_t pid, pid_t tid, struct referee_stack *ret)
{
	char command[256], line[1024], mine[64];
	bool is_mine = false;
	FILE *f;

	snprintf(command, sizeof(command),
		 "gdb -nx -batch -ex 'set debuginfod enabled off' -p %d -ex 'thread apply all bt' 2>/dev/null",
		 (int)pid);
	snprintf(mine, sizeof(mine), "LWP %d)", (int)tid);
	f = popen(command, "re");
	if (!f)
		return -errno;
	ret->n = 0;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Thread ", 7) == 0)
			is_mine = strstr(line, mine) || (tid == pid && strstr(line, "(process "));
		else if (is_mine)
			parse_frame(line, ret);
	}
	return pclose(f) == 0 && ret->n > 0 ? 0 : -EIO;
}
