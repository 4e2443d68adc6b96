// SPDX-License-Identifier: Apache-2.0
#include "tests/native/walk-native.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/walk.bpf.h"

_Static_assert(sizeof(struct native_regs) == sizeof(struct user_regs), "the same thing");

#define MAX_FORKS 8

const __u64 hash_seed = 0x5eed;

static const struct native_input *in;
static size_t n_reads;
static struct walk *walk;

/* What a lookup in unwind_chunks gives stands for the chunk of this number. */
static char chunk_maps[UNWIND_MAX_CHUNKS];

void *bpf_map_lookup_elem(const void *map, const void *key)
{
	__u32 i;

	memcpy(&i, key, sizeof(i));
	if (map == &unwind_chunks)
		return i < in->space->n_chunks ? &chunk_maps[i] : NULL;
	if (i != 0)
		return NULL;
	if (map == &unwind_tables)
		return in->space->tables;
	if (map == &unwind_processes)
		return in->space->slots;
	if (map == &walks)
		return walk;
	return in->space->chunks[(const char *)map - chunk_maps];
}

/* As the kernel does, it clears what it cannot read. */
long bpf_probe_read_user(void *dst, __u32 size, const void *addr)
{
	n_reads++;
	if (in->read(in->context, (__u64)addr, dst, size))
		return 0;
	memset(dst, 0, size);
	return -14;
}

static void make_tasks(const struct native_task *task, struct task_struct *ret)
{
	for (size_t i = 0; i < MAX_FORKS; i++) {
		ret[i] = (struct task_struct){ .tgid = 1, .group_leader = &ret[i], .real_parent = &ret[i] };
		if (!task)
			return;
		ret[i].tgid = (int)task->tgid;
		ret[i].flags = task->has_not_called_exec ? PF_FORKNOEXEC : 0;
		ret[i].self_exec_id = task->exec_id;
		ret[i].parent_exec_id = task->parent_exec_id;
		if (i + 1 < MAX_FORKS)
			ret[i].real_parent = &ret[i + 1];
		task = task->parent;
	}
}

void native_walk(const struct native_input *input, struct native_stack *ret)
{
	struct cpu_buf *buf = calloc(1, sizeof(*buf));
	struct task_struct tasks[MAX_FORKS];
	__u32 answer = (input->in_syscall ? USER_REGS_IN_SYSCALL : 0) | (input->compat32 ? USER_REGS_COMPAT32 : 0);

	*ret = (struct native_stack){};
	walk = calloc(1, sizeof(*walk));
	if (!walk || !buf)
		abort();
	in = input;
	n_reads = 0;
	memset(walk, 0xaa, sizeof(*walk)); /* as after another walk */
	memcpy(&walk->regs[0], &input->regs, sizeof(walk->regs[0]));
	make_tasks(&input->task, tasks);
	walk_user(walk_of_cpu(), buf, tasks, answer, &ret->rec);
	if (ret->rec.ustack) {
		const __u64 *stack = &buf->stacks[ret->rec.ustack - 1];

		ret->n = stack[1];
		memcpy(ret->frames, stack + CPUHOUND_STACK_HEADER_WORDS, ret->n * sizeof(*ret->frames));
	}
	ret->n_reads = n_reads;
	free(walk);
	free(buf);
}
