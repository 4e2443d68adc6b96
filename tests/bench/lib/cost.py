# SPDX-License-Identifier: Apache-2.0
"""What a sample costs, by the kernel's own count of BPF run time, on stacks of known depth that keep every CPU busy."""
import collections
import os
import statistics

import harness as h
import samplers

COMM = "stack"
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stack.c")
STREAM_MIB = 8
SETTLE_S = 1.5  # from the first tick to the first slice: what is mapped is loaded by then

Plan = collections.namedtuple("Plan", "rates seconds pairs nice")
# text: how the table calls it; frame_pointers: built with them, and with a root that both kinds of walkers know.
Stack = collections.namedtuple("Stack", "text frames frame_pointers stream_mib")

BARE = [Stack(f"no frame pointers, {n}", n, False, 0) for n in (17, 35, 300)]
PAIRED = [Stack(f"frame pointers, {n}", n, True, 0) for n in (17, 35)]
COLD = [Stack(f"no frame pointers, {n}, {STREAM_MIB} MiB streamed", n, False, STREAM_MIB) for n in (17, 41)]
COLD_PAIRED = [Stack(f"frame pointers, {n}, {STREAM_MIB} MiB streamed", n, True, STREAM_MIB) for n in (17, 38)]


def build(frame_pointers):
    """A file of the name that its threads are known by."""
    flags = ["-fno-omit-frame-pointer", "-DOWN_ROOT"] if frame_pointers else ["-fomit-frame-pointer"]
    folder = h.tmp("with-fp" if frame_pointers else "without-fp")
    os.makedirs(folder, exist_ok=True)
    return h.build(SOURCE, "-O2", "-g", *flags, name=os.path.join(folder, COMM))


class Load:
    """The workload on every CPU, while in the `with`."""

    def __init__(self, stack):
        self.stack = stack

    def __enter__(self):
        command = [build(self.stack.frame_pointers), self.stack.frames]
        if self.stack.stream_mib:
            command.append(self.stack.stream_mib)
        self.processes = [h.start(*command, preexec_fn=lambda cpu=cpu: os.sched_setaffinity(0, {cpu}))
                          for cpu in sorted(os.sched_getaffinity(0))]
        return self

    def __exit__(self, *_):
        for p in self.processes:
            h.stop(p)


def frames_seen(slices):
    """The number of frames that most samples had, and their share."""
    frames = sum((s.seen.frames for s in slices), collections.Counter())
    if not frames:
        return "none", 0.0
    most, n = frames.most_common(1)[0]
    return most, n / sum(frames.values())


def median_ns(slices):
    return statistics.median(s.used.ns_per_run() for s in slices)


def of_workload(slices):
    """Which share of our samples was the workload's: the rest of the machine is in the averages, too."""
    mine = sum(s.seen.samples for s in slices)
    return mine / max(mine + sum(s.seen.others for s in slices), 1)


# ours, theirs: slices by sampler. ratio: the median of the pairs', None without a pair.
Cell = collections.namedtuple("Cell", "stack hz ours theirs ratio")


def measure_pairs(stack, hz, plan, other):
    """Slices in turns: two samplers at once would warm each other's caches."""
    ours, theirs = [], []
    for i in range(plan.pairs):
        turns = [(samplers.Ours(COMM), ours)] + ([(other, theirs)] if other else [])
        for sampler, slices in turns if i % 2 == 0 else reversed(turns):
            slices.append(samplers.measure(sampler, hz, plan.seconds, SETTLE_S))
    ratios = [a.used.ns_per_run() / b.used.ns_per_run() for a, b in zip(ours, theirs)]
    return Cell(stack, hz, ours, theirs, statistics.median(ratios) if ratios else None)


def show(cell):
    frames, share = frames_seen(cell.ours)
    line = f"{cell.stack.text:44} {cell.hz:4} Hz {median_ns(cell.ours) / 1000:7.2f} us"
    if cell.theirs:
        line += f"{median_ns(cell.theirs) / 1000:8.2f} us   ratio {cell.ratio:.2f}"
        if isinstance(cell.theirs[0].seen, samplers.Seen):
            line += " ({} frames, {:.1%})".format(*frames_seen(cell.theirs))
    early = sum((s.seen.early for s in cell.ours), collections.Counter())
    why = "".join(f", {n} {reason}" for reason, n in early.most_common(3))
    h.note(f"{line}   ours: {frames} frames, {share:.1%}{why}; {of_workload(cell.ours):.0%} of the samples")


def measure_all(stacks, plan, other=None):
    """The cells, shown as they come."""
    cells = []
    for stack in stacks:
        with Load(stack):
            samplers.measure(samplers.Ours(COMM), 99, 0, SETTLE_S)  # from now on its binaries are known
            for hz in plan.rates:
                cells.append(measure_pairs(stack, hz, plan, other))
                show(cells[-1])
    return cells
