// SPDX-License-Identifier: Apache-2.0
#include "report/loss-reasons.h"

#include <string.h>

#include "common/clean.h"

/* Each text fits a line of its own. */
static const struct loss_reason reasons[] = {
	{ LOSS_TRUNCATED, "bad_pc", "a return address that is none: the walk had gone astray",
	  "the frame below has wrong unwind information or a frame pointer that is none: rebuild that binary" },
	{ LOSS_TRUNCATED, "compat32", "a 32-bit process: only where it was is known, not who called",
	  "a 64-bit build of the program has its stacks" },
	{ LOSS_TRUNCATED, "copy_no_binary",
	  "the stack was copied, but the binary that it lies in could not be read any more",
	  "a file that was replaced or deleted at once, or that is no ELF file" },
	{ LOSS_TRUNCATED, "copy_short", "the stack goes on beyond what was copied of it, 64 KiB at most",
	  "only first samples of a program are copied: the later ones are whole" },
	{ LOSS_TRUNCATED, "copy_unwind", "the stack was copied, and libunwind could not finish it either",
	  "code without unwind information, or wrong one: build that binary with -fasynchronous-unwind-tables" },
	{ LOSS_TRUNCATED, "depth", "more than 512 user or 127 kernel frames: the outermost are cut off",
	  "nothing: the inner frames are right; mostly recursion" },
	{ LOSS_TRUNCATED, "jit", "code made at run time, whose frame pointer leads nowhere",
	  "have the runtime keep frame pointers (java -XX:+PreserveFramePointer)" },
	{ LOSS_TRUNCATED, "kernel_fault", "the kernel gave no stack of its own: the kernel's frames are missing",
	  "nothing: rare, and the user's frames are there" },
	{ LOSS_TRUNCATED, "no_cfi", "code without unwind information, whose frame pointer leads nowhere",
	  "build that binary with -fasynchronous-unwind-tables or -fno-omit-frame-pointer" },
	{ LOSS_TRUNCATED, "no_mapping", "an address in no code that was known to be mapped",
	  "mostly a frame pointer that is none in the frame below: rebuild that binary; else code just mapped" },
	{ LOSS_TRUNCATED, "no_process", "what the process had mapped was not known yet: it had just started",
	  "a few are normal where many programs start; if it goes on, the recorder gets too little CPU time" },
	{ LOSS_TRUNCATED, "no_rows", "the unwind rows of the binary were not loaded: just mapped, or evicted",
	  "a few are normal after a program's start; if it goes on, rows need more memory than allowed" },
	{ LOSS_TRUNCATED, "not_advancing", "the next frame does not lie above this one",
	  "a frame pointer that is none, or a switch of stacks: build that binary with -fno-omit-frame-pointer" },
	{ LOSS_TRUNCATED, "outside_pid_namespace", "the process lies outside of the recorder's PID namespace",
	  "share the namespace of the host: hostPID: true in Kubernetes, --pid=host for a container" },
	{ LOSS_TRUNCATED, "read_fault", "a page of the stack could not be read: swapped out, or never there",
	  "a few are normal; many in one binary: its unwind information or frame pointers are wrong" },
	{ LOSS_TRUNCATED, "sideband_lost", "the kernel's news of the process was lost on the way",
	  "too much was started or mapped at once: give the recorder more CPU time" },
	{ LOSS_TRUNCATED, "stacks_full", "the CPU's buffer had no room for one more stack",
	  "many deep and different stacks: a lower rate (-F), or more CPU time for the recorder" },
	{ LOSS_TRUNCATED, "stale_mappings", "the process had just mapped other code than the walker knew of",
	  "a few are normal while libraries are loaded and unloaded" },
	{ LOSS_TRUNCATED, "unencodable",
	  "an unwind rule that the kernel's rows cannot hold, or a register that is lost",
	  "mostly hand-written assembly; such stacks are copied and finished later, as many as there is room for" },
	{ LOSS_TRUNCATED, "unknown_process", "nothing was told of the process before its sample came",
	  "nothing: it happens to processes that start while the recording does" },

	{ LOSS_LOST, "log_full", "the recorder came too late: the CPU's buffer was full",
	  "give it more CPU time, or take a lower rate (-F)" },
	{ LOSS_LOST, "window_full", "more different stacks than the profile can hold",
	  "record for a shorter time (-d), or fewer processes (-p, -c, -g)" },

	{ LOSS_NOT_DELIVERED, "idle_cpu", "an idle CPU gets no ticks", "nothing: nobody ran there" },
	{ LOSS_NOT_DELIVERED, "throttled", "the kernel had stopped the clock: too many ticks for it",
	  "take a lower rate (-F), or raise kernel.perf_event_max_sample_rate" },
	{ LOSS_NOT_DELIVERED, "other", "no known reason: mostly time that the host took from a virtual machine",
	  "compare with the steal time in /proc/stat" },

	{ LOSS_STACK, "guessed", "a caller was found by its frame pointer, in code without unwind information",
	  "mostly right; the frame above that code may be wrong or one caller may be missing" },
	{ LOSS_STACK, "copied", "finished by libunwind, from a copy of the stack",
	  "nothing: as good as the others; first samples of a program, and hand-written assembly" },
};

const struct loss_reason *loss_reason_find(enum loss_kind kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].kind == kind && strcmp(reasons[i].name, name) == 0)
			return &reasons[i];
	return NULL;
}
