# SPDX-License-Identifier: Apache-2.0
"""The profilers that are measured, all with the same four verbs:

    s.start(hz)         samples when it returns
    s.programs()        what the kernel counts of its BPF programs (bpf_stats.Program)
    s.pid               of its main process; its children's CPU time is its own, too
    s.stop()            ends it and returns what it says about what it saw
"""
import collections
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e/lib"))
import bpf_stats  # noqa: E402
import harness as h  # noqa: E402
import pprof  # noqa: E402
import stacks  # noqa: E402

START_S = 120  # a guard against hanging


def wait_until(what, holds):
    end = time.monotonic() + START_S
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {START_S} s")
        time.sleep(0.05)


def process_tree(pid):
    found = [pid]
    for parent in found:
        for path in glob.glob(f"/proc/{parent}/task/*/children"):
            try:
                with open(path, encoding="ascii") as f:
                    found += map(int, f.read().split())
            except OSError:
                pass
    return found


def own_cpu_ns(pid):
    """CPU time of all threads that live in it."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path, encoding="ascii") as f:
                total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def cpu_ns(pid):
    """The same with its children's."""
    return sum(map(own_cpu_ns, process_tree(pid)))


def rss_anon_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", f.read(), re.M)[1]) * 1024


class Sampler:
    """What the ones with BPF programs share."""

    name, process = "?", None
    n_rows = chunk_bytes = 0  # what its maps hold, and in which memory, if it says so when it ends

    @property
    def pid(self):
        return self.process.pid

    def programs(self):
        return bpf_stats.programs_of_process(self.pid)

    def wait_for_ticks(self):
        def ticking():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: status {self.process.returncode}")
            return bpf_stats.total(self.programs()).runs > 0
        wait_until(f"{self.name} does not sample", ticking)


# frames: {number of user frames: samples}, of the threads that are called COMM; early: {why it ends early: samples} of
# them; others: samples of everything else. None: it does not say.
Seen = collections.namedtuple("Seen", "frames samples early others")


class Ours(Sampler):
    name = "cpuhound"

    def __init__(self, comm):
        self.comm, self.out, self.err = comm, h.tmp("ours.pb.gz"), h.tmp("ours.err")

    def start(self, hz):
        with open(self.err, "wb") as err:
            self.process = h.start(h.CPUHOUND, "record", "-a", "-F", hz, "-d", "1h", "-o", self.out,
                                   "--cache-dir", h.CACHE, stdout=subprocess.DEVNULL, stderr=err,
                                   env=dict(os.environ, CPUHOUND_DEBUG="1"))
        self.wait_for_ticks()

    def stop(self):
        h.finish(self.process, signal.SIGINT)
        with open(self.err, encoding="utf-8") as err:
            told = err.read()
        self.n_rows = int(re.search(r"debug: rows: (\d+) of", told)[1])
        # The chunks that rows lie in are not among the process's descriptors.
        self.chunk_bytes = int(re.search(r"debug: memory of BPF maps: \d+ bytes and (\d+) of chunks", told)[1])
        profile = pprof.read(self.out)
        mine = [s for s in profile.samples if s.labels["comm"] == self.comm]
        frames, early = collections.Counter(), collections.Counter()
        for s in mine:
            frames[len(stacks.user_frames(s))] += s.count
            if stacks.truncation(s):
                early[stacks.truncation(s)] += s.count
        return Seen(frames, frames.total(), early, profile.total() - frames.total())


class Textbook(Sampler):
    name = "textbook"

    def __init__(self, comm):
        self.comm = comm

    def start(self, hz):
        self.process = h.start(os.path.join(h.BUILD, "tests/bench/textbook"), hz, self.comm, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("textbook does not start")
        self.wait_for_ticks()

    def stop(self):
        out, _ = self.process.communicate("", timeout=START_S)
        frames = collections.Counter({int(n): int(count) for n, count in map(str.split, out.splitlines())})
        return Seen(frames, frames.total(), None, None)


class Peer(Sampler):
    """Another profiler: its command, and the name of its BPF program, of which the kernel may know several. {hz} in the
    command becomes the rate."""

    def __init__(self, command, program_name):
        self.name, self.command, self.program_name = program_name, command, program_name

    def start(self, hz):
        with open(h.tmp("peer.log"), "ab") as log:
            self.process = h.start("sh", "-c", "exec " + self.command.replace("{hz}", str(hz)), stdout=log,
                                   stderr=subprocess.STDOUT)
        self.wait_for_ticks()

    def programs(self):
        return bpf_stats.programs_of_name(self.program_name)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=START_S)
        except subprocess.TimeoutExpired:
            h.stop(self.process)


class Perf(Sampler):
    """perf record: it has no BPF program, only CPU time and a file that grows."""

    def __init__(self, call_graph):
        self.name, self.call_graph, self.out = f"perf {call_graph}", call_graph, h.tmp("perf.data")

    @staticmethod
    def why_not():
        perf = shutil.which("perf")
        return None if perf and h.run(perf, "--version").rc == 0 else "no perf here (Debian: linux-perf)"

    def start(self, hz):
        if os.path.exists(self.out):
            os.unlink(self.out)
        self.process = h.start("perf", "record", "-e", "cpu-clock", "-F", hz, "-a", "--call-graph", self.call_graph,
                               "-o", self.out, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("perf does not sample", lambda: os.path.exists(self.out) and os.path.getsize(self.out) > 0)

    def programs(self):
        return []

    def stop(self):
        h.finish(self.process, signal.SIGINT)
        size = os.path.getsize(self.out)
        os.unlink(self.out)
        return size


# Of one slice of time: BPF runs and nanoseconds, CPU time of its processes. rows: that its maps hold; 0: it has none.
Slice = collections.namedtuple("Slice", "used cpu_ns seconds seen rss maps rows verified")


def measure(sampler, hz, seconds, settle_s):
    """One slice: starts it, lets it settle, measures, stops it."""
    sampler.start(hz)
    time.sleep(settle_s)
    began, cpu, programs = time.monotonic(), cpu_ns(sampler.pid), sampler.programs()
    time.sleep(seconds)
    used = bpf_stats.total(sampler.programs()) - bpf_stats.total(programs)
    cpu, took = cpu_ns(sampler.pid) - cpu, time.monotonic() - began
    rss, maps = rss_anon_bytes(sampler.pid), sum(bpf_stats.map_bytes(sampler.pid).values())
    seen = sampler.stop()
    return Slice(used, cpu, took, seen, rss, maps + sampler.chunk_bytes, sampler.n_rows,
                 sum(p.verified for p in programs))
