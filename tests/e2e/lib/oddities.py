# SPDX-License-Identifier: Apache-2.0
"""The programs of tests/e2e/workloads/unwind, and what their stacks must look like."""
import collections
import os
import re
import subprocess

import harness as h
import stacks

COMPILERS = {"gcc": ("gcc", "g++"), "clang": ("clang-14", "clang++-14")}
FLAGS = ["-O2", "-g", "-fomit-frame-pointer", "-Wextra", "-Wno-unused-parameter"]
FOLDER = h.ROOT / "tests" / "e2e" / "workloads" / "unwind"
MAIN = "_start>libc>main"
CLOCK = "thread_seconds"  # of burn.h, inlined or not as the compiler likes: no step of a chain

# args: {one}, {other} and {bound} become libraries. leaf: the samples that are looked at are those with one of these
# functions; the chain down to the innermost of them must match `chain` whole. Neighbours in libc count as one, and so do
# those in the dynamic linker. cut: the reason for which some may end early, told as such and never wrong.
Case = collections.namedtuple("Case", "name source args leaf chain cut", defaults=[None])
CASES = [
    Case("catch block", "exceptions.cc", ["catch"], "burn", rf"{MAIN}>outer>catcher>burn"),
    Case("destructor while unwinding", "exceptions.cc", ["destructor"], "burn",
         rf"{MAIN}>outer>guarded>Guard::~Guard\(\)>burn"),
    Case("handler on an alternate stack", "signal.c", [], "handler|burn",
         rf"{MAIN}>outer>interrupted(>tiny|>(libc|vdso))*>libc>handler(>burn)?"),
    Case("vfork", "vfork.c", [], "burn", rf"{MAIN}>outer>spawn>burn"),
    Case("pthread", "threads.c", ["pthread"], "burn", r"libc>thread_main>middle>burn"),
    Case("clone", "threads.c", ["clone"], "burn", r"libc>clone_main>middle>burn"),
    Case("coroutine", "coroutine.c", [], "burn",
         rf"(libc>coroutine_main>coroutine_middle|{MAIN}>main_side)>burn"),
    Case("realigned frames", "realigned.c", [], "burn",
         rf"{MAIN}>with_alloca>with_aligned>with_both>with(out)?_avx>burn"),
    Case("tiny functions by PLT stubs", "tiny-calls.c", [], "call_tiny|tiny_[a-z]+|tiny_[a-z]+@plt",
         rf"{MAIN}>call_tiny(>tiny_[a-z]+(@plt)?)?"),
    # Every sample: most lie in the dynamic linker. Its own start is there, too.
    Case("lazy binding", "tiny-calls.c", ["{bound}"], ".+",
         rf"{MAIN}(>bind_again(>.*)?|>libc|>libc>vdso|>vdso)?|(_start>)?(ld\.so|libc)(>ld\.so)?"),
    Case("300 deep", "deep.c", ["300"], "burn", rf"{MAIN}(>down){{300}}>burn"),
    Case("500 deep", "deep.c", ["500"], "burn", rf"{MAIN}(>down){{500}}>burn"),
    Case("dlopen, and another library at its address", "late-library.c", ["{one}", "{other}"], "burn",
         rf"{MAIN}>visit>enter>(one_middle>one_inner|other_middle>other_inner)>burn",
         cut="stale_mappings"),
]


def step(frame):
    """How a chain calls a frame. Compilers split functions: f.cold, f.part.0 are f."""
    file = os.path.basename(frame.mapping)
    if file.startswith("libc.so"):
        return "libc"
    if file.startswith("ld-linux"):
        return "ld.so"
    if file == "[vdso]":
        return "vdso"
    return re.sub(r"(\.(cold|part|isra|constprop|\d+))+$", "", frame.name) or f"{file}+{frame.address:#x}"


def chain_of(sample):
    steps = []
    for s in map(step, stacks.user_frames(sample)):
        if s != CLOCK and (s not in ("libc", "ld.so") or steps[-1:] != [s]):
            steps.append(s)
    reason = stacks.truncation(sample)
    return ([f"[{reason}]"] if reason else []) + steps


def down_to(steps, leaf):
    """The part from the root to the innermost of the functions looked at; None: there is none."""
    last = max((i for i, s in enumerate(steps) if re.fullmatch(leaf, s)), default=None)
    return None if last is None else ">".join(steps[:last + 1])


class Builder:
    """Programs and libraries of one compiler, each built once, in a folder of its own."""

    def __init__(self, name):
        self.name, (self.c, self.cxx) = name, COMPILERS[name]
        self.folder = h.tmp(f"unwind-{name}")
        self.programs = {}
        os.makedirs(self.folder)
        shared = ["-fPIC", "-shared", "-Wl,-z,lazy"]
        self.libraries = {
            "tiny": self.build("tiny.c", "libtiny.so", *shared),
            "bound": self.build("tiny.c", "libbound.so", *shared),  # nobody else has it open
            "one": self.build("library.c", "libone.so", *shared),
            "other": self.build("library.c", "libother.so", *shared, "-DOTHER"),
        }

    def build(self, source, name, *flags):
        compiler = self.cxx if source.endswith(".cc") else self.c
        return h.build(FOLDER / source, *FLAGS, *flags, compiler=compiler, name=os.path.join(self.folder, name))

    def command(self, case, name, seconds):
        """The process goes by the program's name."""
        if name not in self.programs:
            self.programs[name] = self.build(case.source, name, "-Wl,-z,lazy", self.libraries["tiny"],
                                             f"-Wl,-rpath,{self.folder}", "-lpthread", "-ldl")
        return [self.programs[name], seconds, *(a.format(**self.libraries) for a in case.args)]


def run_all(runs):
    """The commands, as many at a time as there are CPUs; what they print by name."""
    environment = {k: v for k, v in os.environ.items() if k != "LD_BIND_NOW"}
    waiting, running, printed = list(runs), {}, {}
    while waiting or running:
        while waiting and len(running) < len(os.sched_getaffinity(0)):
            name, command = waiting.pop(0)
            running[name] = h.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        name = next(iter(running))
        p = running.pop(name)
        printed[name] = h.finish(p)
    return printed
