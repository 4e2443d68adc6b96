# SPDX-License-Identifier: Apache-2.0
"""What the end of a stack says: did it reach its root, and if not, did it say why?

    stacks.user_frames(sample)      without the kernel's, root first
    stacks.end_of(sample)           ROOTED, KERNEL, JIT, CUT, or the reason: "read_fault"
    stacks.is_guessed(sample)       a frame of it was found by its frame pointer in code without CFI

A stack is rooted when its outermost frame is one that nothing ever called: by its name, or because the file's CFI says
there that there is no return address (asked from libdw, so that neither our parser nor our walker is trusted). A
stack that ends anywhere else without a reason was CUT: that is the one thing that must never be.
"""
import collections
import functools
import math
import os
import re
import subprocess

import harness as h

WRONG = 0.001  # of the stacks may be; and what chance makes of that in a small number, at
SDS = 4        # standard deviations

ROOTED, KERNEL, JIT, LANDING, CUT = "rooted", "kernel", "jit", "landing", "cut"
LANDERS = {"_Unwind_RaiseException", "_Unwind_Resume", "_Unwind_Resume_or_Rethrow", "_Unwind_ForcedUnwind"}

ROOT_NAMES = {
    "_start", "__clone", "__clone3", "clone", "clone3", "__start_context",
    # Go: what the runtime marks TOPFRAME, what leaves its goroutine, and where threads begin (symbolizer/go-unwind.h).
    "runtime.goexit", "runtime.mstart", "runtime.rt0_go", "_rt0_amd64_linux", "runtime.mcall", "runtime.morestack",
    "gogo", "runtime.gogo", "runtime.clone",
}
GO_ABI = re.compile(r"\.abi(0|internal)$")
TRUNCATED = re.compile(r"\[truncated: ([a-z0-9_]+)\]$")


def is_kernel(frame):
    """Of the kernel, a module of it, or a BPF program."""
    if frame.mapping == "" or frame.mapping in ("[vdso]", "[anon]"):
        return frame.name in ("[kernel]", "[irq]")
    return frame.mapping.startswith("[")


def truncation(sample):
    m = TRUNCATED.match(sample.names[0]) if sample.names else None
    return m[1] if m else None


def user_frames(sample):
    return [f for f in sample.frames if not is_kernel(f) and not TRUNCATED.match(f.name)]


def is_guessed(sample):
    return sample.labels.get("stack") == "guessed"


@functools.cache
def _oracle():
    """tests/e2e/workloads/cfi-root.c, as a running process: a question a line, an answer a line."""
    program = h.compile("cfi-root.c", "-ldw", "-lelf")
    return h.start(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@functools.cache
def cfi_says_root(path, address):
    """There is CFI for this address of the file, and it says that there is no return address."""
    if not os.path.isfile(path):
        return False
    oracle = _oracle()
    oracle.stdin.write(f"{address:x} {path}\n")
    oracle.stdin.flush()
    return oracle.stdout.readline() == "root\n"


def is_root(frame):
    """Return addresses lie behind their call: the frame's own is tried, too, for a stack of one frame."""
    return (GO_ABI.sub("", frame.name) in ROOT_NAMES or cfi_says_root(frame.mapping, frame.address - 1)
            or cfi_says_root(frame.mapping, frame.address))


def is_new_thread(frame):
    """It has only just returned from the system call that made it, and at most looked at what that gave: nothing called it,
    and no CFI says so yet. (Of a library whose code lies in the file where it lies in memory, as libc's does.)"""
    if not os.path.isfile(frame.mapping):
        return False
    with open(frame.mapping, "rb") as f:
        f.seek(frame.address - 7)
        return re.search(rb"\x0f\x05(\x48\x85\xc0(\x7c.)?)?$", f.read(7), re.S)  # syscall; test %rax,%rax; jl


def is_between_stacks(frames):
    """In glibc's swapcontext(), whose CFI is wrong for the seven instructions in which the other stack's pointer is
    loaded and the return address is not yet pushed on it: what is found there is whatever the other stack ends in."""
    return len(frames) == 1 and frames[0].name == "swapcontext"


def is_landing(frames):
    """Where libgcc enters the frame that catches, it overwrites what its own frame has saved of its caller's registers,
    return address included, with what that frame wants: from there on no CFI is right (gdb, too, finds nothing above)."""
    return len(frames) > 1 and frames[1].name in LANDERS and os.path.basename(frames[1].mapping).startswith("libgcc_s")


def end_of(sample):
    reason, frames = truncation(sample), user_frames(sample)
    if reason in ("not_advancing", "bad_pc") and is_landing(frames):
        return LANDING
    if reason is not None:
        return JIT if reason == JIT else reason
    if not frames:
        return KERNEL
    is_rooted = (is_root(frames[0]) or (len(frames) == 1 and is_new_thread(frames[0])) or is_between_stacks(frames))
    return ROOTED if is_rooted else CUT


def text_of(sample):
    """Every frame, with its address in its file."""
    return " > ".join(f"{f.name or os.path.basename(f.mapping)}@{f.address:#x}" for f in sample.frames)


def chance(n):
    """How many of n stacks may be wrong."""
    return n * WRONG + SDS * math.sqrt(n * WRONG)


def ledger_agrees(profile):
    """(it does, both sides): each stack that ends early is in the ledger under its reason, and nothing else is."""
    told = collections.Counter()
    for s in profile.samples:
        if truncation(s):
            told[truncation(s)] += s.count
    return dict(told) == profile.ledger["truncated"], (dict(told), profile.ledger["truncated"])
