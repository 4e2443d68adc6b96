# SPDX-License-Identifier: Apache-2.0
"""What the samples tell: a mixed load of everything that other profilers are known to lose, by the CPU time that the
kernel accounts for it. The columns: samples due (CPU time x rate), got, whose user stack reaches its root, and whole:
which has the chain of callers that the program's source says."""
import collections
import os
import re
import shutil
import subprocess

import cgroup
import harness as h
import oddities
import pprof
import stacks

HZ = 99
CHILD_MS = 8
N_CHILDREN = 300
N_NEW = 60  # programs that nobody has seen before
PYTHON_LOOP = """
import re, sys, time, json
def down(n): return down(n - 1) if n else json.loads(json.dumps(list(range(300))))
while time.process_time() < float(sys.argv[1]):
    down(20), sorted(str(i) for i in range(500)), re.findall("a+b", "aab" * 99)
"""

# run: a function that works the CPU and comes back. leaf, chain: as in oddities.Case; None: only the root is known.
Part = collections.namedtuple("Part", "name run leaf chain")
Row = collections.namedtuple("Row", "name due samples rooted looked_at whole reasons")


def running(*command, **options):
    return lambda group: h.start(*command, preexec_fn=group.enter, stdout=subprocess.DEVNULL, **options).wait()


def odd_parts(seconds):
    """The odd places, deep recursion and the late library: of oddities, those built by gcc."""
    builder = oddities.Builder("gcc")
    cases = [c for c in oddities.CASES if c.name != "500 deep"]
    cases.append(oddities.Case("490 deep", "deep.c", ["490"], "burn", rf"{oddities.MAIN}(>down){{490}}>burn"))
    return [Part(c.name, running(*builder.command(c, f"odd{i}", seconds)), c.leaf, c.chain)
            for i, c in enumerate(cases)]


def child_parts():
    """Children of 8 ms: of one binary, and each of a binary of its own that was never run before."""
    child = h.build(oddities.FOLDER / "deep.c", *oddities.FLAGS, name="child")
    command = [child, CHILD_MS / 1000, 20]
    spawner = h.compile("spawner.c")
    chain = rf"{oddities.MAIN}(>down){{20}}>burn"

    def run_new(group):
        for i in range(N_NEW):
            new = shutil.copy(child, h.tmp(f"new-{i}"))
            running(new, *command[1:])(group)

    return [Part(f"{N_CHILDREN} children of {CHILD_MS} ms", running(spawner, N_CHILDREN, *command), "burn", chain),
            Part(f"{N_NEW} new binaries, {CHILD_MS} ms each", run_new, "burn", chain)]


def language_parts(seconds):
    yield Part("Python", running("/usr/bin/python3", "-c", PYTHON_LOOP, seconds), None, None)
    for name, compiler, source, flags in (("Rust, release", "rustc", "burn.rs", ["-O", "-C", "strip=symbols", "-o"]),
                                          ("Go, stripped", "go", "burn.go", ["build", "-ldflags", "-s -w", "-o"])):
        if not shutil.which(compiler):
            h.skip(name, f"no {compiler} here")
            continue
        out = h.tmp(f"burn-{compiler}")
        r = h.run(compiler, *flags, out, oddities.FOLDER / source)
        assert r.rc == 0, r
        yield Part(name, running(out, seconds), None, None)


def kernel_thread_part():
    """A loop device's work is done by kernel threads, outside of the group: they are looked at apart."""
    def run(group):
        disk = h.tmp("disk")
        with open(disk, "wb") as f:
            f.truncate(200 << 20)
        device = h.run("losetup", "-f", "--show", disk).stdout.strip()
        for _ in range(8 if device else 0):
            running("dd", "if=/dev/zero", f"of={device}", "bs=1M", "count=200", "oflag=direct",
                    stderr=subprocess.DEVNULL)(group)
        if device:
            h.run("losetup", "-d", device)
        os.unlink(disk)
    return Part("dd to a loop device", run, None, None)


def row_of(part, group, usage_ns, profile, hz):
    mine = [s for s in profile.samples if s.labels.get("cgroup") == group.path]
    rooted = looked_at = whole = 0
    reasons = collections.Counter()
    for s in mine:
        end = stacks.end_of(s)
        rooted += s.count if end in (stacks.ROOTED, stacks.KERNEL) else 0
        if end not in (stacks.ROOTED, stacks.KERNEL):
            reasons[end] += s.count
        chain = oddities.down_to(oddities.chain_of(s), part.leaf) if part.leaf else None
        if chain is not None:
            looked_at += s.count
            whole += s.count if re.fullmatch(part.chain, chain) else 0
    return Row(part.name, usage_ns * hz / 1e9, sum(s.count for s in mine), rooted, looked_at, whole, reasons)


def show(row):
    whole = f"{row.whole / row.looked_at:8.1%}" if row.looked_at else "       -"
    why = ", ".join(f"{n} {reason}" for reason, n in row.reasons.most_common(4))
    h.note(f"{row.name:44} due {row.due:7.1f}  got {row.samples:5}  rooted {row.rooted / max(row.due, 1):7.1%}  "
           f"whole {whole}  {why}")


def show_kernel_threads(profile):
    mine = [s for s in profile.samples if s.labels["service_name"] == "[kernel]" and "[irq]" not in s.names]
    rooted = sum(s.count for s in mine if "kthread" in s.names or "ret_from_fork_asm" in s.names)
    n = sum(s.count for s in mine)
    h.note(f"{'kernel threads':44} got {n}, from kthread on {rooted}")
    h.check("kernel threads are there", n > 0, n)


def run(parts, hz):
    """One recording around all parts, each in a cgroup of its own; rows, and the profile."""
    recording = h.Recording("-a", "-F", hz, "-d", "1h", "-o", h.tmp("complete.pb.gz"))
    groups = []
    for i, part in enumerate(parts):
        with cgroup.Cgroup(f"/cpuhound-bench-{os.getpid()}-{i}") as group:
            part.run(group)
            groups.append((part, group, group.usage_ns()))
    result = recording.stop()
    assert result.rc == 0, result
    profile = pprof.read(h.tmp("complete.pb.gz"))
    return [row_of(part, group, ns, profile, hz) for part, group, ns in groups], profile


def main(quick):
    seconds = 0.5 if quick else 2
    parts = [*odd_parts(seconds), *child_parts(), *language_parts(2 * seconds), kernel_thread_part()]
    rows, profile = run(parts, HZ)
    for row in rows:
        show(row)
    show_kernel_threads(profile)
    due, rooted = sum(r.due for r in rows), sum(r.rooted for r in rows)
    looked_at, whole = sum(r.looked_at for r in rows), sum(r.whole for r in rows)
    h.note(f"{'all of it':44} due {due:7.1f}  rooted {rooted / due:7.1%}  whole {whole / max(looked_at, 1):7.1%}")
    silent = sum(r.reasons[stacks.CUT] for r in rows)
    h.check("no stack ends without a reason", silent == 0, silent)
    h.check("mixed load: 99 % of what is due reaches its root", rooted >= 0.99 * due - stacks.SDS * due ** 0.5,
            f"{rooted} of {due:.0f}")
