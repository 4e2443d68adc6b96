# SPDX-License-Identifier: Apache-2.0
"""Stacks that are copied and finished in user space: a workload whose stacks need it, who finishes them, and what the
profile tells of it."""
import os
import re
import time

import harness as h

CHAIN = ["main", "f5", "f4", "f3", "f2", "f1"]


def chain(name, *flags):
    """The workload, as a binary that nobody has seen before."""
    path = h.compile("chain.c", "-O2", "-fomit-frame-pointer", *flags, name=name)
    with open(path, "ab") as f:
        f.write(os.urandom(16))
    return path


def of(profile, comm):
    """Samples that have a user stack: of a process amid its exec or exit there is none."""
    return [s for s in profile.samples if s.labels["comm"] == comm and any(f.mapping[:1] == "/" for f in s.frames)]


def copies(profile):
    """(finished, without room or time, not finished), as the profile's comment says."""
    for c in profile.comments:
        m = re.fullmatch(r"stack copies: (\d+) samples finished, (\d+) without room or time, (\d+) not finished", c)
        if m:
            return tuple(int(n) for n in m.groups())
    return 0, 0, 0


def count(samples, keep=lambda s: True):
    return sum(s.count for s in samples if keep(s))


def has_chain(sample, leaf):
    """All of them, in this order, with nothing between them."""
    names = sample.names
    if "main" not in names:
        return False
    at = names.index("main")
    return names[at:at + len(CHAIN)] == CHAIN and leaf in names[at + len(CHAIN):]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


def finisher_of(recorder):
    """Its pid, waiting for it to be there and in its sandbox."""
    end = time.monotonic() + h.HANG_S
    while time.monotonic() < end:
        for pid in children_of(recorder):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f, open(f"/proc/{pid}/status", encoding="utf-8") as g:
                    if b"finisher-child" in f.read() and "Seccomp:\t2" in g.read():
                        return pid
            except OSError:
                pass
        time.sleep(0.01)
    raise AssertionError("no finisher")
