// SPDX-License-Identifier: Apache-2.0
#include "agent/program-facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "common/fsutil.h"
#include "symbolizer/indexer-client.h"

void program_facts_init(struct program_facts *facts, int proc_fd, struct indexer_client *lane)
{
	*facts = (struct program_facts){ .proc_fd = proc_fd, .lane = lane };
}

void program_facts_done(struct program_facts *facts)
{
	free(facts->variables);
}

static int open_proc(const struct program_facts *facts, uint32_t tgid, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "%u/%s", tgid, name);
	return openat(facts->proc_fd, path, O_RDONLY | O_CLOEXEC);
}

/* The last argument ends with a NUL too. */
static int read_cmdline(const struct program_facts *facts, struct program_fact *p, uint32_t tgid)
{
	_cleanup_close_ int fd = open_proc(facts, tgid, "cmdline");
	char text[PROGRAM_CMDLINE_BYTES];
	ssize_t n = fd < 0 ? -1 : fs_pread_all(fd, text, sizeof(text), 0);

	if (n <= 0)
		return 0;
	text[n - 1] = 0;
	for (ssize_t i = 0; i < n - 1; i++)
		if (!text[i])
			text[i] = ' ';
	p->cmdline = strdup(text);
	return p->cmdline ? 0 : -ENOMEM;
}

/* Where the lane is full, the environment stays unread: the next program may fare better. */
static int ask_environment(struct program_facts *facts, struct program_fact *p, uint32_t tgid)
{
	int fd = open_proc(facts, tgid, "environ"), r;

	if (fd < 0)
		return 0;
	r = indexer_client_submit(facts->lane, INDEXER_ENVIRONMENT, ++facts->last_tag, fd, facts->variables ?: "");
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	p->tag = facts->last_tag;
	p->is_pending = true;
	DL_APPEND(facts->pending, p);
	facts->n_pending++;
	return 0;
}

int program_facts_want(struct program_facts *facts, struct program_fact *p, uint32_t tgid)
{
	int r = 0;

	if (facts->reads_cmdline && !p->cmdline)
		r = read_cmdline(facts, p, tgid);
	if (r == 0 && facts->reads_environment && !p->is_environment_read && !p->is_pending)
		r = ask_environment(facts, p, tgid);
	return r;
}

static void end_question(struct program_facts *facts, struct program_fact *p)
{
	if (!p->is_pending)
		return;
	p->is_pending = false;
	DL_DELETE(facts->pending, p);
	facts->n_pending--;
}

void program_facts_forget(struct program_facts *facts, struct program_fact *p)
{
	end_question(facts, p);
	free(p->cmdline);
	free(p->service_name);
	free(p->service_version);
	for (size_t i = 0; i < p->n_variables; i++)
		free(p->variables[i]);
}

static int copy(const char *text, size_t size, char **ret)
{
	if (!text[0])
		return 0;
	*ret = strndup(text, size);
	return *ret ? 0 : -ENOMEM;
}

static int put(struct program_fact *p, const struct environment_facts *told)
{
	int r = copy(told->service_name, sizeof(told->service_name), &p->service_name);

	if (r == 0)
		r = copy(told->service_version, sizeof(told->service_version), &p->service_version);
	for (size_t i = 0; r == 0 && i < ENVIRONMENT_MAX_WANTED && told->wanted[i][0]; i++)
		r = copy(told->wanted[i], sizeof(told->wanted[i]), &p->variables[p->n_variables++]);
	return r;
}

int program_facts_on_result(struct program_facts *facts, const struct indexer_result *result)
{
	struct environment_facts told;
	struct program_fact *p;

	DL_FOREACH (facts->pending, p)
		if (p->tag == result->tag)
			break;
	if (!p)
		return 0; /* it has gone meanwhile */
	end_question(facts, p);
	p->is_environment_read = true; /* also where nothing could be read: once is enough */
	if (result->status < 0 || fs_pread_all(result->index_fd, &told, sizeof(told), 0) != sizeof(told))
		return 0;
	return put(p, &told);
}
