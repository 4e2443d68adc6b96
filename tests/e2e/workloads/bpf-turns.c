// SPDX-License-Identifier: Apache-2.0
/*
 * bpf turns: two BPF programs that take turns for a while, each loaded, run and gone again before the other comes, so
 * that one often gets the other's place. Prints how many nanoseconds of CPU time each has taken.
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define N_INSNS 3000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int load(const char *name)
{
	static struct bpf_insn insns[N_INSNS + 2];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)insns,
		.insn_cnt = N_INSNS + 2,
		.license = (uintptr_t) "GPL",
	};

	insns[0] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 };
	for (int i = 1; i <= N_INSNS; i++)
		insns[i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MUL | BPF_K, .dst_reg = BPF_REG_0, .imm = i | 1 };
	insns[N_INSNS + 1] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	strcpy(attr.prog_name, name);
	return (int)syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static uint64_t run(const char *name, uint64_t for_ns)
{
	unsigned char packet[64] = { 0 };
	uint64_t start_ns = now_ns(), end_ns;
	int fd = load(name);

	if (fd < 0) {
		perror("BPF_PROG_LOAD");
		exit(77);
	}
	do {
		union bpf_attr attr = { .test = { .prog_fd = (uint32_t)fd,
						  .repeat = 500,
						  .data_in = (uintptr_t)packet,
						  .data_size_in = sizeof(packet) } };

		if (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0) {
			perror("BPF_PROG_TEST_RUN");
			exit(77);
		}
		end_ns = now_ns();
	} while (end_ns - start_ns < for_ns);
	close(fd);
	usleep(20000); /* until it is really gone */
	return end_ns - start_ns;
}

int main(int argc, char **argv)
{
	uint64_t first_ns = 0, second_ns = 0;

	for (int i = atoi(argv[1]); i > 0; i--) {
		first_ns += run("hound_first", 60000000);
		second_ns += run("hound_second", 20000000);
	}
	printf("%llu %llu\n", (unsigned long long)first_ns, (unsigned long long)second_ns);
	return 0;
}
